extension Decisions {
  /// The Matthews correlation of label and decision; rows without a decision are a third kind of decision (Gorodkin 2004). Nil without variation.
  var matthews: Double? {
    if abstained == 0 {
      let spread = [positives, negatives, predictedPositives, predictedNegatives]
      guard spread.allSatisfy({ $0 > 0 }) else { return nil }
      let roots = (positives * negatives).squareRoot()
      return (truePositives * trueNegatives - falsePositives * falseNegatives)
        / (roots * (predictedPositives * predictedNegatives).squareRoot())
    }
    let n = total
    let correct = truePositives + trueNegatives
    let products = predictedPositives * positives + predictedNegatives * negatives
    let decided =
      n * n - predictedPositives * predictedPositives - predictedNegatives * predictedNegatives
      - abstained * abstained
    let labelled = n * n - positives * positives - negatives * negatives
    guard decided > 0, labelled > 0 else { return nil }
    return (correct * n - products) / (decided.squareRoot() * labelled.squareRoot())
  }

  /// Cohen's kappa of label and decision; nil when chance alone explains everything.
  var cohenKappa: Double? {
    let n = total
    guard n > 0 else { return nil }
    let expected = (predictedPositives * positives + predictedNegatives * negatives) / n
    guard n - expected > 0 else { return nil }
    return 1 - (n - truePositives - trueNegatives) / (n - expected)
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
