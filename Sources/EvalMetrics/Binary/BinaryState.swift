/// Rows of a binary task in the types that its state reads.
public struct BinaryBatch: RowBatch {
  /// What the model said of each row.
  public enum Output: Sendable {
    case scores(ScoreColumn)
    /// 0, 1, or 2 for an abstention.
    case predictions([UInt8])
  }

  public var output: Output
  /// 0 or 1.
  public var labels: [UInt8]
  public var weights: [Double]?

  public var count: Int { labels.count }

  public func selecting(_ rows: [Int]) -> BinaryBatch {
    let chosen: Output =
      switch output {
      case .scores(let column): .scores(column.selecting(rows))
      case .predictions(let column): .predictions(rows.map { column[$0] })
      }
    return BinaryBatch(
      output: chosen, labels: rows.map { labels[$0] },
      weights: weights.map { w in rows.map { w[$0] } })
  }
}

/// What binary metrics read: the decisions at the stream's threshold, and the index of scores.
public struct BinaryState: State {
  public static var version: UInt8 { 1 }

  public struct Configuration: Sendable, Equatable {
    public var kind: ScoreKind
    public var threshold: Double
    public var zeroDivision: ZeroDivision

    public init(kind: ScoreKind, threshold: Double, zeroDivision: ZeroDivision) {
      self.kind = kind
      self.threshold = threshold
      self.zeroDivision = zeroDivision
    }
  }

  public let configuration: Configuration
  public private(set) var count = 0
  /// Rows that came as decisions, without a score.
  private var unscored = 0
  /// By label, and by decision: 0 negative, 1 positive, 2 abstained.
  private var tallies = Array(repeating: Tally(), count: 6)
  private var index = ScoreIndex()

  public init(_ configuration: Configuration) { self.configuration = configuration }

  public mutating func update(_ batch: BinaryBatch) {
    count = count.addingClamped(batch.count)
    switch batch.output {
    case .scores(let column):
      decide(column, batch)
      index.update(column, labels: batch.labels, weights: batch.weights)
    case .predictions(let decisions):
      unscored = unscored.addingClamped(batch.count)
      tally(batch) { decisions[$0] }
    }
  }

  /// Counts the decisions at the threshold, comparing as float64 would without widening every score.
  private mutating func decide(_ column: ScoreColumn, _ batch: BinaryBatch) {
    switch column {
    case .single(let scores):
      let threshold = Float.leastNotBelow(configuration.threshold)
      if batch.weights == nil { return count(scores, batch.labels, threshold) }
      tally(batch) { scores[$0] >= threshold ? 1 : 0 }
    case .double(let scores):
      let threshold = configuration.threshold
      tally(batch) { scores[$0] >= threshold ? 1 : 0 }
    case .half, .bfloat:
      let scores = column.doubles
      let threshold = configuration.threshold
      tally(batch) { scores[$0] >= threshold ? 1 : 0 }
    }
  }

  /// The same for scores that decide every row.
  private mutating func count(_ scores: [Float], _ labels: [UInt8], _ threshold: Float) {
    let counts = Kernels.decisions(scores: scores, labels: labels, threshold: threshold)
    let (positives, decided, both) = (counts.positives, counts.decided, counts.both)
    tallies[0].add(labels.count - positives - decided + both)
    tallies[1].add(decided - both)
    tallies[3].add(positives - both)
    tallies[4].add(both)
  }

  @inline(__always)
  private mutating func tally(_ batch: BinaryBatch, _ decision: (Int) -> UInt8) {
    if let weights = batch.weights {
      for row in 0..<batch.count {
        tallies[Int(batch.labels[row] & 1) * 3 + Int(decision(row))].add(weight: weights[row])
      }
      return
    }
    let labels = batch.labels
    var positives = 0
    var decided = 0
    var both = 0
    var abstained = (0, 0)
    for row in 0..<labels.count {
      let label = Int(labels[row] & 1)
      let d = Int(decision(row))
      if d == 2 {
        if label == 1 { abstained.1 += 1 } else { abstained.0 += 1 }
        continue
      }
      positives &+= label
      decided &+= d
      both &+= label & d
    }
    let answered = labels.count - abstained.0 - abstained.1
    tallies[0].add(answered - positives - decided + both)
    tallies[1].add(decided - both)
    tallies[2].add(abstained.0)
    tallies[3].add(positives - both)
    tallies[4].add(both)
    tallies[5].add(abstained.1)
  }

  public mutating func merge(_ other: BinaryState) {
    count = count.addingClamped(other.count)
    unscored = unscored.addingClamped(other.unscored)
    for place in tallies.indices { tallies[place].merge(other.tallies[place]) }
    index.merge(other.index)
  }

  public mutating func prepare() { if unscored == 0 { index.prepare() } }

  public mutating func adoptPrepared(_ copy: BinaryState) { index.adoptSorted(copy.index) }

  /// The decisions at the stream's own threshold, or of its predictions.
  public var decisions: Decisions {
    Decisions(
      truePositives: tallies[4].value, falsePositives: tallies[1].value,
      trueNegatives: tallies[0].value, falseNegatives: tallies[3].value,
      abstainedPositives: tallies[5].value, abstainedNegatives: tallies[2].value)
  }

  /// The scores, prepared; nil when the stream has hard predictions.
  public var scores: SortedScores? { unscored == 0 ? index.prepared : nil }

  /// The decisions at a threshold. Those at the stream's own are counted, whatever is kept of the scores.
  func decisionRange(_ scores: SortedScores, at threshold: Double) -> DecisionRange {
    ScoredRows(
      scores: scores, kind: configuration.kind, threshold: configuration.threshold,
      decisions: decisions
    ).decisionRange(at: threshold)
  }

  public mutating func forEachScoreIndex(_ body: (inout ScoreIndex) -> Void) { body(&index) }

  public var byteCount: Int { index.byteCount + 256 }

  public func encode(into writer: inout StateWriter) {
    writer.write(UInt64(count))
    writer.write(UInt64(unscored))
    for tally in tallies { tally.encode(into: &writer) }
    index.encode(into: &writer)
  }

  public init(
    _ configuration: Configuration, from reader: inout StateReader
  ) throws(StateError) {
    self.configuration = configuration
    guard let count = Int(exactly: try reader.read(UInt64.self)), count < Int.max / 4,
      let unscored = Int(exactly: try reader.read(UInt64.self)), unscored <= count
    else { throw StateError("a count of rows is out of range") }
    self.count = count
    self.unscored = unscored
    for place in tallies.indices { tallies[place] = try Tally(from: &reader) }
    index = try ScoreIndex(from: &reader)
  }
}

extension Float {
  /// The least float that is not below a double, so that comparing floats with it is comparing doubles.
  static func leastNotBelow(_ x: Double) -> Float {
    let nearest = Float(x)
    return Double(nearest) < x ? nearest.nextUp : nearest
  }
}
