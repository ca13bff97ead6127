import EvalTestSupport
import Testing

@testable import EvalMetrics

/// `threshold/optimize` against counting every threshold in whole numbers.
@Suite struct ThresholdSearchTests {
  /// An objective with the same in whole numbers: a numerator and a divisor, larger is better.
  struct Case: Sendable, CustomStringConvertible {
    var description: String
    var objective: Objective
    var fraction: @Sendable (Counts) -> (Int, Int)
  }

  /// The four counts.
  struct Counts {
    var tp: Int
    var fp: Int
    var tn: Int
    var fn: Int
  }

  static let cases = [
    Case(description: "f1", objective: .fBeta(1)) { (2 * $0.tp, 2 * $0.tp + $0.fp + $0.fn) },
    Case(description: "f2", objective: .fBeta(2)) { (5 * $0.tp, 5 * $0.tp + $0.fp + 4 * $0.fn) },
    Case(description: "precision", objective: .precision) { ($0.tp, $0.tp + $0.fp) },
    Case(description: "recall", objective: .recall) { ($0.tp, $0.tp + $0.fn) },
    Case(description: "youden", objective: .youden) {
      ($0.tp * ($0.tn + $0.fp) - $0.fp * ($0.tp + $0.fn), ($0.tp + $0.fn) * ($0.tn + $0.fp))
    },
    Case(description: "balanced accuracy", objective: .balancedAccuracy) {
      ($0.tp * ($0.tn + $0.fp) + $0.tn * ($0.tp + $0.fn), ($0.tp + $0.fn) * ($0.tn + $0.fp))
    },
    Case(description: "accuracy", objective: .accuracy) {
      ($0.tp + $0.tn, $0.tp + $0.tn + $0.fp + $0.fn)
    },
    Case(description: "mcc", objective: .mcc) {
      // Signed squares are in the order of the values.
      let x = $0.tp * $0.tn - $0.fp * $0.fn
      return (x * abs(x), ($0.tp + $0.fp) * ($0.tn + $0.fn))
    },
    Case(description: "cost 0.1 each", objective: .cost(falsePositive: 0.1, falseNegative: 0.1)) {
      (-$0.fp - $0.fn, 1)
    },
    Case(
      description: "cost 0.75 and 2.25", objective: .cost(falsePositive: 0.75, falseNegative: 2.25)
    ) {
      (-$0.fp - 3 * $0.fn, 1)
    },
  ]

  @Test(arguments: cases) func findsTheHighestOfEqualOptima(_ example: Case) throws {
    var generator = LawGenerator(7)
    for _ in 0..<150 {
      let count = generator.integer(2..<40)
      let scores = (0..<count).map { _ in Double(generator.integer(0..<12)) / 16 }
      let labels = [0, 1] + (2..<count).map { _ in generator.chance(0.4) ? 1 : 0 }
      var bench = try Bench.binary(scores, labels)
      let report = try #require(try bench.optimize(example.objective))
      guard let wanted = Self.bruteForce(scores, labels, example) else {
        #expect(report.reason == .infeasible)
        continue
      }
      let found = try #require(report.best)
      #expect(found.threshold == wanted, "\(scores) \(labels)")
      // The value is that of the decisions at the threshold.
      let there = try #require(try bench.inspect { $0.evaluate(at: wanted) })
      #expect(found.decisions == there.decisions)
      #expect(found.value == example.objective.value(of: there.decisions))
    }
  }

  private static func bruteForce(_ scores: [Double], _ labels: [Int], _ example: Case) -> Double? {
    var best: (threshold: Double, value: (Int, Int))?
    for threshold in [.infinity] + Set(scores).sorted(by: >) {
      let value = example.fraction(counts(scores, labels, threshold))
      if value.1 == 0 { continue }
      if let best, value.0 * best.value.1 <= best.value.0 * value.1 { continue }
      best = (threshold, value)
    }
    return best?.threshold
  }

  private static func counts(_ scores: [Double], _ labels: [Int], _ threshold: Double) -> Counts {
    var counts = Counts(tp: 0, fp: 0, tn: 0, fn: 0)
    for (score, label) in zip(scores, labels) {
      switch (score >= threshold, label == 1) {
      case (true, true): counts.tp += 1
      case (true, false): counts.fp += 1
      case (false, false): counts.tn += 1
      case (false, true): counts.fn += 1
      }
    }
    return counts
  }

  /// 1/10 and 8/10 - 7/10 are equal, but not as doubles.
  @Test func aTieThatRoundingHidesIsATie() throws {
    let scores = [0.9] + Array(repeating: 0.5, count: 14) + Array(repeating: 0.1, count: 5)
    let labels =
      [1] + Array(repeating: 1, count: 7) + Array(repeating: 0, count: 7)
      + Array(repeating: 1, count: 2) + Array(repeating: 0, count: 3)
    var bench = try Bench.binary(scores, labels)
    for objective in [Objective.youden, .balancedAccuracy] {
      #expect(try bench.optimize(objective)?.best?.threshold == 0.9)
    }
    var weighted = try Bench.binary(scores, labels, weights: scores.map { _ in 0.1 })
    for objective in [Objective.youden, .balancedAccuracy] {
      #expect(try weighted.optimize(objective)?.best?.threshold == 0.9)
    }
  }

  /// The square of beta fits no double, or its product with a count does not.
  @Test(arguments: [1e30, 1e100, 1e154, 1e200, .infinity]) func anEnormousBetaIsRecall(
    _ beta: Double
  ) throws {
    var bench = try Bench.binary([0.9, 0.8, 0.3, 0.1], [1, 0, 1, 0])
    let found = try #require(try bench.optimize(.fBeta(beta))?.best)
    #expect(found.threshold == 0.3)
    #expect(found.value == 1)
  }

  @Test func predictingNothingCanBeBest() throws {
    var bench = try Bench.binary([0.9, 0.8, 0.1], [0, 0, 1])
    let found = try #require(
      try bench.optimize(.cost(falsePositive: 10, falseNegative: 1))?.best)
    #expect(found.threshold == .infinity)
    #expect(found.value == 1.0 / 3)
    #expect(found.decisions.falseNegatives == 1)
  }

  @Test func constraintsAreKept() throws {
    let scores = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0]
    let labels = [1, 0, 1, 1, 0, 1, 0, 0, 1, 0]
    func best(_ objective: Objective, _ set: (inout ThresholdConstraints) -> Void) throws -> Double?
    {
      var constraints = ThresholdConstraints()
      set(&constraints)
      var bench = try Bench.binary(scores, labels)
      return try bench.optimize(objective, constraints)?.best?.threshold
    }
    #expect(try best(.recall) { $0.minPrecision = 0.75 } == 0.6)
    #expect(try best(.precision) { $0.minRecall = 0.8 } == 0.4)
    #expect(try best(.recall) { $0.maxFalsePositiveRate = 0.2 } == 0.6)
    #expect(try best(.recall) { $0.maxSelectionRate = 0.3 } == 0.7)
    #expect(try best(.fBeta(1)) { $0.minPrecision = 1 } == 0.9)
    #expect(
      try best(.fBeta(1)) {
        $0.minPrecision = 0.9
        $0.minRecall = 0.9
      } == nil)
  }

  @Test func whereNothingCanBeChosenThereIsAReason() throws {
    var empty = try Bench("binary")
    #expect(try empty.optimize(.fBeta(1))?.reason == .noRows)
    var negatives = try Bench.binary([0.1, 0.2], [0, 0])
    #expect(try negatives.optimize(.fBeta(1))?.reason == .noPositives)
    #expect(try negatives.optimize(.recall)?.reason == .noPositives)
    #expect(try negatives.optimize(.youden)?.reason == .oneClass)
    #expect(try negatives.optimize(.mcc)?.reason == .oneClass)
    var both = try Bench.binary([0.1, 0.2], [0, 1])
    var constraints = ThresholdConstraints()
    constraints.minPrecision = 1
    constraints.maxSelectionRate = 0.1
    let report = try both.optimize(.fBeta(1), constraints)
    #expect(report?.best == nil)
    #expect(report?.reason == .infeasible)
    #expect(report?.atDefault.threshold == 0.5)
    #expect(report?.allPositive == 2.0 / 3)
  }
}
