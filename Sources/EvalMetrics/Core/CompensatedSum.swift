/// A running sum that carries its rounding error along (Neumaier 1974).
///
/// It depends on the order of its terms in the last bits, so it is only for terms whose order is that of
/// the set, as in a walk over sorted scores. Everything else is an `ExactSum`.
struct CompensatedSum: Sendable {
  private var sum = 0.0
  private var error = 0.0

  @inline(__always)
  mutating func add(_ x: Double) {
    let total = sum + x
    // Two-sum (Knuth): the error of the addition, exactly, whichever term is larger, without a branch.
    let part = total - sum
    error += (sum - (total - part)) + (x - part)
    sum = total
  }

  @inline(__always)
  var value: Double { sum + error }
}
