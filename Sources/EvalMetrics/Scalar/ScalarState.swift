/// Rows of a scalar task: a finite number each.
public struct ScalarBatch: RowBatch {
  public var values: ScoreColumn
  public var weights: [Double]?

  public var count: Int { values.count }

  public func selecting(_ rows: [Int]) -> ScalarBatch {
    ScalarBatch(values: values.selecting(rows), weights: weights.map { w in rows.map { w[$0] } })
  }
}

/// Exact moments of numbers, and the numbers themselves in order for quantiles.
public struct ScalarState: State {
  public static var version: UInt8 { 1 }

  /// What the stream's options say.
  public struct Configuration: Sendable, Equatable {
    /// What made the values, for signatures.
    var model: String?
  }

  public private(set) var count = 0
  /// Sum of weights, of weighted values, and of weighted squares, all exact.
  private(set) var weight = Tally()
  private(set) var sum = ExactSum()
  private(set) var squares = ExactSum()
  private var index = ScoreIndex()

  public init(_: Configuration) {}

  public mutating func update(_ batch: ScalarBatch) {
    count = count.addingClamped(batch.count)
    let values = batch.values.doubles
    if let weights = batch.weights {
      for row in values.indices {
        weight.add(weight: weights[row])
        sum.add(product: weights[row], values[row])
        squares.add(product: weights[row], values[row], values[row])
      }
    } else {
      weight.add(values.count)
      sum.add(contentsOf: values)
      squares.add(products: values, values)
    }
    // One class for all: the index then is just the numbers in order.
    index.update(
      batch.values, labels: Array(repeating: 1, count: values.count), weights: batch.weights)
  }

  public mutating func merge(_ other: ScalarState) {
    count = count.addingClamped(other.count)
    weight.merge(other.weight)
    sum.merge(other.sum)
    squares.merge(other.squares)
    index.merge(other.index)
  }

  public mutating func prepare() { index.prepare() }
  public mutating func adoptPrepared(_ copy: ScalarState) { index.adoptSorted(copy.index) }

  /// The numbers in order, prepared.
  var ordered: SortedScores? { index.prepared }

  public mutating func forEachScoreIndex(_ body: (inout ScoreIndex) -> Void) { body(&index) }

  public var byteCount: Int { index.byteCount + 512 }

  public func encode(into writer: inout StateWriter) {
    writer.write(UInt64(count))
    weight.encode(into: &writer)
    writer.write(sum)
    writer.write(squares)
    index.encode(into: &writer)
  }

  public init(_: Configuration, from reader: inout StateReader) throws(StateError) {
    guard let count = Int(exactly: try reader.read(UInt64.self)), count < Int.max / 4 else {
      throw StateError("a count of rows is out of range")
    }
    self.count = count
    weight = try Tally(from: &reader)
    sum = try reader.readExactSum()
    squares = try reader.readExactSum()
    index = try ScoreIndex(from: &reader)
  }
}
