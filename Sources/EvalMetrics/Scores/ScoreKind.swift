/// What a score is. Declared, never guessed.
public enum ScoreKind: String, Sendable, CaseIterable {
  /// P(y = 1), in [0, 1].
  case probability
  /// The log-odds of it.
  case logit
  /// Any real number that is higher for more positive rows.
  case score

  /// Where a row becomes positive unless the options say otherwise.
  public var defaultThreshold: Double { self == .probability ? 0.5 : 0 }

  /// The probability of a score and of its complement, each accurate where it is small.
  @inline(__always)
  func probabilities(_ score: Double) -> (positive: Double, negative: Double) {
    if self != .logit { return (score, 1 - score) }
    if score >= 0 {
      let tail = Elementary.exp(-score)
      return (1 / (1 + tail), tail / (1 + tail))
    }
    let tail = Elementary.exp(score)
    return (tail / (1 + tail), 1 / (1 + tail))
  }
}
