// Bounds of losses of probabilities: every row of a bucket may have either end of its range.

/// A probability and its complement, each accurate where it is small.
typealias ProbabilityPair = (positive: Double, negative: Double)

/// Those at the lower and at the higher end of a range.
typealias ProbabilityEnds = (low: ProbabilityPair, high: ProbabilityPair)

extension ScoreKind {
  /// The probabilities at the ends of a bucket, and their complements.
  func ends(_ bucket: Bucket) -> ProbabilityEnds {
    let low = probabilities(bucket.low)
    if !bucket.isMixed { return (low, low) }
    let high = probabilities(bucket.high)
    if self != .logit { return (low, high) }
    return Self.widened(low, high)
  }

  /// The ends of a range of logistic functions. The exponential is good to a unit or two in the last
  /// place, and no more is known of those between.
  static func widened(_ low: ProbabilityPair, _ high: ProbabilityPair) -> ProbabilityEnds {
    let (down, up) = (1 - 0x1p-49, 1 + 0x1p-49)
    return (
      (low.positive * down, min(low.negative * up, 1)),
      (min(high.positive * up, 1), high.negative * down)
    )
  }
}

extension SortedScores {
  /// The bounds of `logLoss`; nil where that is exact.
  func logLossBounds(_ kind: ScoreKind) -> ClosedRange<Double>? {
    guard let buckets = approximation, total > 0, kind != .score else { return nil }
    return once("log_loss bounds:\(kind)") {
      logLoss(buckets, kind.ends).outward(in: 0...36.1)
    }
  }

  /// The bounds of the Brier score; nil where that is exact.
  func brierBounds(_ kind: ScoreKind) -> Enclosure? {
    guard let buckets = approximation, total > 0, kind != .score else { return nil }
    return once("brier bounds:\(kind)") {
      brier(buckets, kind.ends)
    }
  }

  func logLoss(_ buckets: ScoreBuckets, _ ends: (Bucket) -> ProbabilityEnds) -> Enclosure {
    func loss(_ p: Double) -> Double {
      -Elementary.log(min(max(p, .ulpOfOne), 1 - .ulpOfOne))
    }
    return sum(
      buckets, ends, ofPositive: { loss($0.positive) }, ofNegative: { loss($0.negative) }
    ).over(total)
  }

  func brier(_ buckets: ScoreBuckets, _ ends: (Bucket) -> ProbabilityEnds) -> Enclosure {
    sum(
      buckets, ends, ofPositive: { $0.negative * $0.negative },
      ofNegative: { $0.positive * $0.positive }
    ).over(total)
  }

  /// The sum over all rows of a loss that falls with the probability of the row's label.
  private func sum(
    _ buckets: ScoreBuckets, _ ends: (Bucket) -> ProbabilityEnds,
    ofPositive: (ProbabilityPair) -> Double, ofNegative: (ProbabilityPair) -> Double
  ) -> SumOfEnclosures {
    var result = SumOfEnclosures()
    buckets.forEach(unit: unit) { bucket in
      let (low, high) = ends(bucket)
      if bucket.positives > 0 {
        result.add(bucket.positives * ofPositive(high), bucket.positives * ofPositive(low))
      }
      if bucket.negatives > 0 {
        result.add(bucket.negatives * ofNegative(low), bucket.negatives * ofNegative(high))
      }
    }
    return result
  }
}
