/// Decimal numbers to the nearest double, ties to even: the same bits as a correct strtod.
///
/// Three ways, each for what the one before can't decide: one exact operation on doubles (Clinger
/// 1990); a product of 64 by 128 bits (Lemire 2021); a comparison of long integers.
enum DecimalConversion {
  static let exactPowersOfTen: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
  ]

  private static let infinity: UInt64 = 0x7FF << 52

  /// significand * 10^exponent where it is exact in one operation, else nil.
  static func clinger(_ significand: UInt64, _ exponent: Int) -> Double? {
    guard significand <= 1 << 53, exponent.magnitude <= 22 else { return nil }
    let power = exactPowersOfTen[Int(exponent.magnitude)]
    return exponent < 0 ? Double(significand) / power : Double(significand) * power
  }

  /// The bits of significand * 10^exponent, rounded; `isCertain` is false in the few cases where
  /// 128 bits can't tell, and then the bits are next to the right ones.
  static func lemire(
    _ significand: UInt64, _ exponent: Int
  ) -> (bits: UInt64, isCertain: Bool) {
    // Below: less than half the smallest subnormal, even for the largest significand.
    if significand == 0 || exponent < PowersOfFive.exponents.lowerBound { return (0, true) }
    if exponent > PowersOfFive.exponents.upperBound { return (infinity, true) }
    let zeros = significand.leadingZeroBitCount
    let (high, low) = product(significand << UInt64(zeros), exponent, PowersOfFive.words)
    let isCertain = low != .max || (-27...55).contains(exponent)
    let upper = Int(high >> 63)
    var mantissa = high >> UInt64(upper + 9)
    // floor(log2(10^q)) is (217706 q) >> 16 in this range.
    let biased = (217_706 * exponent) >> 16 + 63 + upper - zeros + 1023
    if biased <= 0 {
      if biased <= -63 { return (0, isCertain) }
      mantissa >>= UInt64(1 - biased)
      // A carry into bit 52 makes it the smallest normal number, as it should.
      return ((mantissa + (mantissa & 1)) >> 1, isCertain)
    }
    if isTie(mantissa, high, low, upper, exponent) { mantissa &= ~1 }
    mantissa = (mantissa + (mantissa & 1)) >> 1
    let bits = UInt64(biased - 1) << 52 + mantissa
    return (min(bits, infinity), isCertain)
  }

  /// The leading 128 bits of a normalised significand times 5^exponent, as exact as needed.
  @inline(__always)
  static func product(
    _ significand: UInt64, _ exponent: Int, _ words: UnsafePointer<UInt64>
  ) -> (high: UInt64, low: UInt64) {
    let power = PowersOfFive.entry(exponent, in: words)
    var (high, low) = significand.multipliedFullWidth(by: power.high)
    if high & 0x1FF == 0x1FF {
      let second = significand.multipliedFullWidth(by: power.low).high
      let (sum, isOver) = low.addingReportingOverflow(second)
      low = sum
      if isOver { high &+= 1 }
    }
    return (high, low)
  }

  /// Whether the number lies exactly between two doubles and the lower one is even; only for these
  /// exponents can it, since 5^q must divide the significand or fit beside it.
  @inline(__always)
  static func isTie(
    _ mantissa: UInt64, _ high: UInt64, _ low: UInt64, _ upper: Int, _ exponent: Int
  ) -> Bool {
    low <= 1 && mantissa & 3 == 1 && (-4...23).contains(exponent)
      && mantissa << UInt64(upper + 9) == high
  }
}

extension DecimalConversion {
  /// The magnitude of a number text; infinite when it overflows. `digits` gives its digits again,
  /// in case more than the first nineteen are needed.
  static func magnitude(of text: DecimalText, in start: UnsafePointer<UInt8>) -> Double {
    if !text.isTruncated, let value = clinger(text.significand, text.exponent) { return value }
    let (bits, isCertain) = lemire(text.significand, text.exponent)
    if isCertain {
      guard text.isTruncated else { return Double(bitPattern: bits) }
      let above = lemire(text.significand + 1, text.exponent)
      if above.isCertain, above.bits == bits { return Double(bitPattern: bits) }
    }
    return Double(bitPattern: exact(text, in: start, near: bits))
  }

  /// Digits that decide: two doubles' midpoint has at most 767 significant ones.
  private static let decisiveDigits = 770

  private static func exact(
    _ text: DecimalText, in start: UnsafePointer<UInt8>, near estimate: UInt64
  ) -> UInt64 {
    let value = longValue(text, in: start)
    var bits = min(estimate, infinity - 1)
    while true {
      let isOdd = bits & 1 == 1
      let above = compare(value, toMidpointAbove: bits)
      if above > 0 || (above == 0 && isOdd) {
        bits += 1
        if bits == infinity { return bits }
        continue
      }
      if bits == 0 { return bits }
      let below = compare(value, toMidpointAbove: bits - 1)
      if below > 0 || (below == 0 && !isOdd) { return bits }
      bits -= 1
    }
  }

  /// All decisive digits as one whole number, and the power of ten it stands by.
  private static func longValue(
    _ text: DecimalText, in start: UnsafePointer<UInt8>
  ) -> (digits: BigUnsigned, exponent: Int) {
    var digits = BigUnsigned(0)
    var exponent = text.exponent
    if !text.isTruncated { return (BigUnsigned(text.significand), exponent) }
    var taken = 0
    var hasRest = false
    var i = text.digits
    while i < text.end, start[i] | 0x20 != UInt8(ascii: "e") {
      let digit = UInt64(start[i] &- Byte.zero)
      i += 1
      if digit > 9 || (taken == 0 && digit == 0) { continue }
      if taken < decisiveDigits {
        digits.multiply(by: 10, adding: digit)
        taken += 1
        // The exponent of the text belongs to its first nineteen digits.
        if taken > 19 { exponent -= 1 }
      } else if digit != 0 {
        hasRest = true
      }
    }
    // Any digit stands for the rest: it only says that the number is above the digits taken.
    if hasRest {
      digits.multiply(by: 10, adding: 1)
      exponent -= 1
    }
    return (digits, exponent)
  }

  /// How the number compares with the midpoint of the double and the next one.
  private static func compare(
    _ value: (digits: BigUnsigned, exponent: Int), toMidpointAbove bits: UInt64
  ) -> Int {
    let field = Int(bits >> 52)
    let fraction = bits & (1 << 52 - 1)
    let significand = field == 0 ? fraction : fraction | 1 << 52
    var left = value.digits
    var right = BigUnsigned(2 * significand + 1)
    // The midpoint is right * 2^power; both sides are freed of their fives, then of their twos.
    let power = max(field, 1) - 1076
    if value.exponent >= 0 {
      left.multiplyByPowerOfFive(value.exponent)
    } else {
      right.multiplyByPowerOfFive(-value.exponent)
    }
    let twos = value.exponent - power
    if twos >= 0 { left.shiftLeft(by: twos) } else { right.shiftLeft(by: -twos) }
    return left.compare(to: right)
  }
}
