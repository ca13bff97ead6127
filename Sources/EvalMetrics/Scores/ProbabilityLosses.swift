extension SortedScores {
  /// The mean of -log p(label), p clipped to [eps, 1 - eps] with eps = 2^-52, as scikit-learn 1.9 in float64.
  func logLoss(_ kind: ScoreKind) -> Double? {
    guard total > 0, kind != .score else { return nil }
    return once("log_loss:\(kind)") {
      var visitor = LogLossVisitor(kind: kind)
      walk(&visitor)
      return visitor.sum.value / total
    }
  }
}

private struct LogLossVisitor: ScoreVisitor {
  let kind: ScoreKind
  var sum = CompensatedSum()

  mutating func visit(_ score: Double, _ positives: Double, _ negatives: Double) {
    let (p, q) = kind.probabilities(score)
    if positives > 0 { sum.add(-positives * Elementary.log(LogLoss.clip(p))) }
    if negatives > 0 { sum.add(-negatives * Elementary.log(LogLoss.clip(q))) }
  }
}

/// The log loss of one row: -log p, p clipped to [2^-52, 1 - 2^-52].
enum LogLoss {
  static func clip(_ p: Double) -> Double { min(max(p, .ulpOfOne), 1 - .ulpOfOne) }

  /// -log p as it was found without p, which may be too near to 0 or 1 for a double.
  static func clipped(_ loss: Double) -> Double { min(max(loss, least), greatest) }

  /// The losses of the probabilities 1 - 2^-52 and 2^-52.
  private static let least = -Elementary.log1p(-.ulpOfOne)
  private static let greatest = -Elementary.log(.ulpOfOne)
}
