import Testing
import WireJSON

@testable import JSONRPC

private func params(_ text: String) throws -> Params {
  let caller = Caller(
    session: SessionID(1), capabilities: ClientCapabilities(), isNotification: false)
  return Params(try JSONDocument(parsing: Array(text.utf8)).root, caller: caller)
}

private func refusal<Value>(_ body: () throws(RPCError) -> Value) -> RPCError? {
  do {
    _ = try body()
    return nil
  } catch { return error }
}

@Suite struct ParamsTests {
  @Test func readsEveryType() throws {
    let params = try params(
      """
      {"s": "a\\n", "i": -3, "f": 2.0, "d": 0.5, "b": true, "n": null, "nan": "NaN",
      "l": ["x", ""], "ds": [1, 2.5], "o": {"in/~": {"x": 1}}}
      """)
    #expect(try params.string("s") == "a\n")
    #expect(try params.int("i") == -3)
    #expect(try params.int("f") == 2)
    #expect(try params.double("d") == 0.5)
    #expect(try params.double("i") == -3)
    #expect(try params.double("nan", finite: false).isNaN)
    #expect(try params.bool("b"))
    #expect(try params.array("l").count == 2)
    #expect(try params.optionalStrings("l") == ["x", ""])
    #expect(try params.optionalDoubles("ds") == [1, 2.5])
    #expect(try params.choice("s", of: ["b", "a\n"], otherwise: "b") == "a\n")
    #expect(try params.object("o").object("in/~").path == "/params/o/in~1~0")
  }

  @Test func nullIsAbsent() throws {
    let params = try params(#"{"n": null}"#)
    #expect(params["n"]?.isNull == true)
    #expect(params.present("n") == nil)
    for key in ["n", "absent"] {
      #expect(try params.optionalString(key) == nil)
      #expect(try params.optionalInt(key) == nil)
      #expect(try params.optionalDouble(key) == nil)
      #expect(try params.optionalBool(key) == nil)
      #expect(try params.optionalArray(key) == nil)
      #expect(try params.optionalObject(key) == nil)
      #expect(try params.optionalStrings(key) == nil)
      #expect(try params.optionalDoubles(key) == nil)
      #expect(try params.choice(key, of: ["b"], otherwise: "b") == "b")
      let error = try #require(refusal { () throws(RPCError) in try params.string(key) })
      #expect(error.code == -32602)
      #expect(error.path == "/params/\(key)")
      #expect(error.message == "\"\(key)\" is missing")
    }
  }

  @Test func namesWhatIsWrong() throws {
    let params = try params(
      #"{"s": 1, "i": 1.5, "big": 9223372036854775808, "d": "x", "inf": "Infinity", "b": 0, "l": ["a", 1]}"#
    )
    let refusals: [(RPCError?, String, String)] = [
      (refusal { () throws(RPCError) in try params.string("s") }, "/params/s", "must be a string"),
      (
        refusal { () throws(RPCError) in try params.int("i") }, "/params/i",
        "must be an integer of 64 bits"
      ),
      (
        refusal { () throws(RPCError) in try params.int("big") }, "/params/big",
        "must be an integer of 64 bits"
      ),
      (
        refusal { () throws(RPCError) in try params.int("s", in: 2...3) }, "/params/s",
        "is 1, but must be from 2 to 3"
      ),
      (
        refusal { () throws(RPCError) in try params.int("s", in: 2...Int.max) }, "/params/s",
        "is 1, but must be at least 2"
      ),
      (refusal { () throws(RPCError) in try params.double("d") }, "/params/d", "must be a number"),
      (
        refusal { () throws(RPCError) in try params.double("inf") }, "/params/inf", "must be finite"
      ),
      (
        refusal { () throws(RPCError) in try params.bool("b") }, "/params/b",
        "must be true or false"
      ),
      (refusal { () throws(RPCError) in try params.array("b") }, "/params/b", "must be an array"),
      (refusal { () throws(RPCError) in try params.object("l") }, "/params/l", "must be an object"),
    ]
    for (error, path, message) in refusals {
      let error = try #require(error)
      #expect(error.kind == "InvalidParams")
      #expect(error.path == path)
      #expect(error.message == "\"\(path.dropFirst(8))\" \(message)")
    }
    let element = try #require(
      refusal { () throws(RPCError) in try params.optionalStrings("l") })
    #expect(element.path == "/params/l/1")
    #expect(element.message == #"element 1 of "l" must be a string"#)
  }

  @Test func unknownKeysAreRefusedByName() throws {
    var harness = Harness()
    #expect(
      harness.send(#"{"jsonrpc":"2.0","id":1,"method":"echo","params":{"valeu":1,"value":2}}"#)
        == errorLine(
          "1", -32602, #""valeu" is not a known key"#, "InvalidParams", path: "/params/valeu",
          hint: #"did you mean "value"?"#))
    #expect(
      harness.send(#"{"jsonrpc":"2.0","id":1,"method":"echo","params":{"a/~":1}}"#)
        == errorLine(
          "1", -32602, #""a/~" is not a known key"#, "InvalidParams", path: "/params/a~1~0",
          hint: #"known: "value", "other""#))
    #expect(
      harness.send(#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"now":true}}"#)
        == errorLine(
          "1", -32602, #""now" is not a known key"#, "InvalidParams", path: "/params/now",
          hint: "no keys are known here"))
    #expect(
      harness.send(#"{"jsonrpc":"2.0","id":1,"method":"echo","params":{"value":null}}"#)
        == errorLine("1", -32602, #""value" is missing"#, "InvalidParams", path: "/params/value"))
    #expect(
      harness.send(#"{"jsonrpc":"2.0","id":1,"method":"echo","params":[1]}"#)
        == errorLine(
          "1", -32602, #"parameters go by name: "params" must be an object"#, "InvalidParams",
          path: "/params", hint: #"known: "value", "other""#))
  }

  @Test func namesOfAnyLengthAreCut() {
    var harness = Harness()
    let long = String(repeating: "e\u{301}", count: 100_000)
    for line in [
      #"{"jsonrpc":"2.0","id":1,"method":"\#(long)"}"#,
      #"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"\#(long)":1}}"#,
    ] {
      #expect(harness.send(line).utf8.count < 1000)
    }
  }
}
