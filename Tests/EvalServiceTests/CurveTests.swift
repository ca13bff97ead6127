import Testing
import WireJSON

@testable import EvalService

@Suite struct CurveTests {
  private static func scored() throws -> Client {
    var client = try Client.open()
    try client.push(#"{"scores":[0.1,0.4,0.35,0.8],"labels":[0,0,1,1]}"#)
    return client
  }

  private static func curve(
    _ client: inout Client, _ curve: String, _ rest: String = ""
  ) throws -> JSONValue {
    try client.call(
      "curve/query", #"{"stream":"s","curve":"\#(curve)"\#(rest.isEmpty ? "" : ",")\#(rest)}"#)
  }

  @Test(arguments: [
    (
      "roc", "0.75",
      #"{"false_positive_rate":[0.0,0.0,0.5,0.5,1.0],"true_positive_rate":[0.0,0.5,0.5,1.0,1.0],"#
        + #""threshold":["Infinity",0.8,0.4,0.35,0.1]}"#
    ),
    (
      "precision_recall", "0.7916666666666666",
      #"{"precision":[1.0,1.0,0.5,0.6666666666666666,0.5],"recall":[0.0,0.5,0.5,1.0,1.0],"#
        + #""threshold":["Infinity",0.8,0.4,0.35,0.1]}"#
    ),
    (
      "threshold", "null",
      #"{"threshold":[0.8,0.4,0.35,0.1],"precision":[1.0,0.5,0.6666666666666666,0.5],"#
        + #""recall":[0.5,0.5,1.0,1.0],"f1":[0.6666666666666666,0.5,0.8,0.6666666666666666],"#
        + #""selection_rate":[0.25,0.5,0.75,1.0]}"#
    ),
    (
      "gain", "0.625",
      #"{"selection_rate":[0.0,0.25,0.5,0.75,1.0],"gain":[0.0,0.5,0.5,1.0,1.0],"#
        + #""lift":[null,2.0,1.0,1.3333333333333333,1.0]}"#
    ),
  ])
  func `a curve has its columns and its area`(
    name: String, area: String, columns: String
  ) throws {
    var client = try Self.scored()
    let answer = try Self.curve(&client, name)
    #expect(answer.json("columns") == columns)
    #expect(answer.json("area") == area)
    #expect(answer.json("curve") == "\"\(name)\"")
  }

  @Test func `reliability has the bins`() throws {
    var client = try Self.scored()
    let columns = try Self.curve(&client, "reliability")["columns"]
    #expect(
      columns?.members.map(\.key) == ["low", "high", "count", "mean_score", "positive_rate"])
    #expect(columns?.members.allSatisfy { $0.value.count == 15 } == true)
  }

  @Test(arguments: ["roc", "precision_recall", "threshold", "gain"])
  func `points are at most so many, real ones, and the area is of the whole curve`(
    name: String
  ) throws {
    var client = try Client.open()
    var state: UInt64 = 11
    var scores: [String] = []
    var labels: [String] = []
    for row in 0..<3000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      scores.append("\(Double(state >> 44) / Double(1 << 20))")
      labels.append(row % 50 == 0 || state >> 63 == 1 ? "1" : "0")
    }
    try client.push(
      #"{"scores":[\#(scores.joined(separator: ","))],"labels":[\#(labels.joined(separator: ","))]}"#
    )
    let whole = try Self.curve(&client, name)
    let all = try #require(whole["columns"]?["threshold"] ?? whole["columns"]?["gain"])
    #expect(whole.int("total_points") == all.count)
    let known = Set(zipColumns(whole))
    for points in [2, 3, 5, 10, 100, 2999, 3000, 3001] {
      let part = try Self.curve(&client, name, #""points":\#(points)"#)
      let rows = zipColumns(part)
      #expect(rows.count <= points, "\(points)")
      #expect(rows.count >= min(points, 10) / 2)
      #expect(known.isSuperset(of: rows))
      // Both ends are there.
      #expect(rows.first == zipColumns(whole).first)
      #expect(rows.last == zipColumns(whole).last)
      #expect(part.json("area") == whole.json("area"))
    }
  }

  private func zipColumns(_ answer: JSONValue) -> [String] {
    let columns = answer["columns"]?.members.map { $0.value.elements.map(\.json) } ?? []
    return (columns.first?.indices ?? 0..<0).map { row in
      columns.map { $0[row] }.joined(separator: " ")
    }
  }

  @Test func `one class or no rows give no area`() throws {
    var client = try Client.open()
    for name in ["roc", "precision_recall", "threshold", "reliability", "gain"] {
      #expect(try Self.curve(&client, name).json("area") == "null")
    }
    try client.push(#"{"scores":[0.3,0.6],"labels":[1,1]}"#)
    let roc = try Self.curve(&client, "roc")
    #expect(roc.json("area") == "null")
    #expect(roc["columns"]?.json("false_positive_rate") == "[null,null,null]")
  }

  @Test(arguments: [
    (#""curve":"rocc""#, "curve"), (#""curve":7"#, "curve"), ("\"points\":3", "curve"),
    (#""curve":"roc","points":1"#, "points"), (#""curve":"roc","points":100001"#, "points"),
    (#""curve":"roc","points":"3""#, "points"),
  ])
  func `a wrong parameter is refused by name`(rest: String, path: String) throws {
    var client = try Self.scored()
    let refusal = try client.refusal("curve/query", #"{"stream":"s",\#(rest)}"#)
    #expect(refusal.kind == "InvalidParams")
    #expect(refusal.path == "/params/\(path)")
  }

  @Test func `raw scores have no reliability`() throws {
    var client = try Client.open("binary", #""options":{"score_kind":"score"}"#)
    try client.push(#"{"scores":[3],"labels":[1]}"#)
    #expect(
      try client.refusal("curve/query", #"{"stream":"s","curve":"reliability"}"#).kind
        == "NotApplicable")
    #expect(try Self.curve(&client, "gain")["columns"]?.json("lift") == "[null,1.0]")
  }
}
