/// Code points in bytes of UTF-8, without a `String`. Ranges must lie inside the bytes.
///
/// Columns hold valid UTF-8. In any other bytes each one that starts nothing valid counts as U+FFFD, and
/// nothing traps.
public enum UTF8Text {
  /// The code point at a position, which moves behind it. The position must be below `end`.
  @inline(__always)
  public static func next(_ bytes: [UInt8], _ position: inout Int, _ end: Int) -> UInt32 {
    let first = bytes[position]
    position += 1
    if first < 0x80 { return UInt32(first) }
    return rest(of: first, bytes, &position, end)
  }

  private static func rest(
    of first: UInt8, _ bytes: [UInt8], _ position: inout Int, _ end: Int
  ) -> UInt32 {
    let more = first < 0xC2 || first > 0xF4 ? 0 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3
    guard more > 0, position + more <= end else { return 0xFFFD }
    var value = UInt32(first) & (0x3F >> UInt32(more))
    for offset in 0..<more {
      let byte = bytes[position + offset]
      guard byte & 0xC0 == 0x80 else { return 0xFFFD }
      value = value << 6 | UInt32(byte & 0x3F)
    }
    position += more
    return value
  }

  /// The code point that ends before a position, which moves to its start. The position must be above `start`.
  public static func previous(_ bytes: [UInt8], _ position: inout Int, _ start: Int) -> UInt32 {
    let end = position
    position -= 1
    while position > start, end - position < 4, bytes[position] & 0xC0 == 0x80 { position -= 1 }
    var found = position
    let codePoint = next(bytes, &found, end)
    if found == end { return codePoint }
    position = end - 1
    return 0xFFFD
  }

  /// Appends a code point; what is none becomes U+FFFD.
  @inline(__always)
  public static func append(_ codePoint: UInt32, to bytes: inout [UInt8]) {
    if codePoint < 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: codePoint))
    } else {
      appendLong(codePoint, to: &bytes)
    }
  }

  private static func appendLong(_ codePoint: UInt32, to bytes: inout [UInt8]) {
    func tail(_ shift: UInt32) -> UInt8 {
      UInt8(truncatingIfNeeded: codePoint >> shift & 0x3F | 0x80)
    }
    switch codePoint {
    case ..<0x800:
      bytes.append(UInt8(truncatingIfNeeded: codePoint >> 6 | 0xC0))
    case 0xD800..<0xE000, 0x11_0000...:
      return appendLong(0xFFFD, to: &bytes)
    case ..<0x1_0000:
      bytes.append(UInt8(truncatingIfNeeded: codePoint >> 12 | 0xE0))
      bytes.append(tail(6))
    default:
      bytes.append(UInt8(truncatingIfNeeded: codePoint >> 18 | 0xF0))
      bytes.append(tail(12))
      bytes.append(tail(6))
    }
    bytes.append(tail(0))
  }

  /// All code points of a range.
  public static func codePoints(_ bytes: [UInt8], _ range: Range<Int>) -> [UInt32] {
    var found: [UInt32] = []
    found.reserveCapacity(range.count)
    var position = range.lowerBound
    while position < range.upperBound { found.append(next(bytes, &position, range.upperBound)) }
    return found
  }

  /// How many code points a range has.
  public static func count(_ bytes: [UInt8], _ range: Range<Int>) -> Int {
    var count = 0
    var position = range.lowerBound
    while position < range.upperBound {
      _ = next(bytes, &position, range.upperBound)
      count += 1
    }
    return count
  }
}
