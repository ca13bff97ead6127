/// METEOR as NLTK computes it: words are matched as they are, then by their stems, then as synonyms, and the
/// harmonic mean of precision and recall pays for every break in the order.
struct METEORScorer {
  static let alpha = 0.9
  static let beta = 3.0
  static let gamma = 0.5

  private let wordNet: WordNet?
  private var reader = WordReader()
  private var stems = StemTable(shortest: 0)
  private var stemIDs = TokenTable()
  /// Words not matched yet, the prediction's and the reference's: places and symbols.
  private var predicted: [Word] = []
  private var wanted: [Word] = []
  /// For each symbol the last place in `wanted` that has it and was not taken, and for each place the one before.
  private var last: [Int] = []
  private var before: [Int] = []
  /// For each word of the prediction the place it was matched with; negative for none.
  private var matches: [Int] = []
  /// For each member of WordNet the symbol that a word of the reference has; negative for none.
  private var symbolOfMember: [Int]

  private struct Word {
    var place: Int
    var symbol: Int
  }

  init(_ wordNet: WordNet?) {
    self.wordNet = wordNet
    symbolOfMember = Array(repeating: -1, count: wordNet?.members.count ?? 0)
  }

  /// The best score over the references; nil when there are too many for so long a text.
  mutating func score(_ segment: Segment) -> Double? {
    let words = reader.read(segment, .whitespace, lowercase: true)
    let most = max(words.range(0).count, reader.table.count)
    guard Limits.allow(most, words.count, Limits.meteorWords) else { return nil }
    var best = 0.0
    for index in 1..<words.count {
      best = max(best, score(words, words.range(0), words.range(index)))
    }
    return best
  }

  private mutating func score(_ words: Symbols, _ a: Range<Int>, _ b: Range<Int>) -> Double {
    matches = Array(repeating: -1, count: a.count)
    predicted = a.map { Word(place: $0 - a.lowerBound, symbol: Int(words.symbols[$0])) }
    wanted = b.map { Word(place: $0 - b.lowerBound, symbol: Int(words.symbols[$0])) }
    matchSymbols(count: reader.table.count)
    if !predicted.isEmpty && !wanted.isEmpty {
      stemIDs.removeAll()
      predicted = stemmed(predicted)
      wanted = stemmed(wanted)
      matchSymbols(count: stemIDs.count)
      if let wordNet, !predicted.isEmpty, !wanted.isEmpty { matchSynonyms(wordNet) }
    }
    return Self.score(matches, a.count, b.count)
  }

  private mutating func stemmed(_ words: [Word]) -> [Word] {
    words.map { word in
      let bytes = Array(reader.table.bytes(of: word.symbol))
      return Word(place: word.place, symbol: stems.id(bytes, 0..<bytes.count, &stemIDs))
    }
  }

  /// Links the places of each symbol of the reference.
  private mutating func link(count: Int) {
    last = Array(repeating: -1, count: count)
    before = Array(repeating: -1, count: wanted.count)
    for (place, word) in wanted.enumerated() {
      before[place] = last[word.symbol]
      last[word.symbol] = place
    }
  }

  /// Matches equal words, both from their ends; what is matched leaves.
  private mutating func matchSymbols(count: Int) {
    link(count: count)
    var isTaken = Array(repeating: false, count: wanted.count)
    for word in predicted.reversed() {
      let place = last[word.symbol]
      if place < 0 { continue }
      last[word.symbol] = before[place]
      isTaken[place] = true
      matches[word.place] = wanted[place].place
    }
    drop(isTaken)
  }

  private mutating func drop(_ isTaken: [Bool]) {
    predicted.removeAll { matches[$0.place] >= 0 }
    var place = 0
    wanted.removeAll { _ in
      defer { place += 1 }
      return isTaken[place]
    }
  }

  /// Matches a word with the last word of the reference that is a synonym of its stem.
  private mutating func matchSynonyms(_ wordNet: WordNet) {
    link(count: stemIDs.count)
    var named: [Int] = []
    for word in wanted {
      let bytes = Array(stemIDs.bytes(of: word.symbol))
      if let member = wordNet.members.find(bytes, 0..<bytes.count) {
        symbolOfMember[member] = word.symbol
        named.append(member)
      }
    }
    // A word's synonyms among those of the reference, found once for each different word.
    var synonyms: [Int: [Int]] = [:]
    for word in predicted.reversed() {
      var best = last[word.symbol]
      if !named.isEmpty {
        if synonyms[word.symbol] == nil {
          synonyms[word.symbol] = self.synonyms(of: word.symbol, wordNet)
        }
        for symbol in synonyms[word.symbol] ?? [] { best = max(best, last[symbol]) }
      }
      if best < 0 { continue }
      last[wanted[best].symbol] = before[best]
      matches[word.place] = wanted[best].place
    }
    for member in named { symbolOfMember[member] = -1 }
  }

  private func synonyms(of symbol: Int, _ wordNet: WordNet) -> [Int] {
    var found: Set<Int> = []
    wordNet.eachSynonym(Array(stemIDs.bytes(of: symbol))) { member in
      if symbolOfMember[member] >= 0 { found.insert(symbolOfMember[member]) }
    }
    return Array(found)
  }

  private static func score(_ matches: [Int], _ predicted: Int, _ wanted: Int) -> Double {
    var (count, chunks) = (0, 0)
    var previous = -2
    for match in matches {
      if match >= 0 {
        count += 1
        if match != previous + 1 || previous < 0 { chunks += 1 }
      }
      // A word without a match ends the chunk.
      previous = match >= 0 ? match : -2
    }
    if count == 0 { return 0 }
    let precision = Double(count) / Double(predicted)
    let recall = Double(count) / Double(wanted)
    let mean = precision * recall / (alpha * precision + (1 - alpha) * recall)
    let fragments = Double(chunks) / Double(count)
    let penalty = gamma * (fragments * fragments * fragments)
    return (1 - penalty) * mean
  }
}
