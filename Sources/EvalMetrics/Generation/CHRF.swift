/// How chrF reads a text.
struct CHRFSettings: Hashable, Sendable {
  /// 0 for chrF, 2 for chrF++.
  var wordOrder = 0
  var lowercase = false
  /// Whether white space counts as characters.
  var whitespace = false

  static let characterOrder = 6
  /// A weight of recall over precision; the square of 2.
  static let factor = 4.0

  var orders: Int { Self.characterOrder + wordOrder }
}

/// chrF of the counts of a segment, or of their sums.
enum CHRF {
  /// For each order the n-grams of the prediction, of the reference, and the matches; in percent.
  static func score(orders: Int, _ sums: (Int) -> Double) -> Double {
    var (precision, recall) = (0.0, 0.0)
    var effective = 0
    for order in 0..<orders {
      let (predicted, wanted, matched) = (sums(3 * order), sums(3 * order + 1), sums(3 * order + 2))
      if predicted > 0 && wanted > 0 {
        precision += matched / predicted
        recall += matched / wanted
        effective += 1
      }
    }
    if effective == 0 { return 0 }
    precision /= Double(effective)
    recall /= Double(effective)
    if precision + recall == 0 { return 0 }
    let factor = CHRFSettings.factor
    var score = (1 + factor) * precision * recall
    score /= (factor * precision) + recall
    return min(100, 100 * score)
  }
}

/// Counts the n-grams of characters and words that chrF compares.
struct CHRFScorer {
  private var characters = Symbols()
  private var words = Symbols()
  private let table = Kernels.WordTable()
  private var lowered = TextBuffer()
  private let matcher = Kernels.NGramMatcher()
  private let wordMatcher = Kernels.NGramMatcher()

  /// Appends the counts of the reference with the best score.
  mutating func score(_ segment: Segment, _ settings: CHRFSettings, into counts: inout [Int]) {
    read(segment, settings)
    matcher.match(characters, orders: CHRFSettings.characterOrder)
    if settings.wordOrder > 0 { wordMatcher.match(words, orders: settings.wordOrder) }
    if segment.places.count == 1 { return append(0, settings, to: &counts) }
    var best: (score: Double, counts: [Int])?
    for reference in 0..<segment.places.count {
      var found: [Int] = []
      append(reference, settings, to: &found)
      let score = CHRF.score(orders: settings.orders) { Double(found[$0]) }
      if let known = best, known.score >= score { continue }
      best = (score, found)
    }
    if let best { counts.append(contentsOf: best.counts) }
  }

  /// Appends the counts of one reference.
  private func append(_ reference: Int, _ settings: CHRFSettings, to found: inout [Int]) {
    func add(_ texts: Symbols, _ orders: Int, _ matches: [Int]) {
      for order in 1...orders {
        let wanted = max(0, texts.range(reference + 1).count - order + 1)
        // Without n-grams in the reference those of the prediction don't count against it.
        found.append(wanted == 0 ? 0 : max(0, texts.range(0).count - order + 1))
        found.append(wanted)
        found.append(matches[reference * orders + order - 1])
      }
    }
    add(characters, CHRFSettings.characterOrder, matcher.matches)
    if settings.wordOrder > 0 { add(words, settings.wordOrder, wordMatcher.matches) }
  }

  private mutating func read(_ segment: Segment, _ settings: CHRFSettings) {
    characters.removeAll()
    words.removeAll()
    table.removeAll()
    for index in 0..<segment.textCount {
      var text = segment.text(index)
      if settings.lowercase { text = lowered.lower(text) }
      characters.appendCodePoints(text, withSpaces: settings.whitespace)
      characters.endText()
      if settings.wordOrder > 0 {
        PythonText.forEachWord(text.bytes, text.range) { appendWord(text.bytes, $0) }
        words.endText()
      }
    }
  }

  /// A mark of ASCII at the end of a word is a word of its own, else one at its start.
  private mutating func appendWord(_ bytes: [UInt8], _ range: Range<Int>) {
    let (first, last) = (range.lowerBound, range.upperBound - 1)
    if range.count > 1, Self.isMark(bytes[last]) {
      words.append(table.id(bytes, first..<last))
      words.append(table.id(bytes, last..<last + 1))
    } else if range.count > 1, Self.isMark(bytes[first]) {
      words.append(table.id(bytes, first..<first + 1))
      words.append(table.id(bytes, first + 1..<last + 1))
    } else {
      words.append(table.id(bytes, range))
    }
  }

  /// Punctuation of ASCII: all that is printed and neither letter, digit nor space.
  private static func isMark(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: true
    default: false
    }
  }
}
