import Testing
import WireJSON

@testable import EvalService

/// Windows: the rows since the last mark, of marked windows, of all, and the last ones.
@Suite struct WindowTests {
  /// A scalar stream with three marked windows of 1, 2 and 3 rows, and 4 rows since.
  private static func marked(_ keep: Int) throws -> Client {
    var client = try Client.open("scalar", #""keep_windows":\#(keep),"metrics":["sum"]"#)
    for (label, values) in [("one", "[1]"), ("two", "[2,20]"), ("three", "[3,30,300]")] {
      try client.push(#"{"values":\#(values)}"#)
      try client.mark(label)
    }
    try client.push(#"{"values":[4,40,400,4000]}"#)
    return client
  }

  private static func sum(_ client: inout Client, _ window: String) throws -> Double? {
    try client.query(#"["sum"]"#, #""window":\#(window)"#).value("sum")
  }

  @Test(arguments: [0, 1, 2, 3, 10])
  func `current and all are always there`(keep: Int) throws {
    var client = try Self.marked(keep)
    #expect(try Self.sum(&client, #""current""#) == 4444)
    #expect(try client.query(#"["sum"]"#).value("sum") == 4444)
    #expect(try Self.sum(&client, #""all""#) == 4800)
    #expect(try client.count(#""all""#) == 10)
  }

  @Test(arguments: [0, 1, 2, 3, 10])
  func `marked windows are there while they are kept`(keep: Int) throws {
    var client = try Self.marked(keep)
    let sums = [("one", 1.0), ("two", 22), ("three", 333)]
    for (age, (label, sum)) in sums.reversed().enumerated() {
      let window = #"{"mark":"\#(label)"}"#
      if age < keep {
        #expect(try Self.sum(&client, window) == sum)
      } else {
        let refusal = try client.refusal(
          "metric/query", #"{"stream":"s","window":\#(window)}"#)
        #expect(refusal.kind == "InvalidParams")
        #expect(refusal.path == "/params/window")
        #expect(refusal.hint.contains("keep_windows is \(keep)"))
      }
    }
    let together = [333.0, 355, 356]
    for count in 1...3 {
      let window = #"{"marks":\#(count)}"#
      if count <= keep {
        #expect(try Self.sum(&client, window) == together[count - 1])
      } else {
        #expect(
          try client.refusal("metric/query", #"{"stream":"s","window":\#(window)}"#).path
            == "/params/window")
      }
    }
    #expect(
      try client.describe().json("windows")
        == "[" + sums.suffix(min(keep, 3)).map { "\"\($0.0)\"" }.joined(separator: ",") + "]")
  }

  @Test func `of windows with one label the latest is meant`() throws {
    var client = try Client.open("scalar", #""keep_windows":3"#)
    for value in [1, 2] {
      try client.push(#"{"values":[\#(value)]}"#)
      try client.mark("same")
    }
    #expect(try Self.sum(&client, #"{"mark":"same"}"#) == 2)
  }

  @Test func `a window without rows is a window`() throws {
    var client = try Client.open("scalar", #""keep_windows":2"#)
    try client.mark()
    #expect(try client.count(#"{"marks":1}"#) == 0)
    #expect(
      try client.query(#"["mean"]"#, #""window":{"mark":"1"}"#).json("undefined")
        == #"{"mean":"no_rows"}"#)
  }

  @Test(arguments: [
    #""last""#, "7", "null1", "[]", "{}", #"{"marks":0}"#, #"{"marks":-1}"#, #"{"marks":1.5}"#,
    #"{"marks":"1"}"#, #"{"marks":18446744073709551615}"#, #"{"mark":1}"#, #"{"rows":0}"#,
    #"{"marks":1,"mark":"one"}"#, #"{"epoch":1}"#, "true",
  ])
  func `anything else is no window`(window: String) throws {
    if window == "null1" { return }
    var client = try Self.marked(3)
    for (method, rest) in [
      ("metric/query", ""), ("slice/query", #","by":[]"#), ("calibration/query", ""),
    ] {
      let refusal = try client.refusal(method, #"{"stream":"s","window":\#(window)\#(rest)}"#)
      #expect(refusal.kind == "InvalidParams")
      #expect(refusal.path == "/params/window")
    }
  }

  @Test(arguments: ["9223372036854775807", "4", "1e18"])
  func `more marks than are kept are not kept`(count: String) throws {
    var client = try Self.marked(3)
    let refusal = try client.refusal(
      "metric/query", #"{"stream":"s","window":{"marks":\#(count)}}"#)
    #expect(refusal.message == "this window is not kept")
  }

  @Test func `the hint is short however many windows are kept`() throws {
    var client = try Client.open("scalar", #""keep_windows":10000"#)
    for _ in 0..<500 { try client.mark(String(repeating: "x", count: 190)) }
    let refusal = try client.refusal(
      "metric/query", #"{"stream":"s","window":{"mark":"y"}}"#)
    #expect(refusal.hint.utf8.count < 2000)
  }

  @Test func `asking between pushes and marks changes no answer`() throws {
    var asked = try Client.open("binary", #""keep_windows":2"#)
    var alone = try Client.open("binary", #""keep_windows":2"#)
    let windows = [#""all""#, #""current""#, #"{"marks":1}"#, #"{"marks":2}"#]
    var state: UInt64 = 7
    for step in 0..<40 {
      var scores: [String] = []
      var labels: [String] = []
      for _ in 0..<5 {
        state = state &* 6_364_136_223_846_793_005 &+ 1
        scores.append("\(Double(state >> 40) / Double(1 << 24))")
        labels.append("\((state >> 33) & 1)")
      }
      let batch =
        #"{"scores":[\#(scores.joined(separator: ","))],"labels":[\#(labels.joined(separator: ","))]}"#
      try asked.push(batch)
      try alone.push(batch)
      if step % 7 == 6 {
        try asked.mark()
        try alone.mark()
      }
      if step < 14 { continue }
      for window in windows {
        _ = try asked.query(#"["roc_auc","brier"]"#, #""window":\#(window)"#)
      }
    }
    for window in windows {
      let question = (#"["roc_auc","brier","average_precision"]"#, #""window":\#(window)"#)
      #expect(
        try asked.query(question.0, question.1).json("values")
          == alone.query(question.0, question.1).json("values"))
    }
  }
}
