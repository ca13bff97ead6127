/// Rows of embedding similarity, matched already.
public struct EmbeddingBatch: RowBatch {
  enum Rows: Sendable {
    /// Without idf: what each row is worth.
    case scores([MatchScores])
    /// With idf: the best cosines of its tokens.
    case tokens(MatchedRows)
  }

  var rows: Rows
  var weights: [Double]?

  public var count: Int {
    switch rows {
    case .scores(let scores): scores.count
    case .tokens(let matched): matched.count
    }
  }

  public var keptScores: Int { 0 }

  public func selecting(_ rows: [Int]) -> EmbeddingBatch {
    let weights = weights.map { w in rows.map { w[$0] } }
    switch self.rows {
    case .scores(let scores):
      return EmbeddingBatch(rows: .scores(rows.map { scores[$0] }), weights: weights)
    case .tokens(let matched):
      var chosen = MatchedRows()
      for row in rows { chosen.append(row, of: matched) { $0 } }
      return EmbeddingBatch(rows: .tokens(chosen), weights: weights)
    }
  }
}

/// Exact sums of what rows are worth; with idf each token's best cosine, since weights change with every reference.
public struct EmbeddingState: State {
  public static var version: UInt8 { 1 }

  /// What the stream's options say.
  public struct Configuration: Sendable, Equatable {
    var hasIDF = false
    var baseline: RescaleBaseline?
    var zeroDivision = ZeroDivision.report
    /// The encoder, for signatures.
    var model: String?
  }

  public private(set) var count = 0
  let configuration: Configuration
  /// Without idf, the means; with it, those of a prepared state.
  private(set) var means: MatchMeans?
  private var rows = MatchedRows()
  private var frequencies = TokenFrequencies()
  /// The weights of `rows`; nil while all are 1.
  private var weights: [Double]?
  /// References to take idf from instead of its own.
  private var background: TokenFrequencies?

  public init(_ configuration: Configuration) {
    self.configuration = configuration
    means = configuration.hasIDF ? nil : MatchMeans()
  }

  /// A state that takes idf from the references of a batch, for rows that are looked at one by one.
  init(_ configuration: Configuration, besides batch: EmbeddingBatch) {
    self.init(configuration)
    guard configuration.hasIDF else { return }
    update(batch)
    let references = frequencies
    self.init(configuration)
    background = references
  }

  public mutating func update(_ batch: EmbeddingBatch) {
    if batch.count == 0 { return }
    count = count.addingClamped(batch.count)
    switch batch.rows {
    case .scores(let scores):
      var sums = means ?? MatchMeans()
      means = nil
      for (row, scores) in scores.enumerated() { sums.add(scores, batch.weights?[row] ?? 1) }
      means = sums
    case .tokens(let matched):
      means = nil
      appendWeights(batch.weights, matched.count)
      for row in 0..<matched.count {
        rows.append(row, of: matched) { frequencies.code(of: $0) }
        for pair in rows.pairs(rows.count - 1) {
          frequencies.addText(rows.tokens[rows.sides(pair).reference])
        }
      }
    }
  }

  /// Must come before the rows themselves.
  private mutating func appendWeights(_ new: [Double]?, _ added: Int) {
    if weights == nil && new == nil { return }
    var all = weights ?? Array(repeating: 1, count: rows.count)
    weights = nil
    all += new ?? Array(repeating: 1, count: added)
    weights = all
  }

  public mutating func merge(_ other: EmbeddingState) {
    if other.count == 0 { return }
    count = count.addingClamped(other.count)
    guard configuration.hasIDF else {
      means?.merge(other.means ?? MatchMeans())
      return
    }
    means = nil
    appendWeights(other.weights, other.rows.count)
    let codes = frequencies.merge(other.frequencies)
    for row in 0..<other.rows.count { rows.append(row, of: other.rows) { codes[Int($0)] } }
  }

  public mutating func prepare() {
    if means != nil { return }
    let idf = (background ?? frequencies).weights(of: frequencies.ids)
    var sums = MatchMeans()
    for row in 0..<rows.count { sums.add(rows.scores(row, weights: idf), weights?[row] ?? 1) }
    means = sums
  }

  public var byteCount: Int {
    rows.byteCount + frequencies.byteCount + (weights?.count ?? 0) * 8 + 1024
  }
}

extension EmbeddingState {
  public func encode(into writer: inout StateWriter) {
    writer.write(UInt64(count))
    guard configuration.hasIDF else {
      (means ?? MatchMeans()).encode(into: &writer)
      return
    }
    frequencies.encode(into: &writer)
    rows.encode(into: &writer)
    writer.write(UInt8(weights == nil ? 0 : 1))
    if let weights { writer.write(weights) }
  }

  public init(
    _ configuration: Configuration, from reader: inout StateReader
  ) throws(StateError) {
    self.init(configuration)
    guard let count = Int(exactly: try reader.read(UInt64.self)), count < Int.max / 4 else {
      throw StateError("a count of rows is out of range")
    }
    self.count = count
    guard configuration.hasIDF else {
      means = try MatchMeans(from: &reader)
      return
    }
    frequencies = try TokenFrequencies(from: &reader)
    rows = try MatchedRows(from: &reader, codes: frequencies.ids.count)
    if try reader.read(UInt8.self) != 0 { weights = try reader.readDoubles() }
    guard rows.count == count, (weights?.count ?? count) == count else {
      throw StateError("the rows do not fit their count")
    }
  }
}

/// Weighted sums of the three scores of rows.
struct MatchMeans: Sendable {
  private(set) var precision = WeightedMean()
  private(set) var recall = WeightedMean()
  private(set) var f1 = WeightedMean()

  init() {}

  mutating func add(_ scores: MatchScores, _ weight: Double) {
    precision.add(scores.precision, weight)
    recall.add(scores.recall, weight)
    f1.add(scores.f1, weight)
  }

  mutating func merge(_ other: MatchMeans) {
    precision.merge(other.precision)
    recall.merge(other.recall)
    f1.merge(other.f1)
  }

  func encode(into writer: inout StateWriter) {
    precision.encode(into: &writer)
    recall.encode(into: &writer)
    f1.encode(into: &writer)
  }

  init(from reader: inout StateReader) throws(StateError) {
    precision = try WeightedMean(from: &reader)
    recall = try WeightedMean(from: &reader)
    f1 = try WeightedMean(from: &reader)
  }
}

/// A mean of rows, some of which may have no value.
struct WeightedMean: Sendable {
  private var sum = ExactSum()
  /// The weight of the rows that have a value, and of those that have none.
  private var weight = Tally()
  private var undefined = Tally()

  init() {}

  mutating func add(_ value: Double?, _ weight: Double) {
    guard let value else {
      undefined.add(weight: weight)
      return
    }
    self.weight.add(weight: weight)
    sum.add(product: weight, value)
  }

  mutating func merge(_ other: WeightedMean) {
    sum.merge(other.sum)
    weight.merge(other.weight)
    undefined.merge(other.undefined)
  }

  /// The mean, where a row without a value is what `zeroDivision` says: 0 where it is to report, unless no row
  /// has one.
  func value(_ zeroDivision: ZeroDivision) -> Double? {
    var (sum, total) = (sum, weight)
    switch zeroDivision {
    case .skip: break
    case .report: if !weight.isZero { total.merge(undefined) }
    case .value(let x):
      total.merge(undefined)
      if x == 1 { sum.merge(undefined.exact) }
    }
    return total.isZero ? nil : ExactSum.ratio(sum, total.exact)
  }

  func encode(into writer: inout StateWriter) {
    writer.write(sum)
    weight.encode(into: &writer)
    undefined.encode(into: &writer)
  }

  init(from reader: inout StateReader) throws(StateError) {
    sum = try reader.readExactSum()
    weight = try Tally(from: &reader)
    undefined = try Tally(from: &reader)
  }
}
