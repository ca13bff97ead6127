extension Decisions {
  /// The Matthews correlation of label and decision; rows without a decision are a third kind of decision (Gorodkin 2004). Nil without variation.
  var matthews: Double? {
    let d = scaled
    guard d.positives > 0, d.negatives > 0 else { return nil }
    let decisions = [d.predictedPositives, d.predictedNegatives, d.abstained]
    guard decisions.count(where: { $0 > 0 }) > 1 else { return nil }
    let labelled = d.positives * d.negatives
    let decided =
      d.predictedPositives * d.predictedNegatives
      + d.abstained * (d.predictedPositives + d.predictedNegatives)
    let covariance =
      abstained == 0
      ? d.truePositives * d.trueNegatives - d.falsePositives * d.falseNegatives
      : ((d.truePositives - d.falseNegatives) * d.negatives
        + (d.trueNegatives - d.falsePositives) * d.positives) / 2
    // One root of the product: of a perfect decision it is exact, and the answer exactly 1.
    return covariance / (labelled * decided).squareRoot()
  }

  /// Cohen's kappa of label and decision; nil when chance alone explains everything.
  var cohenKappa: Double? {
    // Chance explains all when every row has one label and the decision for it.
    guard
      falsePositives + falseNegatives + abstained > 0 || (truePositives > 0 && trueNegatives > 0)
    else { return nil }
    let d = scaled
    // The disagreement by chance, times n^2. There is no difference in it, so nothing cancels.
    let chance =
      d.predictedPositives * d.negatives + d.predictedNegatives * d.positives
      + d.abstained * d.total
    return 1 - (d.falsePositives + d.falseNegatives + d.abstained) * d.total / chance
  }

  /// The mean recall of the classes that occur; nil without rows.
  var balancedAccuracy: Double? {
    switch (positives > 0, negatives > 0) {
    case (true, true): (truePositives / positives + trueNegatives / negatives) / 2
    case (true, false): truePositives / positives
    case (false, true): trueNegatives / negatives
    case (false, false): nil
    }
  }
}
