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

  /// A metric of the decisions by class: at the stream's threshold they are counted, at another one read from
  /// the scores of each class.
  static func ofDecisions(
    _ name: String, _ summary: String, range: String = "[0, 1]", better: Direction = .higher,
    undefined: [Reason] = [.zeroDivision], options: [OptionSpec] = [], source: String,
    _ compute: @escaping @Sendable (DecidedLabels, Arguments) -> Answer
  ) -> Metric {
    Metric(
      name, summary, range: range, better: better, undefined: undefined, options: options,
      source: source, usesThreshold: true,
      signature: { configuration, _ in words(configuration) },
      compute: { state, arguments, threshold in
        guard let threshold else { return compute(DecidedLabels(state), arguments) }
        guard let columns = state.sortedColumns else { return .undefined(.needsScores) }
        if threshold == state.configuration.threshold {
          return compute(DecidedLabels(state), arguments)
        }
        let ranges = columns.map { $0.decisionRange(at: threshold) }
        // Scores that lost bits to a memory budget may be on either side.
        guard ranges.allSatisfy(\.isExact) else { return .undefined(.notKept) }
        return compute(DecidedLabels(state, ranges.map(\.middle)), arguments)
      })
  }

  /// A metric of the decisions of each row as a whole, of which only those at the stream's threshold are kept.
  static func ofRows(
    _ name: String, _ summary: String, source: String,
    _ compute: @escaping @Sendable (MultilabelState) -> Double?
  ) -> Metric {
    Metric(
      name, summary + "; at the stream's own threshold only", range: "[0, 1]", better: .higher,
      undefined: [.zeroDivision, .notKept], source: source, usesThreshold: true,
      signature: { configuration, _ in words(configuration) },
      compute: { state, _, threshold in
        if let threshold {
          guard state.hasScores else { return .undefined(.needsScores) }
          if threshold != state.configuration.threshold { return .undefined(.notKept) }
        }
        return .value(compute(state), else: .zeroDivision)
      })
  }

  /// An average of a quotient over classes.
  static func average(
    _ name: String, _ summary: String, _ averaging: Averaging, options: [OptionSpec] = [],
    _ quotient: @escaping @Sendable (Arguments) -> ClassQuotient
  ) -> Metric {
    ofDecisions(
      "\(name)_\(averaging.rawValue)", summary + averaging.words, options: options,
      source: Source.sklearn
    ) { decided, arguments in decided.averages.answer(quotient(arguments), averaging) }
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
