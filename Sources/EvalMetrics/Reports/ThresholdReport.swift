/// What `threshold/optimize` answers.
public struct ThresholdReport: Sendable {
  /// A threshold with what it does; `value` is the objective there, nil where it is undefined.
  public struct Choice: Sendable {
    public var threshold: Double
    public var value: Double?
    public var decisions: Decisions
    /// Between which values these numbers lie; nil where they are exact.
    public var bounds: ChoiceBounds?
  }

  /// Nil when nothing is feasible; then `reason` says why.
  public var best: Choice?
  /// Between which values the best choice lies, nil where it is exact. There are bounds beside no choice where
  /// only the order of scores that was not kept could make one feasible.
  public var bounds: ChoiceBounds?
  public var reason: Reason?
  /// The stream's own threshold.
  public var atDefault: Choice
  /// The objective when every row is predicted positive; nil where it is undefined.
  public var allPositive: Double?
}

extension ScoredRows {
  /// The best threshold for an objective under constraints, beside the stream's own one and none at all.
  public func optimize(
    _ objective: Objective, _ constraints: ThresholdConstraints
  ) -> ThresholdReport {
    let atDefault = choice(objective, at: threshold)
    let all = scores.decisions(at: -.infinity)
    var report = ThresholdReport(
      atDefault: atDefault, allPositive: objective.value(of: all))
    if let reason = objective.reasonWithout(all) {
      report.reason = reason
      return report
    }
    report.bounds = scores.optimumBounds(objective, constraints)
    if let best = scores.bestThreshold(objective, constraints) {
      report.best = ThresholdReport.Choice(
        threshold: best.threshold, value: best.value, decisions: best.decisions)
    } else {
      report.reason = .infeasible
    }
    return report
  }
}

extension Objective {
  /// Why no threshold can be chosen for these labels; nil when one can.
  fileprivate func reasonWithout(_ all: Decisions) -> Reason? {
    if all.total <= 0 { return .noRows }
    switch self {
    case .fBeta, .precision, .recall: return all.positives > 0 ? nil : .noPositives
    case .youden, .mcc: return all.positives > 0 && all.negatives > 0 ? nil : .oneClass
    case .accuracy, .balancedAccuracy, .cost: return nil
    }
  }
}

extension ScoredRows {
  /// What a threshold would do, with its F1.
  public func evaluate(at threshold: Double) -> ThresholdReport.Choice {
    choice(.fBeta(1), at: threshold)
  }

  private func choice(_ objective: Objective, at threshold: Double) -> ThresholdReport.Choice {
    let range = decisionRange(at: threshold)
    return ThresholdReport.Choice(
      threshold: threshold, value: objective.value(of: range.middle), decisions: range.middle,
      bounds: range.bounds(of: objective, isWeighted: scores.isWeighted))
  }
}
