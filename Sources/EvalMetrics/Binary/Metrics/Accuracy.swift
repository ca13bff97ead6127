extension Metric where S == BinaryState {
  static let accuracy = ofDecisions(
    "accuracy", "share of the rows that are right: (TP + TN) / n", source: Source.sklearn
  ) { d, configuration, _ in
    configuration.zeroDivision.quotient(
      d.truePositives + d.trueNegatives, d.total, else: .zeroDivision)
  }

  static let balancedAccuracy = ofDecisions(
    "balanced_accuracy", "mean recall of the classes that occur in the labels",
    source: Source.sklearn
  ) { d, _, _ in .value(d.balancedAccuracy, else: .zeroDivision) }

  static let majorityAccuracy = ofDecisions(
    "majority_accuracy", "accuracy of always answering the more frequent class: max(P, N) / n",
    better: .neither, source: "Zero-rule baseline; scikit-learn 1.9 DummyClassifier(most_frequent)"
  ) { d, configuration, _ in
    configuration.zeroDivision.quotient(
      max(d.positives, d.negatives), d.total, else: .zeroDivision)
  }

  static let prevalence = ofDecisions(
    "prevalence", "share of the rows whose label is positive: P / n", better: .neither,
    source: "definition"
  ) { d, configuration, _ in
    configuration.zeroDivision.quotient(d.positives, d.total, else: .zeroDivision)
  }

  static let selectionRate = ofDecisions(
    "selection_rate", "share of the rows that are predicted positive: (TP + FP) / n",
    better: .neither, source: "fairlearn 0.15 selection_rate"
  ) { d, configuration, _ in
    configuration.zeroDivision.quotient(d.predictedPositives, d.total, else: .zeroDivision)
  }
}
