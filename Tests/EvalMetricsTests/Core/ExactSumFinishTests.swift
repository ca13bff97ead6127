import Testing

@testable import EvalMetrics

@Suite struct ExactSumFinishTests {
  private func random(_ count: Int, _ spread: Int?, _ random: inout SeededGenerator) -> [Double] {
    (0..<count).map { _ in random.double(spread: spread) }
  }

  private func sum(_ xs: [Double]) -> ExactSum {
    var result = ExactSum()
    result.add(contentsOf: xs)
    return result
  }

  @Test func countsAreExact() {
    for n in [0, 1, -1, 42, 1 << 53, (1 << 53) + 1, -(1 << 60) - 1, Int.max, Int.min] {
      var result = ExactSum()
      result.add(count: n)
      let one = BigInteger(1)
      #expect(isNearest(result.value, BigInteger(n == .min ? n + 1 : n), one) || n == .min)
      result.add(count: n)
      result.add(count: n)
      let (exponent, negative, limbs) = result.canonicalLimbs
      let integer = limbs.reversed().reduce(BigInteger(0)) { $0.shifted(32) + BigInteger(Int($1)) }
      #expect(exponent >= 0 && exponent % 32 == 0)
      let thrice = BigInteger(n) + BigInteger(n) + BigInteger(n)
      #expect((negative ? -integer.shifted(exponent) : integer.shifted(exponent)) == thrice)
    }
    var difference = ExactSum()
    difference.add(count: Int.max)
    difference.add(count: Int.min)
    #expect(difference.value == -1)
  }

  @Test(arguments: [nil, 2, 60, 1_000] as [Int?])
  func arithmeticAndRatioAgreeWithIntegers(spread: Int?) {
    var generator = SeededGenerator(seed: 7)
    for round in 0..<25 {
      let a = random(1 + round % 5, spread, &generator)
      let b = random(1 + round % 3, spread, &generator)
      let (x, y) = (sum(a), sum(b))
      let (n, d) = (referenceSum(a.map { [$0] }), referenceSum(b.map { [$0] }))
      let one = BigInteger(1).shifted(referenceScale)
      #expect(isNearest((x + y).value, n + d, one))
      #expect(isNearest((x - y).value, n - d, one))
      #expect(isNearest((-x).value, -n, one))
      #expect(isNearest((x * y).value, n * d, one * one))
      #expect(isNearest(ExactSum.ratio(x, y), n, d))
      #expect(isNearest(ExactSum.ratio(x * y + x, y * y), n * d + n * one, d * d))
    }
  }

  @Test func ratioOfWhatNoDoubleHolds() {
    var large = ExactSum()
    large.add(product: 1e300, 1e300, 3)
    var divisor = ExactSum()
    divisor.add(product: 1e300, 1e300)
    #expect(ExactSum.ratio(large, divisor) == 3)
    #expect(ExactSum.ratio(-divisor, large) == -1.0 / 3)
    #expect(ExactSum.ratio(large, sum([1e-300])) == .infinity)
    #expect(ExactSum.ratio(sum([-1e-300]), large).bitPattern == (-0.0).bitPattern)
    #expect(ExactSum.ratio(ExactSum(), large) == 0)
    #expect(ExactSum.ratio(ExactSum(), ExactSum()).isNaN)
    #expect(ExactSum.ratio(sum([-1]), ExactSum()) == -.infinity)
  }

  @Test func aRemainderBreaksATie() {
    let divisor = sum([0x1p200, 1])
    let tie = divisor * sum([1, 0x1p-53])
    #expect(ExactSum.ratio(tie, divisor) == 1)
    #expect(ExactSum.ratio(tie + sum([0x1p-53]), divisor) == 1 + 0x1p-52)
    #expect(ExactSum.ratio(tie - sum([0x1p-53]), divisor) == 1)
  }

  @Test func divisionByAwkwardDigits() {
    // Divisors and dividends of extreme digits, where an estimated digit of the quotient is too large.
    let digits: [UInt32] = [0, 1, 0x7FFF_FFFF, 0x8000_0000, 0x8000_0001, 0xFFFF_FFFE, 0xFFFF_FFFF]
    var generator = SeededGenerator(seed: 8)
    func number(_ count: Int) -> (ExactSum, BigInteger)? {
      let limbs = (0..<count).map { _ in digits.randomElement(using: &generator) ?? 1 }
      let integer = limbs.reversed().reduce(BigInteger(0)) { $0.shifted(32) + BigInteger(Int($1)) }
      return ExactSum(exponent: 0, negative: false, limbs: limbs).map { ($0, integer) }
    }
    var tried = 0
    for _ in 0..<3_000 {
      guard let (a, n) = number(Int.random(in: 1...7, using: &generator)),
        let (b, d) = number(Int.random(in: 1...4, using: &generator))
      else { continue }
      tried += 1
      #expect(isNearest(ExactSum.ratio(a, b), n, d))
    }
    #expect(tried > 1_000)
  }

  @Test func canonicalLimbsRoundTrip() {
    var generator = SeededGenerator(seed: 9)
    for spread in [nil, 1, 500] {
      for count in 0..<20 {
        let x = sum(random(count, spread, &generator))
        let (exponent, negative, limbs) = x.canonicalLimbs
        let back = ExactSum(exponent: exponent, negative: negative, limbs: limbs)
        #expect(back == x)
        #expect(back?.value.bitPattern == x.value.bitPattern)
      }
    }
    var extreme = ExactSum()
    let least = Double.leastNonzeroMagnitude
    let most = Double.greatestFiniteMagnitude
    extreme.add(product: least, least, -least)
    for _ in 0..<100 { extreme.add(product: most, most, most) }
    let (exponent, negative, limbs) = extreme.canonicalLimbs
    #expect(ExactSum(exponent: exponent, negative: negative, limbs: limbs) == extreme)
  }

  @Test func hostileLimbsAreRefused() {
    func decode(_ exponent: Int, _ negative: Bool, _ limbs: [UInt32]) -> ExactSum? {
      ExactSum(exponent: exponent, negative: negative, limbs: limbs)
    }
    #expect(decode(0, false, []) == ExactSum())
    #expect(decode(0, true, []) == nil, "there is no negative zero")
    #expect(decode(32, false, []) == nil)
    #expect(decode(0, false, [0, 1]) == nil)
    #expect(decode(0, false, [1, 0]) == nil)
    #expect(decode(7, false, [1]) == nil)
    #expect(decode(.max, false, [1]) == nil)
    #expect(decode(.min, false, [1]) == nil)
    #expect(decode(6_528, false, [1]) == nil)
    #expect(decode(6_496, false, [1])?.value == .infinity)
    #expect(decode(-6_528, true, [1])?.value == 0)
    #expect(decode(-6_528, false, [UInt32](repeating: 1, count: 100_000)) == nil)
    let widest = decode(-6_528, false, [UInt32](repeating: .max, count: 408))
    #expect(widest?.value == .infinity)
    if var widest {
      widest.merge(widest)
      #expect(ExactSum.ratio(widest, widest * widest) == 0)
    }
  }
}
