extension SortedScores {
  /// A quantile of all scores, whatever their label: linear between order statistics as numpy's
  /// default; with weights the lowest score whose cumulative weight reaches the share
  /// (numpy's `inverted_cdf`). Nil without rows.
  func quantile(_ share: Double) -> Double? {
    guard total > 0 else { return nil }
    return once("quantile:\(share)") {
      var visitor = RankFinder(share: share, total: total, isWeighted: isWeighted)
      walk(&visitor)
      guard approximation != nil else { return visitor.value }
      // What stands for a bucket need not be where this rank is known to be.
      let range = quantileRange(share) { ($0.low, $0.high) }
      return min(max(visitor.value, range.low), range.high)
    }
  }

  /// The median: the mean of the two middle scores of an even number of rows.
  var median: Double? {
    guard total > 0 else { return nil }
    if isWeighted || total.truncatingRemainder(dividingBy: 2) == 1 { return quantile(0.5) }
    return once("median") {
      var lower = RankFinder(rank: total / 2 - 1, total: total)
      var upper = RankFinder(rank: total / 2, total: total)
      walk(&lower)
      walk(&upper)
      let sum = lower.value + upper.value
      let middle = sum.isFinite ? sum / 2 : lower.value / 2 + upper.value / 2
      guard let bounds = medianBounds else { return middle }
      return min(max(middle, bounds.lowerBound), bounds.upperBound)
    }
  }
}

private struct RankFinder: ScoreVisitor {
  let rank: Double
  let total: Double
  let isWeighted: Bool
  private(set) var value = 0.0
  private var above = CompensatedSum()
  private var upper: Double?
  private var isFound = false

  init(share: Double, total: Double, isWeighted: Bool) {
    rank = isWeighted ? share * total : share * (total - 1)
    self.total = total
    self.isWeighted = isWeighted
  }

  init(rank: Double, total: Double) {
    self.rank = rank
    self.total = total
    isWeighted = false
  }

  mutating func visit(_ score: Double, _ positives: Double, _ negatives: Double) {
    if isFound { return }
    above.add(positives + negatives)
    // The rows below this score; it holds the ranks from there on.
    let first = total - above.value
    if isWeighted {
      value = score
      // Not as `rank > first`: beside large weights a small one would be lost in `first`.
      isFound = above.value > total - rank
    } else if rank.rounded(.down) >= first {
      let low = rank.rounded(.down)
      let isInside = low + 1 <= first + positives + negatives - 1
      value = interpolate(score, isInside ? score : (upper ?? score), rank - low)
      isFound = true
    }
    upper = score
  }
}
