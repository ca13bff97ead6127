/// The inner loops over arrays of numbers in the layouts that programs write: the next number right
/// behind "," or ", ". They stop in front of the first number that is written otherwise, which the
/// parser then reads by the whole grammar.
///
/// How fast they are hangs on the chain from one number's position to the next one's, so a branch
/// that is foreseen is better here than a selection that has to wait for its byte.
struct NumberLoop {
  /// The next number, and where the loop stopped.
  var next: UnsafePointer<UInt8>
  /// How many numbers were stored.
  var stored = 0
  /// Whether the closing bracket was passed.
  var hasEnded = false
  /// Whether signs are looked for; set by the first one.
  var isSigned = false
  /// The comma and the space behind it, as the last one was. The loops stop where it changes.
  var separatorLength = 1

  init(at next: UnsafePointer<UInt8>) { self.next = next }

  /// Begins anew at another number, with what was learnt about the layout.
  mutating func restart(at next: UnsafePointer<UInt8>) {
    self.next = next
    stored = 0
  }

  /// Goes over what follows a number; false when the loop can't go on behind it.
  @inline(__always)
  mutating func passSeparator(
    _ p: UnsafePointer<UInt8>, _ next: inout UnsafePointer<UInt8>, _ stored: inout Int
  ) -> Bool {
    if p[0] == Byte.comma {
      stored &+= 1
      next = p + separatorLength
      if (p[1] == 0x20) == (separatorLength == 2) { return true }
      separatorLength = 3 &- separatorLength
      next = p + separatorLength
    } else if p[0] == Byte.closeBracket {
      stored &+= 1
      next = p + 1
      hasEnded = true
    }
    return false
  }
}

/// A word of eight characters, the first one lowest.
@inline(__always)
func loadWord(_ p: UnsafePointer<UInt8>) -> UInt64 {
  UInt64(littleEndian: UnsafeRawPointer(p).loadUnaligned(as: UInt64.self))
}

/// Integers.
extension NumberLoop {
  /// Characters that must be there behind the start of a number.
  static let integerReach = 24

  /// Stores integers of at most seven digits until `limit`, behind which no number may start.
  mutating func integers(
    into room: UnsafeMutablePointer<Int64>, capacity: Int, limit: UnsafePointer<UInt8>
  ) {
    var next = next
    var at = stored
    while at < capacity, next <= limit {
      if at &+ 4 <= capacity {
        let taken = singleDigits(next, into: room + at)
        if taken > 0 {
          // Three numbers with ", " take nine characters, four with "," take eight.
          next += 12 &- taken
          at &+= taken
          continue
        }
      }
      var p = next
      let isNegative = p[0] == Byte.minus
      if isNegative { p += 1 }
      let word = loadWord(p)
      let count = Digits.count(word)
      // No leading zero, and no -0, which is a double.
      guard count &- 1 < 7, count > 0, p[0] != Byte.zero || (count == 1 && !isNegative) else {
        break
      }
      let magnitude = Int64(truncatingIfNeeded: Digits.value(word, count: count))
      room[at] = isNegative ? 0 &- magnitude : magnitude
      p += count
      guard passSeparator(p, &next, &at) else { break }
    }
    self.next = next
    stored = at
  }

  /// Four or three numbers of one digit each, with their commas, from one word; tells how many.
  @inline(__always)
  private func singleDigits(
    _ p: UnsafePointer<UInt8>, into room: UnsafeMutablePointer<Int64>
  ) -> Int {
    let word = loadWord(p)
    let tight = word ^ 0x2C30_2C30_2C30_2C30
    if (tight | (tight &+ 0x0006_0006_0006_0006)) & 0xFFF0_FFF0_FFF0_FFF0 == 0 {
      for k in 0..<4 { room[k] = Int64(truncatingIfNeeded: tight &>> UInt64(16 &* k) & 0xF) }
      return 4
    }
    let spaced = word ^ 0x2C30_202C_3020_2C30
    if (spaced | (spaced &+ 0x0006_0000_0600_0006)) & 0xFFF0_FFFF_F0FF_FFF0 == 0, p[8] == 0x20 {
      for k in 0..<3 { room[k] = Int64(truncatingIfNeeded: spaced &>> UInt64(24 &* k) & 0xF) }
      return 3
    }
    return 0
  }
}

/// Floats.
extension NumberLoop {
  /// Characters that must be there behind the start of a number.
  static let floatReach = 64

  /// Stores floats until `limit`, behind which no number may start.
  mutating func floats(
    into room: UnsafeMutablePointer<Double>, capacity: Int, limit: UnsafePointer<UInt8>
  ) {
    let words = PowersOfFive.words
    if !isSigned {
      run(into: room, capacity, limit, words, isSigned: false)
      if hasEnded || next > limit || next[0] != Byte.minus { return }
      isSigned = true
    }
    run(into: room, capacity, limit, words, isSigned: true)
  }

  @inline(__always)
  private mutating func run(
    into room: UnsafeMutablePointer<Double>, _ capacity: Int, _ limit: UnsafePointer<UInt8>,
    _ words: UnsafePointer<UInt64>, isSigned: Bool
  ) {
    var next = next
    var at = stored
    while at < capacity, next <= limit {
      var p = next
      var sign: UInt64 = 0
      if isSigned {
        // Signs of logits can't be foreseen.
        let isNegative: UInt64 = p[0] == Byte.minus ? 1 : 0
        p += Int(truncatingIfNeeded: isNegative)
        sign = isNegative &<< 63
      }
      guard var decimal = ShortDecimal(&p, words) else { break }
      if p[0] != Byte.comma, p[0] != Byte.closeBracket {
        guard p[0] | 0x20 == UInt8(ascii: "e"), let end = decimal.readExponent(p) else { break }
        p = end
      }
      guard let magnitude = decimal.bits(words) else { break }
      room[at] = Double(bitPattern: sign | magnitude)
      guard passSeparator(p, &next, &at) else { break }
    }
    self.next = next
    stored = at
  }
}

/// A float of at most nineteen digits with a fraction.
private struct ShortDecimal {
  var significand: UInt64
  var exponent: Int

  /// Reads the digits and moves `p` behind them; nil for what is malformed or longer.
  @inline(__always)
  init?(_ p: inout UnsafePointer<UInt8>, _ words: UnsafePointer<UInt64>) {
    significand = UInt64(p[0] &- Byte.zero)
    if p[1] == Byte.point {
      guard significand < 10 else { return nil }
      p += 2
    } else {
      let word = loadWord(p)
      let count = Digits.count(word)
      guard count &- 1 < 7, count > 0, significand != 0, p[count] == Byte.point else { return nil }
      significand = Digits.value(word, count: count)
      p += count &+ 1
    }
    let first = p
    var word = loadWord(p)
    var marks = Digits.others(word)
    var isLong = false
    if marks == 0 {
      if let sixteen = Digits.sixteen(p) {
        guard significand < 1000 else { return nil }
        significand = significand &* 10_000_000_000_000_000 &+ sixteen
        p += 16
        isLong = true
      } else {
        significand = significand &* 100_000_000 &+ Digits.value(word ^ Digits.zeros)
        p += 8
      }
      word = loadWord(p)
      marks = Digits.others(word)
    }
    let count = Digits.count(marks: marks)
    // Nineteen digits fit; leading zeros are none.
    guard count < (isLong ? 5 : 8),
      significand < PowersOfFive.powerOfTen(19 &- count, in: words)
    else { return nil }
    let rest = isLong ? Digits.shortValue(word, count: count) : Digits.value(word, count: count)
    significand = significand &* PowersOfFive.powerOfTen(count, in: words) &+ rest
    p += count
    exponent = first - p
    if exponent == 0 { return nil }
  }

  /// Reads an exponent of one to three digits and gives what follows it; nil for anything else.
  @inline(never)
  mutating func readExponent(_ begin: UnsafePointer<UInt8>) -> UnsafePointer<UInt8>? {
    var p = begin + 1
    let isNegative = p[0] == Byte.minus
    if isNegative || p[0] == Byte.plus { p += 1 }
    let word = loadWord(p)
    let count = Digits.count(word)
    guard count &- 1 < 3, count > 0 else { return nil }
    let written = Int(truncatingIfNeeded: Digits.value(word, count: count))
    exponent = exponent &+ (isNegative ? 0 &- written : written)
    // So it stays below 2^53, far from the subnormal numbers, and is no tie.
    guard exponent > -300, exponent < -4, isNegative || written <= 8 else { return nil }
    return p + count
  }

  /// The bits of the nearest double, by the same steps as `DecimalConversion.lemire`, which is
  /// simpler for numbers that are never subnormal and never large; nil where it isn't certain.
  @inline(__always)
  func bits(_ words: UnsafePointer<UInt64>) -> UInt64? {
    if significand == 0 { return 0 }
    let zeros = significand.leadingZeroBitCount
    let (high, low) = DecimalConversion.product(
      significand &<< UInt64(truncatingIfNeeded: zeros), exponent, words)
    if low == .max { return nil }
    let upper = Int(truncatingIfNeeded: high &>> 63)
    var mantissa = high &>> UInt64(truncatingIfNeeded: upper &+ 9)
    // A tie has 54 bits and an exponent above -5, where these have at most eleven digits.
    mantissa = (mantissa &+ (mantissa & 1)) &>> 1
    let biased = (217_706 &* exponent) &>> 16 &+ 63 &+ upper &- zeros &+ 1022
    return UInt64(truncatingIfNeeded: biased) &<< 52 &+ mantissa
  }
}
