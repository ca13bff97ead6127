extension ScalarState {
  /// The standard deviation with divisor n - 1, exact until the division under its root; nil when
  /// the weights add up to at most one.
  var standardDeviation: Double? {
    let n = weight.exact
    var lessOne = n
    lessOne.add(-1)
    guard !lessOne.isZero, !lessOne.isNegative else { return nil }
    return ExactSum.rootOfRatio(n * squares - sum * sum, n * lessOne)
  }
}

extension Metric where S == ScalarState {
  private static func moment(
    _ name: String, _ summary: String, range: String = "(-inf, inf)", undefined: [Reason],
    source: String, _ compute: @escaping @Sendable (ScalarState) -> Answer
  ) -> Metric {
    Metric(
      name, summary, range: range, better: .neither, undefined: undefined, source: source,
      signature: model
    ) { state, _, _ in compute(state) }
  }

  /// What the stream says that its values were made by.
  private static var model: @Sendable (ScalarState.Configuration, Arguments) -> [String] {
    { configuration, _ in configuration.model.map { ["model:\($0)"] } ?? [] }
  }

  private static func order(
    _ name: String, _ summary: String, options: [OptionSpec] = [], source: String,
    bounds: @escaping @Sendable (SortedScores, Arguments) -> ClosedRange<Double>? = { _, _ in nil },
    _ compute: @escaping @Sendable (SortedScores, Arguments) -> Double?
  ) -> Metric {
    Metric(
      name, summary, range: "(-inf, inf)", better: .neither, undefined: [.zeroDivision],
      options: options, source: source, needsPreparation: true, signature: model
    ) { state, arguments, _ in
      .value(
        state.ordered.flatMap { compute($0, arguments) },
        in: state.ordered.flatMap { bounds($0, arguments) }, else: .zeroDivision)
    }
  }

  static let mean = moment(
    "mean", "weighted mean, from exact sums", undefined: [.zeroDivision],
    source: "numpy 2.4 average"
  ) { state in
    state.weight.isZero
      ? .undefined(.zeroDivision) : .value(ExactSum.ratio(state.sum, state.weight.exact))
  }

  static let std = moment(
    "std", "standard deviation with divisor n - 1; weights count as repetitions", range: "[0, inf)",
    undefined: [.tooFewRows, .overflow],
    source: "numpy 2.4 std(ddof=1); statsmodels DescrStatsW(ddof=1)"
  ) { state in .value(state.standardDeviation, else: .tooFewRows) }

  static let sum = moment(
    "sum", "weighted sum, exact and rounded once", undefined: [.overflow],
    source: "Python math.fsum"
  ) { state in .value(state.sum.value) }

  static let sem = moment(
    "sem", "standard error of the mean: std / sqrt(n)", range: "[0, inf)",
    undefined: [.tooFewRows, .overflow], source: "scipy 1.17 sem"
  ) { state in
    .value(
      state.standardDeviation.map { $0 / Elementary.sqrt(state.weight.value) },
      else: .tooFewRows)
  }

  static let minimum = order("min", "the least value", source: "numpy 2.4") { ordered, _ in
    ordered.extremes?.lowest
  }

  static let maximum = order("max", "the greatest value", source: "numpy 2.4") { ordered, _ in
    ordered.extremes?.highest
  }

  static let median = order(
    "median", "the middle value, or the mean of the two middle ones", source: "numpy 2.4 median",
    bounds: { ordered, _ in ordered.medianBounds }
  ) { ordered, _ in ordered.median }

  static let quantile = order(
    "quantile", "linear between order statistics; with weights the inverse of the distribution",
    options: [OptionSpec("q", .number(0...1), default: .number(0.5), "the share below")],
    source: "numpy 2.4 quantile",
    bounds: { ordered, arguments in ordered.quantileBounds(arguments.number("q")) }
  ) { ordered, arguments in ordered.quantile(arguments.number("q")) }
}
