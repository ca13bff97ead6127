extension Metric where S == MultilabelState {
  static let subsetAccuracy = ofDecisions(
    "subset_accuracy", "share of the rows of which every class is decided rightly",
    source: Source.sklearn + " accuracy_score"
  ) { state, _ in
    .value(Tally.ratio(state.rows.right, state.rows.weight), else: .zeroDivision)
  }

  static let hammingLoss = ofDecisions(
    "hamming_loss", "share of the decisions that are wrong", better: .lower,
    source: Source.sklearn
  ) { state, _ in
    let decisions = state.rows.decisions
    return decisions.isZero
      ? .undefined(.zeroDivision) : .value(ExactSum.ratio(state.rows.wrong, decisions))
  }

  static let f1Samples = ofDecisions(
    "f1_samples", "mean over the rows of the F1 of their classes", source: Source.sklearn
  ) { state, _ in
    .value(state.rows.meanF1(state.configuration.zeroDivision), else: .zeroDivision)
  }

  static let labelRankingAveragePrecision = ofOrder(
    "label_ranking_average_precision",
    "mean over the rows of the precision at the score of each label, equal scores together",
    range: "[0, 1]", better: .higher, source: Source.sklearn
  ) { $0.averagePrecision }

  static let coverageError = ofOrder(
    "coverage_error",
    "mean over the rows of how many classes have a score of at least that of the lowest label; 0 without labels",
    range: "[0, inf)", better: .lower, source: Source.sklearn
  ) { $0.coverage }

  static let labelRankingLoss = ofOrder(
    "label_ranking_loss",
    "mean over the rows of the share of pairs of a label and another class whose scores are equal or in the wrong order",
    range: "[0, 1]", better: .lower, source: Source.sklearn
  ) { $0.rankingLoss }
}
