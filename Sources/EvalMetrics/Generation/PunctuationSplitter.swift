/// Cuts words off at punctuation, in one pass, as the substitutions of mteval do one after the other:
/// marks that stand apart always; a period or comma apart unless digits stand on both sides of it; a
/// dash apart behind a digit.
///
/// What is subtle: substitutions do not overlap. In "5...6" the second period is the right side of a match,
/// so the third has no left side any more, and stays with the 6.
struct PunctuationSplitter {
  /// What a character is to the substitutions.
  enum Kind: UInt8, Sendable {
    case other, digit
    /// A period or comma; for `intl` any punctuation.
    case point
    case dash, space
    /// Always a word of its own.
    case apart
  }

  /// What stands left of the next character.
  private enum Left {
    /// Nothing, or a point that was matched already: neither can be the left side of a match.
    case unusable
    case digit, free
  }

  private var left: Left
  private let isPadded: Bool
  /// Where the word at hand begins; negative between words.
  private var start = -1
  /// A point that was not matched from the left, and waits for what follows.
  private var waiting: Range<Int>?

  /// A splitter of a line, which has a space put before and after it if `isPadded` says so.
  init(isPadded: Bool) {
    self.isPadded = isPadded
    left = isPadded ? .free : .unusable
  }

  /// Takes the next character. `word` is called with each word that ends by it.
  @inline(__always)
  mutating func feed(_ kind: Kind, _ place: Range<Int>, _ word: (Range<Int>) -> Void) {
    if waiting != nil { settle(isBeforeDigit: kind == .digit, word) }
    switch kind {
    case .other, .digit:
      if start < 0 { start = place.lowerBound }
      left = kind == .digit ? .digit : .free
      return
    case .dash where left != .digit:
      if start < 0 { start = place.lowerBound }
      left = .free
      return
    case .point:
      if left != .free {
        waiting = place
        return
      }
      cut(at: place.lowerBound, word)
      word(place)
      left = .unusable
      return
    case .space:
      cut(at: place.lowerBound, word)
    case .apart, .dash:
      cut(at: place.lowerBound, word)
      word(place)
    }
    left = .free
  }

  /// Ends the word at hand before a character that begins another.
  mutating func endWord(at place: Int, _ word: (Range<Int>) -> Void) {
    if waiting != nil { settle(isBeforeDigit: false, word) }
    cut(at: place, word)
  }

  /// Ends the line.
  mutating func finish(at end: Int, _ word: (Range<Int>) -> Void) {
    if waiting != nil { settle(isBeforeDigit: !isPadded, word) }
    cut(at: end, word)
  }

  /// Before a digit, or at an end without padding, a waiting point is a character like any other.
  private mutating func settle(isBeforeDigit: Bool, _ word: (Range<Int>) -> Void) {
    guard let point = waiting else { return }
    waiting = nil
    if isBeforeDigit {
      if start < 0 { start = point.lowerBound }
    } else {
      cut(at: point.lowerBound, word)
      word(point)
    }
    left = .free
  }

  @inline(__always)
  private mutating func cut(at end: Int, _ word: (Range<Int>) -> Void) {
    if start >= 0 { word(start..<end) }
    start = -1
  }
}

extension PunctuationSplitter {
  /// What each byte is to mteval-v13a; those beyond ASCII are parts of letters to it.
  static let asciiKinds: [Kind] = (0..<256).map { byte in
    switch UInt8(byte) {
    case 0x30...0x39: .digit
    case 0x2C, 0x2E: .point
    case 0x2D: .dash
    case 0x21...0x26, 0x28...0x2B, 0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: .apart
    case let other where other < 128 && PythonText.isSpaceASCII(other): .space
    default: .other
    }
  }

  /// Whether white space beyond ASCII can begin with this byte.
  @inline(__always)
  static func mayBeginSpace(_ byte: UInt8) -> Bool {
    byte == 0xC2 || (byte >= 0xE1 && byte <= 0xE3)
  }

  /// What a character is to mteval-v14.
  static func internationalKind(_ codePoint: UInt32) -> Kind {
    if UnicodeTable.python.isSpace(codePoint) { return .space }
    let table = UnicodeTable.regex
    if table.has(.punctuation, codePoint) { return .point }
    if table.has(.number, codePoint) { return .digit }
    return table.has(.symbol, codePoint) ? .apart : .other
  }
}

/// What sacreBLEU's `zh` takes for Chinese.
enum ChineseCharacters {
  /// Ascending. Two of the original's ranges are typed with too few digits, "\u20000" for "\U00020000": as it
  /// stands they take in 2001 to 2A6D, dashes, quotes, arrows and signs among them.
  private static let ranges: [ClosedRange<UInt32>] = [
    0x2001...0x2A6D, 0x2E80...0x2EFF, 0x2F00...0x2FDF, 0x2FF0...0x2FFF, 0x3000...0x303F,
    0x3100...0x312F, 0x31A0...0x31BF, 0x31C0...0x31EF, 0x3200...0x33FF, 0x3400...0x4DB5,
    0x4E00...0x9FBB, 0xF900...0xFA2D, 0xFA30...0xFA6A, 0xFA70...0xFAD9, 0xFE10...0xFE1F,
    0xFE30...0xFE4F, 0xFF00...0xFFEF,
  ]

  static func contains(_ codePoint: UInt32) -> Bool {
    if codePoint < 0x2001 { return false }
    return ranges.contains { $0.contains(codePoint) }
  }
}
