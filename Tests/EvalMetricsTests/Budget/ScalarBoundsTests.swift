import EvalTestSupport
import Testing

@testable import EvalMetrics

/// Exact order statistics lie within the bounds that a budget gives.
@Suite struct ScalarBoundsTests {
  @Test func holdEveryMetricOfAdversarialStreams() throws {
    for seed in 0..<1200 {
      let stream = AdversarialStream(seed: UInt64(seed))
      let pieces = try stream.pieces().map { columns in
        try Columns([
          ("values", try columns.require("scores")),
          ("weights", (try? columns.require("weights")) ?? .constant(.integer(1))),
        ])
      }
      let subject = try lawSubject(ScalarTask.self, Hazard(stream.name, pieces: pieces))
      var exact = ScalarState(subject.configuration)
      var bounded = Budgeted<ScalarState>(.init(base: subject.configuration, bytes: stream.budget))
      for piece in subject.pieces {
        exact.update(piece)
        bounded.update(piece)
      }
      exact.prepare()
      bounded.prepare()
      let sheet = AnswerSheet(ScalarTask.catalogue)
      for (question, (x, y)) in zip(
        sheet.questions, zip(sheet.answers(exact), sheet.answers(bounded.base)))
      {
        if let fault = BoundsTests.fault(x, y) {
          Issue.record("\(stream.name): \(question.text): \(fault)")
        }
        if ["min", "max", "mean", "sum", "std"].contains(question.metric.name) {
          #expect(y.bounds == nil)
        }
      }
    }
  }
}
