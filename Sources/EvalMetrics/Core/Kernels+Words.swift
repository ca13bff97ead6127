// Words and characters as integers: what every text is read into. Ranges are cut to what the arrays have.
extension Kernels {
  /// Small integers for the words of a few texts, which are forgotten at once: equal bytes have one id, counted
  /// from 0 in the order of appearance. As `TokenTable`, and quicker, since it does not keep the bytes of words
  /// of at most 15: they are compared as two integers.
  final class WordTable {
    /// How many ids there are.
    private(set) var count = 0

    private let key = TokenTable.processKey
    /// Four integers a slot: the two of the word, and its id below the generation that it belongs to.
    private var slots = Scratch<UInt64>()
    /// Slots in use, as many as a power of two; at most half of them are taken.
    private var size = 0
    private var generation: UInt64 = 1
    /// Longer words, by whose id they are told apart here.
    private var long = TokenTable()

    init() {}

    /// Forgets all words, in no time, and keeps the memory.
    func removeAll() {
      if count == 0 { return }
      count = 0
      generation += 1
      if generation > UInt64(UInt32.max) {
        slots = Scratch()
        (size, generation) = (0, 1)
      }
      if long.count > 0 { long.removeAll() }
    }

    /// The id of these bytes, a new one when they were not seen before.
    @inline(__always)
    func id(_ bytes: [UInt8], _ range: Range<Int>) -> Int {
      if count &* 2 >= size { grow() }
      let word = Kernels.shortText(bytes, range) ?? longWord(bytes, range)
      let slot = slot(word)
      let state = slots.base[slot &+ 2]
      if state &>> 32 == generation { return Int(truncatingIfNeeded: state & 0xFFFF_FFFF) }
      let id = count
      count &+= 1
      slots.base[slot] = word.low
      slots.base[slot &+ 1] = word.high
      slots.base[slot &+ 2] = generation &<< 32 | UInt64(truncatingIfNeeded: id)
      return id
    }

    /// What stands for a long word, or for the empty one: no short one has this highest byte.
    private func longWord(_ bytes: [UInt8], _ range: Range<Int>) -> ShortText {
      ShortText(low: UInt64(truncatingIfNeeded: long.id(bytes, range)), high: 0xFF &<< 56)
    }

    /// Where a word stands, or the free slot that it would have.
    @inline(__always)
    private func slot(_ word: ShortText) -> Int {
      let mask = size &- 1
      var place = Int(truncatingIfNeeded: word.hash(key)) & mask
      while slots.base[place &* 4 &+ 2] &>> 32 == generation,
        slots.base[place &* 4] != word.low || slots.base[place &* 4 &+ 1] != word.high
      {
        place = (place &+ 1) & mask
      }
      return place &* 4
    }

    private func grow() {
      var before = Scratch<UInt64>()
      swap(&before, &slots)
      let old = size
      size = max(128, old * 2)
      slots.reserve(size * 4)
      for place in 0..<old where before.base[place * 4 + 2] &>> 32 == generation {
        let word = ShortText(low: before.base[place * 4], high: before.base[place * 4 + 1])
        let slot = slot(word)
        for part in 0..<3 { slots.base[slot + part] = before.base[place * 4 + part] }
      }
    }
  }

  /// Codes of texts that came of late, by their bytes: a look at one place instead of a search.
  final class RecentTexts {
    private static let size = 256
    /// Three integers a place: the two of the text, and its code.
    private var places = Scratch<UInt64>()

    init() { places.reserve(Self.size * 4) }

    /// Appends the code of each text; `find` is asked for that of a text which did not come of late.
    func append<Failure: Error>(
      _ texts: TextColumn, to codes: inout [Int32], _ find: (Range<Int>) throws(Failure) -> Int32
    ) throws(Failure) {
      let from = codes.count
      codes.append(contentsOf: repeatElement(0, count: texts.count))
      var start = 0
      var index = from
      for end in texts.ends {
        let range = start..<end
        do throws(Failure) {
          codes[index] = try code(texts.bytes, range, find)
        } catch {
          codes.removeLast(codes.count - index)
          throw error
        }
        start = end
        index &+= 1
      }
    }

    @inline(__always)
    private func code<Failure: Error>(
      _ bytes: [UInt8], _ range: Range<Int>, _ find: (Range<Int>) throws(Failure) -> Int32
    ) throws(Failure) -> Int32 {
      guard let text = Kernels.shortText(bytes, range) else { return try find(range) }
      let place = text.place * 4
      if places.base[place] == text.low && places.base[place + 1] == text.high {
        return Int32(truncatingIfNeeded: places.base[place + 2])
      }
      let code = try find(range)
      places.base[place] = text.low
      places.base[place + 1] = text.high
      places.base[place + 2] = UInt64(UInt32(bitPattern: code))
      return code
    }
  }

  /// Where the letters of ASCII end that begin at a place.
  @inline(__always)
  static func endOfLetters(_ bytes: [UInt8], _ start: Int, _ end: Int) -> Int {
    bytes.withUnsafeBufferPointer { bytes in
      let end = min(end, bytes.count)
      var place = max(0, start)
      while place < end, (bytes[place] | 0x20) &- 0x61 < 26 { place &+= 1 }
      return place
    }
  }

  /// Appends the code points of a range, those of white space only if they are wanted.
  static func appendCodePoints(
    _ bytes: [UInt8], _ range: Range<Int>, withSpaces: Bool, to symbols: inout [UInt32]
  ) {
    let range = range.clamped(to: 0..<bytes.count)
    let from = symbols.count
    symbols.append(contentsOf: repeatElement(0, count: range.count))
    // A bit for each white space below 64.
    let spaces: UInt64 = withSpaces ? 0 : PythonText.asciiSpaces
    let table = UnicodeTable.python
    let end = symbols.withUnsafeMutableBufferPointer { symbols in
      bytes.withUnsafeBufferPointer { text in
        var to = from
        var position = range.lowerBound
        while position < range.upperBound {
          let byte = text[position]
          if byte < 0x80 {
            position &+= 1
            symbols[to] = UInt32(byte)
            let isSpace = spaces &>> UInt64(byte) & (byte < 64 ? 1 : 0)
            to &+= 1 &- Int(truncatingIfNeeded: isSpace)
          } else {
            let codePoint = UTF8Text.next(bytes, &position, range.upperBound)
            symbols[to] = codePoint
            if withSpaces || !table.isSpace(codePoint) { to &+= 1 }
          }
        }
        return to
      }
    }
    symbols.removeLast(symbols.count - end)
  }
}
