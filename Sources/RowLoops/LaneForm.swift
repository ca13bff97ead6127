/// What is done to eight numbers side by side: each processor does it in a way of its own, with the same bits.
///
/// Lanes are what the form says they are, since the operators of the library's vectors are loops over their lanes, which
/// a compiler makes one operation of or does not.
public protocol LaneForm {
  /// Eight doubles.
  associatedtype Lanes

  /// Whether there are registers for four blocks of eight at once, and more to find for a processor there.
  static var takesFour: Bool { get }

  static func all(_ x: Double) -> Lanes
  static func load(_ scores: UnsafePointer<Float>) -> Lanes
  static func load(_ scores: UnsafePointer<Double>) -> Lanes
  /// Fewer than eight, and zeros behind them. Nothing else is read.
  static func load(_ scores: UnsafePointer<Float>, first count: Int) -> Lanes
  static func load(_ scores: UnsafePointer<Double>, first count: Int) -> Lanes
  static func store(_ x: Lanes, to target: UnsafeMutablePointer<Double>)
  static func lanes(_ x: Lanes) -> SIMD8<Double>

  static func sum(_ x: Lanes, _ y: Lanes) -> Lanes
  static func difference(_ x: Lanes, _ y: Lanes) -> Lanes
  static func product(_ x: Lanes, _ y: Lanes) -> Lanes
  /// x where it is greater than y, else y.
  static func larger(_ x: Lanes, _ y: Lanes) -> Lanes
  /// x * y + z, rounded once. The product is at most a quarter of z, or zero, and neither is near the ends of the
  /// range of exponents.
  static func fused(_ x: Lanes, _ y: Lanes, plus z: Lanes) -> Lanes
  /// x * y + n, rounded once, where -n is the integer next to the product, or both in the same parts of one.
  static func remainder(_ x: Lanes, _ y: Lanes, plus n: Lanes) -> Lanes
  /// x * x + z, rounded once. z is not negative, and x is zero or at least 2^-484 and at most 2^484.
  static func square(_ x: Lanes, plus z: Lanes) -> Lanes

  /// The bits that either has.
  static func either(_ x: Lanes, _ y: Lanes) -> Lanes
  /// Whether no number has other bits than these.
  static func hasOnly(_ bits: UInt64, _ x: Lanes) -> Bool
  /// The numbers whose bits are set, the lowest for the first; the others become zero.
  static func kept(_ x: Lanes, _ bits: UInt8) -> Lanes
  /// The entries of a table of sixteen at the lowest four bits of each n, less the lowest sixteen as the upper ones.
  static func entries(_ table: UnsafePointer<UInt64>, _ n: Lanes) -> Lanes
}

/// For every processor.
public enum PlainForm: LaneForm {
  public typealias Lanes = SIMD8<Double>
  public typealias Bits = SIMD8<UInt64>

  @inlinable @inline(__always)
  public static var takesFour: Bool { false }

  @inlinable @inline(__always)
  public static func all(_ x: Double) -> Lanes { Lanes(repeating: x) }

  @inlinable @inline(__always)
  public static func load(_ scores: UnsafePointer<Float>) -> Lanes { Float.lanes(scores) }

  @inlinable @inline(__always)
  public static func load(_ scores: UnsafePointer<Double>) -> Lanes { Double.lanes(scores) }

  @inlinable @inline(__always)
  public static func load(_ scores: UnsafePointer<Float>, first count: Int) -> Lanes {
    some(scores, count)
  }

  @inlinable @inline(__always)
  public static func load(_ scores: UnsafePointer<Double>, first count: Int) -> Lanes {
    some(scores, count)
  }

  @inlinable @inline(__always)
  static func some<Score: LaneScore>(_ scores: UnsafePointer<Score>, _ count: Int) -> Lanes {
    var lanes = Lanes.zero
    for lane in 0..<count { lanes[lane] = Double(scores[lane]) }
    return lanes
  }

  @inlinable @inline(__always)
  public static func store(_ x: Lanes, to target: UnsafeMutablePointer<Double>) {
    UnsafeMutableRawPointer(target).storeBytes(of: x, as: Lanes.self)
  }

  @inlinable @inline(__always)
  public static func lanes(_ x: Lanes) -> SIMD8<Double> { x }

  @inlinable @inline(__always)
  public static func sum(_ x: Lanes, _ y: Lanes) -> Lanes { x + y }

  @inlinable @inline(__always)
  public static func difference(_ x: Lanes, _ y: Lanes) -> Lanes { x - y }

  @inlinable @inline(__always)
  public static func product(_ x: Lanes, _ y: Lanes) -> Lanes { x * y }

  @inlinable @inline(__always)
  public static func larger(_ x: Lanes, _ y: Lanes) -> Lanes {
    y.replacing(with: x, where: x .> y)
  }

  @inlinable @inline(__always)
  public static func fused(_ x: Lanes, _ y: Lanes, plus z: Lanes) -> Lanes {
    #if arch(arm64)
      z.addingProduct(x, y)
    #else
      fusedInParts(x, y, plus: z)
    #endif
  }

  @inlinable @inline(__always)
  public static func remainder(_ x: Lanes, _ y: Lanes, plus n: Lanes) -> Lanes {
    #if arch(arm64)
      n.addingProduct(x, y)
    #else
      remainderInParts(x, y, plus: n)
    #endif
  }

  @inlinable @inline(__always)
  public static func square(_ x: Lanes, plus z: Lanes) -> Lanes {
    #if arch(arm64)
      z.addingProduct(x, x)
    #else
      squareInParts(x, plus: z)
    #endif
  }

  @inlinable @inline(__always)
  public static func either(_ x: Lanes, _ y: Lanes) -> Lanes {
    unsafeBitCast(
      unsafeBitCast(x, to: Bits.self) | unsafeBitCast(y, to: Bits.self), to: Lanes.self)
  }

  @inlinable @inline(__always)
  public static func hasOnly(_ bits: UInt64, _ x: Lanes) -> Bool {
    !RowLoops.isAnySet(unsafeBitCast(x, to: Bits.self) & Bits(repeating: ~bits))
  }

  @inlinable @inline(__always)
  public static func kept(_ x: Lanes, _ bits: UInt8) -> Lanes {
    let set = (Bits(repeating: UInt64(bits)) &>> Bits(0, 1, 2, 3, 4, 5, 6, 7)) & 1
    return unsafeBitCast(unsafeBitCast(x, to: Bits.self) & (0 &- set), to: Lanes.self)
  }

  /// Entries read one by one.
  @inlinable @inline(__always)
  public static func entries(_ table: UnsafePointer<UInt64>, _ n: Lanes) -> Lanes {
    let bits = unsafeBitCast(n, to: Bits.self)
    let places = bits & Bits(repeating: 15)
    @inline(__always)
    func entry(_ lane: Int) -> UInt64 { table[Int(truncatingIfNeeded: places[lane])] }
    let found = Bits(
      entry(0), entry(1), entry(2), entry(3), entry(4), entry(5), entry(6), entry(7))
    return unsafeBitCast(found &- (bits &<< Bits(repeating: 48)), to: Lanes.self)
  }
}
