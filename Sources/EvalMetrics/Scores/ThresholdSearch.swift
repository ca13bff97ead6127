/// What a threshold is chosen for.
public enum Objective: Sendable, Equatable {
  case fBeta(Double)
  case precision
  case recall
  /// True positive rate less false positive rate (Youden's J).
  case youden
  case mcc
  case balancedAccuracy
  case accuracy
  /// The mean cost of a row; less is better.
  case cost(falsePositive: Double, falseNegative: Double)

  /// The value for given decisions; nil where it is undefined.
  public func value(of d: Decisions) -> Double? {
    switch self {
    case .fBeta(let beta):
      let b = beta * beta
      // At beta = infinity F is the recall, as in scikit-learn, and long before that no double tells them apart.
      if b > 0x1p200 { return Self.ratio(d.truePositives, d.positives) }
      let d = d.scaled
      // Rounded products must not make more than one of it.
      let most = b * d.positives + d.predictedPositives
      return Self.ratio(min((1 + b) * d.truePositives, most), most)
    case .precision: return Self.ratio(d.truePositives, d.predictedPositives)
    case .recall: return Self.ratio(d.truePositives, d.positives)
    case .youden:
      guard let tpr = Self.ratio(d.truePositives, d.positives),
        let fpr = Self.ratio(d.falsePositives, d.negatives)
      else { return nil }
      return tpr - fpr
    case .mcc: return d.matthews
    case .balancedAccuracy: return d.balancedAccuracy
    case .accuracy: return Self.ratio(d.truePositives + d.trueNegatives, d.total)
    case .cost(let falsePositive, let falseNegative):
      return Self.ratio(
        falsePositive * d.falsePositives + falseNegative * d.falseNegatives, d.total)
    }
  }

  var lowerIsBetter: Bool {
    if case .cost = self { true } else { false }
  }

  private static func ratio(_ a: Double, _ b: Double) -> Double? { b > 0 ? a / b : nil }
}

/// What a chosen threshold must keep to.
public struct ThresholdConstraints: Sendable, Equatable {
  public var minPrecision: Double?
  public var minRecall: Double?
  public var maxFalsePositiveRate: Double?
  public var maxSelectionRate: Double?

  public init() {}

  /// Whether decisions keep to all of them; an undefined rate keeps to none.
  func allow(_ d: Decisions) -> Bool {
    if let least = minPrecision {
      guard d.predictedPositives > 0, d.truePositives / d.predictedPositives >= least else {
        return false
      }
    }
    if let least = minRecall {
      guard d.positives > 0, d.truePositives / d.positives >= least else { return false }
    }
    if let most = maxFalsePositiveRate {
      guard d.negatives > 0, d.falsePositives / d.negatives <= most else { return false }
    }
    if let most = maxSelectionRate {
      guard d.total > 0, d.predictedPositives / d.total <= most else { return false }
    }
    return true
  }
}

/// A threshold that was found: an observed score, or infinity where predicting nothing is best.
public struct ChosenThreshold: Sendable, Equatable {
  public var threshold: Double
  public var value: Double
  public var decisions: Decisions
}

extension SortedScores {
  /// The best threshold for an objective; of equal optima the highest. Nil when nothing is feasible or defined.
  func bestThreshold(
    _ objective: Objective, _ constraints: ThresholdConstraints
  ) -> ChosenThreshold? {
    once("best:\(objective):\(constraints)") {
      var visitor = SearchVisitor(objective, constraints, self)
      walk(&visitor)
      guard let found = visitor.best else { return nil }
      // Cumulative weights find the place; the answer there is that of asking for this threshold.
      let decisions = decisions(at: found.threshold)
      return ChosenThreshold(
        threshold: found.threshold, value: objective.value(of: decisions) ?? found.value,
        decisions: decisions)
    }
  }
}

private struct SearchVisitor: ScoreVisitor {
  static var wantsLowest: Bool { true }
  let objective: Objective
  let constraints: ThresholdConstraints
  let isWeighted: Bool
  var best: ChosenThreshold?
  private var decisions: DecisionWalk

  init(_ objective: Objective, _ constraints: ThresholdConstraints, _ scores: SortedScores) {
    self.objective = objective
    self.constraints = constraints
    isWeighted = scores.isWeighted
    decisions = DecisionWalk(scores)
    consider(.infinity, decisions.last)
  }

  mutating func visit(_ score: Double, _ positives: Double, _ negatives: Double) {
    consider(score, decisions.pass(positives, negatives))
  }

  private mutating func consider(_ threshold: Double, _ decisions: Decisions) {
    guard let value = objective.value(of: decisions) else { return }
    let candidate = ChosenThreshold(threshold: threshold, value: value, decisions: decisions)
    if let best, !objective.prefers(candidate, to: best, isWeighted: isWeighted) { return }
    // Constraints last: most thresholds are no improvement.
    if constraints.allow(decisions) { best = candidate }
  }
}
