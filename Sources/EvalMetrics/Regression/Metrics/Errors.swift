// Mean errors that follow from exact sums alone.

extension Metric where S == RegressionState {
  static let mae = ofOutputs(
    "mae", "mean absolute error: mean of |p - t|", undefined: [.overflow], source: Source.sklearn
  ) { output, _ in output.mean(output.absoluteResiduals) }

  static let mse = ofOutputs(
    "mse", "mean squared error: mean of (p - t)^2", undefined: [.overflow], source: Source.sklearn
  ) { output, _ in output.mean(output.squaredResiduals) }

  static let rmse = ofOutputs(
    "rmse", "root of the mean squared error of an output", undefined: [.overflow],
    source: Source.sklearn
  ) { output, _ in .value(ExactSum.rootOfRatio(output.squaredResiduals, output.weight)) }

  static let meanError = ofOutputs(
    "mean_error", "bias: mean of p - t", range: "(-inf, inf)", better: .neither,
    undefined: [.overflow], source: "definition"
  ) { output, _ in output.mean(output.residuals) }

  static let pinballLoss = ofOutputs(
    "pinball_loss",
    "mean of alpha (t - p) where the target is larger, else of (1 - alpha) (p - t)",
    undefined: [.overflow],
    options: [
      OptionSpec("alpha", .number(0...1), default: .number(0.5), "the quantile that is predicted")
    ],
    source: "scikit-learn 1.9 mean_pinball_loss"
  ) { output, arguments in
    let sums = output.sums
    let alpha = ExactSum(arguments.number("alpha"))
    return output.mean(
      alpha * (sums.larger - sums.predictions)
        + (ExactSum(1) - alpha) * (sums.larger - sums.targets))
  }
}
