import EvalMetrics
import EvalTestSupport
import Testing

/// The laws of every state, on every hazard of its task, past a memory budget.
@Suite struct BudgetLawTests {
  @Test(arguments: try LawTasks.budgetCases([80, 400, 1500]))
  func holdForEveryMetricAndBound(_ hazard: BudgetCase) throws {
    let violations = try hazard.run(LawEffort(seed: 20_261_122, rounds: 2, damages: 40))
    #expect(violations == [])
  }
}
