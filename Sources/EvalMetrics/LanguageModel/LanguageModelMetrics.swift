extension Metric where S == LanguageModelState {
  /// A metric of the sum of losses and something that there may be none of.
  private static func perUnit(
    _ name: String, _ summary: String, range: String, better: Direction = .lower,
    undefined: [Reason] = [], source: String, of unit: KeyPath<S, Tally?> & Sendable,
    _ compute: @escaping @Sendable (ExactSum, Tally) -> Answer
  ) -> Metric {
    Metric(
      name, summary, range: range, better: better,
      undefined: [.notKept, .zeroDivision] + undefined, source: source
    ) { state, _, _ in
      guard let unit = state[keyPath: unit] else { return .undefined(.notKept) }
      return unit.isZero ? .undefined(.zeroDivision) : compute(state.loss, unit)
    }
  }

  private static func perToken(
    _ name: String, _ summary: String, range: String, undefined: [Reason] = [], source: String,
    _ compute: @escaping @Sendable (Double) -> Double
  ) -> Metric {
    Metric(
      name, summary, range: range, better: .lower, undefined: [.zeroDivision] + undefined,
      source: source
    ) { state, _, _ in
      state.tokens.isZero
        ? .undefined(.zeroDivision)
        : .value(compute(ExactSum.ratio(state.loss, state.tokens.exact)))
    }
  }

  static let negativeLogLikelihood = perToken(
    "negative_log_likelihood", "mean over all tokens of -log p, in nats", range: "[0, inf)",
    source: "torch 2.13 cross_entropy"
  ) { $0 }

  static let crossEntropy = negativeLogLikelihood.alias("cross_entropy")

  static let perplexity = perToken(
    "perplexity", "exp(negative_log_likelihood), never a mean of perplexities",
    range: "[1, inf)", undefined: [.overflow], source: "torchmetrics 1.9 Perplexity"
  ) { Elementary.exp($0) }

  static let bitsPerByte = perUnit(
    "bits_per_byte", "negative log-likelihood in bits over the bytes of the text",
    range: "[0, inf)", undefined: [.overflow], source: "lm-evaluation-harness bits_per_byte",
    of: \.bytes
  ) { loss, bytes in .value(ExactSum.ratio(loss, bytes.exact) / Self.logarithmOfTwo) }

  static let bytePerplexity = perUnit(
    "byte_perplexity", "exp(negative log-likelihood / bytes)", range: "[1, inf)",
    undefined: [.overflow], source: "lm-evaluation-harness byte_perplexity", of: \.bytes
  ) { loss, bytes in .value(Elementary.exp(ExactSum.ratio(loss, bytes.exact))) }

  static let wordPerplexity = perUnit(
    "word_perplexity", "exp(negative log-likelihood / words)", range: "[1, inf)",
    undefined: [.overflow], source: "lm-evaluation-harness word_perplexity", of: \.words
  ) { loss, words in .value(Elementary.exp(ExactSum.ratio(loss, words.exact))) }

  static let tokenAccuracy = Metric(
    "token_accuracy", "share of the tokens that were the likeliest", range: "[0, 1]",
    better: .higher, undefined: [.notKept, .zeroDivision], source: "definition"
  ) { state, _, _ in
    guard let correct = state.correct else { return .undefined(.notKept) }
    return .value(Tally.ratio(correct, state.tokens), else: .zeroDivision)
  }

  private static var logarithmOfTwo: Double { Elementary.log(2) }
}
