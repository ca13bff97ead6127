import Testing
import WireJSON

@testable import EvalService

@Suite struct HistoryTests {
  /// Three epochs of a binary stream: F1 1, 0 and 1 again.
  private static func trained() throws -> Client {
    var client = try Client.open("binary", #""metrics":["f1","brier","confusion_matrix"]"#)
    for (label, score) in [("epoch 1", "0.9"), ("epoch 2", "0.1"), ("epoch 3", "0.8")] {
      try client.push(#"{"scores":[\#(score),0.2],"labels":[1,0]}"#)
      client.clock.now += 1
      try client.call(
        "stream/mark", #"{"stream":"s","label":"\#(label)","extra":{"loss":0.31,"n":[1, 2]}}"#)
    }
    return client
  }

  @Test func `a mark gives the row of its window`() throws {
    var client = try Client.open("binary", #""metrics":["f1","roc_auc"]"#)
    try client.push(#"{"scores":[0.9],"labels":[1]}"#)
    client.clock.now = 1234.5
    #expect(
      try client.call("stream/mark", #"{"stream":"s","label":"e","extra":{"loss": 0.5}}"#).json
        == #"{"label":"e","count":1,"complete":true,"values":{"f1":1.0,"roc_auc":null},"#
        + #""undefined":{"roc_auc":"one_class"},"extra":{"loss":0.5},"time":1234.5,"revision":2}"#)
    #expect(
      try client.call("stream/mark", #"{"stream":"s"}"#).json
        == #"{"label":"2","count":0,"complete":true,"values":{"f1":null,"roc_auc":null},"#
        + #""undefined":{"f1":"no_rows","roc_auc":"no_rows"},"extra":{},"time":1234.5,"revision":3}"#
    )
  }

  @Test func `history has a row for each mark, and the best of each metric`() throws {
    var client = try Self.trained()
    let history = try client.call("metric/history", #"{"stream":"s"}"#)
    let rows = try #require(history["rows"])
    #expect(
      rows.elements.map { $0.json("label") } == [#""epoch 1""#, #""epoch 2""#, #""epoch 3""#])
    #expect(rows.elements.map { $0.value("f1") } == [1, 0, 1])
    #expect(rows.elements.map { $0.json("time") } == ["1001.0", "1002.0", "1003.0"])
    #expect(rows[0]?.json("extra") == #"{"loss":0.31,"n":[1,2]}"#)
    // Of equal ones the first; less is better for a loss; counts have no best.
    #expect(
      history.json("best")
        == #"{"f1":{"label":"epoch 1","value":1.0},"brier":{"label":"epoch 1","value":0.025}}"#)
    // Rows that come later do not change it.
    try client.push(#"{"scores":[0.5],"labels":[0]}"#)
    #expect(try client.call("metric/history", #"{"stream":"s"}"#).json == history.json)
  }

  @Test func `chosen metrics are shown, and those that were not asked for then are not kept`()
    throws
  {
    var client = try Self.trained()
    let history = try client.call(
      "metric/history", #"{"stream":"s","metrics":["brier","roc_auc"]}"#)
    #expect(history["rows"]?[0]?.json("values") == #"{"brier":0.025,"roc_auc":null}"#)
    #expect(history["rows"]?[0]?.json("undefined") == #"{"roc_auc":"not_kept"}"#)
    #expect(history.json("best") == #"{"brier":{"label":"epoch 1","value":0.025}}"#)
    let refusal = try client.refusal("metric/history", #"{"stream":"s","metrics":["f2"]}"#)
    #expect(refusal.kind == "UnknownMetric")
    #expect(refusal.path == "/params/metrics/0")
  }

  @Test func `rows keep what was asked for when they were made`() throws {
    var client = try Client.open("scalar", #""metrics":["mean"]"#)
    try client.push(#"{"values":[1]}"#)
    try client.mark("a")
    try client.open("scalar", #""metrics":["max",{"metric":"quantile","q":0.25,"as":"low"}]"#)
    try client.push(#"{"values":[3]}"#)
    try client.mark("b")
    let all = try client.call("metric/history", #"{"stream":"s"}"#)
    #expect(
      all["rows"]?.elements.map { $0.json("values") } == [
        #"{"mean":1.0}"#, #"{"max":3.0,"low":3.0}"#,
      ])
    let some = try client.call("metric/history", #"{"stream":"s","metrics":["max","mean"]}"#)
    #expect(
      some["rows"]?.elements.map { $0.json("values") } == [
        #"{"max":null,"mean":1.0}"#, #"{"max":3.0,"mean":null}"#,
      ])
  }

  @Test func `labels and extras have limits`() throws {
    var client = try Client.open("scalar")
    for (rest, path) in [
      (#""label":"""#, "label"), (#""label":7"#, "label"), (#""label":"a\u0000""#, "label"),
      (#""extra":[1]"#, "extra"), (#""extra":"x""#, "extra"),
      (#""extra":{"x":"\#(String(repeating: "x", count: 70_000))"}"#, "extra"),
      (#""lable":"x""#, "lable"),
    ] {
      let refusal = try client.refusal("stream/mark", #"{"stream":"s",\#(rest)}"#)
      #expect(refusal.kind == "InvalidParams")
      #expect(refusal.path == "/params/\(path)")
    }
    #expect(try client.describe().int("revision") == 0)
  }

  /// A row costs its answers, whatever the number of rows and metrics.
  @Test func `long histories of many metrics stay quick`() throws {
    let many = (1...500).map { #"{"metric":"quantile","q":\#(Double($0) / 500),"as":"q\#($0)"}"# }
      .joined(separator: ",")
    var client = try Client.open("scalar", #""metrics":[\#(many)]"#)
    try client.push(#"{"values":[1,2,3]}"#)
    for _ in 0..<100 { try client.mark() }
    let time = try ContinuousClock().measure {
      let history = try client.call("metric/history", #"{"stream":"s","metrics":[\#(many)]}"#)
      #expect(history["rows"]?.count == 100)
    }
    // Looking each metric up in each row takes 25 million comparisons of texts.
    #expect(time < .seconds(5))
  }

  @Test func `too long a reply is refused`() throws {
    var limits = ServiceLimits()
    limits.maxReplyBytes = 2000
    var client = Client(limits)
    try client.open("scalar", #""metrics":["mean","std","min","max"],"slices":["g"]"#)
    for _ in 0..<12 { try client.mark() }
    #expect(
      try client.refusal("metric/history", #"{"stream":"s"}"#).kind == "TooManyValues")
    let part = try client.call("metric/history", #"{"stream":"s","metrics":["mean"]}"#)
    #expect(part["rows"]?.count == 12)
    let groups = (0..<100).map(String.init).joined(separator: ",")
    try client.push(#"{"values":[\#(groups)],"slices":{"g":[\#(groups)]}}"#)
    #expect(
      try client.refusal("slice/query", #"{"stream":"s","by":"g"}"#).kind == "TooManyValues")
    #expect(
      try client.call("slice/query", #"{"stream":"s","by":"g","min_count":2}"#).json("rows") == "[]"
    )
    for number in 0..<30 {
      try client.call(
        "stream/open",
        #"{"stream":"t\#(number)","task":"scalar","metadata":"\#(String(repeating: "x", count: 50))"}"#
      )
    }
    #expect(try client.refusal("stream/list").kind == "TooManyValues")
  }
}
