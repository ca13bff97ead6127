/// One output, and the weight of the rows, as a regression metric sees them.
struct RegressionOutput {
  let state: OutputState
  /// The weight of all rows, never zero.
  let weight: ExactSum
  /// Rows with a weight.
  let rows: Int

  var sums: PairSums { state.sums }

  /// The sum of absolute residuals.
  var absoluteResiduals: ExactSum {
    sums.larger + sums.larger - sums.predictions - sums.targets
  }

  /// The sum of squared residuals.
  var squaredResiduals: ExactSum {
    sums.predictionSquares + sums.targetSquares - sums.products - sums.products
  }

  /// The sum of residuals, prediction minus target.
  var residuals: ExactSum { sums.predictions - sums.targets }

  /// n^2 times the variance of the targets.
  var targetVariance: ExactSum { weight * sums.targetSquares - sums.targets * sums.targets }

  /// n^2 times the variance of the predictions.
  var predictionVariance: ExactSum {
    weight * sums.predictionSquares - sums.predictions * sums.predictions
  }

  /// n^2 times the covariance of predictions and targets.
  var covariance: ExactSum { weight * sums.products - sums.predictions * sums.targets }

  /// The quotient with the weight of the rows.
  func mean(_ sum: ExactSum) -> Answer { .value(ExactSum.ratio(sum, weight)) }
}

extension Metric where S == RegressionState {
  /// A metric of each output, averaged over them or given one by one as `multioutput` says.
  static func ofOutputs(
    _ name: String, _ summary: String, range: String = "[0, inf)", better: Direction = .lower,
    undefined: [Reason] = [], options: [OptionSpec] = [], source: String,
    needsPreparation: Bool = false,
    _ compute: @escaping @Sendable (RegressionOutput, Arguments) -> Answer
  ) -> Metric {
    Metric(
      name, summary, range: range, better: better, undefined: [.zeroDivision] + undefined,
      options: options, source: source, needsPreparation: needsPreparation,
      signature: { configuration, _ in
        ["multioutput:\(configuration.averagesOutputs ? "uniform_average" : "raw_values")"]
      },
      compute: { state, arguments, _ in
        if state.weight.isZero { return .undefined(.zeroDivision) }
        let weight = state.weight.exact
        let answers = state.outputs.map {
          compute(
            RegressionOutput(state: $0, weight: weight, rows: state.weightedRows), arguments)
        }
        return state.configuration.averagesOutputs ? average(answers) : list(answers)
      })
  }

  /// A metric of each output that has a value wherever rows have a weight, if it fits a double.
  static func ofOrder(
    _ name: String, _ summary: String, range: String = "[0, inf)", better: Direction = .lower,
    options: [OptionSpec] = [], source: String,
    _ compute: @escaping @Sendable (PairOrder, RegressionOutput, Arguments) -> Answer
  ) -> Metric {
    ofOutputs(
      name, summary, range: range, better: better, undefined: [.overflow], options: options,
      source: source, needsPreparation: true
    ) { output, arguments in
      guard let order = output.state.order else { return .undefined(.zeroDivision) }
      return compute(order, output, arguments)
    }
  }

  /// The mean over the outputs; undefined where one of them is.
  private static func average(_ answers: [Answer]) -> Answer {
    if let missing = answers.first(where: { $0.value == nil }) { return missing }
    var sum = ExactSum()
    for answer in answers { sum.add(answer.number ?? 0) }
    return .value(ExactSum.ratio(sum, ExactSum(Double(answers.count))))
  }

  /// One value an output, null where one is undefined; undefined where all are.
  private static func list(_ answers: [Answer]) -> Answer {
    if answers.allSatisfy({ $0.value == nil }), let first = answers.first { return first }
    return .value(.list(answers.map { $0.value ?? .null }))
  }
}
