extension Metric where S == MultilabelState {
  /// What a signature says of decisions.
  private static func words(_ configuration: MultilabelState.Configuration) -> [String] {
    [
      "average_over:\(configuration.overDeclared ? "declared" : "seen")",
      "score_kind:\(configuration.kind)",
      "threshold:>=\(Value.number(configuration.threshold).canonicalText)",
      "zero_division:\(configuration.zeroDivision.text)",
    ]
  }

  /// A metric of labels and decisions.
  static func ofDecisions(
    _ name: String, _ summary: String, range: String = "[0, 1]", better: Direction = .higher,
    undefined: [Reason] = [.zeroDivision], options: [OptionSpec] = [], source: String,
    _ compute: @escaping @Sendable (MultilabelState, Arguments) -> Answer
  ) -> Metric {
    Metric(
      name, summary, range: range, better: better, undefined: undefined, options: options,
      source: source, signature: { configuration, _ in words(configuration) },
      compute: { state, arguments, _ in compute(state, arguments) })
  }

  /// An average of a quotient over classes.
  static func average(
    _ name: String, _ summary: String, _ averaging: Averaging, options: [OptionSpec] = [],
    _ quotient: @escaping @Sendable (Arguments) -> ClassQuotient
  ) -> Metric {
    ofDecisions(
      "\(name)_\(averaging.rawValue)", summary + averaging.words, options: options,
      source: Source.sklearn
    ) { state, arguments in state.averages.answer(quotient(arguments), averaging) }
  }

  /// A mean over rows of what the order of their scores gives.
  static func ofOrder(
    _ name: String, _ summary: String, range: String, better: Direction, source: String,
    _ sum: @escaping @Sendable (RowSums) -> ExactSum
  ) -> Metric {
    Metric(
      name, summary, range: range, better: better, undefined: [.needsScores, .zeroDivision],
      source: source
    ) { state, _, _ in
      guard state.hasScores else { return .undefined(.needsScores) }
      return .value(state.rows.mean(sum(state.rows)), else: .zeroDivision)
    }
  }

  /// A metric of the scores of all classes together.
  static func ofPooled(
    _ name: String, _ summary: String, range: String = "[0, 1]", better: Direction = .higher,
    undefined: [Reason], options: [OptionSpec] = [], source: String,
    _ compute:
      @escaping @Sendable (SortedScores, MultilabelState.Configuration, Arguments) ->
      Answer
  ) -> Metric {
    Metric(
      name, summary, range: range, better: better, undefined: [.needsScores] + undefined,
      options: options, source: source, needsPreparation: true,
      signature: { configuration, _ in ["score_kind:\(configuration.kind)"] },
      compute: { state, arguments, _ in
        guard let scores = state.pooled else { return .undefined(.needsScores) }
        return compute(scores, state.configuration, arguments)
      })
  }

  /// A metric of the probabilities of all classes together, which raw scores are not.
  static func ofProbabilities(
    _ name: String, _ summary: String, range: String = "[0, 1]", options: [OptionSpec] = [],
    source: String,
    bounds: @escaping @Sendable (SortedScores, ScoreKind, Arguments) -> ClosedRange<Double>?,
    _ compute: @escaping @Sendable (SortedScores, ScoreKind, Arguments) -> Double?
  ) -> Metric {
    ofPooled(
      name, summary, range: range, better: .lower, undefined: [.needsProbabilities, .zeroDivision],
      options: options, source: source
    ) { scores, configuration, arguments in
      if configuration.kind == .score { return .undefined(.needsProbabilities) }
      return .value(
        compute(scores, configuration.kind, arguments),
        in: bounds(scores, configuration.kind, arguments), else: .zeroDivision)
    }
  }
}
