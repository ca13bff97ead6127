/// What multiclass metrics read: decisions by class, the ranks of the labels, exact sums of losses, and the
/// confidences; for one class against the rest also every score.
public struct MulticlassState: State {
  public static var version: UInt8 { 1 }

  public struct Configuration: Sendable, Equatable {
    public var classes: ClassTable
    public var kind: ScoreKind
    public var zeroDivision: ZeroDivision
    /// Averages run over all declared classes, not only over those seen.
    public var overDeclared: Bool

    public init(
      classes: ClassTable, kind: ScoreKind, zeroDivision: ZeroDivision, overDeclared: Bool
    ) {
      self.classes = classes
      self.kind = kind
      self.zeroDivision = zeroDivision
      self.overDeclared = overDeclared
    }
  }

  public let configuration: Configuration
  public private(set) var count = 0
  /// Rows that came as predictions.
  private var unscored = 0
  /// Rows whose scores are kept, class by class.
  private var kept = 0
  public private(set) var decisions: ClassDecisions
  /// Rows by the rank of their label.
  private(set) var ranks = TallyColumn()
  private var logLoss = ExactSum()
  private var squaredError = ExactSum()
  /// The greatest probability of each row, positive where its class is the label.
  private var confidences = ScoreIndex()
  /// The scores of each class, positive where it is the label.
  private var columns: [ScoreIndex] = []

  public init(_ configuration: Configuration) {
    self.configuration = configuration
    decisions = ClassDecisions(configuration.classes)
  }

  public mutating func update(_ batch: MulticlassBatch) {
    count = count.addingClamped(batch.count)
    decisions.update(
      labels: batch.labels, predictions: batch.predictions, of: batch.classes,
      weights: batch.weights)
    guard let scored = batch.scored else {
      unscored = unscored.addingClamped(batch.count)
      return
    }
    for row in 0..<batch.count {
      ranks.add(weight: batch.weights?[row] ?? 1, at: max(0, Int(scored.ranks[row])))
    }
    if let losses = scored.losses { add(losses, batch) }
    if let matrix = scored.kept { add(matrix, batch) }
  }

  private mutating func add(_ losses: ClassLosses, _ batch: MulticlassBatch) {
    if let weights = batch.weights {
      logLoss.add(products: losses.logLosses, weights)
      squaredError.add(products: losses.squaredErrors, weights)
    } else {
      logLoss.add(contentsOf: losses.logLosses)
      squaredError.add(contentsOf: losses.squaredErrors)
    }
    let hits = zip(batch.labels, batch.predictions).map { UInt8($0 == $1 ? 1 : 0) }
    confidences.update(losses.confidences, labels: hits, weights: batch.weights)
  }

  private mutating func add(_ matrix: ScoreMatrix, _ batch: MulticlassBatch) {
    kept = kept.addingClamped(batch.count)
    cover(matrix.width)
    for code in 0..<matrix.width {
      columns[code].update(
        matrix.column(code), labels: batch.labels.map { Int($0) == code ? 1 : 0 },
        weights: batch.weights)
    }
  }

  private mutating func cover(_ width: Int) {
    if columns.count < width {
      columns += repeatElement(ScoreIndex(), count: width - columns.count)
    }
  }

  public mutating func merge(_ other: MulticlassState) {
    count = count.addingClamped(other.count)
    unscored = unscored.addingClamped(other.unscored)
    kept = kept.addingClamped(other.kept)
    decisions.merge(other.decisions)
    ranks.merge(other.ranks, nil)
    logLoss.merge(other.logLoss)
    squaredError.merge(other.squaredError)
    confidences.merge(other.confidences)
    cover(other.columns.count)
    for (code, index) in other.columns.enumerated() { columns[code].merge(index) }
  }

  public mutating func prepare() {
    if unscored > 0 { return }
    confidences.prepare()
    if kept == count {
      for code in columns.indices { columns[code].prepare() }
    }
  }

  public mutating func forEachScoreIndex(_ body: (inout ScoreIndex) -> Void) {
    body(&confidences)
    for code in columns.indices { body(&columns[code]) }
  }

  public var byteCount: Int {
    columns.reduce(512 + decisions.byteCount + ranks.byteCount + confidences.byteCount) {
      $0 + $1.byteCount + MemoryLayout<ScoreIndex>.stride
    }
  }
}

// MARK: - Reading

extension MulticlassState {
  /// Whether every row came with scores.
  public var hasScores: Bool { unscored == 0 }

  /// The weight of all rows.
  var total: Tally { decisions.labelled.total }

  /// The means of the losses of probabilities; nil where no row has a weight.
  var meanLogLoss: Double? { mean(of: logLoss) }
  var meanSquaredError: Double? { mean(of: squaredError) }

  private func mean(of sum: ExactSum) -> Double? {
    let weight = total
    return weight.isZero ? nil : ExactSum.ratio(sum, weight.exact)
  }

  /// The greatest probabilities, prepared; nil where there are none.
  var sortedConfidences: SortedScores? {
    hasScores && configuration.kind != .score ? confidences.prepared : nil
  }

  /// The scores of each class, prepared; nil where they are not kept.
  var sortedColumns: [SortedScores]? {
    guard hasScores, kept == count else { return nil }
    let sorted = columns.compactMap(\.prepared)
    return sorted.count == columns.count && !sorted.isEmpty ? sorted : nil
  }

  /// How many classes have scores that are kept.
  var width: Int { columns.count }
}

// MARK: - Coding

extension MulticlassState {
  public func encode(into writer: inout StateWriter) {
    writer.write(UInt64(count))
    writer.write(UInt64(unscored))
    writer.write(UInt64(kept))
    decisions.encode(into: &writer)
    ranks.encode(into: &writer)
    writer.write(logLoss)
    writer.write(squaredError)
    confidences.encode(into: &writer)
    writer.write(UInt64(columns.count))
    for column in columns { column.encode(into: &writer) }
  }

  public init(
    _ configuration: Configuration, from reader: inout StateReader
  ) throws(StateError) {
    self.configuration = configuration
    guard let count = Int(exactly: try reader.read(UInt64.self)), count < Int.max / 4,
      let unscored = Int(exactly: try reader.read(UInt64.self)), unscored <= count,
      let kept = Int(exactly: try reader.read(UInt64.self)), kept <= count
    else { throw StateError("a count of rows is out of range") }
    self.count = count
    self.unscored = unscored
    self.kept = kept
    decisions = try ClassDecisions(configuration.classes, from: &reader)
    ranks = try TallyColumn(from: &reader)
    logLoss = try reader.readExactSum()
    squaredError = try reader.readExactSum()
    confidences = try ScoreIndex(from: &reader)
    let width = try reader.readCount(ofSize: 8)
    guard width <= DeclaredClasses.limit else { throw StateError("too many classes") }
    for _ in 0..<width { columns.append(try ScoreIndex(from: &reader)) }
  }
}
