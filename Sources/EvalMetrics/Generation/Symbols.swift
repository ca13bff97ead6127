/// Texts as integers: equal words, or equal characters, are equal symbols. The first text of a segment is
/// its prediction, the others are its references.
struct Symbols: Sendable {
  private(set) var symbols: [UInt32] = []
  private var ends: [Int] = []

  /// How many texts there are.
  var count: Int { ends.count }

  /// Where in `symbols` a text stands.
  @inline(__always)
  func range(_ text: Int) -> Range<Int> { (text == 0 ? 0 : ends[text - 1])..<ends[text] }

  @inline(__always)
  mutating func append(_ symbol: UInt32) { symbols.append(symbol) }

  @inline(__always)
  mutating func append(_ symbol: Int) { symbols.append(UInt32(truncatingIfNeeded: symbol)) }

  /// Appends the code points of a text, those of white space only if they are wanted.
  mutating func appendCodePoints(_ text: TextSlice, withSpaces: Bool) {
    Kernels.appendCodePoints(text.bytes, text.range, withSpaces: withSpaces, to: &symbols)
  }

  /// Ends the text at hand.
  mutating func endText() { ends.append(symbols.count) }

  /// Forgets all texts and keeps the memory.
  mutating func removeAll() {
    symbols.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
  }
}

/// A text where it stands.
struct TextSlice {
  var bytes: [UInt8]
  var range: Range<Int>

  var isEmpty: Bool { range.isEmpty }
  var count: Int { range.count }

  /// Whether both are the same bytes.
  func equals(_ other: TextSlice) -> Bool {
    Kernels.areEqual(bytes, range, other.bytes, other.range)
  }
}

/// The texts of one row: what was generated, and what it is compared with.
struct Segment {
  var prediction: TextSlice
  var references: TextLists
  /// Which of the references' texts are those of this row; never empty.
  var places: Range<Int>

  /// How many texts there are in all.
  var textCount: Int { 1 + places.count }

  /// The prediction for 0, then the references.
  func text(_ index: Int) -> TextSlice {
    if index == 0 { return prediction }
    let texts = references.texts
    return TextSlice(bytes: texts.bytes, range: texts.range(places.lowerBound + index - 1))
  }
}

/// Bytes that a text becomes before it is cut into words, in memory that is used again.
struct TextBuffer {
  private(set) var bytes: [UInt8] = []

  /// The lower case of a text, by Python's rules.
  mutating func lower(_ text: TextSlice) -> TextSlice {
    bytes.removeAll(keepingCapacity: true)
    PythonText.appendLower(text.bytes, text.range, to: &bytes)
    return TextSlice(bytes: bytes, range: 0..<bytes.count)
  }
}
