extension Metric where S == QuestionAnsweringState {
  private static func answers(
    _ name: String, _ summary: String, range: String = "[0, 100] percent",
    better: Direction = .higher, undefined: [Reason] = [.zeroDivision], source: String,
    needsPreparation: Bool = false, _ compute: @escaping @Sendable (S) -> Answer
  ) -> Metric {
    Metric(
      name, summary, range: range, better: better, undefined: undefined, source: source,
      needsPreparation: needsPreparation,
      signature: { configuration, _ in
        [
          "compat:\(configuration.rules.rawValue)",
          "normalize:\(configuration.normalizes ? "squad" : "none")",
          "unicode:14.0.0",
          "zero_division:\(configuration.zeroDivision.text)",
        ]
      },
      compute: { state, _, _ in compute(state) })
  }

  /// A mean in percent of some of the rows.
  private static func mean(
    _ name: String, _ summary: String, source: String,
    of rows: @escaping @Sendable (S) -> S.Sums,
    _ sum: @escaping @Sendable (S.Sums) -> ExactSum
  ) -> Metric {
    answers(name, summary, source: source) { state in
      let rows = rows(state)
      return state.percent(sum(rows), of: rows.weight)
    }
  }

  /// The best score over thresholds, or the threshold where it is.
  private static func best(
    _ name: String, _ summary: String, range: String, better: Direction,
    _ compute: @escaping @Sendable (S) -> Answer?
  ) -> Metric {
    answers(
      name, summary, range: range, better: better,
      undefined: [.needsProbabilities, .zeroDivision, .overflow],
      source: "SQuAD 2.0 evaluate-v2.0.py, equal probabilities together", needsPreparation: true
    ) { compute($0) ?? .undefined(.needsProbabilities) }
  }

  private static var both: String { "SQuAD 1.1 evaluate-v1.1.py; SQuAD 2.0 evaluate-v2.0.py" }
  private static var second: String { "SQuAD 2.0 evaluate-v2.0.py" }

  static let exactMatch = mean(
    "exact_match", "share of the rows whose normalised prediction equals a reference",
    source: both, of: \.all, \.exact.exact)

  static let f1 = mean(
    "f1", "mean of the best F1 of words over a row's references",
    source: both, of: \.all, \.f1)

  static let precision = mean(
    "precision", "mean of the best share of the prediction's words that a reference has",
    source: "\(both): the parts of F1", of: \.all, \.precision)

  static let recall = mean(
    "recall", "mean of the best share of a reference's words that the prediction has",
    source: "\(both): the parts of F1", of: \.all, \.recall)

  static let hasAnswerExactMatch = mean(
    "has_answer_exact_match", "exact_match of the rows that have references",
    source: second, of: \.answerable, \.exact.exact)

  static let hasAnswerF1 = mean(
    "has_answer_f1", "f1 of the rows that have references",
    source: second, of: \.answerable, \.f1)

  static let noAnswerExactMatch = mean(
    "no_answer_exact_match",
    "exact_match of the rows without references, which want an empty answer",
    source: second, of: \.unanswerable, \.exact.exact)

  static let noAnswerF1 = mean(
    "no_answer_f1", "f1 of the rows without references, which want an empty answer",
    source: second, of: \.unanswerable, \.f1)

  static let bestExact = best(
    "best_exact", "the highest exact_match over thresholds on the probability of no answer",
    range: "[0, 100] percent", better: .higher
  ) { state in state.bestExact.map { state.percent($0.sum) } }

  static let bestExactThreshold = best(
    "best_exact_threshold",
    "the lowest threshold with best_exact; rows above it answer nothing", range: "[0, 1]",
    better: .neither
  ) { state in state.bestExact.map { state.threshold($0) } }

  static let bestF1 = best(
    "best_f1", "the highest f1 over thresholds on the probability of no answer",
    range: "[0, 100] percent", better: .higher
  ) { state in state.bestF1.map { state.percent($0.sum) } }

  static let bestF1Threshold = best(
    "best_f1_threshold", "the lowest threshold with best_f1; rows above it answer nothing",
    range: "[0, 1]", better: .neither
  ) { state in state.bestF1.map { state.threshold($0) } }
}

extension QuestionAnsweringState {
  /// A sum of scores in percent of a weight, rounded once.
  fileprivate func percent(_ sum: ExactSum, of weight: Tally) -> Answer {
    if weight.isZero { return nothing }
    var hundred = ExactSum()
    hundred.add(100)
    return .value(ExactSum.ratio(sum * hundred, weight.exact))
  }

  /// A sum of scores in percent of all rows.
  fileprivate func percent(_ sum: Double) -> Answer {
    let weight = (answerable.weight + unanswerable.weight).value
    return weight == 0 ? nothing : .value(100 * sum / weight)
  }

  fileprivate func threshold(_ best: NoAnswerIndex.Best) -> Answer {
    (answerable.weight + unanswerable.weight).isZero
      ? .undefined(.zeroDivision)
      : best.sum.isFinite ? .value(best.threshold) : .undefined(.overflow)
  }

  /// 0/0 in percent.
  private var nothing: Answer {
    if case .value(let x) = configuration.zeroDivision { return .value(100 * x) }
    return .undefined(.zeroDivision)
  }
}
