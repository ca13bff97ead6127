// Of equal optima the highest threshold is chosen, so ties must be seen. Objectives that are one quotient
// of counts tie bit for bit; the others are compared without rounding where their values are close.

extension Objective {
  /// Whether the decisions at a lower threshold are better than the best so far.
  func prefers(
    _ candidate: ChosenThreshold, to best: ChosenThreshold, isWeighted: Bool
  ) -> Bool {
    let gain = lowerIsBetter ? best.value - candidate.value : candidate.value - best.value
    // Rounding is a few units in the last place of numbers no larger than these.
    let scale = max(abs(candidate.value), abs(best.value), isDifference ? 1 : 0)
    if abs(gain) > scale * 0x1p-40 { return gain > 0 }
    // Sums of weights are rounded themselves, so a gain that small is none.
    if isWeighted { return gain > scale * 0x1p-49 }
    return gainIsPositive(candidate.decisions, best.decisions) ?? (gain > 0)
  }

  /// Whether the value is a difference of rates.
  private var isDifference: Bool {
    switch self {
    case .youden, .balancedAccuracy, .mcc: true
    default: false
    }
  }

  /// Whether `a` is better than `b`, from counts and without rounding; nil where values compare by themselves.
  private func gainIsPositive(_ a: Decisions, _ b: Decisions) -> Bool? {
    let hits = a.truePositives - b.truePositives
    let alarms = a.falsePositives - b.falsePositives
    switch self {
    case .youden, .balancedAccuracy:
      guard a.positives > 0, a.negatives > 0 else { return nil }
      return ExactSum(hits, times: a.negatives).exceeds(ExactSum(alarms, times: a.positives))
    case .cost(let falsePositive, let falseNegative):
      return ExactSum(hits, times: falseNegative).exceeds(ExactSum(alarms, times: falsePositive))
    case .mcc:
      let (x, y) = (a.covariance, b.covariance)
      if x.isNegative != y.isNegative { return y.isNegative }
      // The labels are the same, so the squares compare as x^2 / (PP PN) does.
      let left = x * x * b.decisionProduct
      let right = y * y * a.decisionProduct
      return x.isNegative ? right.exceeds(left) : left.exceeds(right)
    case .fBeta, .precision, .recall, .accuracy: return nil
    }
  }
}

extension Decisions {
  /// TP TN - FP FN.
  fileprivate var covariance: ExactSum {
    ExactSum(truePositives, times: trueNegatives) - ExactSum(falsePositives, times: falseNegatives)
  }

  /// PP PN.
  fileprivate var decisionProduct: ExactSum {
    ExactSum(predictedPositives, times: predictedNegatives)
  }
}

extension ExactSum {
  fileprivate init(_ x: Double, times y: Double) {
    self.init()
    add(product: x, y)
  }

  fileprivate func exceeds(_ other: ExactSum) -> Bool {
    let difference = self - other
    return !difference.isZero && !difference.isNegative
  }
}
