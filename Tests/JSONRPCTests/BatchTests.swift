import Testing
import WireJSON

@testable import JSONRPC

private func request(_ id: Int, _ method: String, _ params: String = "{}") -> String {
  #"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)","params":\#(params)}"#
}

private func note(_ number: Int) -> String {
  #"{"jsonrpc":"2.0","method":"note","params":{"number":\#(number)}}"#
}

private func ok(_ id: Int, _ result: String = "{}") -> String {
  #"{"jsonrpc":"2.0","id":\#(id),"result":\#(result)}"#
}

/// An error reply without its LF, for use inside an array.
private func inner(_ line: String) -> String { String(line.dropLast()) }

@Suite struct BatchTests {
  @Test func inOrderOnOneLine() {
    var harness = Harness()
    let batch = [
      request(1, "ping"), note(5), request(2, "nope"), note(200), "3", request(4, "ping"), note(6),
    ]
    let unknown = errorLine(
      "2", -32601, #"there is no method "nope""#, "MethodNotFound", path: "/method",
      hint: #"did you mean "note"?"#)
    let bad = errorLine(
      "null", -32600, "a message must be an object", "InvalidRequest",
      hint: #"send {"jsonrpc": "2.0", "id": 1, "method": …}"#)
    #expect(
      harness.send("[" + batch.joined(separator: ", ") + "]")
        == "[" + [ok(1), inner(unknown), inner(bad), ok(4)].joined(separator: ",") + "]\n")
    #expect(harness.context.notes == [5, 6])
    #expect(harness.context.failures.map(\.path) == ["/params/number"])
  }

  @Test func oneMessageIsStillAnArray() {
    var harness = Harness()
    #expect(harness.send("[\(request(1, "ping"))]") == "[\(ok(1))]\n")
  }

  @Test func emptyIsOneError() {
    var harness = Harness()
    #expect(
      harness.send(" [ ] ")
        == errorLine("null", -32600, "a batch must not be empty", "InvalidRequest"))
  }

  @Test func notificationsOnlyHaveNoReply() {
    var harness = Harness()
    #expect(harness.send("[\(note(1)),\(note(2))]") == "")
    #expect(harness.context.notes == [1, 2])
  }

  @Test func batchesDoNotNest() {
    var harness = Harness()
    let bad = errorLine(
      "null", -32600, "a message must be an object", "InvalidRequest",
      hint: #"send {"jsonrpc": "2.0", "id": 1, "method": …}"#)
    #expect(harness.send("[[\(note(1))]]") == "[\(inner(bad))]\n")
    #expect(harness.context.notes.isEmpty)
  }

  @Test(arguments: ["initialize", "shutdown", "exit"]) func lifecycleStaysOutside(_ method: String)
  {
    var harness = Harness()
    let refusal = errorLine(
      "1", -32600, "\"\(method)\" can't be part of a batch", "InvalidRequest", path: "/method",
      hint: "send it on a line of its own")
    #expect(
      harness.send("[\(request(1, method)),\(request(2, "ping"))]")
        == "[\(inner(refusal)),\(ok(2))]\n")
    #expect(harness.send(#"[{"jsonrpc":"2.0","method":"\#(method)"}]"#) == "")
    #expect(harness.session.lifecycle == .fresh)
  }

  @Test func theLimitIsOnMessages() {
    var limits = MessageLimits()
    limits.maxBatchMessages = 3
    var harness = Harness(limits: limits)
    #expect(harness.send("[\(note(1)),\(note(2)),\(note(3))]") == "")
    #expect(
      harness.send("[\(note(4)),\(note(5)),\(note(6)),\(note(7))]")
        == errorLine(
          "null", -32600, "the batch has 4 messages, more than the limit of 3", "InvalidRequest",
          hint: "nothing of it was done; send less"))
    #expect(harness.context.notes == [1, 2, 3])
  }

  @Test func repliesOfABatchAreBounded() throws {
    var limits = MessageLimits()
    limits.maxBatchReplyBytes = 1000
    var harness = Harness(limits: limits)
    let large = (1...4).map { request($0, "large", #"{"size":600}"#) }
    let replies = try harness.reply("[" + (large + [note(9)]).joined(separator: ",") + "]")
    #expect(replies.count == 4)
    #expect(
      replies.elements.map { $0["error"]?["data"]?["kind"]?.string } == [
        nil, nil, "Overloaded", "Overloaded",
      ])
    // What was refused was not done, and notifications go on.
    #expect(harness.context.notes == [600, 600, 9])
    #expect(harness.context.failures.isEmpty)
  }

  @Test func afterShutdown() {
    var harness = Harness()
    _ = harness.send(request(1, "shutdown"))
    let refusal = errorLine(
      "2", -32600, "shutdown was answered; only exit may follow", "InvalidRequest")
    #expect(harness.send("[\(request(2, "ping")),\(note(1))]") == "[\(inner(refusal))]\n")
    #expect(harness.context.notes.isEmpty)
  }
}
