// Exact arithmetic on finished sums: variance = (W S2 - S1 S1) / (W (W - 1)) loses nothing on the way.

extension ExactSum {
  /// The exact sum of two sums.
  public static func + (a: ExactSum, b: ExactSum) -> ExactSum {
    var result = a
    result.merge(b)
    return result
  }

  /// The exact difference of two sums.
  public static func - (a: ExactSum, b: ExactSum) -> ExactSum { a + -b }

  /// The sum with the other sign.
  public static prefix func - (a: ExactSum) -> ExactSum {
    var result = a
    for index in result.limbs.indices { result.limbs[index] = 0 &- result.limbs[index] }
    return result
  }

  /// The exact product of two sums.
  public static func * (a: ExactSum, b: ExactSum) -> ExactSum {
    let left = a.number
    let right = b.number
    if left.digits.isEmpty || right.digits.isEmpty { return ExactSum() }
    return ExactSum(
      ExactNumber(
        negative: left.negative != right.negative, base: left.base + right.base,
        digits: multiply(left.digits, right.digits)))
  }

  /// a / b, correctly rounded to the nearest double, also where a double can hold neither: NaN when
  /// both are zero, an infinity with the sign of `a` when only `b` is.
  public static func ratio(_ a: ExactSum, _ b: ExactSum) -> Double {
    let dividend = a.number
    let divisor = b.number
    if divisor.digits.isEmpty {
      if dividend.digits.isEmpty { return .nan }
      return dividend.negative ? -.infinity : .infinity
    }
    if dividend.digits.isEmpty { return 0 }
    // Three digits more than the divisor's make a quotient of at least 65 bits.
    let zeros = max(0, divisor.digits.count + 3 - dividend.digits.count)
    let digits = [UInt32](repeating: 0, count: zeros) + dividend.digits
    let (quotient, exact) = divide(digits, divisor.digits)
    let result = ExactNumber(
      negative: dividend.negative != divisor.negative,
      base: dividend.base - zeros - divisor.base, digits: quotient)
    return result.rounded(inexact: !exact)
  }

  private static func multiply(_ a: [UInt32], _ b: [UInt32]) -> [UInt32] {
    var result = [UInt32](repeating: 0, count: a.count + b.count)
    for (i, x) in a.enumerated() {
      var carry: UInt64 = 0
      for (j, y) in b.enumerated() {
        // At most (2^32 - 1)^2 + 2 (2^32 - 1) = 2^64 - 1.
        let sum = UInt64(x) &* UInt64(y) &+ UInt64(result[i + j]) &+ carry
        result[i + j] = UInt32(truncatingIfNeeded: sum)
        carry = sum >> 32
      }
      result[i + b.count] = UInt32(truncatingIfNeeded: carry)
    }
    return result
  }

  /// The whole quotient of a / b and whether nothing is left, by long division (Knuth, The Art of
  /// Computer Programming, volume 2, 4.3.1, algorithm D). The last digit of `b` is not zero, and `a`
  /// has more digits than `b`.
  private static func divide(_ a: [UInt32], _ b: [UInt32]) -> (quotient: [UInt32], exact: Bool) {
    guard let top = b.last else { return ([], true) }
    let shift = top.leadingZeroBitCount
    let divisor = shifted(b, by: shift)
    var rest = shifted(a + [0], by: shift)
    let n = divisor.count
    var quotient = [UInt32](repeating: 0, count: rest.count - n)
    for place in quotient.indices.reversed() {
      var digit = estimate(rest, divisor, at: place)
      if subtract(divisor, times: digit, from: &rest, at: place) {
        // The estimate was one too large, which is rare.
        digit -= 1
        addBack(divisor, to: &rest, at: place)
      }
      quotient[place] = UInt32(truncatingIfNeeded: digit)
    }
    return (quotient, rest.allSatisfy { $0 == 0 })
  }

  /// `digits` times 2^shift, for a shift below 32 that the last digit has room for.
  private static func shifted(_ digits: [UInt32], by shift: Int) -> [UInt32] {
    var below: UInt32 = 0
    return digits.map { digit in
      defer { below = digit >> (32 - shift) }
      return digit << shift | below
    }
  }

  /// A quotient digit from the first two digits of the divisor: right, or one too large.
  private static func estimate(_ rest: [UInt32], _ divisor: [UInt32], at place: Int) -> UInt64 {
    let n = divisor.count
    let first = UInt64(divisor[n - 1])
    let second = n > 1 ? UInt64(divisor[n - 2]) : 0
    let head = UInt64(rest[place + n]) << 32 | UInt64(rest[place + n - 1])
    let next = n > 1 ? UInt64(rest[place + n - 2]) : 0
    var (digit, remainder) = head.quotientAndRemainder(dividingBy: first)
    while digit >> 32 != 0 || digit &* second > remainder << 32 | next {
      digit -= 1
      remainder += first
      if remainder >> 32 != 0 { break }
    }
    return digit
  }

  /// Takes divisor * digit off `rest` at `place`; true when that went below zero.
  private static func subtract(
    _ divisor: [UInt32], times digit: UInt64, from rest: inout [UInt32], at place: Int
  ) -> Bool {
    var carry: UInt64 = 0
    var borrow = false
    for index in 0...divisor.count {
      let product = (index < divisor.count ? UInt64(divisor[index]) : 0) &* digit &+ carry
      carry = product >> 32
      let (first, under) = rest[place + index].subtractingReportingOverflow(
        UInt32(truncatingIfNeeded: product))
      let (second, underAgain) = first.subtractingReportingOverflow(borrow ? 1 : 0)
      rest[place + index] = second
      borrow = under || underAgain
    }
    return borrow
  }

  private static func addBack(_ divisor: [UInt32], to rest: inout [UInt32], at place: Int) {
    var carry: UInt64 = 0
    for index in 0...divisor.count {
      let sum =
        UInt64(rest[place + index]) + (index < divisor.count ? UInt64(divisor[index]) : 0) + carry
      rest[place + index] = UInt32(truncatingIfNeeded: sum)
      carry = sum >> 32
    }
  }
}
