/// Every token that counts with its best cosine, by row: what idf weighs anew as references come.
///
/// A row has a pair of sides for each of its references: the tokens of the prediction, and those of the reference.
struct MatchedRows: Sendable {
  /// Tokens of all sides, one after the other: ids in a batch, codes in a state.
  private(set) var tokens: [Int32] = []
  /// The best cosine of each.
  private(set) var cosines: [Double] = []
  /// Where in `tokens` each side ends, the prediction's before the reference's.
  private(set) var sideEnds: [Int] = []
  /// Where in the pairs of sides each row ends.
  private(set) var rowEnds: [Int] = []

  init() {}

  var count: Int { rowEnds.count }
  var byteCount: Int { tokens.count * 12 + (sideEnds.count + rowEnds.count) * 8 }

  mutating func append(_ token: Int32, _ cosine: Double) {
    tokens.append(token)
    cosines.append(cosine)
  }

  mutating func endSide() { sideEnds.append(tokens.count) }
  mutating func endRow() { rowEnds.append(sideEnds.count / 2) }

  /// The pairs of a row.
  func pairs(_ row: Int) -> Range<Int> { (row == 0 ? 0 : rowEnds[row - 1])..<rowEnds[row] }

  /// The tokens of the two sides of a pair.
  func sides(_ pair: Int) -> (prediction: Range<Int>, reference: Range<Int>) {
    let start = pair == 0 ? 0 : sideEnds[2 * pair - 1]
    return (start..<sideEnds[2 * pair], sideEnds[2 * pair]..<sideEnds[2 * pair + 1])
  }

  /// Appends a row of another, with a token for each of its tokens.
  mutating func append(_ row: Int, of other: MatchedRows, _ token: (Int32) -> Int32) {
    for pair in other.pairs(row) {
      let sides = other.sides(pair)
      for side in [sides.prediction, sides.reference] {
        for place in side { append(token(other.tokens[place]), other.cosines[place]) }
        endSide()
      }
    }
    endRow()
  }

  /// What each row is worth with a weight for each code.
  func scores(_ row: Int, weights: [Double]) -> MatchScores {
    var best: MatchScores?
    for pair in pairs(row) {
      let (prediction, reference) = sides(pair)
      let scores =
        prediction.isEmpty || reference.isEmpty
        ? .nothingToCompare
        : MatchScores(
          precision: mean(prediction, weights), recall: mean(reference, weights))
      best = best?.better(scores) ?? scores
    }
    return best ?? .nothingToCompare
  }

  private func mean(_ side: Range<Int>, _ weights: [Double]) -> Double? {
    var (sum, total) = (0.0, 0.0)
    for place in side {
      let weight = weights[Int(tokens[place])]
      sum += weight * cosines[place]
      total += weight
    }
    return total == 0 ? nil : sum / total
  }
}

extension MatchedRows {
  func encode(into writer: inout StateWriter) {
    writer.write(tokens)
    writer.write(cosines)
    writer.write(sideEnds)
    writer.write(rowEnds)
  }

  /// `codes` is how many codes there are.
  init(from reader: inout StateReader, codes: Int) throws(StateError) {
    tokens = try reader.readArray()
    cosines = try reader.readDoubles()
    sideEnds = try reader.readArray()
    rowEnds = try reader.readArray()
    guard tokens.allSatisfy({ $0 >= 0 && Int($0) < codes }), cosines.count == tokens.count,
      cosines.allSatisfy({ (-1...1).contains($0) }), sideEnds.count.isMultiple(of: 2),
      Self.areEnds(sideEnds, of: tokens.count), Self.areEnds(rowEnds, of: sideEnds.count / 2)
    else { throw StateError("the tokens do not fit") }
  }

  private static func areEnds(_ ends: [Int], of count: Int) -> Bool {
    (ends.last ?? 0) == count && (ends.first ?? 0) >= 0
      && zip(ends, ends.dropFirst()).allSatisfy { $0 <= $1 }
  }
}

/// What greedy matching says of a row. Nil where tokens count, but all their weights are zero.
struct MatchScores: Sendable, Equatable {
  var precision: Double?
  var recall: Double?
  var f1: Double?

  /// Of a text without tokens that count, with any other.
  static let nothingToCompare = MatchScores(precision: 0, recall: 0)

  init(precision: Double?, recall: Double?) {
    self.precision = precision
    self.recall = recall
    if let precision, let recall {
      let sum = precision + recall
      f1 = sum == 0 ? 0 : 2 * precision * recall / sum
    }
  }

  /// The better of two references, in each of the three by itself.
  func better(_ other: MatchScores) -> MatchScores {
    var best = self
    best.precision = Self.greater(precision, other.precision)
    best.recall = Self.greater(recall, other.recall)
    best.f1 = Self.greater(f1, other.f1)
    return best
  }

  private static func greater(_ a: Double?, _ b: Double?) -> Double? {
    guard let a, let b else { return a ?? b }
    return max(a, b)
  }
}
