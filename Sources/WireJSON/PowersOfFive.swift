/// The leading 128 bits of every power of five that a double can need.
///
/// Entry q, for q from -342 to 308, is 5^q scaled by a power of two so that bit 127 is set: cut off
/// for q >= 0, rounded up for q < 0, as the proof of the conversion wants it (Lemire, "Number
/// parsing at a gigabyte per second", 2021). 650 entries are computed with long arithmetic at the
/// first use, in some tens of microseconds, rather than carried as eleven kilobytes of digits.
enum PowersOfFive {
  static let exponents = -342...308

  /// High and low words in turn, from q = -342 on. Never freed: it serves as long as the process.
  nonisolated(unsafe) static let words: UnsafePointer<UInt64> = makeWords()

  /// The entry for q, which lies within `exponents`.
  @inline(__always)
  static func entry(_ q: Int, in words: UnsafePointer<UInt64>) -> (high: UInt64, low: UInt64) {
    let entry = words + 2 &* (q &- exponents.lowerBound)
    return (entry[0], entry[1])
  }

  /// 10^exponent, for 0 to 19; behind the powers of five, since the same loops need both.
  @inline(__always)
  static func powerOfTen(_ exponent: Int, in words: UnsafePointer<UInt64>) -> UInt64 {
    (words + 2 * exponents.count)[exponent]
  }

  private static func makeWords() -> UnsafePointer<UInt64> {
    let table = UnsafeMutablePointer<UInt64>.allocate(capacity: 2 * exponents.count + 20)
    var ten: UInt64 = 1
    for i in 0..<20 {
      (table + 2 * exponents.count + i).initialize(to: ten)
      ten = ten &* 10
    }
    let store = { (q: Int, value: (high: UInt64, low: UInt64)) in
      let at = 2 * (q - exponents.lowerBound)
      (table + at).initialize(to: value.high)
      (table + at + 1).initialize(to: value.low)
    }
    var power = BigUnsigned(1)
    for q in 0...exponents.upperBound {
      store(q, power.leading128)
      power.multiply(by: 5)
    }
    // The floor of a quotient divided again and floored is the floor of the whole quotient, so one
    // long number walks through all reciprocals exactly. 2^1024 / 5^342 still has 230 bits.
    var reciprocal = BigUnsigned(1)
    reciprocal.shiftLeft(by: 1024)
    for q in stride(from: -1, through: exponents.lowerBound, by: -1) {
      reciprocal.divide(by: 5)
      let (high, low) = reciprocal.leading128
      let (sum, carry) = low.addingReportingOverflow(1)
      store(q, (carry ? high + 1 : high, sum))
    }
    return UnsafePointer(table)
  }
}
