// What is rounded once, made of operations that each round, since the C library's function would take a hundred times as
// long where the processor has none.

extension PlainForm {
  /// The higher part of the product is so near to -n that nothing is lost of their sum (Sterbenz).
  @inlinable @inline(__always)
  public static func remainderInParts(_ x: Lanes, _ y: Lanes, plus n: Lanes) -> Lanes {
    let (high, low) = product(x, by: y)
    return (high + n) + low
  }

  /// Boldo and Melquiond 2008, "Emulation of a FMA and correctly rounded sums: proved algorithms using rounding to odd",
  /// shorter where z is the larger.
  @inlinable @inline(__always)
  public static func fusedInParts(_ x: Lanes, _ y: Lanes, plus z: Lanes) -> Lanes {
    let (high, low) = product(x, by: y)
    let sum = z + high
    let error = high - (sum - z)
    return sum + odd(error, low)
  }

  /// The same of a square, which may be larger or smaller than z.
  @inlinable @inline(__always)
  public static func squareInParts(_ x: Lanes, plus z: Lanes) -> Lanes {
    let (high, low) = product(x, by: x)
    let (lower, lost) = exactSum(z, low)
    let (sum, error) = exactSum(high, lower)
    return sum + odd(lost, error)
  }

  /// The sum of two numbers as the sum of two, of which the second is what the first was rounded by (Knuth).
  @inlinable @inline(__always)
  static func exactSum(_ a: Lanes, _ b: Lanes) -> (Lanes, Lanes) {
    let sum = a + b
    let back = sum - a
    return (sum, (a - (sum - back)) + (b - back))
  }

  /// The sum of two numbers, rounded to odd: then its sum with another is rounded as if it had all digits.
  @inlinable @inline(__always)
  static func odd(_ a: Lanes, _ b: Lanes) -> Lanes {
    let (sum, lost) = exactSum(a, b)
    // An even one goes towards what was lost: one up in size if that has the sign of the sum, or else one down.
    let bits = unsafeBitCast(sum, to: Bits.self)
    let even = (bits & 1) ^ 1
    let down = ((bits ^ unsafeBitCast(lost, to: Bits.self)) &>> Bits(repeating: 63)) & even
    let step = even &- down &- down
    return unsafeBitCast(
      bits &+ (step & unsafeBitCast(lost .!= 0, to: Bits.self)), to: Lanes.self)
  }

  /// The product as the sum of two, exactly (Dekker).
  @inlinable @inline(__always)
  static func product(_ x: Lanes, by y: Lanes) -> (high: Lanes, low: Lanes) {
    let (a, b) = halves(x)
    let (c, d) = halves(y)
    let high = x * y
    return (high, ((a * c - high) + a * d + b * c) + b * d)
  }

  /// A number as the sum of two with half its digits each (Veltkamp).
  @inlinable @inline(__always)
  static func halves(_ x: Lanes) -> (Lanes, Lanes) {
    let shifted = x * 134_217_729
    let upper = shifted - (shifted - x)
    return (upper, x - upper)
  }
}
