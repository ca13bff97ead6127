import Testing
import WireJSON

@testable import JSONRPC

/// The words of a parse error are WireJSON's; what is made of it is tested here.
@Suite struct ParseErrorTests {
  @Test(arguments: [
    (#"{"jsonrpc":"2.0","id":1,"method":"ping""#, "1", 39),
    (#"{"id":"\u0041","x":NaN}"#, #""\u0041""#, 19),
    (#"{"id":1,"id":2}"#, "1", 8),
    (#"{"x":nul,"id":1}"#, "null", 5),
    (#"{"id":null,"x":'}"#, "null", 15),
    (#"{"id":1.5,"x":'}"#, "null", 14),
    (#"{"id":[1],"x":'}"#, "null", 14),
    (#"{"params":{"id":1},"x":'}"#, "null", 23),
    (#"[{"id":1},]"#, "null", 10),
    ("{\"id\":1} {}", "1", 9),
    ("nonsense", "null", 0),
  ]) func keepsTheID(_ line: String, _ id: String, _ offset: Int) throws {
    var harness = Harness()
    let reply = try harness.reply(line)
    #expect(reply["jsonrpc"]?.string == "2.0")
    #expect(reply["id"].map { String(decoding: $0.rawText, as: UTF8.self) } == id)
    #expect(reply["error"]?["code"]?.int64 == -32700)
    let data = try #require(reply["error"]?["data"])
    #expect(data["kind"]?.string == "ParseError")
    #expect(data["path"]?.string == "")
    #expect(data["offset"]?.int64 == Int64(offset))
    #expect(data["hint"] != nil)
    #expect(harness.send(#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#).contains("result"))
  }

  @Test func tooDeepHasAKindOfItsOwn() throws {
    var limits = MessageLimits()
    limits.maxDepth = 4
    var harness = Harness(limits: limits)
    // An object in an object in an array in an array is as deep as may be.
    let fits = #"{"jsonrpc":"2.0","id":1,"method":"echo","params":{"value":[[1]]}}"#
    #expect(try harness.reply(fits)["result"] != nil)
    let tooDeep = #"{"jsonrpc":"2.0","id":1,"method":"echo","params":{"value":[[[1]]]}}"#
    let reply = try harness.reply(tooDeep)
    #expect(reply["id"]?.int64 == 1)
    #expect(reply["error"]?["code"]?.int64 == -32700)
    #expect(reply["error"]?["data"]?["kind"]?.string == "TooDeep")
    #expect(reply["error"]?["data"]?["offset"]?.int64 == 60)
  }

  @Test(arguments: [
    (#"{"id":12,"method":"pi"#, "12"), (#"{"id":"a","method":"pi"#, #""a""#),
    (#"{"method":"ping","params":[1,2,"#, "null"), (#"{"id":1"#, "null"), ("", "null"),
    (#"{"id":12345}"#, "12345"),
    (#"{"id":1,"n":1"#, "null"), (#"{"id":2,"n":1"#, "2"), (#"[{"id":1}"#, "null"),
  ]) func tooLongLinesKeepTheID(_ prefix: String, _ id: String) {
    let harness = Harness()
    var output: [UInt8] = []
    harness.dispatcher.refuseTooLong(
      prefix: Array(prefix.utf8), length: 70_000_000, output: &output)
    #expect(
      String(decoding: output, as: UTF8.self)
        == errorLine(
          id, -32700, "the line has 70000000 bytes, more than the limit of 67108864", "LineTooLong",
          hint: "send less at once, pack columns as base64, or raise --max-line-bytes",
          extra: #","offset":67108864,"limit":67108864,"length":70000000"#))
  }
}
