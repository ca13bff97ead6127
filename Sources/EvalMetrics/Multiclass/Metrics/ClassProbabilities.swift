extension Metric where S == MulticlassState {
  static let logLoss = ofProbabilities(
    "log_loss", "mean of -log p(label), p clipped to [2^-52, 1 - 2^-52]", range: "[0, 36.05]",
    source: Source.sklearn
  ) { state, _ in state.meanLogLoss }

  static let brier = ofProbabilities(
    "brier", "mean over the rows of the sum over the classes of (p - y)^2", range: "[0, inf)",
    source: Source.sklearn + " brier_score_loss(scale_by_half=False); Brier 1950"
  ) { state, _ in state.meanSquaredError }

  static let ece = ofProbabilities(
    "ece",
    "expected calibration error of the greatest probability: mean gap of accuracy and mean confidence over right-closed bins of equal width",
    options: [.bins], source: "Guo et al. 2017; bins as scikit-learn 1.9 calibration_curve",
    needsPreparation: true,
    bounds: { state, arguments in
      state.sortedConfidences?.calibrationBounds(
        bins: arguments.integer("bins"), .uniform, .probability)?.ece
    }
  ) { state, arguments in
    state.sortedConfidences?.calibration(
      bins: arguments.integer("bins"), .uniform, .probability)?.ece
  }

  static let mce = ofProbabilities(
    "mce", "maximum calibration error of the greatest probability: the largest gap of a bin",
    options: [.bins], source: "Guo et al. 2017; bins as scikit-learn 1.9 calibration_curve",
    needsPreparation: true,
    bounds: { state, arguments in
      state.sortedConfidences?.calibrationBounds(
        bins: arguments.integer("bins"), .uniform, .probability)?.mce
    }
  ) { state, arguments in
    state.sortedConfidences?.calibration(
      bins: arguments.integer("bins"), .uniform, .probability)?.mce
  }
}
