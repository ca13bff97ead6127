import EvalTestSupport
import Testing

@testable import EvalMetrics

/// The kernels of columns of pairs, against the sums that are given pair after pair.
@Suite struct PairSumsTests {
  private static func wide(_ generator: inout LawGenerator, _ exponents: Range<Int>) -> Double {
    let sign: FloatingPointSign = generator.chance(0.5) ? .plus : .minus
    let x = Double(
      sign: sign, exponent: generator.integer(exponents), significand: 1 + generator.unit())
    return generator.chance(0.1) ? 0 : x
  }

  private static func oneByOne(_ predictions: [Double], _ targets: [Double]) -> PairSums {
    var sums = PairSums()
    for (p, t) in zip(predictions, targets) { sums.add(p, t) }
    return sums
  }

  private static func expectEqual(_ a: PairSums, _ b: PairSums, _ count: Int) {
    #expect(a.predictions == b.predictions, "\(count)")
    #expect(a.targets == b.targets, "\(count)")
    #expect(a.larger == b.larger, "\(count)")
    #expect(a.predictionSquares == b.predictionSquares, "\(count)")
    #expect(a.targetSquares == b.targetSquares, "\(count)")
    #expect(a.products == b.products, "\(count)")
  }

  @Test(arguments: [0, 1, 23, 24, 513, 1024, 1025, 5000])
  func floatsOfEveryExponent(_ count: Int) {
    var generator = LawGenerator(UInt64(count) + 1)
    let p = (0..<count).map { _ in Float(Self.wide(&generator, -160..<127)) }
    let t = (0..<count).map { _ in Float(Self.wide(&generator, -160..<127)) }
    var sums = PairSums()
    Kernels.addPairs(p, t, to: &sums)
    Self.expectEqual(sums, Self.oneByOne(p.map(Double.init), t.map(Double.init)), count)
  }

  /// Numbers of like size, whose sums are taken in plain arithmetic.
  @Test(arguments: [-149, -126, -30, 0, 50, 105]) func floatsOfLikeSize(_ base: Int) {
    var generator = LawGenerator(UInt64(base + 200))
    for width in [1, 8, 19, 20, 21, 22] {
      for count in [24, 511, 512, 513, 2000] {
        let p = (0..<count).map { _ in Float(Self.wide(&generator, base..<base + width)) }
        let t = (0..<count).map { _ in Float(Self.wide(&generator, base..<base + width)) }
        for form in RowForm.usable {
          var sums = PairSums()
          Kernels.addPairs(p, t, to: &sums, form: form)
          Self.expectEqual(sums, Self.oneByOne(p.map(Double.init), t.map(Double.init)), count)
        }
      }
    }
  }

  /// The most digits that a block may have: all but one number as large as they come, and one of odd last digit
  /// so far below that its products reach the last place.
  @Test func floatsAtTheLimitOfABlock() {
    for (spread, base) in [(19, 0), (20, 0), (21, 0), (20, -126), (20, 107), (0, 127)] {
      let large = Float(sign: .plus, exponent: base + spread, significand: 2 - Float.ulpOfOne)
      let small = Float(sign: .plus, exponent: base, significand: 2 - Float.ulpOfOne)
      for sign in [Float(1), -1] {
        var p = Array(repeating: large, count: 1024)
        var t = Array(repeating: sign * large, count: 1024)
        (p[17], t[700]) = (small, -small)
        for form in RowForm.usable {
          var sums = PairSums()
          Kernels.addPairs(p, t, to: &sums, form: form)
          Self.expectEqual(sums, Self.oneByOne(p.map(Double.init), t.map(Double.init)), spread)
        }
      }
    }
  }

  @Test(arguments: [0, 1, 23, 24, 511, 512, 513, 5000])
  func doublesOfEveryExponent(_ count: Int) {
    var generator = LawGenerator(UInt64(count) + 2)
    let p = (0..<count).map { _ in Self.wide(&generator, -1080..<1023) }
    let t = (0..<count).map { _ in Self.wide(&generator, -1080..<1023) }
    var sums = PairSums()
    Kernels.addPairs(p, t, to: &sums)
    Self.expectEqual(sums, Self.oneByOne(p, t), count)
  }

  /// Many terms of one sign and exponent, which is where limbs fill.
  @Test func tablesCarryBeforeTheyOverflow() {
    for x in [-Double.greatestFiniteMagnitude, 0x1.fffffffffffffp30, -0x1.fffffffffffffp-1000] {
      let column = Array(repeating: x, count: 10_000)
      var sums = PairSums()
      Kernels.addPairs(column, column, to: &sums)
      Self.expectEqual(sums, Self.oneByOne(column, column), 10_000)
      let floats = Array(repeating: -Float.greatestFiniteMagnitude, count: 10_000)
      var singles = PairSums()
      Kernels.addPairs(floats, floats, to: &singles)
      Self.expectEqual(
        singles, Self.oneByOne(floats.map(Double.init), floats.map(Double.init)), 10_000)
    }
  }

  /// A sum below zero must not fill all the limbs above it: there may be a million of these sums.
  @Test func sumsStaySmall() {
    var sums = PairSums()
    Kernels.addPairs(
      Array(repeating: Float(-1.25), count: 100), [Float](repeating: 3, count: 100), to: &sums)
    #expect(sums.predictions.value == -125)
    #expect(sums.predictions.limbs.count <= 3)
    #expect(sums.products.limbs.count <= 3)
    #expect(sums.predictionSquares.limbs.count <= 3)
  }

  @Test func theShorterColumnEndsThePairs() {
    var sums = PairSums()
    Kernels.addPairs([1, 2, 3] as [Float], [1], to: &sums)
    #expect(sums.predictions.value == 1 && sums.targets.value == 1)
  }
}
