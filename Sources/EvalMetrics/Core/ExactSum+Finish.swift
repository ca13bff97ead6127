// What is done with a sum when it is complete: compare, encode, calculate exactly, round once.

/// An integer of 32-bit digits (least significant first) times 2^(32 base), with a sign.
/// Zero has no digits; the first and the last digit of any other number are not zero.
struct ExactNumber: Equatable {
  var negative: Bool
  var base: Int
  var digits: [UInt32]

  init(negative: Bool, base: Int, digits: [UInt32]) {
    guard let first = digits.firstIndex(where: { $0 != 0 }),
      let last = digits.lastIndex(where: { $0 != 0 })
    else {
      self.negative = false
      self.base = 0
      self.digits = []
      return
    }
    self.negative = negative
    self.base = base + first
    self.digits = first == 0 && last == digits.count - 1 ? digits : Array(digits[first...last])
  }

  /// This number as the nearest double, ties to even; `inexact` says that a little more than the
  /// digits is there, less than one unit of the last of them.
  func rounded(inexact: Bool = false) -> Double {
    guard let top = digits.last else { return 0 }
    let sign: UInt64 = negative ? 1 << 63 : 0
    let highest = 32 * (base + digits.count) - 1 - top.leadingZeroBitCount
    if highest > 1023 { return Double(bitPattern: sign | Double.infinity.bitPattern) }
    // The weight of the result's last bit: 53 bits, fewer for a subnormal.
    let last = max(highest - 52, -1074)
    let offset = last - 32 * base
    var significand = bits(at: offset)
    let half = bits(at: offset - 1) & 1 == 1
    if half && (inexact || hasDigits(below: offset - 1) || significand & 1 == 1) {
      significand += 1
    }
    // The leading bit of a normal significand adds the one that the exponent field lacks here, and
    // rounding up to the next power of two, or to infinity, carries into it.
    return Double(bitPattern: sign | (UInt64(last + 1074) << 52 + significand))
  }

  /// The 64 bits from bit `offset` of the digits on; bits outside are zero.
  private func bits(at offset: Int) -> UInt64 {
    let index = offset >> 5
    let shift = offset & 31
    return digit(index) >> shift | digit(index + 1) << (32 - shift)
      | digit(index + 2) << (64 - shift)
  }

  private func digit(_ index: Int) -> UInt64 {
    digits.indices.contains(index) ? UInt64(digits[index]) : 0
  }

  private func hasDigits(below offset: Int) -> Bool {
    if offset <= 0 { return false }
    // The first digit is not zero.
    if offset >= 32 { return true }
    return bits(at: 0) & ((1 << UInt64(offset)) - 1) != 0
  }
}

extension ExactSum: Equatable {
  /// Whether both are the same number, whatever was added to get there.
  public static func == (a: ExactSum, b: ExactSum) -> Bool { a.number == b.number }

  /// The sum in its one canonical form.
  var number: ExactNumber {
    var digits: [UInt32] = []
    digits.reserveCapacity(limbs.count + 2)
    var carry: Int64 = 0
    for limb in limbs {
      let sum = limb &+ carry
      digits.append(UInt32(truncatingIfNeeded: sum))
      carry = sum >> 32
    }
    // Two digits more hold the last carry with its sign, and make this a two's complement.
    digits.append(UInt32(truncatingIfNeeded: carry))
    digits.append(UInt32(truncatingIfNeeded: carry >> 32))
    if carry < 0 { Self.negate(&digits) }
    return ExactNumber(negative: carry < 0, base: Int(base), digits: digits)
  }

  private static func negate(_ digits: inout [UInt32]) {
    var carry = true
    for index in digits.indices {
      let (sum, overflow) = (~digits[index]).addingReportingOverflow(carry ? 1 : 0)
      digits[index] = sum
      carry = overflow
    }
  }

  init(_ number: ExactNumber) {
    base = Int32(truncatingIfNeeded: number.base)
    limbs = number.digits.map { number.negative ? -Int64($0) : Int64($0) }
    pending = 0
  }

  /// The sum as the nearest double, ties to even; an infinity where no finite double is near,
  /// zero or a subnormal where the sum is that small.
  public var value: Double { number.rounded() }

  /// By how many digits of 32 bits to move this sum so that quotients of it and of numbers of its size have
  /// room in a double: 0 unless it is beyond 2^896 or below 2^-896.
  var digitsToMove: Int {
    let top = number.base + number.digits.count
    return number.digits.isEmpty || abs(top) <= 28 ? 0 : -top
  }

  /// This sum times 2^(32 digits).
  func moved(by digits: Int) -> ExactSum {
    if digits == 0 { return self }
    var moved = number
    moved.base += digits
    return ExactSum(moved)
  }

  /// Whether the sum is exactly zero.
  public var isZero: Bool { number.digits.isEmpty }

  /// Whether the sum is below zero.
  public var isNegative: Bool { number.negative }
}

extension ExactSum {
  /// The farthest binary exponent that a decoded sum may reach, up or down: twice what sums of
  /// products of three doubles need, so that one product of two such sums fits too.
  static let exponentLimit = 6_528

  /// The sum as ± (limbs[0] + limbs[1] 2^32 + …) 2^exponent. Equal sums have equal limbs: the first
  /// and the last are not zero, the exponent is a multiple of 32, and zero has no limbs.
  public var canonicalLimbs: (exponent: Int, negative: Bool, limbs: [UInt32]) {
    let canonical = number
    return (32 * canonical.base, canonical.negative, canonical.digits)
  }

  /// A sum from its canonical limbs; nil when they are not canonical or out of range, so that bytes
  /// from outside can be tried.
  public init?(exponent: Int, negative: Bool, limbs digits: [UInt32]) {
    guard exponent >= -Self.exponentLimit, exponent <= Self.exponentLimit, exponent & 31 == 0,
      digits.count <= 2 * Self.exponentLimit / 32,
      exponent + 32 * digits.count <= Self.exponentLimit
    else { return nil }
    if digits.isEmpty && (negative || exponent != 0) { return nil }
    if digits.first == 0 || digits.last == 0 { return nil }
    self.init(ExactNumber(negative: negative, base: exponent >> 5, digits: digits))
  }
}
