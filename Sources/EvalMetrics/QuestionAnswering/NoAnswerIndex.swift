/// Rows with the probability that there is no answer: what there is to know for a threshold on it.
///
/// As in the official script, a row below or at the threshold keeps its prediction, and one above it
/// answers nothing. Beginning with nothing answered, each row that is answered changes the sum of the
/// scores: by its score where there is an answer, by -1 where there is none but the prediction says something.
struct NoAnswerIndex: Sendable {
  /// A row, and what answering it changes.
  struct Row: Sendable, Equatable {
    var probability: Double
    /// -1, 0 or 1.
    var exact: Double
    /// From -1 to 1.
    var f1: Double
    var weight: Double

    static func < (a: Row, b: Row) -> Bool {
      if a.probability != b.probability { return a.probability < b.probability }
      if a.f1 != b.f1 { return a.f1 < b.f1 }
      if a.exact != b.exact { return a.exact < b.exact }
      return a.weight < b.weight
    }
  }

  /// A threshold, and the sum of the scores at it.
  struct Best: Sendable, Equatable {
    var sum: Double
    var threshold: Double
  }

  private var sorted: [Row] = []
  private var added: [Row] = []

  init() {}

  var count: Int { sorted.count + added.count }
  var byteCount: Int { (sorted.capacity + added.capacity) * MemoryLayout<Row>.stride }

  mutating func append(_ row: Row) { if row.weight > 0 { added.append(row) } }

  mutating func merge(_ other: NoAnswerIndex) {
    if other.count == 0 { return }
    added += other.sorted
    added += other.added
  }

  /// Puts what is new in its place.
  mutating func prepare() {
    if added.isEmpty { return }
    added.sort(by: <)
    guard let last = sorted.last, let first = added.first, first < last else {
      sorted += added
      added = []
      return
    }
    var merged: [Row] = []
    merged.reserveCapacity(count)
    var place = 0
    for row in added {
      while place < sorted.count, !(row < sorted[place]) {
        merged.append(sorted[place])
        place += 1
      }
      merged.append(row)
    }
    merged += sorted[place...]
    sorted = merged
    added = []
  }

  /// The highest sum over all thresholds and the lowest threshold that has it, of rows that are prepared.
  /// `start` is the sum where nothing is answered, at the threshold 0.
  ///
  /// Rows of equal probability are answered together; where the official script goes through them one by
  /// one, its result depends on the order of the file. Otherwise it adds in the order of this, bit for bit.
  func best(_ score: (Row) -> Double, from start: Double) -> Best {
    var best = Best(sum: start, threshold: 0)
    var sum = start
    var place = 0
    while place < sorted.count {
      let probability = sorted[place].probability
      var end = place + 1
      while end < sorted.count, sorted[end].probability == probability { end += 1 }
      sum += Self.sum(sorted[place..<end], score)
      if sum > best.sum { best = Best(sum: sum, threshold: probability) }
      place = end
    }
    return best
  }

  /// The sum of a group: exact, so that no order shows.
  private static func sum(_ rows: ArraySlice<Row>, _ score: (Row) -> Double) -> Double {
    if rows.count == 1, let row = rows.first, row.weight == 1 { return score(row) }
    var sum = ExactSum()
    for row in rows { sum.add(product: score(row), row.weight) }
    return sum.value
  }
}

extension NoAnswerIndex {
  func encode(into writer: inout StateWriter) {
    var copy = self
    copy.prepare()
    writer.write(copy.sorted.map(\.probability))
    writer.write(copy.sorted.map(\.f1))
    writer.write(copy.sorted.map { Int8($0.exact) })
    writer.write(copy.sorted.map(\.weight))
  }

  init(from reader: inout StateReader) throws(StateError) {
    let probabilities = try reader.readDoubles()
    let f1 = try reader.readDoubles()
    let exact = try reader.readArray(Int8.self)
    let weights = try reader.readDoubles()
    guard f1.count == probabilities.count, exact.count == f1.count, weights.count == f1.count,
      probabilities.allSatisfy({ (0...1).contains($0) }), f1.allSatisfy({ (-1...1).contains($0) }),
      exact.allSatisfy({ (-1...1).contains($0) }),
      weights.allSatisfy({ $0 > 0 && $0 < .infinity })
    else { throw StateError("the rows of a threshold are out of range") }
    for row in probabilities.indices {
      added.append(
        Row(
          probability: probabilities[row], exact: Double(exact[row]), f1: f1[row],
          weight: weights[row]))
    }
  }
}
