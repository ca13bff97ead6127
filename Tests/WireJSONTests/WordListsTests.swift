import Testing

@testable import WireJSON

/// Lists of words are read many at a time; that they are is seen by nothing but the time it takes.
@Suite struct WordListsTests {
  @Test(.enabled(if: QuoteIndex.hasLoops), arguments: [",", ", "], [",", ", "])
  func `all lists but the last are read at once`(betweenWords: String, betweenLists: String) {
    let words = ["O", "B-PER", "I-ORG", "B-MISC", "O", "O", "B-LOCATION"]
    let lists = (0..<500).map { row in
      (0...row % 7).map { words[($0 * $0 + row) % words.count] }
    }
    let text = lists.map { list in
      "[" + list.map { "\"\($0)\"" }.joined(separator: betweenWords) + "]"
    }.joined(separator: betweenLists)
    // Blocks end where they may, also within words.
    let bytes = Array("[\(text)]".utf8) + [UInt8](repeating: 0x20, count: 4096)
    var pool = WordPool()
    var nodes = NodeArray()
    let found = bytes.withUnsafeBufferPointer { bytes in
      bytes.baseAddress.flatMap { pool.readLists($0, bytes.count, from: 1, &nodes) }
    }
    #expect(found?.count == lists.count - 1)
    #expect(nodes.count == lists.count - 1)
    let taken = pool.takeWords()
    let known = taken.ends.indices.map { place in
      let start = place == 0 ? 0 : taken.ends[place - 1]
      return String(decoding: taken.bytes[start..<taken.ends[place]], as: UTF8.self)
    }
    let isSame = pool.codes.map { known[Int($0)] } == lists.dropLast().flatMap { $0 }
    #expect(isSame)
  }
}
