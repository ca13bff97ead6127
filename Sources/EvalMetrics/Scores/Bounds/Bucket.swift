/// Scores that are known to lie in a range, in an order that is not known.
struct Bucket {
  /// The range; of one score, if the bucket has only one.
  let low: Double
  let high: Double
  /// Weights, not both zero.
  let positives: Double
  let negatives: Double

  /// Whether the scores may differ.
  var isMixed: Bool { low < high }

  /// A score that stands for all of them.
  var middle: Double {
    if !isMixed { return low }
    let sum = low + high
    return min(max(sum.isFinite ? sum / 2 : low / 2 + high / 2, low), high)
  }
}

extension ScoreBuckets {
  /// Visits every bucket, the highest first; weights are multiplied by `unit`, a power of two.
  @inline(__always)
  func forEach(unit: Double, _ body: (Bucket) -> Void) {
    let exponent = Int(unit.exponent)
    for chunk in chunks {
      for index in chunk.keys.indices { body(bucket(chunk, index, exponent)) }
    }
  }

  @inline(__always)
  func bucket(_ chunk: Chunk, _ index: Int, _ unitExponent: Int) -> Bucket {
    let (low, high) = range(chunk, index)
    let place = index &* 2 &* layout.width
    let lowest = Kernels.double(low)
    return Bucket(
      low: lowest, high: low == high ? lowest : Kernels.double(high),
      positives: weight(chunk, place, unitExponent: unitExponent),
      negatives: weight(chunk, place &+ layout.width, unitExponent: unitExponent))
  }
}

extension SortedScores {
  /// The buckets, where the order of some scores is not known, so that answers have bounds.
  var approximation: ScoreBuckets? {
    if let buckets, buckets.mixedCount > 0 { buckets } else { nil }
  }
}
