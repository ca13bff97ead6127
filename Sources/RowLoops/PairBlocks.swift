// Sums over blocks of pairs of floats in plain arithmetic that rounds nothing.
//
// All floats of a block are multiples of one unit 2^L and below 2^A. Where A - L is small enough, every sum
// of so many of them is a double, whatever the order; a product has twice the digits, so it is cut into an upper and
// a lower part, whose sums are doubles again. Other blocks, with numbers of very different size, are for
// tables of limbs.

/// The sums of a block, each of them exact.
@frozen
public struct BlockSums {
  public var predictions = 0.0
  public var targets = 0.0
  public var larger = 0.0
  /// Of the squares of predictions and of targets and the products of both: the upper and the lower parts.
  public var upper = (0.0, 0.0, 0.0)
  public var lower = (0.0, 0.0, 0.0)

  @inlinable @inline(__always)
  public init() {}
}

public enum PairBlocks {
  /// The most pairs of a block.
  @inlinable @inline(__always)
  public static var mostPairs: Int { 512 }

  /// The sums of a block of finite floats; nil where they would be rounded.
  @inlinable @inline(__always)
  public static func sums<Form: PairForm>(
    _ predictions: UnsafePointer<Float>, _ targets: UnsafePointer<Float>, _ count: Int, _: Form.Type
  ) -> BlockSums? {
    guard count <= mostPairs, let top = topExponent(predictions, targets, count) else {
      return nil
    }
    // 1.5 * 2^(2 top + 8), the last digit of which is 2^(2 top - 44).
    let base = 1.5 * Double(bitPattern: UInt64(truncatingIfNeeded: 1023 &+ 2 &* top &+ 8) &<< 52)
    return sums(predictions, targets, count, base, Form.self)
  }

  /// The least A with all numbers of the block below 2^A; nil where some number is too small beside it.
  ///
  /// The unit of a float is 2^-24 of the power of two above it. With 512 pairs sums have A - L + 9 digits,
  /// of the upper parts of products 53, and of the lower parts 2 (A - L) - 36: 52 where A - L is 44.
  @inlinable @inline(__always)
  static func topExponent(
    _ predictions: UnsafePointer<Float>, _ targets: UnsafePointer<Float>, _ count: Int
  ) -> Int? {
    typealias Lanes = SIMD16<UInt32>
    var most = Lanes.zero
    var least = Lanes(repeating: .max)
    let ones = Lanes(repeating: 1)
    @inline(__always)
    func note(_ bits: Lanes) {
      // Without the sign. Zero is a multiple of any unit: less one it is the largest number, and never the least.
      let size = bits &<< ones
      let less = size &- ones
      most = most.replacing(with: size, where: size .> most)
      least = least.replacing(with: less, where: less .< least)
    }
    var place = 0
    while place &+ 16 <= count {
      note(UnsafeRawPointer(predictions + place).loadUnaligned(as: Lanes.self))
      note(UnsafeRawPointer(targets + place).loadUnaligned(as: Lanes.self))
      place &+= 16
    }
    while place < count {
      var lanes = Lanes.zero
      lanes[0] = predictions[place].bitPattern
      lanes[1] = targets[place].bitPattern
      note(lanes)
      place &+= 1
    }
    // All bits set turn the least into the greatest.
    let high = greatest(most)
    let low = ~greatest(~least)
    // Subnormal numbers have the unit of the least normal ones. Of zeros alone the least is as large as can be.
    let upper = exponent(high)
    let lower = exponent(low &+ 1 == 0 ? high : low &+ 1)
    return upper &- lower <= 20 ? upper &- 126 : nil
  }

  /// The greatest lane, halves first.
  @inlinable @inline(__always)
  static func greatest(_ lanes: SIMD16<UInt32>) -> UInt32 {
    let (a, b) = unsafeBitCast(lanes, to: (SIMD8<UInt32>, SIMD8<UInt32>).self)
    let (c, d) = unsafeBitCast(
      a.replacing(with: b, where: b .> a), to: (SIMD4<UInt32>, SIMD4<UInt32>).self)
    return RowLoops.greatest(c.replacing(with: d, where: d .> c))
  }

  @inlinable @inline(__always)
  static func exponent(_ size: UInt32) -> Int {
    size &>> 24 > 1 ? Int(truncatingIfNeeded: size &>> 24) : 1
  }

  /// None of the sums is rounded, so lanes of any number give the same.
  ///
  /// Those of the upper parts begin at the base, a quarter of which is more than what 128 products come to: so a sum
  /// keeps its exponent, and takes up each product to a multiple of the base's last digit. What is lost of
  /// it then is the lower part.
  @inlinable @inline(__always)
  static func sums<Form: PairForm>(
    _ predictions: UnsafePointer<Float>, _ targets: UnsafePointer<Float>, _ count: Int,
    _ base: Double, _: Form.Type
  ) -> BlockSums {
    let (zero, bases) = (Form.lanes(repeating: 0), Form.lanes(repeating: base))
    var (sp, st, sl) = (zero, zero, zero)
    var upper = (bases, bases, bases)
    var lower = (zero, zero, zero)
    @inline(__always)
    func add(
      _ x: Form.Lanes, _ y: Form.Lanes, _ upper: inout Form.Lanes, _ lower: inout Form.Lanes
    ) {
      let sum = Form.product(x, y, plus: upper)
      lower = Form.sum(lower, Form.product(x, y, plus: Form.difference(upper, sum)))
      upper = sum
    }
    @inline(__always)
    func add(_ p: Form.Lanes, _ t: Form.Lanes) {
      sp = Form.sum(sp, p)
      st = Form.sum(st, t)
      sl = Form.sum(sl, Form.larger(p, t))
      add(p, p, &upper.0, &lower.0)
      add(t, t, &upper.1, &lower.1)
      add(p, t, &upper.2, &lower.2)
    }
    var place = 0
    while place &+ Form.width <= count {
      add(Form.lanes(predictions + place), Form.lanes(targets + place))
      place &+= Form.width
    }
    if place < count {
      let rest = count &- place
      add(Form.lanes(predictions + place, rest), Form.lanes(targets + place, rest))
    }
    @inline(__always)
    func total(_ upper: Form.Lanes) -> Double { Form.total(Form.difference(upper, bases)) }
    var sums = BlockSums()
    sums.predictions = Form.total(sp)
    sums.targets = Form.total(st)
    sums.larger = Form.total(sl)
    sums.upper = (total(upper.0), total(upper.1), total(upper.2))
    sums.lower = (Form.total(lower.0), Form.total(lower.1), Form.total(lower.2))
    return sums
  }
}
