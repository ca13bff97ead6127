extension Metric where S == TokenClassificationState {
  private static func tokens(
    _ name: String, _ summary: String, range: String = "[0, 1]", better: Direction = .higher,
    undefined: [Reason] = [.zeroDivision], source: String,
    _ compute: @escaping @Sendable (S) -> Answer
  ) -> Metric {
    Metric(
      name, summary, range: range, better: better, undefined: undefined, source: source,
      signature: { configuration, _ in
        [
          configuration.scheme.map { "mode:strict|scheme:\($0.rawValue)" } ?? "mode:conlleval",
          "average_over:\(configuration.averagesDeclared ? "declared" : "seen")",
          "zero_division:\(configuration.zeroDivision.text)",
        ]
      },
      compute: { state, _, _ in compute(state) })
  }

  private static func average(
    _ quotient: ClassQuotient, _ name: String, _ formula: String, _ averaging: Averaging
  ) -> Metric {
    let summary =
      switch averaging {
      case .micro: "\(formula), of all entities together"
      case .macro: "mean over the types of: \(formula)"
      case .weighted:
        "mean over the types, by how many entities the references have, of: \(formula)"
      }
    return tokens("\(name)_\(averaging.rawValue)", summary, source: "seqeval 1.2.2") { state in
      let averages = state.averages
      // Of no entities at all every quotient but a mean over types is 0/0.
      if averages.counts.isEmpty, averaging != .macro,
        case .value(let x) = state.configuration.zeroDivision
      {
        return .value(x)
      }
      return averages.answer(quotient, averaging)
    }
  }

  /// Precision, recall and F1, each micro, macro and weighted.
  static let averages: [Metric] = [
    (ClassQuotient.precision, "precision", "right entities / predicted entities"),
    (.recall, "recall", "right entities / entities of the references"),
    (.f1, "f1", "2 right entities / (predicted entities + entities of the references)"),
  ].flatMap { quotient, name, formula in
    Averaging.allCases.map { average(quotient, name, formula, $0) }
  }

  static let perType = tokens(
    "per_type", "precision, recall, f1 and support of each type, as rows", range: "rows",
    better: .neither, undefined: [], source: "seqeval 1.2.2 classification_report"
  ) { state in
    let codes = state.toldTypes
    return .value(
      ClassAverages(codes.map { state.entities[$0] }, state.configuration.zeroDivision)
        .rows(codes.map { state.entities.types.name($0).value }))
  }

  static let tokenAccuracy = tokens(
    "token_accuracy", "share of the tokens whose two tags are equal, O included",
    source: "seqeval 1.2.2 accuracy_score"
  ) { state in
    state.configuration.zeroDivision.quotient(state.rightTokens.exact, state.tokens.exact)
  }

  private static var semEval: String { "nervaluate 1.2.1; SemEval-2013 task 9.1" }

  static let f1Exact = tokens(
    "f1_exact", "F1 of entities by their boundaries alone, whatever the type", source: semEval
  ) { state in state.overlapF1(twice: state.exact + state.exact) }

  static let f1Partial = tokens(
    "f1_partial", "F1 of entities by their boundaries, an overlap counting one half",
    source: semEval
  ) { state in state.overlapF1(twice: state.exact + state.exact + state.partial) }

  static let f1Type = tokens(
    "f1_type", "F1 of entities that overlap one of their type, wherever they end", source: semEval
  ) { state in state.overlapF1(twice: state.typed + state.typed) }
}

extension TokenClassificationState {
  /// The codes that averages run over.
  fileprivate var toldTypes: [Int] {
    entities.told(declared: configuration.averagesDeclared ? configuration.declaredTypes : nil)
  }

  fileprivate var averages: ClassAverages {
    ClassAverages(toldTypes.map { entities[$0] }, configuration.zeroDivision)
  }

  /// Twice the credit over predicted and reference entities together, which is F1.
  fileprivate func overlapF1(twice credit: Tally) -> Answer {
    let all = ClassAverages(entities.seen.map { entities[$0] }, .report).all
    return configuration.zeroDivision.quotient(
      credit.exact, (all.labelled + all.predicted).exact)
  }
}

extension ZeroDivision {
  /// A quotient of exact sums, rounded once; where the divisor is zero, what the option says.
  fileprivate func quotient(_ a: ExactSum, _ b: ExactSum) -> Answer {
    if !b.isZero { return .value(ExactSum.ratio(a, b)) }
    if case .value(let x) = self { return .value(x) }
    return .undefined(.zeroDivision)
  }
}
