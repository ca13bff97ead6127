@testable import WireJSON

/// SplitMix64: small, and the same on every machine.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// A decimal number of any length, for exact midpoints.
struct Decimal {
  /// Most significant first, no leading zero.
  var digits: [UInt8]
  var exponent: Int

  /// integer * 2^power, exactly.
  init(_ integer: UInt64, timesTwoTo power: Int) {
    digits = integer.description.utf8.map { $0 - 48 }
    exponent = min(power, 0)
    // integer * 2^-k is integer * 5^k * 10^-k.
    for _ in 0..<abs(power) { multiply(by: power < 0 ? 5 : 2) }
  }

  private mutating func multiply(by factor: UInt8) {
    var carry: UInt8 = 0
    for i in digits.indices.reversed() {
      let product = digits[i] * factor + carry
      digits[i] = product % 10
      carry = product / 10
    }
    if carry > 0 { digits.insert(carry, at: 0) }
  }

  /// One unit in the next decimal place up or down.
  func nudged(up: Bool) -> Decimal {
    var result = self
    result.exponent -= 1
    result.digits.append(up ? 1 : 0)
    if up { return result }
    for i in result.digits.indices.reversed() {
      if result.digits[i] > 0 {
        result.digits[i] -= 1
        break
      }
      result.digits[i] = 9
    }
    while result.digits.first == 0 { result.digits.removeFirst() }
    return result
  }

  /// As an integer with an exponent.
  var text: String { String(decoding: digits.map { $0 + 48 }, as: UTF8.self) + "e\(exponent)" }
}

func parse(_ text: String) throws -> JSONValue {
  try JSONDocument(parsing: Array(text.utf8)).root
}
