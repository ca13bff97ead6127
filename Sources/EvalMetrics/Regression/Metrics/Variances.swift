// Shares of explained variance and correlations. Numerators and denominators are exact, so that an
// offset that all targets have loses nothing, and a variance is zero just when it is.

extension RegressionOutput {
  /// 1 - unexplained / variance, where a constant target makes 1 of a perfect prediction and 0 of others.
  fileprivate static func explained(_ unexplained: ExactSum, of variance: ExactSum) -> Answer {
    if unexplained.isZero { return .value(1.0) }
    if variance.isZero { return .value(0.0) }
    return .value(ExactSum.ratio(variance - unexplained, variance))
  }
}

extension Metric where S == RegressionState {
  static let r2 = ofOutputs(
    "r2",
    "1 - sum of (p - t)^2 / sum of (t - mean t)^2; of a constant target 1 if perfect, else 0",
    range: "(-inf, 1]", better: .higher, undefined: [.tooFewRows, .overflow],
    source: Source.sklearn
  ) { output, _ in
    if output.rows < 2 { return .undefined(.tooFewRows) }
    return RegressionOutput.explained(
      output.weight * output.squaredResiduals, of: output.targetVariance)
  }

  static let adjustedR2 = ofOutputs(
    "adjusted_r2", "1 - (1 - r2) (n - 1) / (n - features - 1), n the weight of the rows",
    range: "(-inf, 1]", better: .higher, undefined: [.tooFewRows, .overflow],
    options: [
      OptionSpec(
        "features", .integer(0...1_000_000_000), default: .null, isRequired: true,
        "how many features the model has")
    ],
    source: "torchmetrics 1.9 R2Score(adjusted)"
  ) { output, arguments in
    let total = output.weight - ExactSum(1)
    let rest = total - ExactSum(Double(arguments.integer("features")))
    if output.rows < 2 || rest.isNegative || rest.isZero { return .undefined(.tooFewRows) }
    let unexplained = output.weight * output.squaredResiduals
    let variance = output.targetVariance
    // As `r2`: a constant target leaves nothing or everything unexplained.
    if variance.isZero {
      return unexplained.isZero ? .value(1.0) : .value(ExactSum.ratio(rest - total, rest))
    }
    return .value(ExactSum.ratio(variance * rest - unexplained * total, variance * rest))
  }

  static let explainedVariance = ofOutputs(
    "explained_variance",
    "1 - variance of p - t / variance of t; of a constant target 1 if p - t is constant, else 0",
    range: "(-inf, 1]", better: .higher, undefined: [.overflow],
    source: "scikit-learn 1.9 explained_variance_score"
  ) { output, _ in
    RegressionOutput.explained(
      output.weight * output.squaredResiduals - output.residuals * output.residuals,
      of: output.targetVariance)
  }

  static let pearson = ofOutputs(
    "pearson", "linear correlation of predictions and targets", range: "[-1, 1]", better: .higher,
    undefined: [.tooFewRows, .noVariation], source: "scipy 1.17 pearsonr"
  ) { output, _ in
    if output.rows < 2 { return .undefined(.tooFewRows) }
    let variances = (output.predictionVariance, output.targetVariance)
    if variances.0.isZero || variances.1.isZero { return .undefined(.noVariation) }
    return .value(ExactSum.correlation(output.covariance, variances))
  }

  static let concordanceCorrelation = ofOutputs(
    "concordance_correlation",
    "2 cov(p, t) / (var p + var t + (mean p - mean t)^2), variances with 1/n",
    range: "[-1, 1]", better: .higher, undefined: [.noVariation],
    source: "Lin 1989; torchmetrics 1.9 ConcordanceCorrCoef has 1/(n - 1)"
  ) { output, _ in
    let residuals = output.residuals
    let whole = output.predictionVariance + output.targetVariance + residuals * residuals
    if whole.isZero { return .undefined(.noVariation) }
    return .value(ExactSum.ratio(output.covariance + output.covariance, whole))
  }

  static let concordance = concordanceCorrelation.alias("concordance")

  static let spearman = ofOutputs(
    "spearman", "linear correlation of the ranks, ties sharing the mean of theirs",
    range: "[-1, 1]", better: .higher, undefined: [.tooFewRows, .noVariation],
    source: "scipy 1.17 spearmanr", needsPreparation: true
  ) { output, _ in
    if output.rows < 2 { return .undefined(.tooFewRows) }
    guard let found = output.state.order?.rankCorrelation else { return .undefined(.noVariation) }
    return .value(found)
  }
}
