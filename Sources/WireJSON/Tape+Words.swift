/// Strings that repeat, as the places of different ones.
extension Tape {
  /// The different strings among some nodes, of which there are so many, and the place of each; nil where
  /// one is long or has escapes, or where too many are different.
  func codeStrings(in range: Range<Int>, count: Int) -> (words: TextArray, codes: [Int32])? {
    var words = WordSlots()
    var areAll = true
    let codes = nodes.withUnsafeBufferPointer { nodes in
      bytes.withUnsafeBufferPointer { bytes in
        let source = UnsafeBufferPointer(rebasing: bytes[base..<base + length])
        return [Int32](unsafeUninitializedCapacity: count) { codes, used in
          words.use { slots, words in
            for place in range where nodes[place].tag == .string && used < count {
              let node = nodes[place]
              guard node.flags == 0,
                let word = ShortWord(source, Int(node.offset), Int(node.payload)),
                let code = words.code(of: word, slots)
              else {
                areAll = false
                return
              }
              codes[used] = code
              used &+= 1
            }
          }
        }
      }
    }
    return areAll && codes.count == count ? (words.texts, codes) : nil
  }
}

/// At most 15 bytes as two integers, the highest byte of which is their number.
private struct ShortWord: Equatable {
  var low: UInt64
  var high: UInt64

  /// No word is this one.
  static let none = ShortWord(low: 0, high: .max)

  init(low: UInt64, high: UInt64) {
    self.low = low
    self.high = high
  }

  /// The bytes from one offset up to another; nil for more than 15.
  @inline(__always)
  init?(_ source: UnsafeBufferPointer<UInt8>, _ begin: Int, _ end: Int) {
    let count = end &- begin
    guard count < 16, let start = source.baseAddress else { return nil }
    if begin &+ 16 > source.count {
      (low, high) = (0, UInt64(count) &<< 56)
      for place in 0..<count {
        let byte = UInt64(source[begin + place]) &<< (8 * UInt64(place & 7))
        if place < 8 { low |= byte } else { high |= byte }
      }
      return
    }
    low = loadWord(start + begin)
    high = UInt64(truncatingIfNeeded: count) &<< 56
    if count < 8 {
      low &= ~(UInt64.max &<< UInt64(truncatingIfNeeded: 8 &* count))
    } else if count > 8 {
      let rest = UInt64(truncatingIfNeeded: 8 &* (count &- 8))
      high |= loadWord(start + begin + 8) & ~(UInt64.max &<< rest)
    }
  }

  var count: Int { Int(high >> 56) }

  /// Its bytes, the first of them first.
  var bytes: [UInt8] {
    (0..<count).map { place in
      UInt8(truncatingIfNeeded: (place < 8 ? low : high) >> (8 * UInt64(place & 7)))
    }
  }
}

/// Different words in the order in which they appear, found by a table that is never more than half full.
private struct WordSlots {
  static let size = 512
  static let most = 255
  /// How far from its place a word may stand, so that nobody's choice of words is slow.
  static let furthest = 16

  typealias Slots = UnsafeMutableBufferPointer<(word: ShortWord, code: Int32)>

  var texts = TextArray()

  /// Lends the memory of the table to `body`.
  mutating func use(_ body: (Slots, inout WordSlots) -> Void) {
    withUnsafeTemporaryAllocation(of: (word: ShortWord, code: Int32).self, capacity: Self.size) {
      $0.initialize(repeating: (.none, 0))
      body($0, &self)
    }
  }

  /// The code of a word, a new one when it was not seen before; nil when there is no room for it.
  @inline(__always)
  mutating func code(of word: ShortWord, _ slots: Slots) -> Int32? {
    let hash = (word.low ^ (word.high &* 31)) &* 0x9E37_79B9_7F4A_7C15
    let place = Int(truncatingIfNeeded: hash >> 55)
    if slots[place].word == word { return slots[place].code }
    return search(word, place, slots)
  }

  private mutating func search(_ word: ShortWord, _ place: Int, _ slots: Slots) -> Int32? {
    for step in 0..<Self.furthest {
      let place = (place + step) & (Self.size - 1)
      if slots[place].word == word { return slots[place].code }
      if slots[place].word == .none {
        guard texts.ends.count < Self.most else { return nil }
        let code = Int32(truncatingIfNeeded: texts.ends.count)
        texts.bytes += word.bytes
        texts.ends.append(texts.bytes.count)
        slots[place] = (word, code)
        return code
      }
    }
    return nil
  }
}
