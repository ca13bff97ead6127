import EvalTestSupport
import Testing

@testable import EvalMetrics

/// Rows that are left out, and what is set right, are counted and tell in no metric.
@Suite struct LeftOutTests {
  private static func matrix(_ numbers: [Double], _ width: Int) -> Column {
    .numeric(NumericColumn(storage: .float64(numbers), shape: [numbers.count / width, width]))
  }

  @Test func `a label to ignore leaves its row out`() throws {
    var bench = try Bench("multiclass", ["ignore_index": .integer(-100)])
    let report = try bench.push([
      "scores": Self.matrix([0.9, 0.1, 0.9, 0.1, 0.2, 0.8], 2), "labels": .integers([1, -100, 1]),
    ])
    #expect(report.dropped == 1 && report.applied == 2)
    #expect(try bench.ask("accuracy").number == 0.5)
    var predictions = try Bench("multiclass", ["ignore_index": .integer(-100)])
    #expect(
      try predictions.push([
        "predictions": .integers([0, 0, 1]), "labels": .integers([-100, 0, 0]),
      ]).dropped == 1)
    #expect(try predictions.ask("accuracy").number == 0.5)
  }

  @Test func `labels that are not known leave out no row that has others`() throws {
    var bench = try Bench("multilabel", ["ignore_index": .integer(-1)])
    let report = try bench.push([
      "scores": Self.matrix([0.9, 0.1, 0.9, 0.1, 0.2, 0.8], 2),
      "labels": Self.matrix([1, -1, -1, -1, 0, 0], 2),
    ])
    #expect(report.dropped == 1 && report.applied == 2)
    #expect(try bench.ask("hamming_loss").number == 1.0 / 3)
    #expect(try bench.ask("subset_accuracy").number == 0.5)
  }

  @Test func `probabilities that are hardly outside are set right`() throws {
    for task in ["multiclass", "multilabel"] {
      var bench = try Bench(task)
      let labels = task == "multiclass" ? Column.integers([0]) : Self.matrix([1, 0], 2)
      let report = try bench.push([
        "scores": Self.matrix([1.0000005, -0.0000005], 2), "labels": labels,
      ])
      #expect(report.clamped == 2 && report.dropped == 0)
      let loss = try #require(try bench.ask("log_loss").number)
      #expect(loss < 1e-15)
    }
  }

  @Test(arguments: [
    ("multiclass", "scores", "labels"), ("multilabel", "scores", "labels"),
    ("regression", "predictions", "targets"), ("multiple_choice", "choice_scores", "labels"),
    ("language_model", "log_probs", ""), ("ranking", "scores", "relevances"),
  ])
  func `a number that is not finite leaves its row out where that is asked`(
    _ task: String, _ numbers: String, _ other: String
  ) throws {
    let isWide = ["multiclass", "multilabel", "multiple_choice"].contains(task)
    func batch(_ x: Double) -> [String: Column] {
      var batch = [
        numbers: isWide
          ? Self.matrix([-0.0, 1, 1, x, 0, 1], 2) : .doubles([-1, x, -2])
      ]
      if task == "multilabel" {
        batch[other] = Self.matrix([0, 1, 1, 1, 0, 1], 2)
      } else if other != "" {
        batch[other] = .integers([1, 0, 1])
      }
      if task == "ranking" { batch["queries"] = .integers([1, 1, 1]) }
      return batch
    }
    for x in [Double.nan, .infinity] {
      var refusing = try Bench(task)
      let error = inputError { try refusing.push(batch(x)) }
      #expect(error?.path == [.key(numbers), .index(1)])
      var skipping = try Bench(task, ["non_finite": .text("skip")])
      let report = try skipping.push(batch(x))
      #expect(report.dropped == 1 && report.applied == 2)
      #expect(skipping.engine.count == 2)
    }
  }
}
