extension Metric where S == MulticlassState {
  /// A metric of labels and decisions.
  static func ofDecisions(
    _ name: String, _ summary: String, range: String = "[0, 1]", better: Direction = .higher,
    undefined: [Reason] = [.zeroDivision], options: [OptionSpec] = [], source: String,
    _ compute: @escaping @Sendable (MulticlassState, Arguments) -> Answer
  ) -> Metric {
    Metric(
      name, summary, range: range, better: better, undefined: undefined, options: options,
      source: source,
      signature: { configuration, _ in
        [
          "average_over:\(configuration.overDeclared ? "declared" : "seen")",
          "zero_division:\(configuration.zeroDivision.text)",
        ]
      },
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

  /// A metric of probabilities, which raw scores are not.
  static func ofProbabilities(
    _ name: String, _ summary: String, range: String = "[0, 1]", options: [OptionSpec] = [],
    source: String, needsPreparation: Bool = false,
    bounds: @escaping @Sendable (MulticlassState, Arguments) -> ClosedRange<Double>? = { _, _ in
      nil
    },
    _ compute: @escaping @Sendable (MulticlassState, Arguments) -> Double?
  ) -> Metric {
    Metric(
      name, summary, range: range, better: .lower,
      undefined: [.needsScores, .needsProbabilities, .zeroDivision], options: options,
      source: source, needsPreparation: needsPreparation,
      signature: { configuration, _ in ["score_kind:\(configuration.kind)"] },
      compute: { state, arguments, _ in
        guard state.hasScores else { return .undefined(.needsScores) }
        if state.configuration.kind == .score { return .undefined(.needsProbabilities) }
        return .value(
          compute(state, arguments), in: bounds(state, arguments), else: .zeroDivision)
      })
  }
}

extension Averaging {
  /// What it is, at the end of a sentence.
  var words: String {
    switch self {
    case .micro: ", of the counts of all classes together"
    case .macro: ", the mean of the classes"
    case .weighted: ", the mean of the classes by how often each is a label"
    }
  }
}

extension MulticlassState {
  /// The counts of the classes that averages run over.
  var averages: ClassAverages {
    decisions.averages(configuration.zeroDivision, overDeclared: configuration.overDeclared)
  }
}
