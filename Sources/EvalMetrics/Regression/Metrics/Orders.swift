// What residuals or targets in order are needed for, or a walk over all of them.

extension Metric where S == RegressionState {
  private static let share = OptionSpec(
    "q", .number(0...1), default: .number(0.5), "the share below")

  static let medianAbsoluteError = ofOrder(
    "median_absolute_error", "median of |p - t|, with weights that of the repeated rows",
    source: Source.sklearn
  ) { order, _, _ in .value(order.magnitudes?.weightedMedian, else: .zeroDivision) }

  static let huber = ofOrder(
    "huber", "mean of (p - t)^2 / 2 up to delta, and of delta (|p - t| - delta / 2) beyond",
    options: [
      OptionSpec(
        "delta", .number(Double.leastNormalMagnitude ... .greatestFiniteMagnitude),
        default: .number(1), "the residual from which on the loss is linear")
    ],
    source: "torch 2.13 HuberLoss; Huber 1964"
  ) { order, output, arguments in
    order.huber(delta: arguments.number("delta"), weight: output.weight)
  }

  static let residualQuantile = ofOrder(
    "residual_quantile",
    "quantile of p - t, linear between order statistics; with weights as `quantile` of scalar",
    range: "(-inf, inf)", better: .neither, options: [share], source: "numpy 2.4 quantile"
  ) { order, _, arguments in
    .value(order.residuals?.quantile(arguments.number("q")), else: .zeroDivision)
  }

  static let targetQuantile = ofOrder(
    "target_quantile",
    "quantile of t, linear between order statistics; with weights as `quantile` of scalar",
    range: "(-inf, inf)", better: .neither, options: [share], source: "numpy 2.4 quantile"
  ) { order, _, arguments in
    .value(order.targets?.quantile(arguments.number("q")), else: .zeroDivision)
  }
}
