/// Exponentials of a row's scores, eight side by side.
public enum Exponentials {
  /// e to the power of x, for x of at most 0, to about 5e-14; exactly 1 for 0. What lies below -708 counts as that:
  /// nothing.
  ///
  /// x is (n + r) ln(2) with r of at most a half, so e^x is a power of two times 2^r, and that is a polynomial of
  /// degree 9, through the points that Chebyshev's nodes give.
  @inlinable @inline(__always)
  public static func of(_ x: SIMD8<Double>) -> SIMD8<Double> {
    let least = SIMD8<Double>(repeating: -708 * 0x1.71547652b82fep0)
    let product = x * 0x1.71547652b82fep0
    let y = product.replacing(with: least, where: product .< least)
    // Adding 1.5 * 2^52 rounds to an integer, which then stands in the low bits.
    let shifted = y + 0x1.8p52
    let r = y - (shifted - 0x1.8p52)
    // Even and odd powers apart, so that not everything waits for everything.
    let s = r * r
    let even =
      (((s * 0x1.63d136366db24p-20 + 0x1.4308ac85aa947p-13) * s + 0x1.3b2ab7181b755p-7)
        * s + 0x1.ebfbdff823cedp-3) * s + 1
    let odd =
      (((s * 0x1.b63880a30e9ffp-24 + 0x1.ffcb9515a8016p-17) * s + 0x1.5d87fe86fe88ep-10)
        * s + 0x1.c6b08d7047e52p-5) * s + 0x1.62e42fefa39efp-1
    let power = odd * r + even
    // n is added to the exponent; what stands above its 12 bits is shifted out.
    let n = unsafeBitCast(shifted, to: SIMD8<UInt64>.self) &<< SIMD8<UInt64>(repeating: 52)
    return unsafeBitCast(
      unsafeBitCast(power, to: SIMD8<UInt64>.self) &+ n, to: SIMD8<Double>.self)
  }

  /// The last scores of a row, fewer than eight, as those of a block; the other lanes are the greatest score.
  @inlinable @inline(__always)
  static func rest<Score: LaneScore>(
    _ scores: UnsafePointer<Score>, _ count: Int, _ most: Double
  ) -> SIMD8<Double> {
    var lanes = SIMD8<Double>(repeating: most)
    for lane in 0..<count { lanes[lane] = Double(scores[lane]) }
    return lanes
  }

  /// The sums over all classes but the label's, of a row of finite scores the greatest of which is `most`.
  @inlinable @inline(__always)
  public static func sums<Score: LaneScore>(
    _ scores: UnsafePointer<Score>, _ width: Int, _ label: Int, _ most: Double
  ) -> ExponentialSums {
    let shift = SIMD8<Double>(repeating: most)
    let places = SIMD8<UInt64>(0, 1, 2, 3, 4, 5, 6, 7)
    var sum = SIMD8<Double>.zero
    var squares = SIMD8<Double>.zero
    // The block of the label, whose lane does not count.
    let special = label & ~7
    var place = 0
    while place &+ 8 <= width {
      var e = of(Score.lanes(scores + place) - shift)
      if place == special {
        let own = SIMD8<UInt64>(repeating: UInt64(truncatingIfNeeded: label & 7))
        e = e.replacing(with: SIMD8<Double>.zero, where: places .== own)
      }
      sum += e
      squares += e * e
      place &+= 8
    }
    if place < width {
      var e = of(rest(scores + place, width &- place, most) - shift)
      for lane in 0..<8 where place &+ lane == label || place &+ lane >= width { e[lane] = 0 }
      sum += e
      squares += e * e
    }
    return ExponentialSums(sum: total(sum), squares: total(squares))
  }

  /// Writes the exponentials of a row of finite scores the greatest of which is `most`, and gives their sum.
  @inlinable @inline(__always)
  public static func write<Score: LaneScore>(
    _ scores: UnsafePointer<Score>, _ width: Int, _ most: Double,
    to target: UnsafeMutablePointer<Double>
  ) -> Double {
    let shift = SIMD8<Double>(repeating: most)
    var sum = SIMD8<Double>.zero
    var place = 0
    while place &+ 8 <= width {
      let e = of(Score.lanes(scores + place) - shift)
      UnsafeMutableRawPointer(target + place).storeBytes(of: e, as: SIMD8<Double>.self)
      sum += e
      place &+= 8
    }
    if place < width {
      var e = of(rest(scores + place, width &- place, most) - shift)
      for lane in 0..<8 {
        if place &+ lane < width { target[place &+ lane] = e[lane] } else { e[lane] = 0 }
      }
      sum += e
    }
    return total(sum)
  }

  /// The sum of the lanes, in one order.
  @inlinable @inline(__always)
  static func total(_ x: SIMD8<Double>) -> Double {
    ((x[0] + x[1]) + (x[2] + x[3])) + ((x[4] + x[5]) + (x[6] + x[7]))
  }
}
