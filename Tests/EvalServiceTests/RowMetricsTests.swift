import Testing
import WireJSON

@testable import EvalService

/// `row_metrics` of `stream/push`.
@Suite struct RowMetricsTests {
  private static let batch = #"{"scores":[0.75,0.5,0.25],"labels":[1,0,1]}"#

  private static func rowValues(_ result: JSONValue) -> String? { result["row_values"]?.json }

  @Test func `each row is answered by itself`() throws {
    var client = try Client.open()
    let result = try client.push(
      Self.batch, #""row_metrics":["brier",{"metric":"accuracy","as":"right"},"roc_auc"]"#)
    #expect(
      Self.rowValues(result)
        == #"{"brier":[0.0625,0.25,0.5625],"right":[1.0,0.0,0.0],"roc_auc":[null,null,null]}"#)
    // The stream itself is as without.
    var other = try Client.open()
    try other.push(Self.batch)
    #expect(
      try client.query(#"["brier","accuracy"]"#).json("values")
        == other.query(#"["brier","accuracy"]"#).json("values"))
  }

  @Test func `without row_metrics there are no row values`() throws {
    var client = try Client.open()
    #expect(try Self.rowValues(client.push(Self.batch)) == nil)
    #expect(try Self.rowValues(client.push(Self.batch, #""row_metrics":[]"#)) == nil)
  }

  @Test func `rows that are left out have none`() throws {
    var client = try Client.open(
      "binary", #""options":{"non_finite":"skip","unique_ids":true}"#)
    let result = try client.push(
      #"{"scores":[0.5,"NaN",0.75,0.5],"labels":[1,1,0,0],"ids":[1,2,3,1]}"#,
      #""row_metrics":["brier"]"#)
    #expect(Self.rowValues(result) == #"{"brier":[0.25,null,0.5625,null]}"#)
  }

  @Test func `weights do not change what a row is worth by itself`() throws {
    var client = try Client.open()
    let result = try client.push(
      #"{"scores":[0.5,0.75],"labels":[1,0],"weights":[3,0]}"#, #""row_metrics":["brier"]"#)
    #expect(Self.rowValues(result) == #"{"brier":[0.25,null]}"#)
  }

  @Test func `a metric that is unknown refuses the push whole`() throws {
    var client = try Client.open()
    let refusal = try client.refusedPush(Self.batch, #""row_metrics":["brier","f2"]"#)
    #expect(refusal.kind == "UnknownMetric")
    #expect(refusal.path == "/params/row_metrics/1")
    #expect(try client.describe().int("total_count") == 0)
  }

  @Test func `too many rows are refused whole`() throws {
    var client = try Client.open("scalar")
    let values = Array(repeating: "1", count: 100_001).joined(separator: ",")
    let refusal = try client.refusedPush(
      #"{"values":[\#(values)]}"#, #""row_metrics":["mean"]"#)
    #expect(refusal.kind == "TooManyValues")
    #expect(try client.describe().int("total_count") == 0)
  }

  @Test func `a duplicate has no row values`() throws {
    var client = try Client.open()
    let rest = #""producer":"p","seq":1,"row_metrics":["brier"]"#
    #expect(try Self.rowValues(client.push(Self.batch, rest)) != nil)
    let again = try client.push(Self.batch, rest)
    #expect(again["duplicate"]?.bool == true)
    #expect(Self.rowValues(again) == nil)
  }
}
