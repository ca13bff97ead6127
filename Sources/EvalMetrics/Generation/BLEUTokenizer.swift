/// sacreBLEU's tokenizers.
enum BLEUTokenizer: String, Sendable, CaseIterable {
  /// mteval-v13a's: punctuation of ASCII apart, save "." and "," beside digits, and "-" behind others than digits.
  case mteval13a = "13a"
  /// mteval-v14's: Unicode punctuation apart, save beside numbers, and all symbols.
  case intl
  /// Every character that is not white space.
  case char
  /// Chinese characters apart, the rest as `13a` without its entities.
  case zh
  /// White space alone.
  case none
}

/// Cuts the texts of a segment into words as a `BLEUTokenizer` does.
struct BLEUWordReader {
  private let table = Kernels.WordTable()
  private(set) var words = Symbols()
  private var lowered = TextBuffer()
  private var cleaned: [UInt8] = []
  private var spare: [UInt8] = []

  /// Reads all texts of a segment; gives their words.
  mutating func read(
    _ segment: Segment, _ tokenizer: BLEUTokenizer, lowercase: Bool
  ) -> Symbols {
    words.removeAll()
    table.removeAll()
    for index in 0..<segment.textCount {
      var text = segment.text(index)
      if lowercase { text = lowered.lower(text) }
      text.range = PythonText.rightStripped(text.bytes, text.range)
      switch tokenizer {
      case .mteval13a: append13a(text)
      case .intl: appendInternational(text)
      case .char: appendCharacters(text)
      case .zh: appendChinese(text)
      case .none:
        PythonText.forEachWord(text.bytes, text.range) { words.append(table.id(text.bytes, $0)) }
      }
      words.endText()
    }
    return words
  }

  private mutating func appendCharacters(_ text: TextSlice) {
    var position = text.range.lowerBound
    while position < text.range.upperBound {
      let codePoint = UTF8Text.next(text.bytes, &position, text.range.upperBound)
      // Characters need no table: they are integers already.
      if !UnicodeTable.python.isSpace(codePoint) { words.append(codePoint) }
    }
  }

  private mutating func append13a(_ text: TextSlice) {
    var text = text
    if Self.needsCleaning(text) {
      clean(text)
      text = TextSlice(bytes: cleaned, range: 0..<cleaned.count)
    }
    var splitter = PunctuationSplitter(isPadded: true)
    var position = text.range.lowerBound
    let kinds = PunctuationSplitter.asciiKinds
    while position < text.range.upperBound {
      let here = position
      // Letters are all the same to the splitter, however many there are.
      position = Kernels.endOfLetters(text.bytes, here, text.range.upperBound)
      if position > here {
        splitter.feed(.other, here..<position) { words.append(table.id(text.bytes, $0)) }
        continue
      }
      let byte = text.bytes[position]
      position += 1
      var kind = kinds[Int(byte)]
      if byte >= 0xC2, PunctuationSplitter.mayBeginSpace(byte) {
        var next = here
        let codePoint = UTF8Text.next(text.bytes, &next, text.range.upperBound)
        if UnicodeTable.python.isSpace(codePoint) {
          kind = .space
          position = next
        }
      }
      splitter.feed(kind, here..<position) { words.append(table.id(text.bytes, $0)) }
    }
    splitter.finish(at: text.range.upperBound) { words.append(table.id(text.bytes, $0)) }
  }

  private mutating func appendChinese(_ text: TextSlice) {
    let range = PythonText.leftStripped(text.bytes, text.range)
    var splitter = PunctuationSplitter(isPadded: false)
    var position = range.lowerBound
    while position < range.upperBound {
      let here = position
      let codePoint = UTF8Text.next(text.bytes, &position, range.upperBound)
      var kind =
        codePoint < 128
        ? PunctuationSplitter.asciiKinds[Int(codePoint)]
        : ChineseCharacters.contains(codePoint) ? .apart : .other
      if codePoint >= 128, UnicodeTable.python.isSpace(codePoint) { kind = .space }
      splitter.feed(kind, here..<position) { words.append(table.id(text.bytes, $0)) }
    }
    splitter.finish(at: range.upperBound) { words.append(table.id(text.bytes, $0)) }
  }

  private mutating func appendInternational(_ text: TextSlice) {
    var splitter = PunctuationSplitter(isPadded: false)
    var position = text.range.lowerBound
    while position < text.range.upperBound {
      let here = position
      let codePoint = UTF8Text.next(text.bytes, &position, text.range.upperBound)
      splitter.feed(PunctuationSplitter.internationalKind(codePoint), here..<position) {
        words.append(table.id(text.bytes, $0))
      }
    }
    splitter.finish(at: text.range.upperBound) { words.append(table.id(text.bytes, $0)) }
  }
}

// MARK: - Entities and broken lines

extension BLEUWordReader {
  private static func needsCleaning(_ text: TextSlice) -> Bool {
    Kernels.holdsAny(text.bytes, text.range, 0x26, 0x3C, 0x0A)
  }

  /// What mteval does first, each change on the whole text before the next.
  private mutating func clean(_ text: TextSlice) {
    cleaned.removeAll(keepingCapacity: true)
    cleaned.append(contentsOf: text.bytes[text.range])
    replace("<skipped>", "")
    replace("-\n", "")
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

extension [UInt8] {
  /// Appends these bytes to others with all occurrences replaced, from the left; false, and nothing
  /// appended, when there are none.
  func appendReplacing(
    _ old: StaticString, _ new: StaticString, to result: inout [UInt8]
  ) -> Bool {
    let old = [UInt8](old.description.utf8)
    guard let first = old.first else { return false }
    let new = [UInt8](new.description.utf8)
    var copied = 0
    var position = 0
    while position + old.count <= count {
      if self[position] == first, self[position..<position + old.count].elementsEqual(old) {
        result.append(contentsOf: self[copied..<position])
        result.append(contentsOf: new)
        position += old.count
        copied = position
      } else {
        position += 1
      }
    }
    if copied == 0 && result.isEmpty { return false }
    result.append(contentsOf: self[copied...])
    return true
  }
}
