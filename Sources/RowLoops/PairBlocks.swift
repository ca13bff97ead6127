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
  public static func sums(
    _ predictions: UnsafePointer<Float>, _ targets: UnsafePointer<Float>, _ count: Int
  ) -> BlockSums? {
    guard count <= mostPairs, let top = topExponent(predictions, targets, count) else {
      return nil
    }
    // Adding this number, 1.5 * 2^(2 top + 8), and taking it away again rounds to a multiple of 2^(2 top - 44).
    let cut = 1.5 * Double(bitPattern: UInt64(truncatingIfNeeded: 1023 &+ 2 &* top &+ 8) &<< 52)
    return sums(predictions, targets, count, cut)
  }

  /// The least A with all numbers of the block below 2^A; nil where some number is too small beside it.
  ///
  /// The unit of a float is 2^-24 of the power of two above it. With 512 pairs sums have A - L + 9 digits,
  /// of the upper parts of products 53, and of the lower parts 2 (A - L) - 36: 52 where A - L is 44.
  @inlinable @inline(__always)
  static func topExponent(
    _ predictions: UnsafePointer<Float>, _ targets: UnsafePointer<Float>, _ count: Int
  ) -> Int? {
    typealias Lanes = SIMD8<UInt32>
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
    while place &+ 8 <= count {
      note(UnsafeRawPointer(predictions + place).loadUnaligned(as: Lanes.self))
      note(UnsafeRawPointer(targets + place).loadUnaligned(as: Lanes.self))
      place &+= 8
    }
    while place < count {
      var lanes = Lanes.zero
      lanes[0] = predictions[place].bitPattern
      lanes[1] = targets[place].bitPattern
      note(lanes)
      place &+= 1
    }
    var (high, low) = (most[0], least[0])
    for lane in 1..<8 {
      if most[lane] > high { high = most[lane] }
      if least[lane] < low { low = least[lane] }
    }
    // Subnormal numbers have the unit of the least normal ones. Of zeros alone the least is as large as can be.
    let upper = exponent(high)
    let lower = exponent(low &+ 1 == 0 ? high : low &+ 1)
    return upper &- lower <= 20 ? upper &- 126 : nil
  }

  @inlinable @inline(__always)
  static func exponent(_ size: UInt32) -> Int {
    size &>> 24 > 1 ? Int(truncatingIfNeeded: size &>> 24) : 1
  }

  /// In four lanes, so that all sums stay in registers. None is rounded, and all orders give the same.
  @inlinable @inline(__always)
  static func sums(
    _ predictions: UnsafePointer<Float>, _ targets: UnsafePointer<Float>, _ count: Int,
    _ cut: Double
  ) -> BlockSums {
    typealias Lanes = SIMD4<Double>
    let cuts = Lanes(repeating: cut)
    var (sp, st, sl) = (Lanes.zero, Lanes.zero, Lanes.zero)
    var upper = (Lanes.zero, Lanes.zero, Lanes.zero)
    var lower = (Lanes.zero, Lanes.zero, Lanes.zero)
    @inline(__always)
    func add(_ p: Lanes, _ t: Lanes) {
      sp += p
      st += t
      sl += p.replacing(with: t, where: t .> p)
      let (pp, tt, pt) = (p * p, t * t, p * t)
      let (a, b, c) = ((pp + cuts) - cuts, (tt + cuts) - cuts, (pt + cuts) - cuts)
      upper.0 += a
      upper.1 += b
      upper.2 += c
      lower.0 += pp - a
      lower.1 += tt - b
      lower.2 += pt - c
    }
    var place = 0
    while place &+ 4 <= count {
      add(lanes(predictions + place), lanes(targets + place))
      place &+= 4
    }
    while place < count {
      add(
        Lanes(Double(predictions[place]), 0, 0, 0), Lanes(Double(targets[place]), 0, 0, 0))
      place &+= 1
    }
    var sums = BlockSums()
    sums.predictions = total(sp)
    sums.targets = total(st)
    sums.larger = total(sl)
    sums.upper = (total(upper.0), total(upper.1), total(upper.2))
    sums.lower = (total(lower.0), total(lower.1), total(lower.2))
    return sums
  }

  @inlinable @inline(__always)
  static func lanes(_ numbers: UnsafePointer<Float>) -> SIMD4<Double> {
    SIMD4<Double>(UnsafeRawPointer(numbers).loadUnaligned(as: SIMD4<Float>.self))
  }

  @inlinable @inline(__always)
  static func total(_ lanes: SIMD4<Double>) -> Double {
    (lanes[0] + lanes[1]) + (lanes[2] + lanes[3])
  }
}
