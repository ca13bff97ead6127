/// A whole number of any length, as little as the conversion of decimals needs.
struct BigUnsigned {
  /// Least significant first; the last one isn't 0.
  private(set) var limbs: [UInt64]

  init(_ value: UInt64) { limbs = value == 0 ? [] : [value] }

  /// The largest power of five in one word is 5^27.
  private static let fiveTo27: UInt64 = 7_450_580_596_923_828_125

  /// Multiplies by `factor` and adds `addend`.
  mutating func multiply(by factor: UInt64, adding addend: UInt64 = 0) {
    var carry = addend
    for i in limbs.indices {
      let (high, low) = limbs[i].multipliedFullWidth(by: factor)
      let (sum, isOver) = low.addingReportingOverflow(carry)
      limbs[i] = sum
      carry = high &+ (isOver ? 1 : 0)
    }
    if carry != 0 { limbs.append(carry) }
    if factor == 0 { trim() }
  }

  mutating func multiplyByPowerOfFive(_ exponent: Int) {
    var left = exponent
    while left >= 27 {
      multiply(by: Self.fiveTo27)
      left -= 27
    }
    var factor: UInt64 = 1
    for _ in 0..<left { factor *= 5 }
    multiply(by: factor)
  }

  mutating func divide(by divisor: UInt64) {
    var remainder: UInt64 = 0
    for i in limbs.indices.reversed() {
      let part = divisor.dividingFullWidth((remainder, limbs[i]))
      limbs[i] = part.quotient
      remainder = part.remainder
    }
    trim()
  }

  mutating func shiftLeft(by count: Int) {
    let bits = UInt64(count % 64)
    if bits > 0 {
      var carry: UInt64 = 0
      for i in limbs.indices {
        let limb = limbs[i]
        limbs[i] = limb << bits | carry
        carry = limb >> (64 - bits)
      }
      if carry != 0 { limbs.append(carry) }
    }
    if !limbs.isEmpty { limbs.insert(contentsOf: repeatElement(0, count: count / 64), at: 0) }
  }

  /// -1, 0 or 1 as the number is below, equal to or above the other.
  func compare(to other: BigUnsigned) -> Int {
    if limbs.count != other.limbs.count { return limbs.count < other.limbs.count ? -1 : 1 }
    for (a, b) in zip(limbs.reversed(), other.limbs.reversed()) where a != b {
      return a < b ? -1 : 1
    }
    return 0
  }

  /// The 128 bits from the highest set bit down; what lies below is cut off.
  var leading128: (high: UInt64, low: UInt64) {
    let limb = { (fromTop: Int) -> UInt64 in
      fromTop <= limbs.count ? limbs[limbs.count - fromTop] : 0
    }
    let shift = UInt64(limb(1).leadingZeroBitCount)
    guard shift > 0 else { return (limb(1), limb(2)) }
    return (
      limb(1) << shift | limb(2) >> (64 - shift), limb(2) << shift | limb(3) >> (64 - shift)
    )
  }

  private mutating func trim() {
    while limbs.last == 0 { limbs.removeLast() }
  }
}
