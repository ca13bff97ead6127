/// An answer as SQuAD compares it: its words, and their bytes side by side. Used again for the next answer.
///
/// Normalising is that of the official scripts, in their order: lower case, ASCII punctuation deleted, the
/// articles a, an and the replaced by a space, words by white space. So "rock-n-roll" is one word, curly
/// quotes stay, and an article is one only between characters that `\w` of Python does not match.
struct AnswerText {
  /// Every word, with a space after it; as they came where nothing is normalised.
  private(set) var bytes: [UInt8] = []
  /// Where the words stand in `bytes`.
  private(set) var words: [Range<Int>] = []

  private var lowered: [UInt8] = []
  private var wordStart = 0
  /// Where the characters that `\w` matches began, at the end of `bytes`.
  private var runStart = 0
  private let kinds = Self.kindsOfASCII
  private let table = UnicodeTable.python

  private enum Kind: UInt8 {
    case punctuation, space, word, other
  }

  /// What each code point of ASCII is. The low line is punctuation, which is deleted before `\w` could match it.
  private static let kindsOfASCII: [Kind] = (0..<128).map { code in
    if PythonText.isSpaceASCII(UInt8(code)) { return .space }
    let isWord =
      (48...57).contains(code) || (65...90).contains(code) || (97...122).contains(code)
    return isWord ? .word : (33...126).contains(code) ? .punctuation : .other
  }

  /// Whether there is nothing at all, not even white space that was not normalised.
  var isEmpty: Bool { bytes.isEmpty }

  /// Takes a text in.
  mutating func read(_ text: [UInt8], _ range: Range<Int>, normalizing: Bool) {
    bytes.removeAll(keepingCapacity: true)
    words.removeAll(keepingCapacity: true)
    guard normalizing else {
      bytes.append(contentsOf: text[range])
      PythonText.forEachWord(bytes, 0..<bytes.count) { words.append($0) }
      return
    }
    lowered.removeAll(keepingCapacity: true)
    PythonText.appendLower(text, range, to: &lowered)
    wordStart = 0
    runStart = 0
    var position = 0
    while position < lowered.count {
      let byte = lowered[position]
      if byte < 0x80 {
        position += 1
        add(byte, kinds[Int(byte)])
      } else {
        addCodePoint(at: &position)
      }
    }
    endRun()
    endWord()
  }

  @inline(__always)
  private mutating func add(_ byte: UInt8, _ kind: Kind) {
    switch kind {
    case .word: bytes.append(byte)
    case .punctuation: break
    case .space:
      endRun()
      endWord()
    case .other:
      endRun()
      bytes.append(byte)
      runStart = bytes.count
    }
  }

  private mutating func addCodePoint(at position: inout Int) {
    let start = position
    let codePoint = UTF8Text.next(lowered, &position, lowered.count)
    if table.isAlphanumeric(codePoint) {
      bytes.append(contentsOf: lowered[start..<position])
      return
    }
    endRun()
    if table.isSpace(codePoint) {
      endWord()
    } else {
      bytes.append(contentsOf: lowered[start..<position])
      runStart = bytes.count
    }
  }

  /// Ends what `\w` matches in a row. An article becomes a space, which ends the word before it too.
  private mutating func endRun() {
    let length = bytes.count - runStart
    if length > 0 && length <= 3 && isArticle(length) {
      bytes.removeLast(length)
      endWord()
    }
    runStart = bytes.count
  }

  private func isArticle(_ length: Int) -> Bool {
    guard bytes[runStart] == UInt8(ascii: "a") else {
      return length == 3 && bytes[runStart] == UInt8(ascii: "t")
        && bytes[runStart + 1] == UInt8(ascii: "h") && bytes[runStart + 2] == UInt8(ascii: "e")
    }
    return length == 1 || (length == 2 && bytes[runStart + 1] == UInt8(ascii: "n"))
  }

  private mutating func endWord() {
    if bytes.count > wordStart {
      words.append(wordStart..<bytes.count)
      bytes.append(UInt8(ascii: " "))
    }
    wordStart = bytes.count
    runStart = bytes.count
  }
}
