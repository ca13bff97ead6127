/// How ROUGE reads a text.
struct ROUGESettings: Hashable, Sendable {
  enum Tokenizer: String, Sendable, CaseIterable {
    /// Runs of a–z and 0–9 in lower case; all else, every other script too, only separates.
    case rougeScore = "rouge_score"
    /// Runs of letters, marks and numbers of any script, in lower case; Han and kana characters one by one.
    case unicode
  }

  var tokenizer = Tokenizer.rougeScore
  /// Whether words of more than three characters are stemmed.
  var stemmer = false

  var name: String { "\(tokenizer.rawValue) \(stemmer ? 1 : 0)" }
}

/// Which of the ROUGE scores.
enum ROUGEKind: String, Sendable, CaseIterable {
  case rouge1, rouge2, rougeL, rougeLsum
}

/// Precision, recall and their harmonic mean.
struct PrecisionRecall {
  var precision = 0.0
  var recall = 0.0
  var f1 = 0.0

  /// Of matches among so many predicted and wanted; zero where there are none.
  init(_ matches: Int, _ predicted: Int, _ wanted: Int) {
    precision = Double(matches) / Double(max(1, predicted))
    recall = Double(matches) / Double(max(1, wanted))
    f1 = precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0
  }
}

/// Cuts texts into the words of ROUGE, and scores segments by them as rouge_score does.
struct ROUGEScorer {
  private var words = Symbols()
  /// For each text where its lines end, in symbols.
  private var lines: [[Int]] = []
  private var table = TokenTable()
  private var lowered = TextBuffer()
  private var stems = StemTable(shortest: 4)
  private let matcher = Kernels.NGramMatcher()
  private let aligner = Kernels.Aligner()
  /// How the words at hand were read, and whether their n-grams were counted.
  private var current: ROUGESettings?
  private var isMatched = false

  /// Forgets the segment at hand. Its words serve every score that reads them the same way.
  mutating func begin() { current = nil }

  /// The scores of the reference with the best F1, the first of several; nil when the texts are too long.
  mutating func score(
    _ segment: Segment, _ kind: ROUGEKind, _ settings: ROUGESettings
  ) -> PrecisionRecall? {
    if current != settings { read(segment, settings) }
    if !isMatched && (kind == .rouge1 || kind == .rouge2) {
      matcher.match(words, orders: 2)
      isMatched = true
    }
    guard isShortEnough(kind) else { return nil }
    var best: PrecisionRecall?
    for index in 1..<words.count {
      let found = score(index, kind)
      if let known = best, known.f1 >= found.f1 { continue }
      best = found
    }
    return best
  }

  private func isShortEnough(_ kind: ROUGEKind) -> Bool {
    switch kind {
    case .rouge1, .rouge2: return true
    case .rougeL: return Limits.allow(words, Limits.alignmentCells)
    case .rougeLsum:
      // A reference costs at least as much as there are different words.
      let most = max(words.range(0).count, table.count)
      let others = lines.dropFirst().reduce(0) { $0 + $1.count }
      if others == words.count - 1, lines[0].count == 1 {
        return Limits.allow(table.count, others, Limits.unionCells)
          && Limits.allowPaths(words, Limits.unionCells)
      }
      return Limits.allow(
        most, words.symbols.count - words.range(0).count + others, Limits.unionCells)
        && Limits.allow(lines[0].count, others, Limits.linePairs)
    }
  }

  private mutating func score(_ index: Int, _ kind: ROUGEKind) -> PrecisionRecall {
    let (predicted, wanted) = (words.range(0), words.range(index))
    switch kind {
    case .rouge1:
      return PrecisionRecall(matcher.matches[(index - 1) * 2], predicted.count, wanted.count)
    case .rouge2:
      return PrecisionRecall(
        matcher.matches[(index - 1) * 2 + 1], max(0, predicted.count - 1),
        max(0, wanted.count - 1))
    case .rougeL:
      let length = aligner.longestCommonSubsequence(words.symbols, predicted, wanted)
      return PrecisionRecall(length, predicted.count, wanted.count)
    case .rougeLsum:
      return PrecisionRecall(unionHits(index), predicted.count, wanted.count)
    }
  }

  /// Words of the reference that are on the longest common subsequence of their line with any line of the
  /// prediction, each counted no more often than the prediction has it.
  private mutating func unionHits(_ index: Int) -> Int {
    let (predicted, wanted) = (words.range(0), words.range(index))
    if predicted.isEmpty || wanted.isEmpty { return 0 }
    var left = Array(repeating: 0, count: table.count)
    for place in predicted { left[Int(words.symbols[place])] += 1 }
    var isOnPath = Array(repeating: false, count: wanted.count)
    eachLine(index) { line in
      eachLine(0) { other in
        aligner.commonSubsequence(words.symbols, text: line, pattern: other) {
          isOnPath[$0 - wanted.lowerBound] = true
        }
      }
    }
    var hits = 0
    for place in wanted where isOnPath[place - wanted.lowerBound] {
      let word = Int(words.symbols[place])
      if left[word] > 0 {
        hits += 1
        left[word] -= 1
      }
    }
    return hits
  }

  private func eachLine(_ index: Int, _ body: (Range<Int>) -> Void) {
    var start = words.range(index).lowerBound
    for end in lines[index] {
      if start < end { body(start..<end) }
      start = end
    }
  }
}

// MARK: - Words

extension ROUGEScorer {
  private mutating func read(_ segment: Segment, _ settings: ROUGESettings) {
    current = settings
    isMatched = false
    words.removeAll()
    table.removeAll()
    lines.removeAll(keepingCapacity: true)
    for index in 0..<segment.textCount {
      lines.append([])
      let text = lowered.lower(segment.text(index))
      switch settings.tokenizer {
      case .rougeScore: appendASCII(text, settings.stemmer)
      case .unicode: appendUnicode(text, settings.stemmer)
      }
      lines[index].append(words.symbols.count)
      words.endText()
    }
  }

  private mutating func append(_ bytes: [UInt8], _ range: Range<Int>, _ stemmed: Bool) {
    words.append(stemmed ? stems.id(bytes, range, &table) : table.id(bytes, range))
  }

  private mutating func appendASCII(_ text: TextSlice, _ stemmed: Bool) {
    var start = -1
    for place in text.range {
      let byte = text.bytes[place]
      if byte &- 0x61 < 26 || byte &- 0x30 < 10 {
        if start < 0 { start = place }
        continue
      }
      if start >= 0 { append(text.bytes, start..<place, stemmed) }
      start = -1
      if byte == 0x0A { lines[lines.count - 1].append(words.symbols.count) }
    }
    if start >= 0 { append(text.bytes, start..<text.range.upperBound, stemmed) }
  }

  private mutating func appendUnicode(_ text: TextSlice, _ stemmed: Bool) {
    let wordlike = UnicodeTable.Categories.alphanumeric.union(.mark)
    var start = -1
    var position = text.range.lowerBound
    while position < text.range.upperBound {
      let place = position
      let codePoint = UTF8Text.next(text.bytes, &position, text.range.upperBound)
      let isAlone = Self.standsAlone(codePoint)
      if !isAlone && UnicodeTable.python.has(wordlike, codePoint) {
        if start < 0 { start = place }
        continue
      }
      if start >= 0 { append(text.bytes, start..<place, stemmed) }
      start = -1
      if isAlone { append(text.bytes, place..<position, stemmed) }
      if codePoint == 0x0A { lines[lines.count - 1].append(words.symbols.count) }
    }
    if start >= 0 { append(text.bytes, start..<text.range.upperBound, stemmed) }
  }

  /// Han ideographs, Hiragana and Katakana: scripts that put no spaces between words.
  private static func standsAlone(_ codePoint: UInt32) -> Bool {
    switch codePoint {
    case 0x3041...0x3096, 0x30A1...0x30FA, 0x31F0...0x31FF, 0x3400...0x4DBF, 0x4E00...0x9FFF,
      0xF900...0xFAFF, 0x20000...0x323AF:
      true
    default: false
    }
  }
}

/// Stems of words, each found once and remembered as long as that takes little memory.
struct StemTable {
  private var stemmer = PorterStemmer()
  private var words = TokenTable()
  private var stems = TextColumn()
  /// Words of fewer characters stay as they are.
  private let shortest: Int

  init(shortest: Int) { self.shortest = shortest }

  /// The id of the stem of a word in another table.
  mutating func id(_ bytes: [UInt8], _ range: Range<Int>, _ table: inout TokenTable) -> Int {
    let stem = stem(bytes, range)
    return table.id(stems.bytes, stem)
  }

  /// Where in `stems.bytes` the stem of a word stands.
  private mutating func stem(_ bytes: [UInt8], _ range: Range<Int>) -> Range<Int> {
    if stems.bytes.count > 1 << 20 {
      words = TokenTable()
      stems = TextColumn()
    }
    let known = words.count
    let word = words.id(bytes, range)
    if word == known {
      let codePoints = UTF8Text.codePoints(bytes, range)
      for codePoint in codePoints.count >= shortest ? stemmer.stem(codePoints) : codePoints {
        UTF8Text.append(codePoint, to: &stems.bytes)
      }
      stems.ends.append(stems.bytes.count)
    }
    return stems.range(word)
  }
}
