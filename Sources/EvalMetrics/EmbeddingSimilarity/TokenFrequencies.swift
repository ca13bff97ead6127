/// In how many reference texts each token stands, which is what its idf is made of.
///
/// Tokens are known by codes, in the order in which they came, so that whoever keeps many of them looks
/// weights up in an array.
struct TokenFrequencies: Sendable {
  private var codes: [Int32: Int32] = [:]
  /// The token of each code.
  private(set) var ids: [Int32] = []
  /// How many texts have the token.
  private var counts: [Int] = []
  /// The last text that counted the token, so that each does once.
  private var lastSeen: [Int] = []
  /// How many texts there were.
  private(set) var texts = 0

  init() {}

  var byteCount: Int { ids.count * 48 }

  /// The code of a token, which it has from now on.
  mutating func code(of id: Int32) -> Int32 {
    if let code = codes[id] { return code }
    let code = Int32(truncatingIfNeeded: ids.count)
    codes[id] = code
    ids.append(id)
    counts.append(0)
    lastSeen.append(0)
    return code
  }

  /// Counts a reference text with these tokens, given as codes.
  mutating func addText(_ tokens: ArraySlice<Int32>) {
    texts = texts.addingClamped(1)
    for code in tokens where lastSeen[Int(code)] != texts {
      lastSeen[Int(code)] = texts
      counts[Int(code)] = counts[Int(code)].addingClamped(1)
    }
  }

  /// Adds the texts of another; gives the code here of each code there.
  mutating func merge(_ other: TokenFrequencies) -> [Int32] {
    texts = texts.addingClamped(other.texts)
    return other.ids.indices.map { place in
      let code = code(of: other.ids[place])
      counts[Int(code)] = counts[Int(code)].addingClamped(other.counts[place])
      return code
    }
  }

  /// The idf of each of these tokens: the logarithm of (texts + 1) / (texts that have it + 1), which for one
  /// that no reference has is that of texts + 1.
  func weights(of ids: [Int32]) -> [Double] {
    ids.map { id in
      let count = codes[id].map { counts[Int($0)] } ?? 0
      return Elementary.log((Double(texts) + 1) / (Double(count) + 1))
    }
  }
}

extension TokenFrequencies {
  func encode(into writer: inout StateWriter) {
    writer.write(UInt64(texts))
    writer.write(ids)
    writer.write(counts)
  }

  init(from reader: inout StateReader) throws(StateError) {
    guard let texts = Int(exactly: try reader.read(UInt64.self)), texts < Int.max / 4 else {
      throw StateError("a count of texts is out of range")
    }
    self.texts = texts
    ids = try reader.readArray()
    counts = try reader.readArray()
    guard counts.count == ids.count, counts.allSatisfy({ (0...texts).contains($0) }) else {
      throw StateError("the counts of tokens do not fit")
    }
    for (code, id) in ids.enumerated() { codes[id] = Int32(truncatingIfNeeded: code) }
    guard codes.count == ids.count else { throw StateError("a token stands there twice") }
    lastSeen = Array(repeating: 0, count: ids.count)
  }
}
