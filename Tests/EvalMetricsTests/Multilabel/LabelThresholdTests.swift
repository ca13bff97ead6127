import EvalTestSupport
import Testing

@testable import EvalMetrics

/// A question's own threshold decides for every class, as if it were the stream's.
@Suite struct LabelThresholdTests {
  private static let thresholds = [-1, 0.0, 0.3, 0.5, 0.55, 1, 2]
  /// What is found of a row as a whole is kept for the stream's threshold alone.
  private static let ofRows: Set<String> = ["subset_accuracy", "accuracy", "f1_samples"]

  private static func rows(
    _ seed: UInt64, weight: (inout LawGenerator) -> Double
  ) -> (scores: [Double], labels: [Int], weights: [Double]) {
    var random = LawGenerator(seed)
    var found: (scores: [Double], labels: [Int], weights: [Double]) = ([], [], [])
    for _ in 0..<60 {
      for code in 0..<4 {
        // The last class is nobody's label, and from 0.45 on nobody's decision; sometimes a label is not known.
        found.scores.append((random.unit() * (code < 3 ? 20 : 8)).rounded() / 20)
        found.labels.append(random.unit() < 0.1 ? -1 : code < 3 && random.unit() < 0.4 ? 1 : 0)
      }
      found.weights.append(weight(&random))
    }
    return found
  }

  private static func bench(
    _ rows: (scores: [Double], labels: [Int], weights: [Double]), _ options: [String: Value]
  ) throws -> Bench {
    var bench = try Bench("multilabel", options.merging(["ignore_index": .integer(-1)]) { $1 })
    let shape = [rows.weights.count, 4]
    try bench.push(
      [
        "scores": .numeric(NumericColumn(storage: .float64(rows.scores), shape: shape)),
        "labels": .numeric(
          NumericColumn(storage: .int64(rows.labels.map(Int64.init)), shape: shape)),
      ], rows.weights)
    return bench
  }

  @Test(arguments: ["report", "skip", "declared"]) func `any threshold is as good as the own one`(
    _ how: String
  ) throws {
    let options: [String: Value] =
      how == "declared" ? ["average_over": .text(how)] : ["zero_division": .text(how)]
    for isWeighted in [false, true] {
      let rows = Self.rows(7) { isWeighted ? Double($0.integer(0..<5)) : 1 }
      var asked = try Self.bench(rows, options)
      for threshold in Self.thresholds {
        var own = try Self.bench(
          rows, options.merging(["threshold": .number(threshold)]) { $1 })
        for metric in try Tasks.metrics(of: "multilabel") {
          let found = try asked.ask(metric.example, threshold: threshold)
          if Self.ofRows.contains(metric.name), threshold != 0.5 {
            #expect(found.reason == .notKept, "\(metric.name)")
          } else {
            #expect(try found == own.ask(metric.example), "\(metric.name) at \(threshold)")
          }
        }
      }
    }
  }

  /// Scores of every type are compared as float64, and one that is equal is a decision.
  @Test(arguments: [FloatType.float32, .float16, .bfloat16]) func `a score at the threshold`(
    _ type: FloatType
  ) throws {
    for threshold in [0.5, 0.25, 0.75] {
      var bench = try Bench("multilabel", ["threshold": .number(threshold)])
      guard case .numeric(var column) = type.column([threshold, threshold / 2]) else { return }
      column.shape = [1, 2]
      try bench.push([
        "scores": .numeric(column),
        "labels": .numeric(NumericColumn(storage: .uint8([1, 0]), shape: [1, 2])),
      ])
      #expect(try bench.ask("subset_accuracy").number == 1)
      #expect(try bench.ask("recall_micro", threshold: threshold).number == 1)
    }
  }

  @Test func `weights of any size`() throws {
    let rows = Self.rows(8) { $0.unit() * 3 }
    var asked = try Self.bench(rows, [:])
    var own = try Self.bench(rows, ["threshold": .number(0.3)])
    for name in ["precision_macro", "recall_weighted", "f1_micro", "hamming_loss"] {
      let found = try #require(try asked.ask(name, threshold: 0.3).number)
      let wanted = try #require(try own.ask(name).number)
      #expect(abs(found - wanted) <= 1e-14 * wanted, "\(name)")
    }
  }

  @Test func `predictions have no threshold`() throws {
    var bench = try Bench("multilabel")
    let column = Column.numeric(NumericColumn(storage: .uint8([1, 0]), shape: [1, 2]))
    try bench.push(["predictions": column, "labels": column])
    for name in ["f1_macro", "subset_accuracy", "hamming_loss"] {
      #expect(try bench.ask(name, threshold: 0.5).reason == .needsScores, "\(name)")
    }
  }

  /// Scores that lost bits may be on either side of a threshold between them, and no number stands for that.
  @Test func `past a memory budget only exact decisions are told`() throws {
    var bench = try Bench("multilabel", ["memory_budget_bytes": .integer(64)])
    let scores = (0..<40).map { 0.3 + Double($0) / 1000 }
    let shape = [20, 2]
    try bench.push([
      "scores": .numeric(NumericColumn(storage: .float64(scores), shape: shape)),
      "labels": .numeric(
        NumericColumn(storage: .uint8((0..<40).map { UInt8($0 & 1) }), shape: shape)),
    ])
    #expect(try bench.ask("f1_macro", threshold: 0.3205).reason == .notKept)
    #expect(try bench.ask("recall_macro", threshold: 0).number == 0.5)
    #expect(try bench.ask("hamming_loss", threshold: 0.9).number == 0.5)
  }

  @Test func `a task that decides by no threshold says so`() throws {
    var bench = try Bench("multiclass")
    let error = inputError { _ = try bench.ask("accuracy", threshold: 0.5) }
    #expect(error?.kind == .notApplicable)
    #expect(error?.path == [.key("threshold")])
  }
}
