import EvalTestSupport
import Testing

@testable import EvalMetrics

/// What is wrong with a batch is told with its column and row, and nothing of the batch is applied.
@Suite struct BadRowsTests {
  private static func rectangle(_ numbers: [Double], _ shape: [Int]) -> Column {
    .numeric(NumericColumn(storage: .float64(numbers), shape: shape))
  }

  struct Case: Sendable, CustomStringConvertible {
    var description: String
    var task: String
    var columns: [String: Column]
    var fault: String
  }

  static let cases: [Case] = [
    Case(
      description: "a label outside the classes", task: "multiclass",
      columns: [
        "scores": rectangle([0.5, 0.5, 0.1, 0.9], [2, 2]), "labels": .integers([0, 2]),
      ], fault: "labels"),
    Case(
      description: "a score that is not finite", task: "multiclass",
      columns: [
        "scores": rectangle([0.5, 0.5, 0.1, .nan], [2, 2]), "labels": .integers([0, 1]),
      ], fault: "scores"),
    Case(
      description: "a negative weight", task: "multiclass",
      columns: [
        "predictions": .integers([0, 1]), "labels": .integers([0, 1]),
        "weights": .doubles([1, -1]),
      ], fault: "weights"),
    Case(
      description: "a label of two", task: "multilabel",
      columns: [
        "predictions": rectangle([0, 1, 1, 0], [2, 2]), "labels": rectangle([0, 1, 2, 0], [2, 2]),
      ], fault: "labels"),
    Case(
      description: "an infinite target", task: "regression",
      columns: ["predictions": .doubles([0, 1]), "targets": .doubles([0, .infinity])],
      fault: "targets"),
    Case(
      description: "a query without documents", task: "ranking",
      columns: [
        "queries": .integers([1, 2]), "scores": .values([.number(1), .null]),
        "relevances": .values([.number(1), .null]),
      ], fault: "scores"),
    Case(
      description: "a probability above one", task: "language_model",
      columns: ["log_probs": .doubles([-1, 0.5])], fault: "log_probs"),
    Case(
      description: "a label without a choice", task: "multiple_choice",
      columns: [
        "choice_scores": rectangle([1, 2, 3, 4], [2, 2]), "labels": .integers([0, 2]),
      ], fault: "labels"),
    Case(
      description: "a pixel of no class", task: "segmentation",
      columns: [
        "predictions": rectangle([0, 1, 0, -1], [2, 1, 2]),
        "targets": rectangle([0, 1, 0, 1], [2, 1, 2]),
      ], fault: "predictions"),
    Case(
      description: "more correct samples than samples", task: "code_generation",
      columns: [
        "problems": .integers([1, 2]), "samples": .integers([2, 2]), "correct": .integers([2, 3]),
      ], fault: "correct"),
    Case(
      description: "annotations of too few raters", task: "agreement",
      columns: [
        "annotations": .values([
          .list([.text("a"), .text("b")]), .list([.text("a")]),
        ])
      ], fault: "annotations"),
  ]

  @Test(arguments: cases) func `the row is named`(_ one: Case) throws {
    var bench = try Bench(one.task)
    let error = inputError { try bench.push(one.columns) }
    #expect(error?.kind == .invalidBatch)
    #expect(error?.path == [.key(one.fault), .index(1)])
    #expect(bench.engine.count == 0)
  }
}
