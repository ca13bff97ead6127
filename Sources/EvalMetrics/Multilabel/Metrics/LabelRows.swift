extension Metric where S == MultilabelState {
  static let subsetAccuracy = ofRows(
    "subset_accuracy", "share of the rows of which every class is decided rightly",
    source: Source.sklearn + " accuracy_score"
  ) { Tally.ratio($0.rows.right, $0.rows.weight) }

  static let hammingLoss = ofDecisions(
    "hamming_loss", "share of the decisions that are wrong", better: .lower,
    source: Source.sklearn
  ) { decided, _ in .value(decided.wrongShare, else: .zeroDivision) }

  static let f1Samples = ofRows(
    "f1_samples", "mean over the rows of the F1 of their classes", source: Source.sklearn
  ) { $0.rows.meanF1($0.configuration.zeroDivision) }

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
