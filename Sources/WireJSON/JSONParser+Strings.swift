/// Strings and keys.
extension JSONParser {
  /// Reads a string; the position is at its opening quote.
  mutating func string() throws(Fault) {
    position += 1
    let begin = position
    var flags: UInt8 = 0
    while true {
      position = endOfPlainText(from: position)
      if position < length, start[position] == Byte.quote { break }
      switch try peek("the closing quote") {
      case Byte.backslash:
        flags = Node.escaped
        try escape()
      case let byte where byte < 0x20:
        throw Fault(defect: .controlCharacter(byte), offset: position)
      default: try multibyte()
      }
    }
    nodes.append(
      Node(tag: .string, flags: flags, offset: UInt32(begin), payload: UInt64(position)))
    position += 1
  }

  /// The offset of the first byte that is not plain ASCII text: a quote, a backslash, a control
  /// character or a byte of a longer sequence.
  @inline(__always)
  private func endOfPlainText(from offset: Int) -> Int {
    var i = offset
    // Keys and tags are short, texts and packed columns are not.
    if i + 32 <= length {
      let marks = textMarks(loadWord(start + i))
      if marks != 0 { return i &+ marks.trailingZeroBitCount &>> 3 }
      i = endOfPlainBlocks(from: i &+ 8)
    }
    while i + 8 <= length {
      let marks = textMarks(loadWord(start + i))
      if marks != 0 { return i &+ marks.trailingZeroBitCount &>> 3 }
      i &+= 8
    }
    if i < length, length >= 8 {
      // The last bytes, with zeros behind them, which are no text either.
      let unused = UInt64(truncatingIfNeeded: 64 &- 8 &* (length &- i))
      let marks = textMarks(loadWord(start + (length &- 8)) &>> unused)
      return i &+ marks.trailingZeroBitCount &>> 3
    }
    while i < length {
      let byte = start[i]
      if byte == Byte.quote || byte == Byte.backslash || byte < 0x20 || byte >= 0x80 { break }
      i += 1
    }
    return i
  }

  /// The offset up to which there is plain text in blocks of 16 bytes.
  @inline(__always)
  private func endOfPlainBlocks(from offset: Int) -> Int {
    let quotes = SIMD16<UInt8>(repeating: Byte.quote)
    let backslashes = SIMD16<UInt8>(repeating: Byte.backslash)
    let spaces = SIMD16<Int8>(repeating: 0x20)
    var i = offset
    while i + 16 <= length {
      let block = UnsafeRawPointer(start + i).loadUnaligned(as: SIMD16<UInt8>.self)
      // As signed numbers, what is beyond ASCII is below a space too.
      let others = unsafeBitCast(block, to: SIMD16<Int8>.self) .< spaces
      let marks = unsafeBitCast(
        (block .== quotes) .| (block .== backslashes) .| others, to: SIMD2<UInt64>.self)
      if marks[0] | marks[1] != 0 { break }
      i += 16
    }
    return i
  }

  /// Checks one escape sequence, or the two of a surrogate pair.
  private mutating func escape() throws(Fault) {
    let begin = position
    position += 1
    switch try peek("an escape sequence") {
    case Byte.quote, Byte.backslash, UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      position += 1
    case UInt8(ascii: "u"):
      position += 1
      let unit = try hexDigits()
      if unit & 0xFC00 == 0xDC00 { throw Fault(defect: .loneSurrogate, offset: begin) }
      guard unit & 0xFC00 == 0xD800 else { return }
      guard position + 1 < length, start[position] == Byte.backslash,
        start[position + 1] == UInt8(ascii: "u")
      else { throw Fault(defect: .loneSurrogate, offset: begin) }
      position += 2
      let low = try hexDigits()
      if low & 0xFC00 != 0xDC00 { throw Fault(defect: .loneSurrogate, offset: begin) }
    default: throw Fault(defect: .invalidEscape, offset: begin)
    }
  }

  private mutating func hexDigits() throws(Fault) -> UInt32 {
    var unit: UInt32 = 0
    for _ in 0..<4 {
      let byte = try peek("four hexadecimal digits")
      guard let digit = hexValue(byte) else {
        throw Fault(defect: .invalidEscape, offset: position)
      }
      unit = unit << 4 | digit
      position += 1
    }
    return unit
  }

  /// Checks one UTF-8 sequence of two to four bytes, by the table of RFC 3629.
  private mutating func multibyte() throws(Fault) {
    let lead = start[position]
    let (count, second): (Int, ClosedRange<UInt8>) =
      switch lead {
      case 0xC2...0xDF: (2, 0x80...0xBF)
      case 0xE0: (3, 0xA0...0xBF)
      case 0xED: (3, 0x80...0x9F)
      case 0xE1...0xEF: (3, 0x80...0xBF)
      case 0xF0: (4, 0x90...0xBF)
      case 0xF1...0xF3: (4, 0x80...0xBF)
      case 0xF4: (4, 0x80...0x8F)
      default: (0, 0...0)
      }
    guard count > 0, position + count <= length, second.contains(start[position + 1]) else {
      throw Fault(defect: .invalidUTF8, offset: position)
    }
    for i in 2..<max(count, 2) where start[position + i] & 0xC0 != 0x80 {
      throw Fault(defect: .invalidUTF8, offset: position)
    }
    position += count
  }
}

/// The high bits of bytes that are not plain text, correct up to the first of them.
@inline(__always)
func textMarks(_ word: UInt64) -> UInt64 {
  let ones: UInt64 = 0x0101_0101_0101_0101
  let quotes = word ^ (ones &* UInt64(Byte.quote))
  let backslashes = word ^ (ones &* UInt64(Byte.backslash))
  // The high bit of a byte is set where it was, or where the subtraction went below zero. What is
  // borrowed only reaches bytes behind the first one marked.
  return ((quotes &- ones) | (backslashes &- ones) | (word &- (ones &* 0x20)) | word)
    & (ones &<< 7)
}

/// The value of a hexadecimal digit.
func hexValue(_ byte: UInt8) -> UInt32? {
  switch byte {
  case Byte.zero...Byte.nine: UInt32(byte - Byte.zero)
  case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a") + 10)
  case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A") + 10)
  default: nil
  }
}

/// The text of a string whose escapes were checked by the parser.
func unescaped(_ source: ArraySlice<UInt8>) -> [UInt8] {
  source.withUnsafeBufferPointer { unescaped($0) }
}

func unescaped(_ source: UnsafeBufferPointer<UInt8>) -> [UInt8] {
  Array(unsafeUninitializedCapacity: source.count) { out, written in
    if let to = out.baseAddress { written = unescape(source, into: to) }
  }
}

/// Writes the text of a string whose escapes were checked by the parser, which takes no more bytes than the
/// string; gives how many.
func unescape(
  _ source: UnsafeBufferPointer<UInt8>, into out: UnsafeMutablePointer<UInt8>
) -> Int {
  var (from, to) = (0, 0)
  while from < source.count {
    let byte = source[from]
    guard byte == Byte.backslash, from + 1 < source.count else {
      out[to] = byte
      from += 1
      to += 1
      continue
    }
    let letter = source[from + 1]
    from += 2
    switch letter {
    case UInt8(ascii: "b"): out[to] = 0x08
    case UInt8(ascii: "f"): out[to] = 0x0C
    case UInt8(ascii: "n"): out[to] = 0x0A
    case UInt8(ascii: "r"): out[to] = 0x0D
    case UInt8(ascii: "t"): out[to] = 0x09
    case UInt8(ascii: "u"):
      var unit = codeUnit(source, &from)
      if unit & 0xFC00 == 0xD800 {
        from += 2
        unit = 0x10000 + (unit & 0x3FF) << 10 + (codeUnit(source, &from) & 0x3FF)
      }
      to += encode(unit, into: out + to)
      continue
    default: out[to] = letter
    }
    to += 1
  }
  return to
}

/// Four hexadecimal digits; what is none, or behind the end, counts as 0.
private func codeUnit(_ source: UnsafeBufferPointer<UInt8>, _ from: inout Int) -> UInt32 {
  var unit: UInt32 = 0
  for _ in 0..<4 {
    unit = unit << 4 | (from < source.count ? hexValue(source[from]) ?? 0 : 0)
    from += 1
  }
  return unit
}

/// Writes a code point in UTF-8; gives how many bytes it took.
@inline(__always)
private func encode(_ value: UInt32, into out: UnsafeMutablePointer<UInt8>) -> Int {
  func tail(_ shift: UInt32) -> UInt8 {
    UInt8(truncatingIfNeeded: value >> shift & 0x3F | 0x80)
  }
  switch value {
  case ..<0x80:
    out[0] = UInt8(truncatingIfNeeded: value)
    return 1
  case ..<0x800:
    out[0] = UInt8(truncatingIfNeeded: value >> 6 | 0xC0)
    out[1] = tail(0)
    return 2
  case ..<0x1_0000:
    out[0] = UInt8(truncatingIfNeeded: value >> 12 | 0xE0)
    out[1] = tail(6)
    out[2] = tail(0)
    return 3
  default:
    out[0] = UInt8(truncatingIfNeeded: value >> 18 | 0xF0)
    out[1] = tail(12)
    out[2] = tail(6)
    out[3] = tail(0)
    return 4
  }
}
