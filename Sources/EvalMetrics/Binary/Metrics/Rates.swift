extension Metric where S == BinaryState {
  static let precision = ofDecisions(
    "precision", "share of the predicted positives that are positive: TP / (TP + FP)",
    undefined: [.noPredictedPositives], source: Source.sklearn
  ) { d, configuration, _ in
    configuration.zeroDivision.quotient(
      d.truePositives, d.predictedPositives, else: .noPredictedPositives)
  }

  static let recall = ofDecisions(
    "recall", "share of the positives that are found: TP / P", undefined: [.noPositives],
    source: Source.sklearn
  ) { d, configuration, _ in
    configuration.zeroDivision.quotient(d.truePositives, d.positives, else: .noPositives)
  }

  static let specificity = ofDecisions(
    "specificity", "share of the negatives that are predicted negative: TN / N",
    undefined: [.noNegatives], source: Source.sklearn + " recall_score(pos_label=0)"
  ) { d, configuration, _ in
    configuration.zeroDivision.quotient(d.trueNegatives, d.negatives, else: .noNegatives)
  }

  static let negativePredictiveValue = ofDecisions(
    "negative_predictive_value",
    "share of the predicted negatives that are negative: TN / (TN + FN)",
    source: Source.sklearn + " precision_score(pos_label=0)"
  ) { d, configuration, _ in
    configuration.zeroDivision.quotient(
      d.trueNegatives, d.predictedNegatives, else: .zeroDivision)
  }

  static let falsePositiveRate = ofDecisions(
    "false_positive_rate", "share of the negatives that are predicted positive: FP / N",
    better: .lower, undefined: [.noNegatives], source: "fairlearn 0.15 false_positive_rate"
  ) { d, configuration, _ in
    configuration.zeroDivision.quotient(d.falsePositives, d.negatives, else: .noNegatives)
  }

  static let falseNegativeRate = ofDecisions(
    "false_negative_rate", "share of the positives that are not found: 1 - TP / P",
    better: .lower, undefined: [.noPositives], source: "fairlearn 0.15 false_negative_rate"
  ) { d, configuration, _ in
    configuration.zeroDivision.quotient(
      d.falseNegatives + d.abstainedPositives, d.positives, else: .noPositives)
  }
}
