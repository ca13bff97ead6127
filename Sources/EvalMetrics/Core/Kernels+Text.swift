// Loops over bytes of text. Ranges are cut to what the arrays have.
extension Kernels {
  /// A hash of bytes: 64 bits that depend on each of them and on a key.
  static func hash(_ bytes: [UInt8], _ range: Range<Int>, key: UInt64) -> UInt64 {
    let range = range.clamped(to: 0..<bytes.count)
    return bytes.withUnsafeBytes { bytes in
      var state = key ^ UInt64(truncatingIfNeeded: range.count) &* 0x9E37_79B9_7F4A_7C15
      var position = range.lowerBound
      while range.upperBound - position >= 8 {
        let word = bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)
        state = folded(state ^ word, 0xA076_1D64_78BD_642F ^ key)
        position += 8
      }
      return folded(state ^ tail(bytes, position..<range.upperBound), 0xE703_7ED1_A0B4_28DB ^ key)
    }
  }

  /// Fewer than eight bytes as a number, the first one lowest.
  @inline(__always)
  private static func tail(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> UInt64 {
    if range.isEmpty { return 0 }
    if range.lowerBound &+ 8 <= bytes.count {
      let word = bytes.loadUnaligned(fromByteOffset: range.lowerBound, as: UInt64.self)
      return UInt64(littleEndian: word) & (UInt64.max &>> UInt64(64 &- 8 &* range.count))
    }
    var tail: UInt64 = 0
    for position in range.reversed() { tail = tail << 8 | UInt64(bytes[position]) }
    return tail
  }

  /// Both halves of a product, folded into one; the constants keep a factor from being zero.
  @inline(__always)
  private static func folded(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = (a ^ 0x8EBC_6AF0_9C88_C6E3).multipliedFullWidth(by: b | 1)
    return product.high ^ product.low
  }

  /// Whether two ranges hold the same bytes.
  static func areEqual(
    _ a: [UInt8], _ rangeA: Range<Int>, _ b: [UInt8], _ rangeB: Range<Int>
  ) -> Bool {
    let rangeA = rangeA.clamped(to: 0..<a.count)
    let rangeB = rangeB.clamped(to: 0..<b.count)
    guard rangeA.count == rangeB.count else { return false }
    return a.withUnsafeBytes { a in
      b.withUnsafeBytes { b in
        var offset = 0
        let count = rangeA.count
        while count - offset >= 8 {
          let x = a.loadUnaligned(fromByteOffset: rangeA.lowerBound + offset, as: UInt64.self)
          let y = b.loadUnaligned(fromByteOffset: rangeB.lowerBound + offset, as: UInt64.self)
          if x != y { return false }
          offset += 8
        }
        while offset < count {
          if a[rangeA.lowerBound + offset] != b[rangeB.lowerBound + offset] { return false }
          offset += 1
        }
        return true
      }
    }
  }

  /// A text of at most 15 bytes as two words, the length in the highest byte; never all zero.
  struct ShortText: Equatable, Sendable {
    var low: UInt64
    var high: UInt64

    /// A place in a table of 256.
    @inline(__always)
    var place: Int {
      Int(truncatingIfNeeded: ((low ^ (high &* 31)) &* 0x9E37_79B9_7F4A_7C15) >> 56)
    }
  }

  /// The bytes of a short text; nil for a long or an empty one.
  @inline(__always)
  static func shortText(_ bytes: [UInt8], _ range: Range<Int>) -> ShortText? {
    let count = range.count
    guard count > 0, count < 16, range.lowerBound >= 0, range.upperBound <= bytes.count else {
      return nil
    }
    return bytes.withUnsafeBytes { bytes in
      let start = range.lowerBound
      let tag = UInt64(count) << 56
      if count >= 8 {
        let low = bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self)
        let last = bytes.loadUnaligned(fromByteOffset: start + count - 8, as: UInt64.self)
        // Of the last eight bytes those that are not in `low`; none where there are eight in all.
        return ShortText(low: low, high: count == 8 ? tag : last >> UInt64(8 * (16 - count)) | tag)
      }
      var low: UInt64 = 0
      for offset in 0..<count { low |= UInt64(bytes[start + offset]) << UInt64(8 * offset) }
      return ShortText(low: low, high: tag)
    }
  }

  /// Where the first byte that is not ASCII stands, or the end of the range.
  static func endOfASCII(_ bytes: [UInt8], _ range: Range<Int>) -> Int {
    let range = range.clamped(to: 0..<bytes.count)
    return bytes.withUnsafeBytes { bytes in
      var position = range.lowerBound
      while range.upperBound - position >= 8,
        bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
      {
        position += 8
      }
      while position < range.upperBound, bytes[position] < 0x80 { position += 1 }
      return position
    }
  }

  /// Appends the lower case of ASCII bytes, as far as there are only such; gives where it stopped.
  static func appendLowerASCII(
    _ bytes: [UInt8], _ range: Range<Int>, to lowered: inout [UInt8]
  ) -> Int {
    let end = endOfASCII(bytes, range)
    let start = min(range.lowerBound, end)
    let from = lowered.count
    lowered.append(contentsOf: bytes[start..<end])
    lowered.withUnsafeMutableBufferPointer { lowered in
      for place in from..<lowered.count where lowered[place] &- 65 < 26 { lowered[place] |= 0x20 }
    }
    return end
  }
}

extension Kernels {
  /// Whether a range holds one of three bytes.
  static func holdsAny(
    _ bytes: [UInt8], _ range: Range<Int>, _ a: UInt8, _ b: UInt8, _ c: UInt8
  ) -> Bool {
    let range = range.clamped(to: 0..<bytes.count)
    return bytes.withUnsafeBufferPointer { bytes in
      for place in range where bytes[place] == a || bytes[place] == b || bytes[place] == c {
        return true
      }
      return false
    }
  }
}
