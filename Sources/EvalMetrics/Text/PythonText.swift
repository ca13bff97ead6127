/// Methods of Python's `str` on ranges of UTF-8 bytes, by the Unicode of `UnicodeTable.python`.
public enum PythonText {
  /// Appends `str.lower()`: full lower case, with "İ" as two code points and the final sigma as "ς".
  ///
  /// The range is taken as a whole text: what stands outside it does not decide about a sigma.
  public static func appendLower(
    _ bytes: [UInt8], _ range: Range<Int>, to lowered: inout [UInt8]
  ) {
    let ascii = Kernels.appendLowerASCII(bytes, range, to: &lowered)
    if ascii == range.upperBound { return }
    var position = ascii
    let table = UnicodeTable.python
    let lower = LowerCase.python
    // Whether the last code point that is not ignorable is cased, for the next sigma.
    var isAfterCased = isCased(before: ascii, bytes, range.lowerBound, table)
    while position < range.upperBound {
      let codePoint = UTF8Text.next(bytes, &position, range.upperBound)
      let properties = table.properties(codePoint)
      switch codePoint {
      case 0x3A3:
        let isFinal = isAfterCased && !isCased(after: position, bytes, range.upperBound, table)
        UTF8Text.append(isFinal ? 0x3C2 : 0x3C3, to: &lowered)
      case 0x130:
        UTF8Text.append(0x69, to: &lowered)
        UTF8Text.append(0x307, to: &lowered)
      default: UTF8Text.append(lower[codePoint], to: &lowered)
      }
      if properties & 128 == 0 { isAfterCased = properties & 64 != 0 }
    }
  }

  private static func isCased(
    before end: Int, _ bytes: [UInt8], _ start: Int, _ table: UnicodeTable
  ) -> Bool {
    var position = end
    while position > start {
      let codePoint = UTF8Text.previous(bytes, &position, start)
      if !table.isIgnorable(codePoint) { return table.isCased(codePoint) }
    }
    return false
  }

  private static func isCased(
    after start: Int, _ bytes: [UInt8], _ end: Int, _ table: UnicodeTable
  ) -> Bool {
    var position = start
    while position < end {
      let codePoint = UTF8Text.next(bytes, &position, end)
      if !table.isIgnorable(codePoint) { return table.isCased(codePoint) }
    }
    return false
  }

  /// A bit for each code point of ASCII that is white space to Python: 9–13, 28–31 and 32.
  static let asciiSpaces: UInt64 = 0x1_F000_3E00

  @inline(__always)
  static func isSpaceASCII(_ byte: UInt8) -> Bool {
    byte <= 32 && 0x1_F000_3E00 >> UInt64(byte) & 1 != 0
  }

  /// Calls `body` with the range of each word of `str.split()`, in order.
  @inline(__always)
  public static func forEachWord(
    _ bytes: [UInt8], _ range: Range<Int>, _ body: (Range<Int>) -> Void
  ) {
    let table = UnicodeTable.python
    var position = range.lowerBound
    var start = position
    while true {
      position = Kernels.endOfLetters(bytes, position, range.upperBound)
      if position >= range.upperBound { break }
      let here = position
      let byte = bytes[position]
      let isSpace: Bool
      if byte < 0x80 {
        position += 1
        isSpace = isSpaceASCII(byte)
      } else {
        isSpace = table.isSpace(UTF8Text.next(bytes, &position, range.upperBound))
      }
      if isSpace {
        if start < here { body(start..<here) }
        start = position
      }
    }
    if start < range.upperBound { body(start..<range.upperBound) }
  }

  /// The words of `str.split()`.
  public static func words(_ bytes: [UInt8], _ range: Range<Int>) -> [Range<Int>] {
    var words: [Range<Int>] = []
    forEachWord(bytes, range) { words.append($0) }
    return words
  }

  /// What `str.rstrip()` leaves.
  public static func rightStripped(_ bytes: [UInt8], _ range: Range<Int>) -> Range<Int> {
    var end = range.upperBound
    while end > range.lowerBound {
      var position = end
      let codePoint = UTF8Text.previous(bytes, &position, range.lowerBound)
      if !UnicodeTable.python.isSpace(codePoint) { break }
      end = position
    }
    return range.lowerBound..<end
  }

  /// What `str.lstrip()` leaves.
  public static func leftStripped(_ bytes: [UInt8], _ range: Range<Int>) -> Range<Int> {
    var start = range.lowerBound
    while start < range.upperBound {
      var position = start
      let codePoint = UTF8Text.next(bytes, &position, range.upperBound)
      if !UnicodeTable.python.isSpace(codePoint) { break }
      start = position
    }
    return start..<range.upperBound
  }

  /// What `str.strip()` leaves.
  public static func stripped(_ bytes: [UInt8], _ range: Range<Int>) -> Range<Int> {
    rightStripped(bytes, leftStripped(bytes, range))
  }
}
