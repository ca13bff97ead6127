import Testing
import WireJSON

@testable import EvalService

@Suite struct UniqueIDTests {
  private static func open() throws -> Client {
    try Client.open("scalar", #""options":{"unique_ids":true},"metrics":["sum"],"keep_windows":1"#)
  }

  @Test func `a row whose id was seen is dropped and counted`() throws {
    var client = try Self.open()
    let first = try client.push(#"{"values":[1,2,4],"ids":["a","b","a"]}"#)
    #expect(first.int("count") == 2)
    #expect(first.int("dropped_duplicates") == 1)
    #expect(first.int("conflicting_duplicates") == 1)
    let second = try client.push(#"{"values":[2,8],"ids":["b","c"]}"#)
    #expect(second.int("dropped_duplicates") == 1)
    #expect(second.int("conflicting_duplicates") == 0)
    #expect(try client.query(#"["sum"]"#).value("sum") == 11)
    let d = try client.describe()
    #expect(d.int("dropped_duplicates") == 2)
    #expect(d.int("conflicting_duplicates") == 1)
  }

  @Test func `an integer is not its text, and both may be packed`() throws {
    var client = try Self.open()
    let result = try client.push(
      #"{"values":[1,1,1,1,1],"ids":[7,"7",-7,18446744073709551615,9223372036854775807]}"#)
    #expect(result.int("count") == 5)
    for ids in [
      "[7]", #"["7"]"#, "[-7]", "[18446744073709551615]", "[9223372036854775807]",
      #"{"dtype":"uint8","base64":"\#(encodeBase64([7]))"}"#,
      #"{"dtype":"uint64","base64":"\#(encodeBase64([7, 0, 0, 0, 0, 0, 0, 0]))"}"#,
      #"{"dictionary":["7"],"indices":[0]}"#,
    ] {
      #expect(
        try client.push(#"{"values":[1],"ids":\#(ids)}"#).int("dropped_duplicates") == 1, "\(ids)")
    }
  }

  @Test func `a window has its own ids`() throws {
    var client = try Self.open()
    try client.push(#"{"values":[1],"ids":[1]}"#)
    try client.mark()
    #expect(try client.push(#"{"values":[2],"ids":[1]}"#).int("count") == 1)
    try client.call("stream/reset", #"{"stream":"s"}"#)
    #expect(try client.push(#"{"values":[2],"ids":[1]}"#).int("count") == 1)
  }

  @Test func `a refused batch leaves no ids`() throws {
    var client = try Self.open()
    try client.refusedPush(#"{"values":[1,"NaN"],"ids":[1,2]}"#)
    try client.refusedPush(#"{"values":[1,2],"ids":[1,0.5]}"#)
    let result = try client.push(#"{"values":[1,2],"ids":[1,2]}"#)
    #expect(result.int("dropped_duplicates") == 0)
  }

  @Test func `a row that was left out may come again`() throws {
    var client = try Client.open(
      "scalar", #""options":{"unique_ids":true,"non_finite":"skip"}"#)
    let first = try client.push(#"{"values":["NaN",1],"ids":[1,2]}"#)
    #expect(first.int("dropped") == 1)
    let second = try client.push(#"{"values":[5,1],"ids":[1,2]}"#)
    #expect(second.int("dropped_duplicates") == 1)
    #expect(second.int("count") == 2)
  }

  @Test func `every column of a row is its content`() throws {
    var client = try Client.open(
      "binary", #""options":{"unique_ids":true},"slices":["g"]"#)
    let row = { (score: String, label: String, weight: String, slice: String) in
      #"{"scores":[\#(score)],"labels":[\#(label)],"weights":[\#(weight)],"ids":[1],"#
        + #""slices":{"g":\#(slice)}}"#
    }
    try client.push(row("0.5", "1", "1", "\"a\""))
    for (batch, conflicts) in [
      (row("0.5", "1", "1", "\"a\""), 0), (row("0.50", "true", "1.0", "[\"a\"]"), 0),
      (row("0.25", "1", "1", "\"a\""), 1), (row("0.5", "0", "1", "\"a\""), 1),
      (row("0.5", "1", "2", "\"a\""), 1), (row("0.5", "1", "1", "\"b\""), 1),
    ] {
      let result = try client.push(batch)
      #expect(result.int("dropped_duplicates") == 1)
      #expect(result.int("conflicting_duplicates") == conflicts, "\(batch)")
    }
  }

  @Test func `without ids a batch with rows is refused`() throws {
    var client = try Self.open()
    let refusal = try client.refusedPush(#"{"values":[1]}"#)
    #expect(refusal.kind == "InvalidBatch")
    #expect(refusal.path == "/params/batch")
    #expect(refusal.message.contains("ids"))
  }

  @Test func `without the option ids are checked and not kept`() throws {
    var client = try Client.open("scalar")
    #expect(try client.push(#"{"values":[1,2],"ids":["a","a"]}"#).int("count") == 2)
    #expect(try client.refusedPush(#"{"values":[1],"ids":[true]}"#).path == "/params/batch/ids/0")
  }

  /// The cost of a push must not grow with the ids that came before.
  @Test func `many ids stay quick`() throws {
    var client = try Self.open()
    let ids = (0..<20_000).map(String.init).joined(separator: ",")
    let values = Array(repeating: "1", count: 20_000).joined(separator: ",")
    try client.push(#"{"values":[\#(values)],"ids":[\#(ids)]}"#)
    let clock = ContinuousClock()
    let time = try clock.measure {
      for id in 20_000..<20_400 { try client.push(#"{"values":[1],"ids":[\#(id)]}"#) }
    }
    #expect(time < .seconds(3))
    #expect(try client.count(#""all""#) == 20_400)
  }
}
