extension Metric where S == MultilabelState {
  /// An average of a value of the scores of each class.
  private static func ofColumns(
    _ name: String, _ summary: String, _ averaging: Averaging,
    bounds: @escaping @Sendable (RankBounds) -> ClosedRange<Double>?,
    _ value: @escaping @Sendable (RankAreas) -> Double?
  ) -> Metric {
    Metric(
      "\(name)_\(averaging.rawValue)", summary + averaging.words, range: "[0, 1]",
      better: .higher, undefined: [.needsScores, .absentClass, .zeroDivision],
      source: Source.sklearn, needsPreparation: true,
      signature: { configuration, _ in
        ["score_kind:\(configuration.kind)", "zero_division:\(configuration.zeroDivision.text)"]
      },
      compute: { state, _, _ in
        guard let columns = state.sortedColumns else { return .undefined(.needsScores) }
        if state.rows.weight.isZero { return .undefined(.zeroDivision) }
        let skips = state.configuration.zeroDivision == .skip
        return .average(columns, averaging, skippingUndefined: skips, bounds: bounds, value)
      })
  }

  static func rocAUC(_ averaging: Averaging) -> Metric {
    if averaging == .micro {
      return ofPooled(
        "roc_auc_micro", "area under the ROC curve of all scores together", undefined: [.oneClass],
        source: Source.sklearn
      ) { scores, _, _ in
        .value(scores.ranks.rocArea, in: scores.rankBounds.rocArea, else: .oneClass)
      }
    }
    return ofColumns(
      "roc_auc", "area under the ROC curve of a class", averaging, bounds: \.rocArea
    ) { $0.rocArea }
  }

  static func averagePrecision(_ averaging: Averaging) -> Metric {
    if averaging == .micro {
      return ofPooled(
        "average_precision_micro", "average precision of all scores together",
        undefined: [.noPositives], source: Source.sklearn
      ) { scores, _, _ in
        .value(
          scores.ranks.averagePrecision, in: scores.rankBounds.averagePrecision,
          else: .noPositives)
      }
    }
    return ofColumns(
      "average_precision", "average precision of a class", averaging, bounds: \.averagePrecision
    ) { $0.averagePrecision }
  }

  static let logLoss = ofProbabilities(
    "log_loss", "mean over rows and classes of -log p(label), p clipped to [2^-52, 1 - 2^-52]",
    range: "[0, 36.05]", source: Source.sklearn + " of all classes together",
    bounds: { scores, kind, _ in scores.logLossBounds(kind) }
  ) { scores, kind, _ in scores.logLoss(kind) }

  static let brier = ofProbabilities(
    "brier", "mean over rows and classes of (p - y)^2",
    source: Source.sklearn + " brier_score_loss of all classes together",
    bounds: { scores, kind, _ in scores.brierBounds(kind)?.outward(in: .share) }
  ) { scores, kind, _ in scores.calibration(bins: 15, .uniform, kind)?.brier }

  static let ece = ofProbabilities(
    "ece", "expected calibration error of all scores together, as in `binary`", options: [.bins],
    source: "Guo et al. 2017; bins as scikit-learn 1.9 calibration_curve",
    bounds: { $0.calibrationBounds(bins: $2.integer("bins"), .uniform, $1)?.ece }
  ) { scores, kind, arguments in
    scores.calibration(bins: arguments.integer("bins"), .uniform, kind)?.ece
  }

  static let mce = ofProbabilities(
    "mce", "maximum calibration error of all scores together, as in `binary`", options: [.bins],
    source: "Guo et al. 2017; bins as scikit-learn 1.9 calibration_curve",
    bounds: { $0.calibrationBounds(bins: $2.integer("bins"), .uniform, $1)?.mce }
  ) { scores, kind, arguments in
    scores.calibration(bins: arguments.integer("bins"), .uniform, kind)?.mce
  }
}
