/// What multilabel metrics read: the counts and the scores of each class, and exact sums over the rows.
public struct MultilabelState: State {
  public static var version: UInt8 { 1 }

  public struct Configuration: Sendable, Equatable {
    public var classes: ClassTable
    public var kind: ScoreKind
    public var threshold: Double
    public var zeroDivision: ZeroDivision
    /// Averages run over all classes, not only over those seen.
    public var overDeclared: Bool

    public init(
      classes: ClassTable, kind: ScoreKind, threshold: Double, zeroDivision: ZeroDivision,
      overDeclared: Bool
    ) {
      self.classes = classes
      self.kind = kind
      self.threshold = threshold
      self.zeroDivision = zeroDivision
      self.overDeclared = overDeclared
    }
  }

  public let configuration: Configuration
  public private(set) var count = 0
  /// Rows that came as predictions.
  private var unscored = 0
  /// How many classes a row has.
  public private(set) var width = 0
  /// By class: rows that count, labels, decisions, and those that are both.
  private(set) var counted = TallyColumn()
  private(set) var labelled = TallyColumn()
  private(set) var predicted = TallyColumn()
  private(set) var hits = TallyColumn()
  private(set) var rows = RowSums()
  /// The scores of each class.
  private var columns: [ScoreIndex] = []
  /// The scores of all classes in one, made when they are asked for.
  private var pool = ScorePool()

  public init(_ configuration: Configuration) { self.configuration = configuration }

  public mutating func update(_ batch: MultilabelBatch) {
    count = count.addingClamped(batch.count)
    pool = ScorePool()
    cover(batch.width)
    for row in 0..<batch.count {
      let weight = batch.weights?[row] ?? 1
      rows.add(batch.rows[row], weight, hasScores: batch.scores != nil)
      add(batch, row, weight)
    }
    guard let scores = batch.scores else {
      unscored = unscored.addingClamped(batch.count)
      return
    }
    for code in 0..<batch.width { add(scores, batch, code) }
  }

  private mutating func add(_ batch: MultilabelBatch, _ row: Int, _ weight: Double) {
    for code in 0..<batch.width {
      let label = batch.labels[row * batch.width + code]
      if label == LabelMatrix.ignored { continue }
      let decision = batch.decisions[row * batch.width + code]
      counted.add(weight: weight, at: code)
      if label == 1 { labelled.add(weight: weight, at: code) }
      if decision == 1 { predicted.add(weight: weight, at: code) }
      if label & decision == 1 { hits.add(weight: weight, at: code) }
    }
  }

  private mutating func add(_ scores: ScoreMatrix, _ batch: MultilabelBatch, _ code: Int) {
    var labels = stride(from: code, to: batch.labels.count, by: batch.width).map {
      batch.labels[$0]
    }
    var column = scores.column(code)
    var weights = batch.weights
    if labels.contains(LabelMatrix.ignored) {
      let kept = labels.indices.filter { labels[$0] != LabelMatrix.ignored }
      labels = kept.map { labels[$0] }
      column = column.selecting(kept)
      weights = weights.map { w in kept.map { w[$0] } }
    }
    columns[code].update(column, labels: labels, weights: weights)
  }

  private mutating func cover(_ width: Int) {
    self.width = max(self.width, width)
    if columns.count < width {
      columns += repeatElement(ScoreIndex(), count: width - columns.count)
    }
  }

  public mutating func merge(_ other: MultilabelState) {
    count = count.addingClamped(other.count)
    pool = ScorePool()
    unscored = unscored.addingClamped(other.unscored)
    cover(other.width)
    counted.merge(other.counted, nil)
    labelled.merge(other.labelled, nil)
    predicted.merge(other.predicted, nil)
    hits.merge(other.hits, nil)
    rows.merge(other.rows)
    for (code, index) in other.columns.enumerated() { columns[code].merge(index) }
  }

  public mutating func prepare() {
    if unscored > 0 { return }
    for code in columns.indices { columns[code].prepare() }
  }

  public mutating func forEachScoreIndex(_ body: (inout ScoreIndex) -> Void) {
    pool = ScorePool()
    for code in columns.indices { body(&columns[code]) }
  }

  public var byteCount: Int {
    let counts =
      counted.byteCount + labelled.byteCount + predicted.byteCount + hits.byteCount
    return columns.reduce(1024 + counts + pool.byteCount) {
      $0 + $1.byteCount + MemoryLayout<ScoreIndex>.stride
    }
  }
}

// MARK: - Reading

extension MultilabelState {
  /// Whether every row came with scores.
  public var hasScores: Bool { unscored == 0 }

  /// The name of a class by its code.
  func name(_ code: Int) -> Value {
    configuration.classes.grows
      ? .integer(Int64(code)) : configuration.classes.name(code).value
  }

  /// What was counted of a class.
  func count(of code: Int) -> ClassCount {
    ClassCount(hits: hits[code], labelled: labelled[code], predicted: predicted[code])
  }

  /// The classes that averages run over: those that a label or a decision is, or all.
  var averaged: [Int] {
    if configuration.overDeclared { return Array(0..<width) }
    return Set(labelled.codes).union(predicted.codes).sorted()
  }

  /// The scores of each class, prepared; nil where there are none.
  var sortedColumns: [SortedScores]? {
    guard hasScores else { return nil }
    let sorted = columns.compactMap(\.prepared)
    return sorted.count == columns.count && !sorted.isEmpty ? sorted : nil
  }

  /// The scores of all classes together, prepared; nil where there are none.
  var pooled: SortedScores? {
    guard let sorted = sortedColumns else { return nil }
    if sorted.count == 1 { return sorted[0] }
    return pool.scores(of: columns)
  }
}

// MARK: - Coding

extension MultilabelState {
  public func encode(into writer: inout StateWriter) {
    writer.write(UInt64(count))
    writer.write(UInt64(unscored))
    for column in [counted, labelled, predicted, hits] { column.encode(into: &writer) }
    rows.encode(into: &writer)
    writer.write(UInt64(columns.count))
    for column in columns { column.encode(into: &writer) }
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
    counted = try TallyColumn(from: &reader)
    labelled = try TallyColumn(from: &reader)
    predicted = try TallyColumn(from: &reader)
    hits = try TallyColumn(from: &reader)
    rows = try RowSums(from: &reader)
    let width = try reader.readCount(ofSize: 8)
    guard width <= DeclaredClasses.limit,
      configuration.classes.grows || width <= configuration.classes.count
    else { throw StateError("too many classes") }
    for _ in 0..<width { columns.append(try ScoreIndex(from: &reader)) }
    self.width = width
  }
}
