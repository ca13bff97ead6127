/// What processors do in ways of their own, with the same bits in all of them.
public protocol LaneForm {
  /// Whether there are registers for four blocks of eight at once, and more to find for a processor there.
  static var takesFour: Bool { get }
  /// x * y + z, rounded once. The product is at most a quarter of z, or zero, and neither is near the ends of the
  /// range of exponents.
  static func fused(_ x: SIMD8<Double>, _ y: SIMD8<Double>, plus z: SIMD8<Double>) -> SIMD8<Double>
  /// x * y + n, rounded once, where -n is the integer next to the product.
  static func remainder(
    _ x: SIMD8<Double>, _ y: SIMD8<Double>, plus n: SIMD8<Double>
  ) -> SIMD8<Double>
  /// The entries of a table of sixteen at the lowest four bits of each lane.
  static func lookUp(
    _ n: SIMD8<UInt64>, in table: UnsafePointer<UInt64>
  ) -> SIMD8<UInt64>
}

extension LaneForm {
  @inlinable @inline(__always)
  public static var takesFour: Bool { false }

  /// Entries read one by one.
  @inlinable @inline(__always)
  public static func lookUp(
    _ n: SIMD8<UInt64>, in table: UnsafePointer<UInt64>
  ) -> SIMD8<UInt64> {
    let places = n & SIMD8(repeating: 15)
    @inline(__always)
    func entry(_ lane: Int) -> UInt64 { table[Int(truncatingIfNeeded: places[lane])] }
    return SIMD8(
      entry(0), entry(1), entry(2), entry(3), entry(4), entry(5), entry(6), entry(7))
  }
}

/// For every processor.
public enum PlainForm: LaneForm {
  @inlinable @inline(__always)
  public static func fused(
    _ x: SIMD8<Double>, _ y: SIMD8<Double>, plus z: SIMD8<Double>
  ) -> SIMD8<Double> {
    #if arch(arm64)
      z.addingProduct(x, y)
    #else
      fusedInParts(x, y, plus: z)
    #endif
  }

  @inlinable @inline(__always)
  public static func remainder(
    _ x: SIMD8<Double>, _ y: SIMD8<Double>, plus n: SIMD8<Double>
  ) -> SIMD8<Double> {
    #if arch(arm64)
      n.addingProduct(x, y)
    #else
      remainderInParts(x, y, plus: n)
    #endif
  }

  /// The same with operations that each round: the higher part of the product is so near to -n that nothing is lost
  /// of their sum (Sterbenz).
  @inlinable @inline(__always)
  public static func remainderInParts(
    _ x: SIMD8<Double>, _ y: SIMD8<Double>, plus n: SIMD8<Double>
  ) -> SIMD8<Double> {
    let (high, low) = product(x, y)
    return (high + n) + low
  }

  /// The product as the sum of two, exactly (Dekker).
  @inlinable @inline(__always)
  static func product(
    _ x: SIMD8<Double>, _ y: SIMD8<Double>
  ) -> (high: SIMD8<Double>, low: SIMD8<Double>) {
    let (a, b) = halves(x)
    let (c, d) = halves(y)
    let high = x * y
    return (high, ((a * c - high) + a * d + b * c) + b * d)
  }

  /// The same with operations that each round, since the C library's function would take a hundred times as long
  /// where the processor has none (Boldo and Melquiond 2008, "Emulation of a FMA and correctly rounded sums: proved
  /// algorithms using rounding to odd").
  @inlinable @inline(__always)
  public static func fusedInParts(
    _ x: SIMD8<Double>, _ y: SIMD8<Double>, plus z: SIMD8<Double>
  ) -> SIMD8<Double> {
    let (high, low) = product(x, y)
    // The sum of z and the higher part is sum + error, exactly, since z is larger.
    let sum = z + high
    let error = high - (sum - z)
    // What is left, rounded to odd: then its sum with the rest is rounded as if it had all digits.
    let rest = error + low
    let back = rest - error
    let lost = (error - (rest - back)) + (low - back)
    // An even one goes towards what was lost: one up in size if that has the sign of the rest, or else one down.
    typealias Bits = SIMD8<UInt64>
    let bits = unsafeBitCast(rest, to: Bits.self)
    let even = (bits & 1) ^ 1
    let down = ((bits ^ unsafeBitCast(lost, to: Bits.self)) &>> Bits(repeating: 63)) & even
    let step = even &- down &- down
    let odd = bits &+ (step & unsafeBitCast(lost .!= 0, to: Bits.self))
    return sum + unsafeBitCast(odd, to: SIMD8<Double>.self)
  }

  /// A number as the sum of two with half its digits each (Veltkamp).
  @inlinable @inline(__always)
  static func halves(_ x: SIMD8<Double>) -> (SIMD8<Double>, SIMD8<Double>) {
    let shifted = x * 134_217_729
    let upper = shifted - (shifted - x)
    return (upper, x - upper)
  }
}
