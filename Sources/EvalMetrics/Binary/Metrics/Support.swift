extension Metric where S == BinaryState {
  /// A metric of the four counts: at the stream's threshold it costs nothing, at another one a search in the sorted scores.
  ///
  /// It rises or falls with each label's share that is decided positive. `limit` is what it is near where
  /// it is undefined, if that is not what it is at another corner.
  static func ofDecisions(
    _ name: String, _ summary: String, range: String = "[0, 1]", better: Direction = .higher,
    undefined: [Reason] = [.zeroDivision], options: [OptionSpec] = [], source: String,
    limit: Double? = nil,
    _ compute: @escaping @Sendable (Decisions, BinaryState.Configuration, Arguments) -> Answer
  ) -> Metric {
    Metric(
      name, summary, range: range, better: better, undefined: undefined, options: options,
      source: source, usesThreshold: true,
      signature: { configuration, _ in
        [
          "score_kind:\(configuration.kind)",
          "threshold:>=\(Value.number(configuration.threshold).canonicalText)",
          "zero_division:\(configuration.zeroDivision.text)",
        ]
      },
      compute: { state, arguments, threshold in
        guard let threshold else {
          return compute(state.decisions, state.configuration, arguments)
        }
        guard let scores = state.scores else { return .undefined(.needsScores) }
        let decisions = state.decisionRange(scores, at: threshold)
        return decisions.answer(limit: limit, in: .values(of: range)) {
          compute($0, state.configuration, arguments)
        }
      })
  }

  /// A metric of the sorted scores.
  static func ofScores(
    _ name: String, _ summary: String, range: String = "[0, 1]", better: Direction = .higher,
    undefined: [Reason], options: [OptionSpec] = [], source: String,
    _ compute: @escaping @Sendable (SortedScores, BinaryState.Configuration, Arguments) -> Answer
  ) -> Metric {
    Metric(
      name, summary, range: range, better: better, undefined: [.needsScores] + undefined,
      options: options, source: source, needsPreparation: true,
      signature: { configuration, _ in ["score_kind:\(configuration.kind)"] },
      compute: { state, arguments, _ in
        guard let scores = state.scores else { return .undefined(.needsScores) }
        return compute(scores, state.configuration, arguments)
      })
  }

  /// A metric of probabilities, which raw scores are not.
  static func ofProbabilities(
    _ name: String, _ summary: String, range: String = "[0, 1]", better: Direction = .lower,
    undefined: [Reason] = [], options: [OptionSpec] = [], source: String,
    bounds: @escaping @Sendable (SortedScores, ScoreKind, Arguments) -> ClosedRange<Double>?,
    _ compute: @escaping @Sendable (SortedScores, ScoreKind, Arguments) -> Double?
  ) -> Metric {
    ofScores(
      name, summary, range: range, better: better,
      undefined: [.needsProbabilities, .zeroDivision] + undefined, options: options, source: source
    ) { scores, configuration, arguments in
      if configuration.kind == .score { return .undefined(.needsProbabilities) }
      return .value(
        compute(scores, configuration.kind, arguments),
        in: bounds(scores, configuration.kind, arguments), else: .zeroDivision)
    }
  }
}

extension Answer {
  /// A value, or why there is none.
  static func value(_ x: Double?, else reason: Reason) -> Answer {
    if let x { .value(x) } else { .undefined(reason) }
  }
}

/// Where the definitions come from, for the catalogue.
enum Source {
  static let sklearn = "scikit-learn 1.9"
}
