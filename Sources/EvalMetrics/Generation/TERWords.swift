/// How TER reads a text: sacreBLEU's `TER(normalized, no_punct, asian_support, case_sensitive)`.
struct TERSettings: Hashable, Sendable {
  var normalized = false
  var noPunctuation = false
  var asianSupport = false
  var caseSensitive = false
}

/// Cuts the texts of a segment into words as Tercom's normaliser does.
struct TERWordReader {
  private let table = Kernels.WordTable()
  private(set) var words = Symbols()
  private var lowered = TextBuffer()
  private var cleaned: [UInt8] = []
  private var spare: [UInt8] = []
  private var kept: [UInt8] = []
  /// The words of a text that is to be read again.
  private var joined: [UInt8] = []
  private var isJoining = false

  /// Reads all texts of a segment; gives their words.
  mutating func read(_ segment: Segment, _ settings: TERSettings) -> Symbols {
    words.removeAll()
    table.removeAll()
    for index in 0..<segment.textCount {
      var text = segment.text(index)
      text.range = PythonText.rightStripped(text.bytes, text.range)
      if !text.isEmpty {
        if !settings.caseSensitive { text = lowered.lower(text) }
        if settings.normalized {
          if index > 0 { text = normalizedOnce(text, settings) }
          appendNormalized(text, settings)
        } else {
          PythonText.forEachWord(text.bytes, text.range) { append(text.bytes, $0, settings) }
        }
      }
      words.endText()
    }
    return words
  }

  /// A reference after one normalisation: sacreBLEU puts references through its normaliser twice, which
  /// shows in rare ones. "5...6" is "5 . . .6" after the first time and "5 . . . 6" after the second.
  private mutating func normalizedOnce(_ text: TextSlice, _ settings: TERSettings) -> TextSlice {
    joined.removeAll(keepingCapacity: true)
    isJoining = true
    appendNormalized(text, settings)
    isJoining = false
    return TextSlice(bytes: joined, range: 0..<joined.count)
  }

  private mutating func take(_ bytes: [UInt8], _ range: Range<Int>) {
    guard isJoining else { return words.append(table.id(bytes, range)) }
    if !joined.isEmpty { joined.append(0x20) }
    joined.append(contentsOf: bytes[range])
  }

  /// Takes a word, without its punctuation if that is to go.
  private mutating func append(_ bytes: [UInt8], _ range: Range<Int>, _ settings: TERSettings) {
    guard settings.noPunctuation else { return take(bytes, range) }
    kept.removeAll(keepingCapacity: true)
    var position = range.lowerBound
    while position < range.upperBound {
      let codePoint = UTF8Text.next(bytes, &position, range.upperBound)
      if Self.isPunctuation(codePoint) { continue }
      if settings.asianSupport && Self.isAsianPunctuation(codePoint) { continue }
      UTF8Text.append(codePoint, to: &kept)
    }
    if !kept.isEmpty { take(kept, 0..<kept.count) }
  }

  private mutating func appendNormalized(_ text: TextSlice, _ settings: TERSettings) {
    clean(text)
    let bytes = cleaned
    var splitter = PunctuationSplitter(isPadded: true)
    var position = 0
    while position < bytes.count {
      let here = position
      let codePoint = UTF8Text.next(bytes, &position, bytes.count)
      var kind =
        codePoint < 128 ? PunctuationSplitter.asciiKinds[Int(codePoint)] : .other
      if codePoint >= 128 {
        if UnicodeTable.python.isSpace(codePoint) {
          kind = .space
        } else if settings.asianSupport && Self.standsApart(codePoint) {
          kind = .apart
        }
      } else if codePoint == 0x27, Self.isPossessive(bytes, here) {
        splitter.endWord(at: here) { append(bytes, $0, settings) }
      }
      splitter.feed(kind, here..<position) { append(bytes, $0, settings) }
    }
    splitter.finish(at: bytes.count) { append(bytes, $0, settings) }
  }

  /// Whether "'s" stands here with a space, a mark that gets spaces, or the end behind it.
  private static func isPossessive(_ bytes: [UInt8], _ place: Int) -> Bool {
    guard place + 1 < bytes.count, bytes[place + 1] == 0x73 else { return false }
    if place + 2 == bytes.count { return true }
    let next = bytes[place + 2]
    return next == 0x20 || PunctuationSplitter.asciiKinds[Int(next)] == .apart
  }

  private mutating func clean(_ text: TextSlice) {
    cleaned.removeAll(keepingCapacity: true)
    cleaned.append(contentsOf: text.bytes[text.range])
    guard Kernels.holdsAny(cleaned, 0..<cleaned.count, 0x26, 0x0A, 0x0A) else { return }
    replace("\n-", "")
    replace("\n", " ")
    replace("&quot;", "\"")
    replace("&amp;", "&")
    replace("&lt;", "<")
    replace("&gt;", ">")
  }

  private mutating func replace(_ old: StaticString, _ new: StaticString) {
    spare.removeAll(keepingCapacity: true)
    if cleaned.appendReplacing(old, new, to: &spare) { swap(&cleaned, &spare) }
  }
}

extension TERWordReader {
  /// What `no_punct` takes away: . , ? : ; ! " ( )
  private static func isPunctuation(_ codePoint: UInt32) -> Bool {
    switch codePoint {
    case 0x2E, 0x2C, 0x3F, 0x3A, 0x3B, 0x21, 0x22, 0x28, 0x29: true
    default: false
    }
  }

  /// What it takes away besides with `asian_support`.
  private static func isAsianPunctuation(_ codePoint: UInt32) -> Bool {
    switch codePoint {
    case 0x3001, 0x3002, 0x3008...0x3011, 0x3014...0x301F, 0xFF61...0xFF65, 0x30FB: true
    case 0xFF0E, 0xFF0C, 0xFF1F, 0xFF1A, 0xFF1B, 0xFF01, 0xFF02, 0xFF08, 0xFF09: true
    default: false
    }
  }

  /// Characters that `asian_support` makes words of. The kana are none: the original's expressions for them
  /// match at the start of a text only, where a space was put. 3F22 is where it has 32FF mistyped.
  private static func standsApart(_ codePoint: UInt32) -> Bool {
    switch codePoint {
    case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x31C0...0x31EF, 0x2E80...0x2EFF: true
    case 0x3300...0x33FF, 0xF900...0xFAFF, 0xFE30...0xFE4F, 0x3200...0x3F22: true
    default: isAsianPunctuation(codePoint)
    }
  }
}
