/// How sums of weights are laid out: as whole numbers of so many limbs of 32 bits, wide enough that no sum of
/// these rows is ever rounded.
///
/// It follows from the set of rows: from the lowest and the highest binary digit that any weight has, and
/// from how many rows there are. Plain counts below 2^31 take one limb, weights such as 0.3 three.
struct WeightLayout: Sendable, Equatable {
  /// Rows with a weight.
  private(set) var rows = 0
  /// The exponents of the lowest and the highest digit of all weights; both 0 without rows.
  private(set) var lowest = 0
  private(set) var highest = 0
  /// Whether a weight is neither zero nor one.
  private(set) var hasWeights = false

  /// The first limb weighs 2^(32 base).
  var base: Int { lowest >> 5 }

  /// Limbs of a sum.
  var width: Int { ((highest + (Int.bitWidth - rows.leadingZeroBitCount)) >> 5) - base + 1 }

  /// Whether a sum is a count.
  var isCount: Bool { !hasWeights }

  /// What groups take: a key, the weights of positives and of negatives, and one bit each.
  func bytes(groups: Int) -> Int { groups * (8 + 8 * width) + (groups + 7) / 8 }

  init() {}

  /// Of the weights that are not one.
  init(_ weights: [Double]...) {
    for weights in weights { for weight in weights { add(weight) } }
  }

  /// From bytes; nil when they are out of range.
  init?(rows: Int, lowest: Int, highest: Int, hasWeights: Bool) {
    guard rows >= 0, rows < 1 << 62, lowest >= -1074, highest <= 1023, lowest <= highest else {
      return nil
    }
    if !hasWeights && (lowest != 0 || highest != 0) { return nil }
    self.rows = rows
    self.lowest = lowest
    self.highest = highest
    self.hasWeights = hasWeights
  }

  /// Adds rows of weight one.
  mutating func add(rows count: Int) { cover(0, 0, rows: count) }

  /// Adds the row of another weight, which is above zero and finite.
  private mutating func add(_ weight: Double) {
    let top = Int(weight.exponent)
    cover(top - weight.significandWidth, top, rows: 1)
    hasWeights = true
  }

  /// Adds the rows of another layout.
  mutating func merge(_ other: WeightLayout) {
    cover(other.lowest, other.highest, rows: other.rows)
    hasWeights = hasWeights || other.hasWeights
  }

  private mutating func cover(_ low: Int, _ high: Int, rows count: Int) {
    if count == 0 { return }
    lowest = rows == 0 ? low : min(lowest, low)
    highest = rows == 0 ? high : max(highest, high)
    rows = min(rows.addingClamped(count), 1 << 62 - 1)
  }
}
