/// The tokens of all predictions of a batch, or of all references.
struct TokenSide {
  let name: String
  var embeddings: NumericColumn
  /// Where the tokens of each text end.
  var textEnds: [Int] = []
  /// Where the texts of each row end.
  var rowEnds: [Int] = []
  var ids: [Int32]?
  /// How much each token counts; nil while each counts 1.
  var weights: [Double]?

  /// The texts of a row.
  func texts(_ row: Int) -> Range<Int> { (row == 0 ? 0 : rowEnds[row - 1])..<rowEnds[row] }

  /// The tokens of a text.
  func tokens(_ text: Int) -> Range<Int> { (text == 0 ? 0 : textEnds[text - 1])..<textEnds[text] }

  func weight(_ token: Int) -> Double { weights?[token] ?? 1 }
}

/// Matches the rows of a batch one after the other, with room for the tokens of one pair of texts.
struct GreedyMatcher {
  /// A token without direction.
  struct Fault {
    var side: String
    /// Its place in the column, and in its text.
    var token: Int
    var place: Int
  }

  private let predictions: TokenSide
  private let references: TokenSide
  private let hasIDF: Bool
  private var prediction = TokenVectors()
  private var reference = TokenVectors()
  private var scores: [MatchScores] = []
  private var matched = MatchedRows()

  init(_ predictions: TokenSide, _ references: TokenSide, hasIDF: Bool) {
    self.predictions = predictions
    self.references = references
    self.hasIDF = hasIDF
  }

  /// What the rows so far have become.
  var rows: EmbeddingBatch.Rows { hasIDF ? .tokens(matched) : .scores(scores) }

  /// Adds a row. One with a fault is added too, as a row that has nothing to compare, so that those after it
  /// keep their places.
  mutating func match(_ row: Int) -> Fault? {
    var best: MatchScores?
    var kept = MatchedRows()
    var fault = load(\.prediction, predictions, predictions.tokens(row))
    for text in references.texts(row) where fault == nil {
      fault = load(\.reference, references, references.tokens(text))
      if fault != nil { break }
      let cosines = Kernels.bestCosines(prediction, reference)
      if hasIDF {
        Self.keep(cosines.a, predictions, predictions.tokens(row), &kept)
        Self.keep(cosines.b, references, references.tokens(text), &kept)
      } else {
        let scores = Self.scores(
          Self.mean(cosines.a, predictions, predictions.tokens(row)),
          Self.mean(cosines.b, references, references.tokens(text)))
        best = best?.better(scores) ?? scores
      }
    }
    if hasIDF {
      var empty = MatchedRows()
      if fault == nil { swap(&empty, &kept) }
      empty.endRow()
      matched.append(0, of: empty) { $0 }
    } else {
      scores.append(fault == nil ? best ?? .nothingToCompare : .nothingToCompare)
    }
    return fault
  }

  private mutating func load(
    _ vectors: WritableKeyPath<GreedyMatcher, TokenVectors>, _ side: TokenSide,
    _ tokens: Range<Int>
  ) -> Fault? {
    guard let place = self[keyPath: vectors].load(side.embeddings, tokens) else { return nil }
    return Fault(side: side.name, token: tokens.lowerBound + place, place: place)
  }

  private static func scores(_ precision: Double?, _ recall: Double?) -> MatchScores {
    guard let precision, let recall else { return .nothingToCompare }
    return MatchScores(precision: precision, recall: recall)
  }

  /// The mean of the tokens that count; nil when none does.
  private static func mean(
    _ cosines: [Double], _ side: TokenSide, _ tokens: Range<Int>
  ) -> Double? {
    var (sum, total) = (0.0, 0.0)
    for (place, token) in tokens.enumerated() {
      let weight = side.weight(token)
      sum += weight * cosines[place]
      total += weight
    }
    return total == 0 ? nil : sum / total
  }

  private static func keep(
    _ cosines: [Double], _ side: TokenSide, _ tokens: Range<Int>, _ rows: inout MatchedRows
  ) {
    for (place, token) in tokens.enumerated() where side.weight(token) != 0 {
      rows.append(side.ids?[token] ?? 0, cosines[place])
    }
    rows.endSide()
  }
}
