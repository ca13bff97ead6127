extension OptionSpec {
  static let beta = OptionSpec(
    "beta", .number(0...1e6), default: .number(1), "how many times recall counts as precision")
}

extension Decisions {
  /// F-beta from the counts, as scikit-learn has it, not from precision and recall.
  func fBeta(_ beta: Double, _ zeroDivision: ZeroDivision) -> Answer {
    let b = beta * beta
    let d = scaled
    // Rounded products must not make more than one of it.
    let most = b * d.positives + d.predictedPositives
    return zeroDivision.quotient(
      min((1 + b) * d.truePositives, most), most, else: .zeroDivision)
  }
}

extension Metric where S == BinaryState {
  static let f1 = ofDecisions(
    "f1", "harmonic mean of precision and recall, from counts: 2 TP / (P + TP + FP)",
    source: Source.sklearn
  ) { d, configuration, _ in d.fBeta(1, configuration.zeroDivision) }

  static let fBeta = ofDecisions(
    "f_beta", "weighted harmonic mean: (1 + b^2) TP / (b^2 P + TP + FP)", options: [.beta],
    source: Source.sklearn
  ) { d, configuration, arguments in
    d.fBeta(arguments.number("beta"), configuration.zeroDivision)
  }
}
