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

  /// What is found of an x of at most 0 before e is raised to it.
  ///
  /// x is (n + r) ln(2) / 16 with r of at most a half, so e^x is a power of two, times a root of two, times 2^(r/16),
  /// and that is 1 and a polynomial of degree 5, through the points that Chebyshev's nodes give.
  @frozen
  @usableFromInline
  struct Reduced {
    @usableFromInline var r = SIMD8<Double>.zero
    /// The root of two; zero makes zero of all.
    @usableFromInline var root = SIMD8<Double>.zero
    /// In its low bits stands n.
    @usableFromInline var shifted = SIMD8<Double>.zero

    @inlinable @inline(__always)
    init() {}
  }

  @inlinable @inline(__always)
  static func reduce<Form: LaneForm>(
    _ x: SIMD8<Double>, _ roots: Roots, _: Form.Type
  ) -> Reduced {
    let scale = SIMD8<Double>(repeating: 0x1.71547652b82fep4)
    let least = SIMD8<Double>(repeating: furthest)
    let magic = SIMD8<Double>(repeating: 0x1.8p52)
    let x = x.replacing(with: least, where: x .< least)
    var found = Reduced()
    // Adding 1.5 * 2^52 rounds to an integer, which then stands in the low bits.
    found.shifted = Form.fused(x, scale, plus: magic)
    found.r = Form.remainder(x, scale, plus: magic - found.shifted)
    let n = unsafeBitCast(found.shifted, to: SIMD8<UInt64>.self)
    found.root = unsafeBitCast(Form.lookUp(n, in: roots), to: SIMD8<Double>.self)
    return found
  }

  @inlinable @inline(__always)
  static func raise<Form: LaneForm>(_ x: Reduced, _: Form.Type) -> SIMD8<Double> {
    var sum = SIMD8<Double>(repeating: 0x1.5d893e58a746ap-30)
    sum = Form.fused(sum, x.r, plus: SIMD8(repeating: 0x1.3b2c4ac7da565p-23))
    sum = Form.fused(sum, x.r, plus: SIMD8(repeating: 0x1.c6b08d6faa1bfp-17))
    sum = Form.fused(sum, x.r, plus: SIMD8(repeating: 0x1.ebfbdff6988c8p-11))
    sum = Form.fused(sum, x.r, plus: SIMD8(repeating: 0x1.62e42fefa39efp-5))
    let power = Form.fused(x.root * x.r, sum, plus: x.root)
    // The sixteenths are cut off and the rest is added to the exponent; what stands above its 12 bits is shifted out.
    let n = unsafeBitCast(x.shifted, to: SIMD8<UInt64>.self)
    let whole = (n & SIMD8(repeating: ~15)) &<< SIMD8<UInt64>(repeating: 48)
    return unsafeBitCast(
      unsafeBitCast(power, to: SIMD8<UInt64>.self) &+ whole, to: SIMD8<Double>.self)
  }

  /// e to the power of x, for x of at most 0, to about 6e-14; exactly 1 for 0. What lies below -708 counts as that:
  /// nothing.
  @inlinable @inline(__always)
  public static func of<Form: LaneForm>(
    _ x: SIMD8<Double>, _ roots: Roots, _: Form.Type
  ) -> SIMD8<Double> { raise(reduce(x, roots, Form.self), Form.self) }

  /// The last scores of a row, fewer than eight, as those of a block; the other lanes are the greatest score.
  @inlinable @inline(__always)
  static func rest<Score: LaneScore>(
    _ scores: UnsafePointer<Score>, _ count: Int, _ most: Double
  ) -> SIMD8<Double> {
    var lanes = SIMD8<Double>(repeating: most)
    for lane in 0..<count { lanes[lane] = Double(scores[lane]) }
    return lanes
  }

  /// The bits of numbers that are set elsewhere, too.
  @inlinable @inline(__always)
  static func kept(_ x: SIMD8<Double>, _ bits: SIMD8<UInt64>) -> SIMD8<Double> {
    unsafeBitCast(unsafeBitCast(x, to: SIMD8<UInt64>.self) & bits, to: SIMD8<Double>.self)
  }

  /// Sums of exponentials in lanes, and up to where in the row.
  @frozen
  @usableFromInline
  struct LaneSums {
    @usableFromInline var sum = SIMD8<Double>.zero
    @usableFromInline var squares = SIMD8<Double>.zero
    @usableFromInline var place = 0

    @inlinable @inline(__always)
    init() {}

    /// Adds the exponentials of the eight scores that begin so far behind the place, but not the label's own.
    @inlinable @inline(__always)
    mutating func add(_ e: SIMD8<Double>, _ number: Int, without label: Int) {
      let places = SIMD8<Int64>(0, 1, 2, 3, 4, 5, 6, 7)
      let own = SIMD8<Int64>(
        repeating: Int64(truncatingIfNeeded: label &- place &- number))
      add(e.replacing(with: SIMD8<Double>.zero, where: own .== places))
    }

    @inlinable @inline(__always)
    mutating func add(_ e: SIMD8<Double>) {
      sum += e
      squares += e * e
    }
  }

  /// The sums over as many scores as can be taken 32 at a time, but not the label's.
  ///
  /// The second half of four blocks is found beside the first half of the next: each is a chain of operations that
  /// wait for one another. A branch for the label would cut them apart.
  @inlinable @inline(__always)
  static func fours<Score: LaneScore, Form: LaneForm>(
    _ scores: UnsafePointer<Score>, _ width: Int, _ label: Int, _ shift: SIMD8<Double>,
    _ roots: Roots, _: Form.Type
  ) -> LaneSums {
    var sums = LaneSums()
    // Before the first stand some whose exponentials are zero.
    var (a, b, c, d) = (Reduced(), Reduced(), Reduced(), Reduced())
    sums.place = -32
    while sums.place &+ 64 <= width {
      let next = scores + (sums.place &+ 32)
      let a2 = reduce(Score.lanes(next) - shift, roots, Form.self)
      let b2 = reduce(Score.lanes(next + 8) - shift, roots, Form.self)
      let c2 = reduce(Score.lanes(next + 16) - shift, roots, Form.self)
      let d2 = reduce(Score.lanes(next + 24) - shift, roots, Form.self)
      sums.add(raise(a, Form.self), 0, without: label)
      sums.add(raise(b, Form.self), 8, without: label)
      sums.add(raise(c, Form.self), 16, without: label)
      sums.add(raise(d, Form.self), 24, without: label)
      (a, b, c, d) = (a2, b2, c2, d2)
      sums.place &+= 32
    }
    sums.add(raise(a, Form.self), 0, without: label)
    sums.add(raise(b, Form.self), 8, without: label)
    sums.add(raise(c, Form.self), 16, without: label)
    sums.add(raise(d, Form.self), 24, without: label)
    sums.place &+= 32
    return sums
  }

  /// The sums over all classes but the label's, of a row of finite scores the greatest of which is `most`.
  @inlinable @inline(__always)
  public static func sums<Score: LaneScore, Form: LaneForm>(
    _ scores: UnsafePointer<Score>, _ width: Int, _ label: Int, _ most: Double, _: Form.Type
  ) -> ExponentialSums {
    withRoots { roots in
      let shift = SIMD8<Double>(repeating: most)
      var sums = LaneSums()
      if Form.takesFour && width >= 32 {
        sums = fours(scores, width, label, shift, roots, Form.self)
      }
      while sums.place &+ 8 <= width {
        let e = of(Score.lanes(scores + sums.place) - shift, roots, Form.self)
        if sums.place == label & ~7 { sums.add(e, 0, without: label) } else { sums.add(e) }
        sums.place &+= 8
      }
      if sums.place < width {
        let count = width &- sums.place
        var x = reduce(rest(scores + sums.place, count, most) - shift, roots, Form.self)
        // Behind the row there is nothing.
        let places = SIMD8<Int64>(0, 1, 2, 3, 4, 5, 6, 7)
        let isThere = unsafeBitCast(
          (places &- SIMD8(repeating: Int64(truncatingIfNeeded: count))) &>> 63,
          to: SIMD8<UInt64>.self)
        x.root = kept(x.root, isThere)
        x.shifted = kept(x.shifted, isThere)
        sums.add(raise(x, Form.self), 0, without: label)
      }
      return ExponentialSums(sum: total(sums.sum), squares: total(sums.squares))
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
