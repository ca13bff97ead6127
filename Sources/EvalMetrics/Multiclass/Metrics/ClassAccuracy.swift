extension Metric where S == MulticlassState {
  static let accuracy = ofDecisions(
    "accuracy", "share of the rows whose prediction is the label", source: Source.sklearn
  ) { state, _ in
    let zeroDivision = state.configuration.zeroDivision
    return Tally.ratio(state.decisions.hits.total, state.total).map(Answer.value)
      ?? zeroDivision.quotient(0, 0, else: .zeroDivision)
  }

  static let topKAccuracy = Metric(
    "top_k_accuracy@k",
    "share of the rows whose label is among the k classes of the greatest scores, of equal ones the first",
    range: "[0, 1]", better: .higher, undefined: [.needsScores, .zeroDivision],
    options: [.rankOfClass],
    source: Source.sklearn + " top_k_accuracy_score, ties as numpy argmax"
  ) { state, arguments, _ in
    guard state.hasScores else { return .undefined(.needsScores) }
    return Tally.ratio(state.ranks.below(arguments.integer("k")), state.total).map(Answer.value)
      ?? state.configuration.zeroDivision.quotient(0, 0, else: .zeroDivision)
  }

  static let balancedAccuracy = ofDecisions(
    "balanced_accuracy", "mean recall of the classes that occur in the labels",
    source: Source.sklearn
  ) { state, _ in
    var sum = ExactSum()
    var classes = ExactSum()
    for code in state.decisions.labelled.codes {
      guard let recall = ClassQuotient.recall.value(of: state.decisions[code]) else { continue }
      sum.add(recall)
      classes.add(1)
    }
    return classes.isZero ? .undefined(.zeroDivision) : .value(ExactSum.ratio(sum, classes))
  }

  static let majorityAccuracy = ofDecisions(
    "majority_accuracy", "accuracy of always answering the most frequent class", better: .neither,
    source: "Zero-rule baseline; scikit-learn 1.9 DummyClassifier(most_frequent)"
  ) { state, _ in
    let labelled = state.decisions.labelled
    let total = state.total
    let shares = labelled.codes.compactMap { Tally.ratio(labelled[$0], total) }
    return .value(shares.max(), else: .zeroDivision)
  }
}

extension OptionSpec {
  static let rankOfClass = OptionSpec(
    "k", .integer(1...1_000_000), default: .null, isRequired: true,
    "how many of the best count")
}
