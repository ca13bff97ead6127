/// Exponentials of a row's scores, eight side by side.
///
/// e^x of an x of at most 0 is 2^(-m/16) e^(-t 4 ln 2), where x is -(m/64 + t) 4 ln 2 with a whole m and a t of at most
/// 1/128: a power of two, times a root of two from a table, times a polynomial of degree 5. Its first coefficient is
/// one, which saves a product; what it was divided by stands in the table.
public enum Exponentials {
  /// The roots of two, as bits.
  public typealias Roots = UnsafePointer<UInt64>

  /// What lies further below the greatest score counts as that far: nothing beside it.
  @inlinable @inline(__always)
  public static var furthest: Double { -708 }

  /// -1 / (4 ln 2).
  @inlinable @inline(__always)
  static var scale: Double { -0x1.71547652b82fep-2 }

  /// A number at which 1/64 is the last digit, so that a sum with it is rounded to such, and m + `lead` stands in its
  /// lowest bits.
  @inlinable @inline(__always)
  static var start: Double { 0x1p46 + 7 }

  /// What m is ahead by. With it an m below 7744, that of an e^x of at least 2^-484, has thirteen bits, and no other has.
  @inlinable @inline(__always)
  static var lead: Int { 7 * 64 }

  /// Hands out -a5 2^(-i/16), for i from 0 to 15, where a5 is the polynomial's first coefficient: times 2^(`lead` / 16),
  /// with i added where m is taken off the exponent. A form keeps them in registers or reads them from there.
  @inlinable @inline(__always)
  public static func withRoots<Result>(_ body: (Roots) -> Result) -> Result {
    let bits = SIMD16<UInt64>(
      0xc1b5_d896_2c32_ccc2, 0xc1b5_eb7a_b290_372a, 0xc1b6_086c_ae55_0a05, 0xc1b6_2eff_0451_32a7,
      0xc1b6_5ec9_3985_71f3, 0xc1b6_9767_40ee_acef, 0xc1b6_d879_4b72_26bb, 0xc1b7_21a3_99d3_89aa,
      0xc1b6_e51c_a13d_4028, 0xc1b6_95ca_9bdf_1ad1, 0xc1b6_54b0_020a_7c48, 0xc1b6_2132_8715_42b8,
      0xc1b5_fabe_6908_22fb, 0xc1b5_e0c6_299e_3780, 0xc1b5_d2c2_4a47_2e44, 0xc1b5_d031_0b0b_69f5)
    return withUnsafePointer(to: bits) { all in
      all.withMemoryRebound(to: UInt64.self, capacity: 16, body)
    }
  }

  /// What is found of an x before e is raised to it.
  @frozen
  @usableFromInline
  struct Reduced<Form: LaneForm> {
    /// Rounded to a 64th, above a number that is `start` where x is 0.
    @usableFromInline var rounded: Form.Lanes
    @usableFromInline var t: Form.Lanes
    /// The root of two, and the power; zero makes zero of all.
    @usableFromInline var root: Form.Lanes

    /// Of x less a score, where `start` is further by as many 64ths as that has: by none for x itself.
    @inlinable @inline(__always)
    init(_ x: Form.Lanes, from start: Form.Lanes, _ roots: Roots) {
      let scale = Form.all(Exponentials.scale)
      rounded = Form.fused(x, scale, plus: start)
      t = Form.remainder(x, scale, plus: Form.difference(start, rounded))
      root = Form.entries(roots, rounded)
    }

    /// The power: to about 6e-14 of it, exactly 1 for 0.
    @inlinable @inline(__always)
    var power: Form.Lanes {
      var sum = Form.sum(t, Form.all(-0x1.cdaa50237f351p+0))
      sum = Form.fused(sum, t, plus: Form.all(0x1.4d038c2646065p+1))
      sum = Form.fused(sum, t, plus: Form.all(-0x1.6853fd1162a8dp+1))
      sum = Form.fused(sum, t, plus: Form.all(0x1.03ebf8f144ef5p+1))
      sum = Form.fused(sum, t, plus: Form.all(-0x1.76fce36434decp-1))
      return Form.product(root, sum)
    }
  }

  /// The same of an x of at most 0; what lies below -708 counts as that.
  @inlinable @inline(__always)
  static func reduced<Form: LaneForm>(
    _ x: Form.Lanes, _ roots: Roots, _: Form.Type
  ) -> Reduced<Form> {
    Reduced(Form.larger(x, Form.all(furthest)), from: Form.all(start), roots)
  }

  /// Writes the exponentials of a row of finite scores the greatest of which is `most`, and gives their sum.
  @inlinable @inline(__always)
  public static func write<Score: LaneScore, Form: LaneForm>(
    _ scores: UnsafePointer<Score>, _ width: Int, _ most: Double,
    to target: UnsafeMutablePointer<Double>, _: Form.Type
  ) -> Double {
    withRoots { roots in
      let shift = Form.all(most)
      var sum = Form.all(0)
      var place = 0
      while place &+ 8 <= width {
        let x = Form.difference(Score.load(scores + place, Form.self), shift)
        let e = reduced(x, roots, Form.self).power
        Form.store(e, to: target + place)
        sum = Form.sum(sum, e)
        place &+= 8
      }
      if place < width {
        let count = width &- place
        let bits = UInt8(truncatingIfNeeded: (1 &<< count) &- 1)
        let x = Form.difference(Score.load(scores + place, first: count, Form.self), shift)
        let e = Form.kept(reduced(x, roots, Form.self).power, bits)
        let lanes = Form.lanes(e)
        for lane in 0..<count { target[place &+ lane] = lanes[lane] }
        sum = Form.sum(sum, e)
      }
      return total(Form.lanes(sum))
    }
  }

  /// The sum of the lanes, in one order.
  @inlinable @inline(__always)
  static func total(_ x: SIMD8<Double>) -> Double {
    ((x[0] + x[1]) + (x[2] + x[3])) + ((x[4] + x[5]) + (x[6] + x[7]))
  }
}
