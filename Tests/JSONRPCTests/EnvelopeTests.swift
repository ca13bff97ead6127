import Testing

@testable import JSONRPC

private let example = #"send {"jsonrpc": "2.0", "id": 1, "method": …}"#
private let idMessage = "an id must be a string or an integer of 64 bits"
private let idHint = "leave the id out for a notification"

/// A line, and the whole line that answers it.
private let envelopeCases: [(line: String, reply: String)] = [
  // Requests, and ids echoed with their own text.
  (#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#, ok("1", "{}")),
  (#"{"id":-0,"method":"ping","jsonrpc":"2.0","params":{}}"#, ok("-0", "{}")),
  (
    #"{"jsonrpc":"2.0","id":18446744073709551615,"method":"ping"}"#,
    ok("18446744073709551615", "{}")
  ),
  (
    #"{"jsonrpc":"2.0","id":-9223372036854775808,"method":"ping"}"#,
    ok("-9223372036854775808", "{}")
  ),
  (#"{"jsonrpc":"2.0","id":"","method":"ping"}"#, ok(#""""#, "{}")),
  (#"{"jsonrpc":"2.0","id":"\u0041\/é","method":"ping"}"#, ok(#""\u0041\/é""#, "{}")),
  (#"{"jsonrpc":"2.0","id":1,"method":"\u0070ing"}"#, ok("1", "{}")),
  (#" { "jsonrpc" : "2.0" , "id" : 1 , "method" : "ping" } "#, ok("1", "{}")),
  (#"{"jsonrpc":"2.0","id":1,"method":"ping","params":null}"#, ok("1", "{}")),
  (#"{"jsonrpc":"2.0","id":1,"method":"ping","comment":[]}"#, ok("1", "{}")),
  (#"{"jsonrpc":"2.0","id":1,"method":"echo","params":{"value":[1, 2.50]}}"#, ok("1", "[1, 2.50]")),
  // Ids that are none.
  (#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, badID),
  (#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, badID),
  (#"{"jsonrpc":"2.0","id":1.0,"method":"ping"}"#, badID),
  (#"{"jsonrpc":"2.0","id":1e3,"method":"ping"}"#, badID),
  (#"{"jsonrpc":"2.0","id":18446744073709551616,"method":"ping"}"#, badID),
  (#"{"jsonrpc":"2.0","id":-9223372036854775809,"method":"ping"}"#, badID),
  (#"{"jsonrpc":"2.0","id":true,"method":"ping"}"#, badID),
  (#"{"jsonrpc":"2.0","id":[1],"method":"ping"}"#, badID),
  (#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, badID),
  // Envelopes that are none.
  ("1", errorLine("null", -32600, "a message must be an object", "InvalidRequest", hint: example)),
  (
    #""x""#,
    errorLine("null", -32600, "a message must be an object", "InvalidRequest", hint: example)
  ),
  ("{}", badVersion("null")),
  (#"{"id":4}"#, badVersion("4")),
  (#"{"jsonrpc":"1.0","id":"a","method":"ping"}"#, badVersion(#""a""#)),
  (#"{"jsonrpc":2.0,"id":5,"method":"ping"}"#, badVersion("5")),
  (#"{"jsonrpc":"2.00","method":"ping"}"#, badVersion("null")),
  (
    #"{"jsonrpc":"2.0","id":6}"#,
    errorLine("6", -32600, #""method" is missing"#, "InvalidRequest", path: "/method")
  ),
  (
    #"{"jsonrpc":"2.0","method":7,"id":6}"#,
    errorLine("6", -32600, #""method" must be a string"#, "InvalidRequest", path: "/method")
  ),
  (
    #"{"jsonrpc":"2.0","id":6,"result":{}}"#,
    errorLine(
      "null", -32600, "this is a response, but the server sends no requests", "InvalidRequest",
      hint: "send requests only")
  ),
  (
    #"{"jsonrpc":"2.0","id":6,"method":"ping","params":"bar"}"#,
    errorLine(
      "6", -32600, #""params" must be an object"#, "InvalidRequest", path: "/params",
      hint: "name the parameters")
  ),
  // Notifications are never answered, whatever becomes of them.
  (#"{"jsonrpc":"2.0","method":"ping"}"#, ""),
  (#"{"jsonrpc":"2.0","method":"pong"}"#, ""),
  (#"{"jsonrpc":"2.0","method":"note","params":{"number":"x"}}"#, ""),
  (#"{"jsonrpc":"2.0","method":"note","params":[1]}"#, ""),
  (#"{"jsonrpc":"2.0","method":"$/setTrace","params":{"value":"off"}}"#, ""),
  (#"{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":1}}"#, ""),
  // Blank lines.
  ("", ""), (" \t\r", ""),
]

private func ok(_ id: String, _ result: String) -> String {
  "{\"jsonrpc\":\"2.0\",\"id\":\(id),\"result\":\(result)}\n"
}

private var badID: String {
  errorLine("null", -32600, idMessage, "InvalidRequest", path: "/id", hint: idHint)
}

private func badVersion(_ id: String) -> String {
  errorLine(
    id, -32600, #""jsonrpc" must be "2.0""#, "InvalidRequest", path: "/jsonrpc",
    hint: #"add "jsonrpc": "2.0""#)
}

@Suite struct EnvelopeTests {
  @Test(arguments: envelopeCases) func answersExactly(_ test: (line: String, reply: String)) {
    var harness = Harness()
    #expect(harness.send(test.line) == test.reply)
    #expect(harness.send(#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#) == ok("1", "{}"))
  }

  @Test func appendsToWhatIsThere() {
    var harness = Harness()
    let line = Array(#"xx{"jsonrpc":"2.0","id":1,"method":"ping"}yy"#.utf8)
    var output = Array("before\n".utf8)
    harness.dispatcher.handle(
      line, in: 2..<line.count - 2, session: &harness.session, context: &harness.context,
      output: &output)
    #expect(String(decoding: output, as: UTF8.self) == "before\n" + ok("1", "{}"))
  }

  @Test func dropsWhatAFailedHandlerWrote() {
    var harness = Harness()
    let reply = harness.send(#"{"jsonrpc":"2.0","id":1,"method":"break/halfway"}"#)
    #expect(
      reply
        == errorLine(
          "1", 1001, "broke", "Fragile", path: "/params/x", hint: "glue it",
          extra: #","expected":4,"names":["a",null,true],"inner":{"half":0.5}"#))
  }

  @Test func aHandlerWithoutAResultIsOurFault() {
    var harness = Harness()
    #expect(
      harness.send(#"{"jsonrpc":"2.0","id":1,"method":"say/nothing"}"#)
        == errorLine("1", -32603, #""say/nothing" gave no result"#, "InternalError"))
  }

  @Test func failedNotificationsReachTheHook() {
    var harness = Harness()
    #expect(harness.send(#"{"jsonrpc":"2.0","method":"note","params":{"number":101}}"#) == "")
    #expect(harness.send(#"{"jsonrpc":"2.0","method":"note","params":[ 1 ]}"#) == "")
    #expect(harness.send(#"{"jsonrpc":"2.0","method":"note"}"#) == "")
    #expect(harness.send(#"{"jsonrpc":"2.0","method":"$/nothing"}"#) == "")
    #expect(harness.send(#"{"jsonrpc":"2.0","id":1,"method":"nope"}"#) != "")
    #expect(harness.send(#"{"jsonrpc":"2.0","method":"nope","params":{}}"#) == "")
    let failures = harness.context.failures
    #expect(failures.map(\.method) == ["note", "note", "note", "nope"])
    #expect(
      failures.map(\.kind) == [
        "InvalidParams", "InvalidParams", "InvalidParams", "MethodNotFound",
      ])
    #expect(failures.map(\.path) == ["/params/number", "/params", "/params/number", "/method"])
    #expect(failures.map(\.params) == [#"{"number":101}"#, "[ 1 ]", nil, "{}"])
    #expect(harness.context.notes.isEmpty)
  }

  @Test func notificationsGoToAnySession() {
    var harness = Harness()
    _ = harness.send(#"{"jsonrpc":"2.0","id":1,"method":"tell","params":{"session":9}}"#)
    let entries = harness.context.outbox.drain()
    #expect(entries.map(\.session) == [SessionID(9)])
    #expect(
      entries.map { String(decoding: $0.line, as: UTF8.self) } == [
        #"{"jsonrpc":"2.0","method":"test/event","params":{"what":"told","by":7}}"# + "\n"
      ])
    #expect(harness.context.outbox.isEmpty)
  }
}
