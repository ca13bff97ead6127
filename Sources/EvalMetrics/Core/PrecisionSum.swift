import RowLoops

/// A sum of precisions over positives, in any order: the same terms give the same bits.
///
/// Each precision is rounded to a multiple of 2^-72 and the sum of what that leaves is exact. Precisions
/// from 2^-19 on are not rounded at all; the mean of smaller ones, which are at least 2^-31, is off by
/// less than 2^-42 of it. An `ExactSum` alone would cost ten times as much for each term.
struct PrecisionSum: Sendable {
  /// What was put away from the sums of a block.
  private var total = ExactSum()
  /// Sums of multiples of 2^-30 and of 2^-72, exact while the weights are not above `blockWeight`.
  private var coarse = 0.0
  private var fine = 0.0
  private var weight = 0.0

  /// So much weight a block may have: sums of it keep below 2^53 in units of what they are multiples of.
  static let blockWeight = 2048.0

  /// Adds the precision at a score with so many positives, a whole number.
  @inline(__always)
  mutating func add(_ precision: Double, weight: Double) {
    if self.weight + weight > Self.blockWeight { flush() }
    let (coarse, fine) = PrecisionParts.of(SIMD2(repeating: precision))
    if weight > Self.blockWeight {
      total.add(product: coarse[0], weight)
      total.add(product: fine[0], weight)
      return
    }
    self.weight += weight
    self.coarse += coarse[0] * weight
    self.fine += fine[0] * weight
  }

  /// Adds the sums of a block: of the parts of precisions whose weight together is at most `blockWeight`.
  mutating func add(_ parts: PrecisionParts) {
    total.add(parts.coarse)
    total.add(parts.fine)
  }

  private mutating func flush() {
    add(PrecisionParts(coarse: coarse, fine: fine))
    (coarse, fine, weight) = (0, 0, 0)
  }

  var value: Double {
    var sum = self
    sum.flush()
    return sum.total.value
  }
}
