extension Metric where S == BinaryState {
  static let rocAUC = ofScores(
    "roc_auc",
    "share of the pairs of a positive and a negative in which the positive scores higher, ties one half",
    undefined: [.oneClass], source: Source.sklearn + "; Mann and Whitney 1947"
  ) { scores, _, _ in .value(scores.ranks.rocArea, in: scores.rankBounds.rocArea, else: .oneClass) }

  static let partialROCAUC = ofScores(
    "partial_roc_auc", "area under the ROC curve up to max_fpr, standardised so that 0.5 is chance",
    undefined: [.oneClass],
    options: [
      OptionSpec("max_fpr", .number(1e-9...1), default: .number(0.1), "where the area ends")
    ], source: Source.sklearn + "; McClish 1989"
  ) { scores, _, arguments in
    let limit = arguments.number("max_fpr")
    // The whole area is not standardised, as in scikit-learn.
    let area = limit == 1 ? scores.ranks.rocArea : scores.partialROCArea(upTo: limit)
    let bounds = limit == 1 ? scores.rankBounds.rocArea : scores.partialROCBounds(upTo: limit)
    return .value(area, in: bounds, else: .oneClass)
  }

  static let averagePrecision = ofScores(
    "average_precision", "sum of precision times the step of recall over descending scores",
    undefined: [.noPositives], source: Source.sklearn
  ) { scores, _, _ in
    .value(
      scores.ranks.averagePrecision, in: scores.rankBounds.averagePrecision, else: .noPositives)
  }

  static let prAUC = ofScores(
    "pr_auc", "trapezoid under the precision-recall curve, which ends at recall 0 and precision 1",
    undefined: [.noPositives], source: Source.sklearn + " auc(recall, precision)"
  ) { scores, _, _ in
    .value(
      scores.rankSummary.precisionRecallArea, in: scores.rankBounds.precisionRecallArea,
      else: .noPositives)
  }

  static let ksStatistic = ofScores(
    "ks_statistic", "largest distance between the score distributions of the two classes",
    undefined: [.oneClass], source: "scipy 1.17 ks_2samp"
  ) { scores, _, _ in
    .value(scores.rankSummary.ksStatistic, in: scores.rankBounds.ksStatistic, else: .oneClass)
  }

  static let gini = ofScores(
    "gini", "2 roc_auc - 1", range: "[-1, 1]", undefined: [.oneClass], source: "definition"
  ) { scores, _, _ in
    let bounds = scores.rankBounds.rocArea
    return .value(
      scores.ranks.rocArea.map { 2 * $0 - 1 },
      in: bounds.map { (2 * $0.lowerBound - 1)...(2 * $0.upperBound - 1) }, else: .oneClass)
  }
}
