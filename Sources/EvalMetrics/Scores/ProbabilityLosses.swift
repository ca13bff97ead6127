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
    if positives > 0 { sum.add(-positives * Elementary.log(Self.clip(p))) }
    if negatives > 0 { sum.add(-negatives * Elementary.log(Self.clip(q))) }
  }

  private static func clip(_ p: Double) -> Double { min(max(p, .ulpOfOne), 1 - .ulpOfOne) }
}
