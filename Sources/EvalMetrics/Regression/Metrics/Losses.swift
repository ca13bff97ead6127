// Means of losses that need a division or a logarithm for each row.

extension Metric where S == RegressionState {
  private static func ofLosses(
    _ name: String, _ summary: String, range: String = "[0, inf)", undefined: [Reason] = [],
    source: String, _ loss: @escaping @Sendable (RowLosses) -> LossSum
  ) -> Metric {
    ofOutputs(
      name, summary, range: range, undefined: [.overflow] + undefined, source: source,
      needsPreparation: true
    ) { output, _ in loss(output.state.losses).mean(of: output.weight) }
  }

  static let mape = ofLosses(
    "mape", "mean of |p - t| / max(|t|, 2^-52), a fraction",
    source: "scikit-learn 1.9 mean_absolute_percentage_error"
  ) { $0.percentage }

  static let smape = ofLosses(
    "smape", "mean of 2 |p - t| / (|p| + |t|), 0 where both are 0", range: "[0, 2]",
    source: "torchmetrics 1.9 SymmetricMeanAbsolutePercentageError"
  ) { $0.symmetricPercentage }

  static let msle = ofLosses(
    "msle", "mean of (log(1 + p) - log(1 + t))^2, for numbers above -1",
    undefined: [.infeasible], source: "scikit-learn 1.9 mean_squared_log_error"
  ) { $0.squaredLogarithm }

  static let poissonDeviance = ofLosses(
    "poisson_deviance", "mean of 2 (t log(t / p) - t + p), for t >= 0 and p > 0",
    undefined: [.infeasible], source: "scikit-learn 1.9 mean_poisson_deviance"
  ) { $0.poisson }

  static let gammaDeviance = ofLosses(
    "gamma_deviance", "mean of 2 (log(p / t) + t / p - 1), for t > 0 and p > 0",
    undefined: [.infeasible], source: "scikit-learn 1.9 mean_gamma_deviance"
  ) { $0.gamma }

  static let maxError = ofOutputs(
    "max_error", "the largest |p - t|", undefined: [.overflow], source: Source.sklearn,
    needsPreparation: true
  ) { output, _ in .value(output.state.losses.largest) }
}
