/// Exponentials of a row's scores, eight side by side.
public enum Exponentials {
  /// 2^(i/16) for i from 0 to 15, as bits.
  public typealias Roots = UnsafePointer<UInt64>

  /// What lies further below the greatest score counts as that far: nothing beside it.
  @inlinable @inline(__always)
  public static var furthest: Double { -708 }

  /// Hands out the roots, which a form keeps in registers or reads from there.
  @inlinable @inline(__always)
  public static func withRoots<Result>(_ body: (Roots) -> Result) -> Result {
    let bits = SIMD16<UInt64>(
      0x3ff0_0000_0000_0000, 0x3ff0_b558_6cf9_890f, 0x3ff1_72b8_3c7d_517b, 0x3ff2_387a_6e75_6238,
      0x3ff3_06fe_0a31_b715, 0x3ff3_dea6_4c12_3422, 0x3ff4_bfda_d536_2a27, 0x3ff5_ab07_dd48_5429,
      0x3ff6_a09e_667f_3bcd, 0x3ff7_a114_73eb_0187, 0x3ff8_ace5_422a_a0db, 0x3ff9_c491_82a3_f090,
      0x3ffa_e89f_995a_d3ad, 0x3ffc_199b_dd85_529c, 0x3ffd_5818_dcfb_a487, 0x3ffe_a4af_a2a4_90da)
    return withUnsafePointer(to: bits) { all in
      all.withMemoryRebound(to: UInt64.self, capacity: 16, body)
    }
  }

  /// e to the power of x, for x of at most 0, to about 6e-14; exactly 1 for 0. What lies below -708 counts as that:
  /// nothing.
  ///
  /// x is (n + r) ln(2) / 16 with r of at most a half, so e^x is a power of two, times a root of two, times 2^(r/16),
  /// and that is 1 and a polynomial of degree 5, through the points that Chebyshev's nodes give.
  @inlinable @inline(__always)
  public static func of<Form: LaneForm>(
    _ x: SIMD8<Double>, _ roots: Roots, _: Form.Type
  ) -> SIMD8<Double> {
    let least = SIMD8<Double>(repeating: furthest * 0x1.71547652b82fep4)
    let product = x * 0x1.71547652b82fep4
    let y = product.replacing(with: least, where: product .< least)
    // Adding 1.5 * 2^52 rounds to an integer, which then stands in the low bits.
    let shifted = y + 0x1.8p52
    let r = y - (shifted - 0x1.8p52)
    let n = unsafeBitCast(shifted, to: SIMD8<UInt64>.self)
    let root = unsafeBitCast(Form.lookUp(n, in: roots), to: SIMD8<Double>.self)
    var sum = SIMD8<Double>(repeating: 0x1.5d893e58a746ap-30)
    sum = Form.fused(sum, r, plus: SIMD8(repeating: 0x1.3b2c4ac7da565p-23))
    sum = Form.fused(sum, r, plus: SIMD8(repeating: 0x1.c6b08d6faa1bfp-17))
    sum = Form.fused(sum, r, plus: SIMD8(repeating: 0x1.ebfbdff6988c8p-11))
    sum = Form.fused(sum, r, plus: SIMD8(repeating: 0x1.62e42fefa39efp-5))
    let power = Form.fused(root * r, sum, plus: root)
    // The sixteenths are cut off and the rest is added to the exponent; what stands above its 12 bits is shifted out.
    let whole = (n & SIMD8(repeating: ~15)) &<< SIMD8<UInt64>(repeating: 48)
    return unsafeBitCast(
      unsafeBitCast(power, to: SIMD8<UInt64>.self) &+ whole, to: SIMD8<Double>.self)
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
  public static func sums<Score: LaneScore, Form: LaneForm>(
    _ scores: UnsafePointer<Score>, _ width: Int, _ label: Int, _ most: Double, _: Form.Type
  ) -> ExponentialSums {
    withRoots { roots in
      let shift = SIMD8<Double>(repeating: most)
      let places = SIMD8<UInt64>(0, 1, 2, 3, 4, 5, 6, 7)
      var sum = SIMD8<Double>.zero
      var squares = SIMD8<Double>.zero
      // The block of the label, whose lane does not count.
      let special = label & ~7
      var place = 0
      while place &+ 8 <= width {
        var e = of(Score.lanes(scores + place) - shift, roots, Form.self)
        if place == special {
          let own = SIMD8<UInt64>(repeating: UInt64(truncatingIfNeeded: label & 7))
          e = e.replacing(with: SIMD8<Double>.zero, where: places .== own)
        }
        sum += e
        squares += e * e
        place &+= 8
      }
      if place < width {
        var e = of(rest(scores + place, width &- place, most) - shift, roots, Form.self)
        for lane in 0..<8 where place &+ lane == label || place &+ lane >= width { e[lane] = 0 }
        sum += e
        squares += e * e
      }
      return ExponentialSums(sum: total(sum), squares: total(squares))
    }
  }

  /// Writes the exponentials of a row of finite scores the greatest of which is `most`, and gives their sum.
  @inlinable @inline(__always)
  public static func write<Score: LaneScore, Form: LaneForm>(
    _ scores: UnsafePointer<Score>, _ width: Int, _ most: Double,
    to target: UnsafeMutablePointer<Double>, _: Form.Type
  ) -> Double {
    withRoots { roots in
      let shift = SIMD8<Double>(repeating: most)
      var sum = SIMD8<Double>.zero
      var place = 0
      while place &+ 8 <= width {
        let e = of(Score.lanes(scores + place) - shift, roots, Form.self)
        UnsafeMutableRawPointer(target + place).storeBytes(of: e, as: SIMD8<Double>.self)
        sum += e
        place &+= 8
      }
      if place < width {
        var e = of(rest(scores + place, width &- place, most) - shift, roots, Form.self)
        for lane in 0..<8 {
          if place &+ lane < width { target[place &+ lane] = e[lane] } else { e[lane] = 0 }
        }
        sum += e
      }
      return total(sum)
    }
  }

  /// The sum of the lanes, in one order.
  @inlinable @inline(__always)
  static func total(_ x: SIMD8<Double>) -> Double {
    ((x[0] + x[1]) + (x[2] + x[3])) + ((x[4] + x[5]) + (x[6] + x[7]))
  }
}
