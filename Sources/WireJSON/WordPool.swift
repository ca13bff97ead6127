/// Short strings of the lists in a document, as codes: tags and labels repeat, so each different one is kept
/// once, and no string has a node.
struct WordPool {
  /// The most different words of a document, so that a code is a byte.
  static let most = 255

  /// The different words, in the order in which they appear.
  private(set) var words = TextArray()
  /// The places among them of the strings of all lists that are kept here, one list after the other.
  var codes: [UInt8] = []
  /// There was a word too many, so no further list is tried.
  private(set) var isClosed = false
  /// Made with the first word: most documents have none.
  private var slots: WordSlots?
  private var room: ListRoom?

  /// Reads a list from its first quote on; gives the offset behind its bracket. Nil, and nothing is kept of the
  /// codes, where it holds anything but words, or is not written as encoders write it.
  mutating func readList(_ start: UnsafePointer<UInt8>, _ length: Int, from begin: Int) -> Int? {
    // Texts are told by their first one, without a table.
    guard ShortWord(start, length, from: begin + 1) != nil else { return nil }
    let kept = codes.count
    let slots = wordSlots()
    let end = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 256) { room in
      room.initialize(repeating: 0)
      return readList(start, length, from: begin, slots, by: room)
    }
    if end == nil { codes.removeLast(codes.count - kept) }
    return end
  }

  private mutating func readList(
    _ start: UnsafePointer<UInt8>, _ length: Int, from begin: Int,
    _ slots: WordSlots, by room: UnsafeMutableBufferPointer<UInt8>
  ) -> Int? {
    var used = 0
    var again = Repetition()
    var i = begin
    while let code = again.code(start, length, at: i)
      ?? word(start, length, at: i, slots, &again)
    {
      room[used] = code
      used += 1
      i += again.length
      guard i < length else { return nil }
      let isEnd = start[i] == Byte.closeBracket
      if isEnd || used == room.count {
        codes.append(contentsOf: room[..<used])
        used = 0
        if isEnd { return i + 1 }
      }
      guard start[i] == Byte.comma else { return nil }
      i += 1
      // The json module of Python writes a space.
      if i < length, start[i] == 0x20 { i += 1 }
    }
    return nil
  }

  /// The code of the string whose quote stands at an offset; nil where it is no word, or one too many.
  @inline(__always)
  private mutating func word(
    _ start: UnsafePointer<UInt8>, _ length: Int, at offset: Int, _ slots: WordSlots,
    _ again: inout Repetition
  ) -> UInt8? {
    guard let (word, code) = word(start, length, at: offset, slots) else { return nil }
    again.note(start, length, at: offset, word, code)
    return code
  }

  @inline(__always)
  mutating func word(
    _ start: UnsafePointer<UInt8>, _ length: Int, at offset: Int, _ slots: WordSlots
  ) -> (word: ShortWord, code: UInt8)? {
    guard offset < length, start[offset] == Byte.quote,
      let word = ShortWord(start, length, from: offset + 1),
      let code = slots.code(of: word) ?? add(word, slots)
    else { return nil }
    return (word, code)
  }

  /// Moves the words out.
  mutating func takeWords() -> TextArray {
    var taken = TextArray()
    swap(&taken, &words)
    return taken
  }

  mutating func listRoom() -> ListRoom {
    if let room { return room }
    let made = ListRoom()
    room = made
    return made
  }

  mutating func wordSlots() -> WordSlots {
    if let slots { return slots }
    let made = WordSlots()
    slots = made
    return made
  }

  private mutating func add(_ word: ShortWord, _ slots: WordSlots) -> UInt8? {
    let code = words.ends.count
    guard code < Self.most, slots.add(word, UInt8(truncatingIfNeeded: code)) else {
      isClosed = true
      return nil
    }
    word.append(to: &words.bytes)
    words.ends.append(words.bytes.count)
    return UInt8(truncatingIfNeeded: code)
  }
}

/// The last string of one byte, with its quotes and the comma behind it: most tokens are outside of all
/// entities, and to compare four bytes takes no time beside finding where a string ends.
private struct Repetition {
  /// None at first: no four bytes are so large.
  private var text: UInt64 = .max
  private var known: UInt8 = 0
  /// How long the last string was, with its quotes.
  private(set) var length = 0

  @inline(__always)
  mutating func code(_ start: UnsafePointer<UInt8>, _ count: Int, at offset: Int) -> UInt8? {
    guard offset + 4 <= count, load(start, offset) == text else { return nil }
    length = 3
    return known
  }

  @inline(__always)
  mutating func note(
    _ start: UnsafePointer<UInt8>, _ count: Int, at offset: Int, _ word: ShortWord, _ code: UInt8
  ) {
    length = word.count + 2
    guard length == 3, offset + 4 <= count, start[offset + 3] == Byte.comma else { return }
    text = load(start, offset)
    known = code
  }

  @inline(__always)
  private func load(_ start: UnsafePointer<UInt8>, _ offset: Int) -> UInt64 {
    UInt64(UnsafeRawPointer(start + offset).loadUnaligned(as: UInt32.self))
  }
}

/// A string of at most 15 plain bytes as two integers, the highest byte of which is their number.
struct ShortWord: Equatable {
  private var low: UInt64
  private var high: UInt64

  /// What is no word.
  static let none = ShortWord(low: 0, high: .max)

  private init(low: UInt64, high: UInt64) {
    self.low = low
    self.high = high
  }

  /// The bytes from an offset to the next quote; nil where there are more, or others than plain ones.
  @inline(__always)
  init?(_ start: UnsafePointer<UInt8>, _ length: Int, from offset: Int) {
    guard offset + 16 <= length else {
      self.init(start, length, oneByOneFrom: offset)
      return
    }
    self.init(low: 0, high: 0)
    let first = loadWord(start + offset)
    var marks = textMarks(first)
    if marks != 0 {
      let bits = UInt64(truncatingIfNeeded: marks.trailingZeroBitCount & ~7)
      low = first & ~(.max &<< bits)
      high = bits &<< 53
    } else {
      let second = loadWord(start + offset + 8)
      marks = textMarks(second)
      guard marks != 0 else { return nil }
      let bits = UInt64(truncatingIfNeeded: marks.trailingZeroBitCount & ~7)
      low = first
      high = second & ~(.max &<< bits) | (bits &+ 64) &<< 53
    }
    guard start[offset + count] == Byte.quote else { return nil }
  }

  /// The same at the end of a document.
  private init?(_ start: UnsafePointer<UInt8>, _ length: Int, oneByOneFrom offset: Int) {
    self.init(low: 0, high: 0)
    for count in 0..<16 {
      guard offset + count < length else { return nil }
      let byte = start[offset + count]
      if byte == Byte.quote {
        high |= UInt64(count) &<< 56
        return
      }
      guard count < 15, byte >= 0x20, byte < 0x80, byte != Byte.backslash else { return nil }
      let shifted = UInt64(byte) &<< UInt64(8 * (count & 7))
      if count < 8 { low |= shifted } else { high |= shifted }
    }
    return nil
  }

  /// How many bytes it has.
  @inline(__always)
  var count: Int { Int(truncatingIfNeeded: high &>> 56) }

  /// A place in a table of 512.
  @inline(__always)
  var place: Int {
    Int(truncatingIfNeeded: ((low ^ (high &* 31)) &* 0x9E37_79B9_7F4A_7C15) &>> 55)
  }

  /// Adds its bytes to others.
  func append(to bytes: inout [UInt8]) {
    for place in 0..<count {
      bytes.append(
        UInt8(truncatingIfNeeded: (place < 8 ? low : high) &>> UInt64(8 * (place & 7))))
    }
  }
}

/// Words and their codes, in a table that is never more than half full.
final class WordSlots {
  private static let size = 512
  /// How far from its place a word may stand, so that nobody's choice of words is slow.
  private static let furthest = 16

  private let base: UnsafeMutablePointer<(word: ShortWord, code: UInt8)>

  init() {
    base = .allocate(capacity: Self.size)
    base.initialize(repeating: (.none, 0), count: Self.size)
  }

  deinit { base.deallocate() }

  @inline(__always)
  func code(of word: ShortWord) -> UInt8? {
    let place = word.place
    if base[place].word == word { return base[place].code }
    return search(word, from: place)
  }

  private func search(_ word: ShortWord, from place: Int) -> UInt8? {
    for step in 0..<Self.furthest {
      let slot = base[(place + step) & (Self.size - 1)]
      if slot.word == word { return slot.code }
      if slot.word == .none { return nil }
    }
    return nil
  }

  /// Takes a new word in; false where there is no room near its place.
  func add(_ word: ShortWord, _ code: UInt8) -> Bool {
    for step in 0..<Self.furthest {
      let place = (word.place + step) & (Self.size - 1)
      if base[place].word == .none {
        base[place] = (word, code)
        return true
      }
    }
    return false
  }
}
