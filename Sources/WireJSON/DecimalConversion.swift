#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Decimal text to the nearest double, ties to even.
extension JSONParser {
  /// The value of a number; infinite when it overflows.
  func convert(_ text: DecimalText) -> Double {
    var value: Double
    if !text.isTruncated, text.significand <= 1 << 53, abs(text.exponent) <= 22 {
      // Both factors are exact, so the one operation rounds right (Clinger 1990).
      value = Double(text.significand)
      let power = exactPowersOfTen[abs(text.exponent)]
      value = text.exponent < 0 ? value / power : value * power
    } else {
      var copy = [CChar](
        UnsafeBufferPointer(start: start + text.digits, count: text.end - text.digits).map {
          CChar(bitPattern: $0)
        })
      copy.append(0)
      value = strtod(copy, nil)
    }
    return text.isNegative ? -value : value
  }
}

private let exactPowersOfTen: [Double] = [
  1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
  1e18, 1e19, 1e20, 1e21, 1e22,
]
