extension Metric where S == BinaryState {
  static let optimalF1 = ofScores(
    "optimal_f1", "the highest F1 over all thresholds", undefined: [.noPositives],
    source: Source.sklearn + " precision_recall_curve, max of 2PR/(P+R)"
  ) { scores, _, _ in
    .value(scores.ranks.bestF1?.value, in: scores.rankBounds.bestF1, else: .noPositives)
  }

  static let optimalThreshold = ofScores(
    "optimal_threshold", "the highest observed score at which F1 is highest",
    range: "the scores'", better: .neither, undefined: [.noPositives],
    source: Source.sklearn + " precision_recall_curve, argmax of 2PR/(P+R)"
  ) { scores, _, _ in
    .value(
      scores.ranks.bestF1?.threshold, in: scores.rankBounds.bestF1Threshold, else: .noPositives)
  }
}
