// Names: rows' integers as texts, names that come twice, and texts by their bytes. Like Kernels.swift, this file may
// use unsafe pointers, and what it offers may be called with columns of any size and content.

extension Kernels {
  /// Every integer as it is written in decimal digits.
  static func decimalTexts<Number: FixedWidthInteger>(_ numbers: [Number]) -> TextColumn {
    // Room for all of them if they were as long as the longest, and for what is written beyond the last.
    var most: UInt64 = 0
    for number in numbers { most = max(most, UInt64(truncatingIfNeeded: number.magnitude)) }
    let longest = (Number.isSigned ? 1 : 0) + digits(of: most)
    var ends = [Int](repeating: 0, count: numbers.count)
    let bytes = [UInt8](unsafeUninitializedCapacity: numbers.count * longest + 8) { room, used in
      guard let first = room.baseAddress else { return }
      var end = 0
      for (row, number) in numbers.enumerated() {
        end &+= writeDecimal(number, to: first + end)
        ends[row] = end
      }
      used = end
    }
    return TextColumn(bytes: bytes, ends: ends)
  }

  private static func digits(of number: UInt64) -> Int {
    var (digits, rest) = (1, number / 10)
    while rest > 0 {
      digits &+= 1
      rest /= 10
    }
    return digits
  }

  /// The digits of a number below 10^8 as eight bytes, the first one lowest, with zeros in front. The halves of 64
  /// bits are cut in two until each byte is a digit; a multiplication and a shift divide all parts at once.
  @inline(__always)
  private static func eightDigits(_ number: UInt64) -> UInt64 {
    let fours = (number / 10_000) | (number % 10_000) &<< 32
    let hundreds = ((fours &* 10_486) &>> 20) & 0x0000_007F_0000_007F
    let twos = hundreds | (fours &- hundreds &* 100) &<< 16
    let tens = ((twos &* 103) &>> 10) & 0x000F_000F_000F_000F
    return tens | (twos &- tens &* 10) &<< 8
  }

  /// Writes the digits of a number of at most 64 bits, and says how many bytes they are. Up to eight bytes of the room
  /// are written beyond those.
  @inline(__always)
  private static func writeDecimal<Number: FixedWidthInteger>(
    _ number: Number, to room: UnsafeMutablePointer<UInt8>
  ) -> Int {
    var rest = UInt64(truncatingIfNeeded: number.magnitude)
    var length = number < 0 ? 1 : 0
    if number < 0 { room[0] = UInt8(ascii: "-") }
    if rest < 100_000_000 {
      let all = eightDigits(rest)
      // A digit stays, even of zero.
      let zeros = (all | 1 &<< 56).trailingZeroBitCount &>> 3
      let text = (all | 0x3030_3030_3030_3030) &>> UInt64(truncatingIfNeeded: 8 &* zeros)
      UnsafeMutableRawPointer(room + length).storeBytes(of: text.littleEndian, as: UInt64.self)
      return length &+ 8 &- zeros
    }
    var power: UInt64 = 10
    var digits = 1
    while digits < 20 && rest >= power {
      digits &+= 1
      power = digits == 20 ? power : power &* 10
    }
    length &+= digits
    var place = length
    for _ in 0..<digits {
      let quotient = rest / 10
      place &-= 1
      room[place] = UInt8(truncatingIfNeeded: 48 &+ (rest &- quotient &* 10))
      rest = quotient
    }
    return length
  }

  /// The first row whose name an earlier row of the same code has; nil where there is none. Rows that are
  /// `vacant` have no name. Hashes are keyed, so that nobody can prepare names that collide.
  static func firstTwice(
    _ names: TextColumn, _ codes: [Int32], key: UInt64, vacant: (Int) -> Bool
  ) -> Int? {
    let count = min(names.count, codes.count)
    var size = 16
    while size < 2 * count { size *= 2 }
    let mask = size &- 1
    // Row + 1, or 0 where a slot is free; half of them stay free.
    var slots = [Int32](repeating: 0, count: size)
    return slots.withUnsafeMutableBufferPointer { slots in
      for row in 0..<count where !vacant(row) {
        let range = names.range(row)
        let hash = hash(names.bytes, range, key: key ^ UInt64(truncatingIfNeeded: codes[row]))
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] != 0 {
          let other = Int(slots[slot]) &- 1
          if codes[other] == codes[row],
            areEqual(names.bytes, names.range(other), names.bytes, range)
          {
            return row
          }
          slot = (slot &+ 1) & mask
        }
        slots[slot] = Int32(truncatingIfNeeded: row &+ 1)
      }
      return nil
    }
  }
}

// MARK: - Texts by their bytes

extension Kernels {
  /// Whether two texts have the same bytes.
  static func areSame(_ a: String, _ b: String) -> Bool {
    guard a.utf8.count == b.utf8.count else { return false }
    let areSame = a.utf8.withContiguousStorageIfAvailable { a in
      b.utf8.withContiguousStorageIfAvailable { b in
        areEqual(UnsafeRawBufferPointer(a), UnsafeRawBufferPointer(b))
      }
    }
    return (areSame ?? nil) ?? a.utf8.elementsEqual(b.utf8)
  }

  /// Whether as many bytes are the same: eight at a time, the last eight once more if that is what fits.
  @inline(__always)
  private static func areEqual(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
    let count = min(a.count, b.count)
    func areEqual(at offset: Int) -> Bool {
      a.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        == b.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
    }
    if count < 8 {
      for offset in 0..<count where a[offset] != b[offset] { return false }
      return true
    }
    var offset = 0
    while offset < count &- 8 {
      if !areEqual(at: offset) { return false }
      offset &+= 8
    }
    return areEqual(at: count &- 8)
  }

  /// Hashes the bytes of a text, and that it ends there.
  static func hash(_ text: String, into hasher: inout Hasher) {
    let isDone: Void? = text.utf8.withContiguousStorageIfAvailable {
      hasher.combine(bytes: UnsafeRawBufferPointer($0))
    }
    if isDone == nil { for byte in text.utf8 { hasher.combine(byte) } }
    // No text holds this byte, so "ab", "c" is not "a", "bc".
    hasher.combine(UInt8.max)
  }
}
