/// The ways to cut a text at white space that need nothing else.
enum WordSplit: Sendable {
  /// Python's `str.split()`.
  case whitespace
  /// As jiwer does: at single spaces and at runs of white space; a single tab or line end is part of a word.
  case spaces
}

/// Cuts the texts of a segment into words with one table of words, so that equal words are equal symbols.
struct WordReader {
  private(set) var table = TokenTable()
  private(set) var words = Symbols()
  private var lowered = TextBuffer()

  /// Reads all texts of a segment; gives their words.
  mutating func read(_ segment: Segment, _ split: WordSplit, lowercase: Bool = false) -> Symbols {
    words.removeAll()
    table.removeAll()
    for index in 0..<segment.textCount {
      var text = segment.text(index)
      if lowercase { text = lowered.lower(text) }
      switch split {
      case .whitespace:
        PythonText.forEachWord(text.bytes, text.range) { words.append(table.id(text.bytes, $0)) }
      case .spaces: appendSpaced(text)
      }
      words.endText()
    }
    return words
  }

  private mutating func appendSpaced(_ text: TextSlice) {
    let bytes = text.bytes
    let range = PythonText.stripped(bytes, text.range)
    var position = range.lowerBound
    var start = position
    while position < range.upperBound {
      let gap = position
      var spaces = 0
      var next = position
      var isSpace = false
      // The run of white space that may begin here.
      while next < range.upperBound {
        let before = next
        guard UnicodeTable.python.isSpace(UTF8Text.next(bytes, &next, range.upperBound)) else {
          if spaces == 0 { position = next } else { position = before }
          break
        }
        if spaces == 0 { isSpace = bytes[before] == 0x20 }
        spaces += 1
      }
      if spaces == 0 { continue }
      if spaces > 1 || isSpace {
        if start < gap { words.append(table.id(bytes, start..<gap)) }
        start = position
      }
    }
    if start < range.upperBound { words.append(table.id(bytes, start..<range.upperBound)) }
  }
}
