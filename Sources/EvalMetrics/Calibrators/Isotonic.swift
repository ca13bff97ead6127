extension CalibrationMap {
  fileprivate var byteCount: Int {
    if case .isotonic(let scores, _) = self { scores.count * 16 } else { 0 }
  }
}

extension SortedScores {
  /// The isotonic regression of the labels on the scores, by pooling adjacent violators; the points
  /// are the first and last score of each pool, as scikit-learn's `IsotonicRegression` keeps them.
  func isotonic() -> CalibrationMap {
    once("isotonic", bytes: { $0.byteCount }) {
      var visitor = PoolVisitor()
      walk(&visitor)
      var scores: [Double] = []
      var probabilities: [Double] = []
      for pool in visitor.pools.reversed() {
        scores.append(pool.low)
        probabilities.append(pool.rate)
        if pool.high > pool.low {
          scores.append(pool.high)
          probabilities.append(pool.rate)
        }
      }
      return .isotonic(scores: scores, probabilities: probabilities)
    }
  }
}

/// Scores whose probabilities are one.
private struct Pool {
  var low: Double
  var high: Double
  var positives: Double
  var weight: Double

  var rate: Double { positives / weight }
}

private struct PoolVisitor: ScoreVisitor {
  /// From the highest scores down; their rates fall.
  var pools: [Pool] = []

  mutating func visit(_ score: Double, _ positives: Double, _ negatives: Double) {
    var pool = Pool(
      low: score, high: score, positives: positives, weight: positives + negatives)
    // Equal rates are pooled too, so that the map has no more points than it needs.
    while let above = pools.last,
      above.positives * pool.weight <= pool.positives * above.weight
    {
      pools.removeLast()
      pool.high = above.high
      pool.positives += above.positives
      pool.weight += above.weight
    }
    pools.append(pool)
  }
}
