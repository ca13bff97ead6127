// Bounds of order statistics: the buckets that hold the ranks, and the ends of their ranges.

extension SortedScores {
  /// The bounds of `quantile`; nil where that is exact.
  func quantileBounds(_ share: Double) -> ClosedRange<Double>? {
    guard approximation != nil, total > 0 else { return nil }
    return once("quantile bounds:\(share)") { quantileRange(share) { ($0.low, $0.high) }.ends }
  }

  /// The bounds of `median`; nil where that is exact.
  var medianBounds: ClosedRange<Double>? {
    guard approximation != nil, total > 0 else { return nil }
    if isWeighted { return quantileBounds(0.5) }
    return once("median bounds") {
      let (lower, upper) = (
        range(ofRank: ((total - 1) / 2).rounded(.down)), range(ofRank: (total / 2).rounded(.down))
      )
      // Half of each, so that nothing overflows; a step outward for the rounding of halves.
      let range = Enclosure(lower.low / 2 + upper.low / 2, lower.high / 2 + upper.high / 2)
      return lower.isExact && upper.isExact
        ? nil : min(range.low.nextDown, range.high)...max(range.high.nextUp, range.low)
    }
  }

  /// Between which values a quantile lies of what buckets stand for, `values` being those of a range of
  /// scores, in the same order.
  func quantileRange(
    _ share: Double, _ values: (Enclosure) -> (low: Double, high: Double)
  ) -> Enclosure {
    if share == 0 || share == 1, let extremes {
      let end = share == 0 ? extremes.lowest : extremes.highest
      let value = values(Enclosure(end, end))
      return Enclosure(value.low, value.high)
    }
    if isWeighted {
      // Sums of weights are rounded, so a rank near the end of a bucket may be in the next one.
      let slack = Enclosure.slack * total
      let lower = values(range(ofWeight: share * total - slack))
      let upper = values(range(ofWeight: share * total + slack))
      return Enclosure(lower.low, upper.high)
    }
    let rank = share * (total - 1)
    let place = rank.rounded(.down)
    let lower = values(range(ofRank: place))
    if rank == place { return Enclosure(lower.low, lower.high) }
    let upper = values(range(ofRank: place + 1))
    let low = interpolate(lower.low, upper.low, rank - place)
    let high = interpolate(lower.high, upper.high, rank - place)
    if lower.low == lower.high && upper.low == upper.high { return Enclosure(low, high) }
    // Interpolating rounds, by no more than this.
    let slack = 0x1p-50 * max(abs(lower.low), abs(lower.high), abs(upper.low), abs(upper.high))
    return Enclosure(max(low - slack, lower.low), min(high + slack, upper.high))
  }

  /// The scores among which the row of this rank is, the lowest row having rank 0.
  private func range(ofRank rank: Double) -> Enclosure {
    // The ends of all scores are known.
    if let extremes {
      if rank <= 0 { return Enclosure(extremes.lowest, extremes.lowest) }
      if rank >= total - 1 { return Enclosure(extremes.highest, extremes.highest) }
    }
    return range { total - $0 <= rank }
  }

  /// The scores among which the lowest is whose weight, with all below it, reaches this.
  private func range(ofWeight weight: Double) -> Enclosure {
    if let extremes, weight <= 0 { return Enclosure(extremes.lowest, extremes.lowest) }
    return range { $0 > total - weight }
  }

  /// The first bucket from the top for which the weight of it and all above is as `isReached` says; else the last.
  private func range(_ isReached: (Double) -> Bool) -> Enclosure {
    guard let buckets else { return Enclosure(0, 0) }
    let exponent = Int(unit.exponent)
    let starts = once("chunk starts") { chunkStarts(buckets, exponent) }
    let place = max(0, buckets.chunks.indices.firstPlace { isReached(starts[$0 + 1].value) })
    guard let chunk = place < buckets.chunks.count ? buckets.chunks[place] : buckets.chunks.last
    else { return Enclosure(0, 0) }
    var sum = starts[min(place, buckets.chunks.count - 1)]
    var found = Enclosure(0, 0)
    for index in chunk.keys.indices {
      let bucket = buckets.bucket(chunk, index, exponent)
      sum.add(bucket.positives + bucket.negatives)
      found = Enclosure(bucket.low, bucket.high)
      if isReached(sum.value) { break }
    }
    return found
  }

  /// The weight above each chunk, and that of all.
  private func chunkStarts(_ buckets: ScoreBuckets, _ exponent: Int) -> [CompensatedSum] {
    var sum = CompensatedSum()
    var starts = [sum]
    for chunk in buckets.chunks {
      for index in chunk.keys.indices {
        let bucket = buckets.bucket(chunk, index, exponent)
        sum.add(bucket.positives + bucket.negatives)
      }
      starts.append(sum)
    }
    return starts
  }
}
