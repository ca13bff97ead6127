/// A generator of pseudo-random numbers with a seed (SplitMix64, Steele et al. 2014), so that a test that fails fails again.
public struct LawGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  public init(_ seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A number in [0, 1).
  public mutating func unit() -> Double { Double.random(in: 0..<1, using: &self) }

  /// True with this probability.
  public mutating func chance(_ probability: Double) -> Bool { unit() < probability }

  /// About normally distributed, with mean 0 and variance 1.
  public mutating func normal() -> Double {
    var sum = -6.0
    for _ in 0..<12 { sum += unit() }
    return sum
  }

  /// A whole number of this range.
  public mutating func integer(_ range: Range<Int>) -> Int { Int.random(in: range, using: &self) }

  /// Cuts 0..<count into consecutive ranges, some of them of one row.
  public mutating func cuts(of count: Int, upTo longest: Int) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    var start = 0
    while start < count {
      let length = chance(0.3) ? 1 : integer(1..<max(2, longest + 1))
      ranges.append(start..<min(count, start + length))
      start += length
    }
    return ranges
  }
}
