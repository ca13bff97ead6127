/// Writes JSON text to the end of one byte array, and puts commas and colons by itself.
///
/// The caller keeps the order (a key before each member, an end for each beginning). Whether a comma
/// is due follows from the last byte written, so the writer holds no state but the bytes.
public struct JSONWriter: Sendable {
  /// What was written so far.
  public var bytes: [UInt8]

  /// A writer that starts with nothing.
  public init() { bytes = [] }

  /// A writer that appends to these bytes, which are empty or end in a line feed.
  public init(appendingTo bytes: [UInt8]) { self.bytes = bytes }

  /// A place in the output to come back to.
  public struct Mark: Sendable {
    let count: Int
  }

  /// The present place.
  public var mark: Mark { Mark(count: bytes.count) }

  /// Drops everything written since the mark was taken.
  public mutating func rewind(to mark: Mark) {
    if bytes.count > mark.count { bytes.removeLast(bytes.count - mark.count) }
  }

  /// Begins an object.
  public mutating func beginObject() {
    separate()
    bytes.append(Byte.openBrace)
  }

  /// Ends the innermost object.
  public mutating func endObject() { bytes.append(Byte.closeBrace) }

  /// Begins an array.
  public mutating func beginArray() {
    separate()
    bytes.append(Byte.openBracket)
  }

  /// Ends the innermost array.
  public mutating func endArray() { bytes.append(Byte.closeBracket) }

  /// Writes a key; its value comes next.
  public mutating func key(_ key: String) {
    string(key)
    bytes.append(Byte.colon)
  }

  /// Writes a string; quotes, backslashes, control characters and U+2028/2029 escaped.
  public mutating func string(_ text: String) {
    separate()
    bytes.append(Byte.quote)
    var text = text
    text.withUTF8 { appendEscaped($0) }
    bytes.append(Byte.quote)
  }

  /// Writes an integer.
  public mutating func int(_ value: some FixedWidthInteger & SignedInteger) {
    separate()
    bytes.append(contentsOf: value.description.utf8)
  }

  /// Writes an unsigned integer.
  public mutating func uint(_ value: some FixedWidthInteger & UnsignedInteger) {
    separate()
    bytes.append(contentsOf: value.description.utf8)
  }

  /// Writes the shortest text that parses back to the same double, always with a fraction or an
  /// exponent (1.0, -0.0, 1e+16); not a number and infinities are the strings "NaN", "Infinity" and
  /// "-Infinity".
  public mutating func double(_ value: Double) {
    guard value.isFinite else {
      return string(value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity")
    }
    separate()
    bytes.append(contentsOf: value.description.utf8)
  }

  /// Writes `true` or `false`.
  public mutating func bool(_ value: Bool) { word(value ? "true" : "false") }

  /// Writes `null`.
  public mutating func null() { word("null") }

  /// Writes one value that is JSON text already.
  public mutating func raw(_ text: some Sequence<UInt8>) {
    separate()
    bytes.append(contentsOf: text)
  }

  /// Ends a line; the next value starts anew, without a comma.
  public mutating func lineFeed() { bytes.append(0x0A) }

  private mutating func word(_ text: StaticString) {
    separate()
    plain(text)
  }

  /// Writes text as it stands, without a comma before it.
  public mutating func plain(_ text: StaticString) {
    bytes.append(
      contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// Puts a comma unless a value has just been opened, announced, or is the first.
  mutating func separate() {
    switch bytes.last {
    case nil, Byte.openBrace, Byte.openBracket, Byte.colon, Byte.comma, 0x0A: break
    default: bytes.append(Byte.comma)
    }
  }

  private mutating func appendEscaped(_ text: UnsafeBufferPointer<UInt8>) {
    var plain = 0
    var i = 0
    while i < text.count {
      guard let count = escapedLength(text, i) else {
        i += 1
        continue
      }
      bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[plain..<i]))
      appendEscape(text, i)
      i += count
      plain = i
    }
    bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[plain...]))
  }

  /// The length of the character at `i` when it has to be escaped.
  private func escapedLength(_ text: UnsafeBufferPointer<UInt8>, _ i: Int) -> Int? {
    let byte = text[i]
    if byte < 0x20 || byte == Byte.quote || byte == Byte.backslash || byte == 0x7F { return 1 }
    guard byte == 0xE2, i + 2 < text.count, text[i + 1] == 0x80, text[i + 2] & 0xFE == 0xA8 else {
      return nil
    }
    return 3
  }

  private mutating func appendEscape(_ text: UnsafeBufferPointer<UInt8>, _ i: Int) {
    switch text[i] {
    case Byte.quote: bytes.append(contentsOf: "\\\"".utf8)
    case Byte.backslash: bytes.append(contentsOf: "\\\\".utf8)
    case 0x0A: bytes.append(contentsOf: "\\n".utf8)
    case 0x0D: bytes.append(contentsOf: "\\r".utf8)
    case 0x09: bytes.append(contentsOf: "\\t".utf8)
    case 0xE2: bytes.append(contentsOf: (text[i + 2] == 0xA8 ? "\\u2028" : "\\u2029").utf8)
    case let byte:
      bytes.append(contentsOf: "\\u00".utf8)
      for digit in [byte >> 4, byte & 15] {
        bytes.append(digit < 10 ? Byte.zero + digit : UInt8(ascii: "a") + digit - 10)
      }
    }
  }
}

/// Whole members at once.
extension JSONWriter {
  /// Writes a member whose value is a string.
  public mutating func field(_ key: String, _ value: String) {
    self.key(key)
    string(value)
  }

  /// Writes a member whose value is an integer.
  public mutating func field(_ key: String, _ value: Int) {
    self.key(key)
    int(value)
  }

  /// Writes a member whose value is an unsigned integer.
  public mutating func field(_ key: String, _ value: UInt64) {
    self.key(key)
    uint(value)
  }

  /// Writes a member whose value is a double; nil is null.
  public mutating func field(_ key: String, _ value: Double?) {
    self.key(key)
    if let value { double(value) } else { null() }
  }

  /// Writes a member whose value is a boolean.
  public mutating func field(_ key: String, _ value: Bool) {
    self.key(key)
    bool(value)
  }

  /// Writes a member whose value is an array of strings.
  public mutating func field(_ key: String, _ values: [String]) {
    self.key(key)
    beginArray()
    for value in values { string(value) }
    endArray()
  }
}
