import Testing

/// An integer of any size by schoolbook arithmetic on 16-bit digits with a sign apart: slow, and unlike
/// the code it checks, which has signed limbs, late carries and a window.
struct BigInteger: Equatable {
  var negative = false
  var digits: [Int] = []  // least significant first, no leading zeros

  init(_ n: Int) {
    negative = n < 0
    var rest = n.magnitude
    while rest != 0 {
      digits.append(Int(rest % 65_536))
      rest /= 65_536
    }
  }

  /// x * 2^scale, which must be an integer.
  init(_ x: Double, scale: Int) {
    self.init(0)
    if x == 0 { return }
    let subnormal = x.exponentBitPattern == 0
    let significand = Int(x.significandBitPattern) + (subnormal ? 0 : 1 << 52)
    let exponent = (subnormal ? -1074 : Int(x.exponentBitPattern) - 1075) + scale
    #expect(exponent >= 0)
    self = BigInteger(significand).shifted(exponent)
    negative = x < 0
  }

  func shifted(_ places: Int) -> BigInteger {
    var result = self * BigInteger(1 << (places % 16))
    if !result.digits.isEmpty {
      result.digits.insert(contentsOf: repeatElement(0, count: places / 16), at: 0)
    }
    return result
  }

  static func compareMagnitudes(_ a: BigInteger, _ b: BigInteger) -> Int {
    if a.digits.count != b.digits.count { return a.digits.count < b.digits.count ? -1 : 1 }
    for (x, y) in zip(a.digits.reversed(), b.digits.reversed()) where x != y {
      return x < y ? -1 : 1
    }
    return 0
  }

  static func < (a: BigInteger, b: BigInteger) -> Bool { (b - a).isPositive }
  var isPositive: Bool { !negative && !digits.isEmpty }
  var magnitude: BigInteger {
    var result = self
    result.negative = false
    return result
  }

  static prefix func - (a: BigInteger) -> BigInteger {
    var result = a
    result.negative = !a.negative && !a.digits.isEmpty
    return result
  }

  static func - (a: BigInteger, b: BigInteger) -> BigInteger { a + -b }

  static func + (a: BigInteger, b: BigInteger) -> BigInteger {
    var large = a
    var small = b
    if compareMagnitudes(a, b) < 0 { swap(&large, &small) }
    let sign = large.negative == small.negative ? 1 : -1
    var carry = 0
    for index in large.digits.indices {
      let sum =
        large.digits[index] + carry
        + (index < small.digits.count ? sign * small.digits[index] : 0)
      carry = sum >> 16
      large.digits[index] = sum & 0xFFFF
    }
    if carry > 0 { large.digits.append(carry) }
    large.trim()
    return large
  }

  static func * (a: BigInteger, b: BigInteger) -> BigInteger {
    var result = BigInteger(0)
    result.digits = [Int](repeating: 0, count: a.digits.count + b.digits.count)
    for (i, x) in a.digits.enumerated() where x != 0 {
      var carry = 0
      for (j, y) in b.digits.enumerated() {
        let sum = x * y + result.digits[i + j] + carry
        result.digits[i + j] = sum & 0xFFFF
        carry = sum >> 16
      }
      result.digits[i + b.digits.count] += carry
    }
    result.negative = a.negative != b.negative
    result.trim()
    return result
  }

  private mutating func trim() {
    while digits.last == 0 { digits.removeLast() }
    if digits.isEmpty { negative = false }
  }
}

/// Terms scaled by 2^4000, which makes an integer of any product of three doubles.
let referenceScale = 4_000

/// The exact sum of products of doubles, scaled by 2^referenceScale.
func referenceSum(_ terms: [[Double]]) -> BigInteger {
  terms.reduce(BigInteger(0)) { sum, factors in
    let product = factors.reduce(BigInteger(1)) { $0 * BigInteger($1, scale: 1_074) }
    return sum + product.shifted(referenceScale - 1_074 * factors.count)
  }
}

/// Whether `x` is the double nearest to numerator / denominator, ties to even. It asks between which
/// midpoints of neighbouring doubles the quotient lies, and so rounds nothing itself.
func isNearest(_ x: Double, _ numerator: BigInteger, _ denominator: BigInteger) -> Bool {
  if x.isNaN { return false }
  let n = numerator.magnitude
  let d = denominator.magnitude
  let sign = numerator.negative == denominator.negative ? FloatingPointSign.plus : .minus
  if n.digits.isEmpty { return x == 0 && x.sign == .plus }
  if x.sign != sign { return false }
  // Twice the midpoint above infinity's lower neighbour is 2^1024 + greatestFiniteMagnitude.
  func scaled(_ y: Double) -> BigInteger {
    y.isInfinite ? BigInteger(1).shifted(1_024 + 1_100) : BigInteger(y, scale: 1_100)
  }
  let value = x.magnitude
  let even = value.significandBitPattern & 1 == 0
  let quotient = n.shifted(1_101)
  if value < .infinity {
    let above = (scaled(value) + scaled(value.nextUp)) * d
    if above < quotient || (above == quotient && !even) { return false }
  }
  if value > 0 {
    let below = (scaled(value.nextDown) + scaled(value)) * d
    if quotient < below || (below == quotient && !even) { return false }
  }
  return true
}

/// A generator whose numbers are the same on every run (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A finite double: any bits, or with an exponent within `spread` of 0.
  mutating func double(spread: Int? = nil) -> Double {
    guard let spread else {
      let x = Double(bitPattern: next())
      return x.isFinite ? x : double()
    }
    let exponent = Int.random(in: -spread...spread, using: &self)
    let significand = Double.random(in: 1..<2, using: &self)
    return Double(
      sign: Bool.random(using: &self) ? .plus : .minus, exponent: exponent, significand: 1)
      * significand
  }
}

/// The reference itself must be right before it judges.
@Suite struct ExactSumReferenceTests {
  @Test func arithmeticAgreesWithIntegers() {
    var random = SeededGenerator(seed: 1)
    for _ in 0..<500 {
      let a = Int.random(in: -3_000_000_000...3_000_000_000, using: &random)
      let b = Int.random(in: -70_000...70_000, using: &random)
      #expect(BigInteger(a) + BigInteger(b) == BigInteger(a + b))
      #expect(BigInteger(a) - BigInteger(b) == BigInteger(a - b))
      #expect(BigInteger(a) * BigInteger(b) == BigInteger(a * b))
      #expect((BigInteger(a) < BigInteger(b)) == (a < b))
      #expect(BigInteger(b).shifted(37) == BigInteger(b << 37))
    }
  }

  @Test func nearestAgreesWithTheProcessor() {
    var random = SeededGenerator(seed: 2)
    for _ in 0..<200 {
      let x = random.double(spread: 40)
      let y = random.double(spread: 40)
      let n = BigInteger(x, scale: 200)
      let d = BigInteger(y, scale: 200)
      #expect(isNearest(x / y, n, d))
      #expect(!isNearest((x / y).nextUp, n, d))
      #expect(!isNearest((x / y).nextDown, n, d))
    }
    // 1 / 3 * 2^-1074 is nearest to 0, 2 / 3 * 2^-1074 to the least subnormal, a half goes to 0.
    let tiny = BigInteger(3).shifted(1_074)
    #expect(isNearest(0, BigInteger(1), tiny))
    #expect(isNearest(.leastNonzeroMagnitude, BigInteger(2), tiny))
    #expect(isNearest(0, BigInteger(1), BigInteger(1).shifted(1_075)))
    #expect(isNearest(.infinity, BigInteger(1).shifted(1_024), BigInteger(1)))
    #expect(!isNearest(.greatestFiniteMagnitude, BigInteger(1).shifted(1_024), BigInteger(1)))
  }
}
