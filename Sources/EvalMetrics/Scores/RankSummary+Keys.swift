extension RankSummary {
  /// The summary of unit-weight rows from their keys; the same bits as a walk over every score gives.
  init<Key: ScoreKey>(
    positives ones: [Key], negatives zeros: [Key], _ score: (Key) -> Double
  ) {
    let (allOnes, allZeros) = (Double(ones.count), Double(zeros.count))
    var truePositives = 0
    var twicePairs = WidePairs()
    var steps = CompensatedSum()
    var trapezoids = CompensatedSum()
    var largestGap = 0.0
    var best = (value: -1.0, key: Key.max)
    Kernels.walkPositives(positives: ones, negatives: zeros) { key, count, above, equal in
      twicePairs.add(count, 2 * (zeros.count - above - equal) + equal)
      let (tp, fp) = (Double(truePositives), Double(above))
      // Negatives alone lower every curve, so its turning points are before and at each positive.
      let lastPrecision = truePositives + above == 0 ? 1 : tp / (tp + fp)
      largestGap = max(largestGap, abs(tp * allZeros - fp * allOnes))
      truePositives += count
      let (tpNow, fpNow) = (Double(truePositives), Double(above + equal))
      let precision = tpNow / (tpNow + fpNow)
      let weight = Double(count)
      steps.add(weight * precision)
      trapezoids.add(weight * (precision + lastPrecision) / 2)
      largestGap = max(largestGap, abs(tpNow * allZeros - fpNow * allOnes))
      let f1 = 2 * tpNow / (allOnes + tpNow + fpNow)
      if f1 > best.value { best = (f1, key) }
    }
    let bothClasses = !ones.isEmpty && !zeros.isEmpty
    rocArea = bothClasses ? twicePairs.half / (allOnes * allZeros) : nil
    averagePrecision = ones.isEmpty ? nil : steps.value / allOnes
    precisionRecallArea = ones.isEmpty ? nil : trapezoids.value / allOnes
    ksStatistic = bothClasses ? largestGap / (allOnes * allZeros) : nil
    bestF1 = ones.isEmpty ? nil : (best.value, score(best.key))
  }
}

/// A sum of products of counts, exact beyond 64 bits.
private struct WidePairs {
  private var low: UInt64 = 0
  private var high: UInt64 = 0

  @inline(__always)
  mutating func add(_ a: Int, _ b: Int) {
    let product = UInt64(truncatingIfNeeded: a).multipliedFullWidth(
      by: UInt64(truncatingIfNeeded: b))
    let (sum, carry) = low.addingReportingOverflow(product.low)
    low = sum
    high &+= product.high &+ (carry ? 1 : 0)
  }

  /// Half of it, rounded once.
  var half: Double {
    if high == 0 { return Double(low) / 2 }
    var sum = ExactSum()
    for (word, power) in [
      (low & 0xffff_ffff, 0), (low >> 32, 32), (high & 0xffff_ffff, 64), (high >> 32, 96),
    ] {
      sum.add(Double(sign: .plus, exponent: power, significand: Double(word)))
    }
    return sum.value / 2
  }
}
