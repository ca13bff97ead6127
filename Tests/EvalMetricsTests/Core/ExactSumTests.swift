import Testing

@testable import EvalMetrics

private let least = Double.leastNonzeroMagnitude

private func sum(_ xs: [Double]) -> ExactSum {
  var result = ExactSum()
  for x in xs { result.add(x) }
  return result
}

@Suite struct ExactSumTests {
  @Test(arguments: [nil, 3, 40, 900] as [Int?])
  func sumsAreTheNearestDoubles(spread: Int?) {
    var random = SeededGenerator(seed: 3)
    for count in [1, 2, 3, 10, 60] {
      for _ in 0..<6 {
        let xs = (0..<count).map { _ in random.double(spread: spread) }
        let reference = referenceSum(xs.map { [$0] })
        #expect(isNearest(sum(xs).value, reference, BigInteger(1).shifted(referenceScale)))
      }
    }
  }

  @Test(arguments: [nil, 3, 300, 1_000] as [Int?])
  func productsAreExact(spread: Int?) {
    var random = SeededGenerator(seed: 4)
    for _ in 0..<20 {
      let terms = (0..<12).map { index in
        (0..<(1 + index % 3)).map { _ in random.double(spread: spread) }
      }
      var result = ExactSum()
      for term in terms {
        switch term.count {
        case 1: result.add(term[0])
        case 2: result.add(product: term[0], term[1])
        default: result.add(product: term[0], term[1], term[2])
        }
      }
      let reference = referenceSum(terms)
      #expect(isNearest(result.value, reference, BigInteger(1).shifted(referenceScale)))
      #expect(integer(result) == reference)
    }
  }

  /// The whole sum scaled as the reference is, by its canonical limbs.
  private func integer(_ sum: ExactSum) -> BigInteger {
    let (exponent, negative, limbs) = sum.canonicalLimbs
    let magnitude = limbs.reversed().reduce(BigInteger(0)) {
      $0.shifted(32) + BigInteger(Int($1))
    }.shifted(exponent + referenceScale)
    return negative ? -magnitude : magnitude
  }

  @Test(arguments: [nil, 5, 100] as [Int?])
  func orderSplitAndMergeGiveEqualBits(spread: Int?) {
    var random = SeededGenerator(seed: 5)
    var xs = (0..<5_000).map { _ in random.double(spread: spread) } + [0, -0.0]
    let whole = sum(xs)
    for parts in [1, 2, 7, 100] {
      xs.shuffle(using: &random)
      var cells = [ExactSum](repeating: ExactSum(), count: parts)
      for x in xs { cells[Int.random(in: 0..<parts, using: &random)].add(x) }
      cells.shuffle(using: &random)
      let merged = cells.reduce(into: ExactSum()) { $0.merge($1) }
      #expect(merged == whole)
      #expect(merged.value.bitPattern == whole.value.bitPattern)
      #expect(merged.canonicalLimbs == whole.canonicalLimbs)
      var batched = ExactSum()
      batched.add(contentsOf: Array(xs[..<1_500]))
      batched.add(contentsOf: Array(xs[1_500...]))
      #expect(batched == whole)
    }
    #expect(whole + ExactSum() == whole)
    #expect(ExactSum() + whole == whole)
    #expect((whole - whole).isZero)
  }

  @Test func productBatchesAreTheProductsOneByOne() {
    var random = SeededGenerator(seed: 6)
    for spread in [nil, 4, 200] {
      let xs = (0..<3_000).map { _ in random.double(spread: spread) }
      let ys = (0..<3_000).map { index in index % 7 == 0 ? 0 : random.double(spread: spread) }
      var single = ExactSum()
      for (x, y) in zip(xs, ys) { single.add(product: x, y) }
      var batch = ExactSum()
      batch.add(products: xs, ys + [1])
      #expect(batch == single)
      var commuted = ExactSum()
      commuted.add(products: ys, xs)
      #expect(commuted == single)
    }
  }

  @Test(
    arguments: [
      ([1e308, 1e308, -1e308], 1e308), ([1e308, 1e308], .infinity), ([-1e308, -1e308], -.infinity),
      ([1e16, 1, -1e16], 1), ([1e9 + 0.25, -1e9], 0.25), ([-0.0], 0), ([-0.0, -0.0], 0), ([], 0),
      ([1, 1e100, 1, -1e100], 2), ([least, least], 2 * least), ([1, -1, least], least),
      ([.leastNormalMagnitude, -least], .leastNormalMagnitude.nextDown),
      ([0.1, 0.2, -0.3], 0x1p-55),
      ([1, least], 1), ([-1e308, 1e308, -least], -least),
    ] as [([Double], Double)])
  func hazards(xs: [Double], expected: Double) {
    #expect(sum(xs).value.bitPattern == expected.bitPattern)
    #expect(sum(xs.reversed()).value.bitPattern == expected.bitPattern)
  }

  @Test func offsetsOfABillionLeaveNoTrace() {
    let offset = 1e9
    let xs = (0..<4_000).map { offset + Double($0 % 8) / 8 }
    var squares = ExactSum()
    for x in xs { squares.add(product: x, x) }
    let total = sum(xs)
    var count = ExactSum()
    count.add(count: xs.count)
    // The mean square of 0, 1/8, … 7/8 about their mean.
    let variance = ExactSum.ratio(count * squares - total * total, count * count)
    #expect(variance == 0.08203125)
  }

  @Test func halfwayCasesGoToEven() {
    let ulp = 0x1p-52
    let half = 0x1p-53
    #expect(sum([1, half]).value == 1)
    #expect(sum([1, half, least]).value == 1 + ulp)
    #expect(sum([1 + ulp, half]).value == 1 + 2 * ulp)
    #expect(sum([1 + ulp, half, -least]).value == 1 + ulp)
    #expect(sum([2, -half]).value == 2)
    #expect(sum([-1, -half]).value == -1)
    #expect(sum([-1, -half, -least]).value == -1 - ulp)
    let top = Double.greatestFiniteMagnitude
    #expect(sum([top, top.ulp / 2]).value == .infinity)
    #expect(sum([top, top.ulp / 2, -least]).value == top)
    #expect(sum([top, top.ulp / 2, -top.ulp]).value == top.nextDown)
  }

  @Test func productsUnderflowAsOneRounding() {
    func product(_ factors: Double...) -> Double {
      var result = ExactSum()
      if factors.count == 2 {
        result.add(product: factors[0], factors[1])
      } else {
        result.add(product: factors[0], factors[1], factors[2])
      }
      return result.value
    }
    #expect(product(least, 0.5) == 0)
    #expect(product(least, 0.5.nextUp) == least)
    #expect(product(3 * least, 0.5) == 2 * least)
    #expect(product(least, least, least) == 0)
    #expect(product(-least, least).bitPattern == (-0.0).bitPattern)
    #expect(product(least, 0x1p1000, 0x1p1000) == 0x1p926)
    #expect(product(1e200, 1e200, 1e-300) == 1e100)
    var balance = ExactSum()
    balance.add(product: least, least, least)
    #expect(!balance.isZero && !balance.isNegative)
    balance.add(product: -least, least, least)
    #expect(balance.isZero && balance == ExactSum())
    // Where the product of doubles is infinite, the sum may come back.
    balance.add(product: 1e300, 1e300)
    balance.add(product: -1e300, 1e300)
    balance.add(7)
    #expect(balance.value == 7)
  }

  @Test func nonFiniteAndZeroChangeNothing() {
    var result = sum([1.5])
    let before = result.canonicalLimbs
    for odd in [Double.nan, .infinity, -.infinity, .signalingNaN, 0, -0.0] {
      result.add(odd)
      result.add(product: odd, 1)
      result.add(product: 1, odd)
      result.add(product: 2, 3, odd)
      result.add(contentsOf: [odd, odd])
      result.add(products: [odd, 2], [1, odd])
    }
    #expect(result.canonicalLimbs == before)
    #expect(result.limbs.count <= 4, "zeros must not widen the window")
  }

  @Test(arguments: [0x1.fffffffffffffp1023, 0x1.fffffffffffffp-10, least, 0x1.fffffffffffffp19])
  func limbsNeverOverflow(x: Double) {
    // The last argument adds the most that one number can to a limb.
    for sign in [1.0, -1.0] {
      var one = ExactSum()
      for _ in 0..<10_000 { one.add(sign * x) }
      var batch = ExactSum()
      batch.add(contentsOf: [Double](repeating: sign * x, count: 10_000))
      var doubled = sum([sign * x])
      for _ in 0..<70 { doubled.merge(doubled) }
      var count = ExactSum()
      count.add(count: 10_000)
      let expected = sum([sign * x]) * count
      #expect(one == expected)
      #expect(batch == expected)
      #expect(doubled == sum([sign * x]) * sum([0x1p70]))
      // Each of these is close to the number of additions after which it carries.
      let cell = sum([Double](repeating: sign * x, count: 1_000))
      var merged = ExactSum()
      for _ in 0..<10 { merged.merge(cell) }
      #expect(merged == expected)
      // Both have carried once and are about to carry again.
      var full = sum([Double](repeating: sign * x, count: 2_048))
      full.merge(full)
      #expect(full == sum([sign * x]) * sum([4_096]))
      // Merged into new sums again and again.
      let folded = (0..<3_000).reduce(cell) { sum, _ in
        var next = one
        next.merge(sum)
        return next
      }
      #expect(folded.pending <= ExactSum.pendingLimit)
      var products = ExactSum()
      products.add(
        products: [Double](repeating: x, count: 10_000),
        [Double](repeating: sign * x, count: 10_000))
      #expect(products == expected * sum([x]))
    }
  }
}
