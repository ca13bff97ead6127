extension OptionSpec {
  static let bins = OptionSpec(
    "bins", .integer(1...10_000), default: .integer(15), "how many bins")
}

extension Metric where S == BinaryState {
  static let logLoss = ofProbabilities(
    "log_loss", "mean of -log p(label), p clipped to [2^-52, 1 - 2^-52]", range: "[0, 36.05]",
    source: Source.sklearn, bounds: { scores, kind, _ in scores.logLossBounds(kind) }
  ) { scores, kind, _ in scores.logLoss(kind) }

  static let brier = ofProbabilities(
    "brier", "mean of (p - y)^2", source: Source.sklearn + " brier_score_loss; Brier 1950",
    bounds: { scores, kind, _ in scores.brierBounds(kind)?.outward(in: .share) }
  ) { scores, kind, _ in
    // The walk for the default bins gives it too, and mostly both are asked for.
    scores.calibration(bins: 15, .uniform, kind)?.brier
  }

  static let ece = ofProbabilities(
    "ece",
    "expected calibration error: mean gap of positive rate and mean probability over right-closed bins of equal width",
    options: [.bins], source: "Guo et al. 2017; bins as scikit-learn 1.9 calibration_curve",
    bounds: { $0.calibrationBounds(bins: $2.integer("bins"), .uniform, $1)?.ece }
  ) { scores, kind, arguments in
    scores.calibration(bins: arguments.integer("bins"), .uniform, kind)?.ece
  }

  static let mce = ofProbabilities(
    "mce", "maximum calibration error: the largest gap of a bin", options: [.bins],
    source: "Guo et al. 2017; bins as scikit-learn 1.9 calibration_curve",
    bounds: { $0.calibrationBounds(bins: $2.integer("bins"), .uniform, $1)?.mce }
  ) { scores, kind, arguments in
    scores.calibration(bins: arguments.integer("bins"), .uniform, kind)?.mce
  }

  static let ace = ofProbabilities(
    "ace",
    "adaptive calibration error: unweighted mean gap over bins of equal mass, equal scores together",
    options: [.bins],
    source: "Nixon et al. 2019; bins as scikit-learn 1.9 calibration_curve(quantile)",
    bounds: { $0.calibrationBounds(bins: $2.integer("bins"), .quantile, $1)?.meanGap }
  ) { scores, kind, arguments in
    scores.calibration(bins: arguments.integer("bins"), .quantile, kind)?.meanGap
  }
}
