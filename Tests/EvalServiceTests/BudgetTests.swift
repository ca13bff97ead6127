import Testing
import WireJSON

@testable import EvalService

/// `memory_budget_bytes`: what the wire tells of a stream whose scores need more.
@Suite struct BudgetTests {
  private static let scores = [0.91, 0.9, 0.72, 0.7, 0.41, 0.4, 0.33, 0.3, 0.12, 0.1]
  private static let labels = [1, 1, 0, 1, 1, 0, 0, 0, 1, 0]
  private static let batch =
    #"{"scores":\#(scores),"labels":\#(labels),"slices":{"g":["a","a","a","b","b","a","a","b","b","b"]}}"#

  /// The rows under a budget, and without one.
  private static func pair(_ budget: Int, _ rest: String = "") throws -> [Client] {
    try [#""memory_budget_bytes":\#(budget)"#, ""].map { options in
      var client = try Client.open("binary", #""options":{\#(options)},"slices":["g"]\#(rest)"#)
      try client.push(batch)
      return client
    }
  }

  /// Whether a number lies in `bounds` of an object, under its name.
  private static func holds(_ bounds: JSONValue?, _ name: String, _ x: Double?) -> Bool {
    guard let x, let low = bounds?[name]?["low"]?.double, let high = bounds?[name]?["high"]?.double
    else { return false }
    return low <= x && x <= high && low < high
  }

  private static let ranks = ["roc_auc", "average_precision", "brier", "optimal_f1", "ece"]
  private static let names = #"["roc_auc","average_precision","brier","optimal_f1","ece","f1"]"#

  @Test func `values past the budget have bounds, and counted ones have none`() throws {
    var clients = try Self.pair(128)
    let found = try clients[0].query(Self.names)
    let exact = try clients[1].query(Self.names)
    #expect(exact.json("bounds") == "{}")
    for name in Self.ranks {
      #expect(Self.holds(found["bounds"], name, exact.value(name)), "\(name)")
      #expect(Self.holds(found["bounds"], name, found.value(name)), "\(name)")
      #expect(found["signatures"]?[name]?.string?.contains("|index:bits-dropped=") == true)
    }
    #expect(found["bounds"]?["f1"] == nil)
    #expect(found["signatures"]?.json("f1") == exact["signatures"]?.json("f1"))
    let described = try #require(try clients[0].describe()["memory_budget"])
    #expect(described.int("bytes") == 128)
    #expect(described.int("dropped_bits") > 0)
    #expect(try clients[1].describe()["memory_budget"] == nil)
  }

  @Test func `a budget that is not exceeded changes nothing`() throws {
    var clients = try Self.pair(1 << 20)
    for method in ["metric/query", "threshold/optimize", "calibration/query", "calibration/fit"] {
      #expect(
        try clients[0].call(method, #"{"stream":"s"}"#).json
          == clients[1].call(method, #"{"stream":"s"}"#).json)
    }
    #expect(try clients[0].describe()["memory_budget"]?.int("dropped_bits") == 0)
  }

  @Test func `marks, histories, subscriptions and slices tell bounds too`() throws {
    var clients = try Self.pair(128, #","metrics":["roc_auc","f1"]"#)
    let exact = try clients[1].query(#"["roc_auc"]"#).value("roc_auc")
    let update = try clients[0].call("metric/subscribe", #"{"stream":"s"}"#)
    #expect(Self.holds(update["bounds"], "roc_auc", exact))
    let slices = try clients[0].call("slice/query", #"{"stream":"s","by":"g"}"#)
    let rows = try clients[1].call("slice/query", #"{"stream":"s","by":"g"}"#)
    var bounded = 0
    // The worst comes first, by values that differ: rows are told apart by their slice.
    for row in rows["rows"].map({ Array($0.elements) }) ?? [] {
      let found = slices["rows"]?.elements.first { $0.json("slice") == row.json("slice") }
      let bounds = found?["bounds"]
      if bounds?["roc_auc"] != nil { bounded += 1 }
      let isHeld = Self.holds(bounds, "roc_auc", row.value("roc_auc"))
      #expect(isHeld || found?.value("roc_auc") == row.value("roc_auc"))
    }
    #expect(bounded > 0)
    let (gap, truth) = (slices["gaps"]?["roc_auc"], rows["gaps"]?["roc_auc"])
    for name in ["difference", "ratio"] {
      #expect(Self.holds(gap?["bounds"], name, truth?[name]?.double))
    }
    #expect(
      Self.holds(slices["bounds"]?["average"], "roc_auc", rows["average"]?["roc_auc"]?.double))
    let mark = try clients[0].call("stream/mark", #"{"stream":"s"}"#)
    #expect(Self.holds(mark["bounds"], "roc_auc", exact))
    let history = try clients[0].call("metric/history", #"{"stream":"s"}"#)
    #expect(Self.holds(history["rows"]?[0]?["bounds"], "roc_auc", exact))
    try clients[1].mark()
    #expect(
      try clients[1].call("metric/history", #"{"stream":"s"}"#)["rows"]?[0]?["bounds"] == nil)
  }

  @Test func `curves have bounds of their area and of columns that are not exact`() throws {
    var clients = try Self.pair(128)
    for curve in ["roc", "precision_recall", "gain"] {
      let params = #"{"stream":"s","curve":"\#(curve)"}"#
      let exact = try clients[1].call("curve/query", params)
      let found = try clients[0].call("curve/query", params)
      #expect(Self.holds(found["bounds"], "area", exact["area"]?.double), "\(curve)")
    }
    let params = #"{"stream":"s","curve":"reliability"}"#
    let bounds = try clients[0].call("curve/query", params)["bounds"]?["columns"]
    #expect(bounds?["mean_score"]?["low"]?.count == 15)
    #expect(bounds?["mean_score"]?["high"]?.count == 15)
  }

  @Test func `fits tell bounds of their losses`() throws {
    var clients = try Self.pair(128)
    let params = #"{"stream":"s","method":"platt"}"#
    let found = try clients[0].call("calibration/fit", params)
    let exact = try clients[1].call("calibration/fit", params)
    for name in ["log_loss", "brier", "ece"] {
      #expect(Self.holds(found["before"]?["bounds"], name, exact["before"]?[name]?.double))
      #expect(Self.holds(found["after"]?["bounds"], name, found["after"]?[name]?.double))
    }
    #expect(exact["after"]?["bounds"] == nil)
  }

  @Test func `a rollback brings back the bits, a reset too`() throws {
    var client = try Client.open(
      "binary", #""options":{"memory_budget_bytes":128},"slices":["g"]"#)
    try client.push(#"{"scores":[0.1,0.7],"labels":[0,1],"slices":{"g":"a"}}"#)
    let before = try client.query(#"["roc_auc","brier"]"#).json("values")
    try client.call("stream/checkpoint", #"{"stream":"s","name":"c"}"#)
    try client.push(Self.batch)
    #expect(try client.query(#"["roc_auc"]"#)["bounds"]?["roc_auc"] != nil)
    try client.call("stream/rollback", #"{"stream":"s","name":"c"}"#)
    #expect(try client.query(#"["roc_auc","brier"]"#).json("values") == before)
    #expect(try client.query(#"["roc_auc"]"#).json("bounds") == "{}")
    try client.push(Self.batch)
    try client.call("stream/reset", #"{"stream":"s"}"#)
    #expect(try client.describe()["memory_budget"]?.int("dropped_bits") == 0)
  }

  @Test(arguments: ["63", "0", "-1", "1.5", "\"1MiB\"", "true", "1e300"])
  func `a budget is a number of bytes`(_ text: String) throws {
    var client = Client()
    let refusal = try client.refusal(
      "stream/open",
      #"{"stream":"s","task":"binary","options":{"memory_budget_bytes":\#(text)}}"#)
    #expect(refusal.kind == "InvalidParams")
    #expect(refusal.path == "/params/options/memory_budget_bytes")
  }
}
