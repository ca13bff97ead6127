import EvalMetrics
import EvalTestSupport
import Testing

/// The laws of every state, on every hazard of its task.
@Suite struct StateLawTests {
  @Test(arguments: try LawTasks.cases())
  func holdForEveryMetric(_ hazard: LawCase) throws {
    let violations = try hazard.run(LawEffort(seed: 20_261_121))
    #expect(violations == [])
  }

  @Test func everyTaskIsChecked() {
    #expect(Set(LawTasks.all.map { $0.name }) == Set(Tasks.names))
  }
}
