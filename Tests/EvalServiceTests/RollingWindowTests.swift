import Testing
import WireJSON

@testable import EvalService

/// `{"rows": n}`: the newest whole buckets that hold at least n rows.
@Suite struct RollingWindowTests {
  /// A scalar stream that was given 0, 1, 2, … in batches of these sizes.
  private static func counted(
    _ windowRows: Int, _ sizes: [Int], slices: String = ""
  ) throws -> Client {
    var client = try Client.open("scalar", #""options":{"window_rows":\#(windowRows)}"#)
    var next = 0
    for size in sizes {
      let values = (next..<next + size).map(String.init).joined(separator: ",")
      try client.push(#"{"values":[\#(values)]}"#)
      next += size
    }
    return client
  }

  private static func range(_ client: inout Client, _ rows: Int) throws -> ClosedRange<Int> {
    let answer = try client.query(#"["min","max"]"#, #""window":{"rows":\#(rows)}"#)
    let low = try #require(answer.value("min"))
    let high = try #require(answer.value("max"))
    #expect(answer.int("count") == Int(high - low) + 1)
    return Int(low)...Int(high)
  }

  @Test func `without the option it is refused, and the hint names it`() throws {
    var client = try Client.open("scalar")
    let refusal = try client.refusal("metric/query", #"{"stream":"s","window":{"rows":5}}"#)
    #expect(refusal.kind == "InvalidParams")
    #expect(refusal.path == "/params/window")
    #expect(refusal.hint.contains("window_rows"))
  }

  @Test func `more rows than are kept are refused`() throws {
    var client = try Self.counted(100, [10])
    for rows in ["101", "9223372036854775807"] {
      let refusal = try client.refusal(
        "metric/query", #"{"stream":"s","window":{"rows":\#(rows)}}"#)
      #expect(refusal.kind == "InvalidParams")
      #expect(refusal.path == "/params/window")
      #expect(refusal.hint == "window_rows is 100")
    }
    // As many as there are, where there are fewer.
    #expect(try Self.range(&client, 100) == 0...9)
  }

  @Test func `small windows are exact`() throws {
    var client = try Self.counted(63, [200])
    for rows in 1...63 { #expect(try Self.range(&client, rows) == 200 - rows...199) }
  }

  @Test func `buckets are whole, and at most one of them is more than was asked for`() throws {
    var client = try Self.counted(630, [1005])
    for rows in [1, 5, 6, 100, 629, 630] {
      let range = try Self.range(&client, rows)
      #expect(range.upperBound == 1004)
      #expect(range.count >= rows)
      #expect(range.count < rows + 10)
      #expect(range.lowerBound.isMultiple(of: 10))
    }
  }

  @Test(arguments: [
    [1000], [999, 1], [1, 999], [500, 500], [7, 630, 1, 362], Array(repeating: 1, count: 1000),
    [0, 1000, 0],
  ])
  func `how rows were batched does not show`(sizes: [Int]) throws {
    for windowRows in [1, 62, 63, 64, 300, 5000] {
      var client = try Self.counted(windowRows, sizes)
      var whole = try Self.counted(windowRows, [1000])
      for rows in [1, 2, 63, 64, 200, 300, 1000, 5000] where rows <= windowRows {
        let question = (#"["sum","median","std"]"#, #""window":{"rows":\#(rows)}"#)
        let mine = try client.query(question.0, question.1)
        let theirs = try whole.query(question.0, question.1)
        #expect(mine.json("values") == theirs.json("values"), "\(windowRows), \(rows)")
        #expect(mine.int("count") == theirs.int("count"))
        #expect(mine.int("count") >= min(rows, 1000))
      }
    }
  }

  @Test func `marks do not cut it, a reset does`() throws {
    var client = try Self.counted(100, [30])
    try client.mark()
    try client.push(#"{"values":[30]}"#)
    #expect(try Self.range(&client, 30).lowerBound <= 1)
    try client.call("stream/reset", #"{"stream":"s"}"#)
    #expect(try client.count(#"{"rows":5}"#) == 0)
    try client.push(#"{"values":[7]}"#)
    #expect(try Self.range(&client, 5) == 7...7)
  }

  @Test func `a rollback brings it back`() throws {
    var client = try Self.counted(20, [25])
    try client.call("stream/checkpoint", #"{"name":"c"}"#)
    try client.push(#"{"values":[25,26,27]}"#)
    try client.call("stream/rollback", #"{"name":"c"}"#)
    #expect(try Self.range(&client, 20) == 5...24)
  }

  @Test func `slices, thresholds, curves and calibration have it too`() throws {
    var client = try Client.open(
      "binary", #""options":{"window_rows":4},"slices":["g","h"]"#)
    try client.push(
      #"{"scores":[0.1,0.9,0.8,0.2],"labels":[1,0,0,1],"slices":{"g":"old","h":"x"}}"#)
    try client.push(
      #"{"scores":[0.1,0.9,0.8,0.2],"labels":[0,1,1,0],"slices":{"g":["a","b","a","b"],"h":"x"}}"#)
    let window = #""window":{"rows":4}"#
    #expect(try client.query(#"["roc_auc","accuracy"]"#, window).value("roc_auc") == 1)
    let slice = try client.query(#"["accuracy"]"#, window + #","slice":{"g":"b"}"#)
    #expect(slice.int("count") == 2)
    for by in [#""g""#, #"["g","h"]"#, #"["h","g"]"#] {
      let slices = try client.call("slice/query", #"{"stream":"s","by":\#(by),\#(window)}"#)
      #expect(slices["rows"]?.count == 2)
      #expect(slices["rows"]?[0]?.int("count") == 2)
    }
    let best = try client.call("threshold/optimize", #"{"stream":"s",\#(window)}"#)
    #expect(best["value"]?.double == 1)
    let curve = try client.call("curve/query", #"{"stream":"s","curve":"roc",\#(window)}"#)
    #expect(curve["area"]?.double == 1)
    #expect(
      try client.call("calibration/query", #"{"stream":"s",\#(window)}"#).int("count") == 4)
  }

  @Test func `dropped rows are no rows`() throws {
    var client = try Client.open(
      "scalar", #""options":{"window_rows":3,"non_finite":"skip","unique_ids":true}"#)
    try client.push(#"{"values":[1,"NaN",2,"NaN",3,4,4],"ids":[1,2,3,4,5,6,6]}"#)
    #expect(try Self.range(&client, 3) == 2...4)
  }

  @Test func `a batch far larger than the window leaves its last rows`() throws {
    var client = try Self.counted(5, [3, 100_000, 2])
    #expect(try Self.range(&client, 5) == 100_000...100_004)
  }
}
