// Names of rows: integers as texts, and names that come twice. Like Kernels.swift, this file may use unsafe
// pointers, and what it offers may be called with columns of any size and content.

extension Kernels {
  /// Every integer as it is written in decimal digits.
  static func decimalTexts<Number: FixedWidthInteger>(_ numbers: [Number]) -> TextColumn {
    // A sign and the digits of 64 bits.
    let longest = 20
    var ends = [Int](repeating: 0, count: numbers.count)
    let bytes = [UInt8](unsafeUninitializedCapacity: numbers.count * longest) { room, used in
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

  /// Writes the digits of a number of at most 64 bits, and says how many bytes they are.
  @inline(__always)
  private static func writeDecimal<Number: FixedWidthInteger>(
    _ number: Number, to room: UnsafeMutablePointer<UInt8>
  ) -> Int {
    var rest = UInt64(truncatingIfNeeded: number.magnitude)
    var length = number < 0 ? 1 : 0
    if number < 0 { room[0] = UInt8(ascii: "-") }
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
