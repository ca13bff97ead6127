import Testing
import WireJSON

@testable import EvalService

@Suite struct CalibrationTests {
  private static func scored(_ rest: String = "") throws -> Client {
    var client = try Client.open("binary", rest)
    try client.push(
      #"{"scores":[0.0,0.1,0.2,0.6,0.7,1.0,0.5,0.25],"labels":[0,0,1,1,0,1,1,0],"#
        + #""slices":{"g":["a","a","a","a","b","b","b","b"]}}"#)
    return client
  }

  private static func ask(_ client: inout Client, _ rest: String = "") throws -> JSONValue {
    try client.call(
      "calibration/query", #"{"stream":"s"\#(rest.isEmpty ? "" : ",")\#(rest)}"#)
  }

  @Test func `bins are closed on the right, the first also holds 0, and empty ones have nulls`()
    throws
  {
    var client = try Self.scored(#""slices":["g"]"#)
    let answer = try Self.ask(&client, #""bins":4"#)
    let bins = try #require(answer["bins"])
    #expect(bins.elements.map { $0.json("low") } == ["0.0", "0.25", "0.5", "0.75"])
    #expect(bins.elements.map { $0.json("high") } == ["0.25", "0.5", "0.75", "1.0"])
    #expect(bins.elements.map { $0.int("count") } == [4, 1, 2, 1])
    #expect(bins[1]?.json("mean_score") == "0.5")
    #expect(bins[1]?.json("positive_rate") == "1.0")
    let fifteen = try #require(try Self.ask(&client)["bins"])
    #expect(fifteen.count == 15)
    let empty = try #require(fifteen.elements.first { $0.int("count") == 0 })
    #expect(empty.json("mean_score") == "null")
    #expect(empty.json("positive_rate") == "null")
  }

  @Test(arguments: [1, 2, 4, 15, 1000])
  func `the parts of the Brier score add up`(bins: Int) throws {
    var client = try Self.scored(#""slices":["g"]"#)
    for strategy in ["uniform", "quantile"] {
      let answer = try Self.ask(&client, #""bins":\#(bins),"strategy":"\#(strategy)""#)
      let parts = try #require(answer["brier_decomposition"])
      let part = { (name: String) in parts[name]?.double ?? .nan }
      let sum =
        part("reliability") - part("resolution") + part("uncertainty") + part("within_bin")
      let brier = try #require(answer["brier"]?.double)
      #expect(abs(sum - brier) < 1e-12)
      #expect(try client.query(#"["brier"]"#).value("brier") == brier)
      #expect(answer.json("strategy") == "\"\(strategy)\"")
    }
    #expect(
      try Self.ask(&client)["ece"]?.double == client.query(#"["ece"]"#).value("ece"))
  }

  @Test func `slices and windows have their own`() throws {
    var client = try Self.scored(#""slices":["g"]"#)
    let slice = try Self.ask(&client, #""slice":{"g":"b"},"bins":1"#)
    #expect(slice.int("count") == 4)
    #expect(slice["bins"]?[0]?.json("mean_score") == "0.6125")
    #expect(slice["bins"]?[0]?.json("positive_rate") == "0.5")
    try client.mark()
    #expect(try Self.ask(&client).json("ece") == "null")
    #expect(try Self.ask(&client).json("reason") == #""no_rows""#)
    #expect(try Self.ask(&client, #""window":{"marks":1}"#).int("count") == 8)
    #expect(try Self.ask(&client, #""window":"all","slice":{"g":"a"}"#).int("count") == 4)
  }

  @Test func `raw scores have none, logits have`() throws {
    var raw = try Self.scored(#""slices":["g"],"options":{"score_kind":"score"}"#)
    let refusal = try raw.refusal("calibration/query", #"{"stream":"s"}"#)
    #expect(refusal.kind == "NotApplicable")
    #expect(refusal.path == "/params/stream")
    var logits = try Self.scored(#""slices":["g"],"options":{"score_kind":"logit"}"#)
    #expect(try Self.ask(&logits, #""bins":2"#)["bins"]?[1]?.int("count") == 7)
  }

  @Test(arguments: [
    (#""bins":0"#, "bins"), (#""bins":10001"#, "bins"), (#""bins":1.5"#, "bins"),
    (#""strategy":"mass""#, "strategy"), (#""strateg":"uniform""#, "strateg"),
  ])
  func `a wrong parameter is refused by name`(rest: String, path: String) throws {
    var client = try Self.scored(#""slices":["g"]"#)
    let refusal = try client.refusal("calibration/query", #"{"stream":"s",\#(rest)}"#)
    #expect(refusal.kind == "InvalidParams")
    #expect(refusal.path == "/params/\(path)")
  }
}
