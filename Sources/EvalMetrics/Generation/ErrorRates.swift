/// Whole texts and bags of words: `exact_match` and `token_f1`.
struct MatchScorer {
  private var reader = WordReader()

  /// Whether the prediction is one of the references, byte for byte.
  static func isExact(_ segment: Segment) -> Bool {
    (1..<segment.textCount).contains { segment.prediction.equals(segment.text($0)) }
  }

  /// The best F1 over the references of the words two texts share, split at white space. Two texts without
  /// words agree; one of them alone shares nothing.
  mutating func tokenF1(_ segment: Segment) -> Double {
    let words = reader.read(segment, .whitespace)
    let prediction = words.range(0)
    var left = Array(repeating: 0, count: reader.table.count)
    for place in prediction { left[Int(words.symbols[place])] += 1 }
    var best = 0.0
    for index in 1..<words.count {
      let reference = words.range(index)
      var common = 0
      for place in reference {
        let word = Int(words.symbols[place])
        if left[word] > 0 { common += 1 }
        left[word] -= 1
      }
      for place in reference { left[Int(words.symbols[place])] += 1 }
      best = max(best, Self.f1(common, prediction.count, reference.count))
    }
    return best
  }

  private static func f1(_ common: Int, _ predicted: Int, _ wanted: Int) -> Double {
    if predicted == 0 && wanted == 0 { return 1 }
    return common == 0 ? 0 : 2 * Double(common) / (Double(predicted) + Double(wanted))
  }
}

/// Edits over the corpus: `wer` and `cer`.
struct ErrorRateScorer {
  private var reader = WordReader()
  private var characters = Symbols()
  private let aligner = Kernels.Aligner()

  /// Edits and length for the reference with the lowest rate of words; nil when the texts are too long.
  mutating func words(_ segment: Segment) -> (edits: Int, length: Int)? {
    best(reader.read(segment, .spaces))
  }

  /// Edits and length for the reference with the lowest rate of code points; white space at the ends doesn't count.
  mutating func characters(_ segment: Segment) -> (edits: Int, length: Int)? {
    characters.removeAll()
    for index in 0..<segment.textCount {
      let text = segment.text(index)
      let range = PythonText.stripped(text.bytes, text.range)
      characters.appendCodePoints(TextSlice(bytes: text.bytes, range: range), withSpaces: true)
      characters.endText()
    }
    return best(characters)
  }

  private func best(_ texts: Symbols) -> (edits: Int, length: Int)? {
    guard Limits.allow(texts, Limits.alignmentCells) else { return nil }
    var best: (edits: Int, length: Int)?
    for index in 1..<texts.count {
      let (prediction, reference) = (texts.range(0), texts.range(index))
      let found = (
        edits: aligner.editDistance(texts.symbols, prediction, reference), length: reference.count
      )
      if best.map({ Self.isLower(found, $0) }) ?? true { best = found }
    }
    return best
  }

  /// Whether a rate is lower; an empty reference is the worst unless nothing need be changed.
  private static func isLower(
    _ a: (edits: Int, length: Int), _ b: (edits: Int, length: Int)
  ) -> Bool {
    let left = a.edits.multipliedFullWidth(by: b.length)
    let right = b.edits.multipliedFullWidth(by: a.length)
    if left.high == right.high && left.low == right.low { return a.edits < b.edits }
    return left.high != right.high ? left.high < right.high : left.low < right.low
  }
}
