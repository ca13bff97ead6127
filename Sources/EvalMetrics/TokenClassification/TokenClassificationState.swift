/// Rows of token classification: what was counted of each sequence.
public struct TokenClassificationBatch: RowBatch {
  /// Counts of one row, those of entities by type aside.
  public struct Row: Sendable, Equatable {
    public var tokens = 0
    /// Tokens whose two tags are equal.
    public var right = 0
    var overlap = EntityOverlap()
    /// Where in `types` the row ends.
    var end = 0
  }

  /// Entities of one type in one row.
  public struct OfType: Sendable, Equatable {
    /// A code of `table`.
    public var type: Int
    public var labelled = 0
    public var predicted = 0
    /// Predicted ones that are right, in place and type.
    public var hits = 0
  }

  public var rows: [Row] = []
  public var types: [OfType] = []
  /// The types by code.
  public var table = ClassTable()
  public var weights: [Double]?

  public var count: Int { rows.count }

  @inline(__always)
  func typeRange(_ row: Int) -> Range<Int> { (row == 0 ? 0 : rows[row - 1].end)..<rows[row].end }

  public func selecting(_ chosen: [Int]) -> TokenClassificationBatch {
    var batch = TokenClassificationBatch()
    batch.table = table
    batch.rows.reserveCapacity(chosen.count)
    for row in chosen {
      batch.types.append(contentsOf: types[typeRange(row)])
      var copy = rows[row]
      copy.end = batch.types.count
      batch.rows.append(copy)
    }
    batch.weights = weights.map { w in chosen.map { w[$0] } }
    return batch
  }
}

/// Counts of tokens, of entities by type, and of how entities overlap.
public struct TokenClassificationState: State {
  public static var version: UInt8 { 1 }

  public struct Configuration: Sendable, Equatable {
    /// Nil for the mode of conlleval.
    public var scheme: TagScheme?
    /// The types that were declared by tags.
    public var declaredTypes: [String]?
    public var averagesDeclared: Bool
    public var zeroDivision: ZeroDivision

    public init(
      scheme: TagScheme?, declaredTypes: [String]?, averagesDeclared: Bool,
      zeroDivision: ZeroDivision
    ) {
      self.scheme = scheme
      self.declaredTypes = declaredTypes
      self.averagesDeclared = averagesDeclared
      self.zeroDivision = zeroDivision
    }
  }

  public let configuration: Configuration
  public private(set) var count = 0
  private(set) var tokens = Tally()
  private(set) var rightTokens = Tally()
  /// Predicted entities with the boundaries of one of the reference, others that overlap one, and those
  /// that overlap one of their type.
  private(set) var exact = Tally()
  private(set) var partial = Tally()
  private(set) var typed = Tally()
  private(set) var entities: EntityCounts

  public init(_ configuration: Configuration) {
    self.configuration = configuration
    entities = EntityCounts(configuration.declaredTypes)
  }

  public mutating func update(_ batch: TokenClassificationBatch) {
    if batch.count == 0 { return }
    count = count.addingClamped(batch.count)
    guard let weights = batch.weights else {
      var sums = TokenClassificationBatch.Row()
      for row in batch.rows {
        sums.tokens &+= row.tokens
        sums.right &+= row.right
        sums.overlap.exact &+= row.overlap.exact
        sums.overlap.partial &+= row.overlap.partial
        sums.overlap.typed &+= row.overlap.typed
      }
      add(sums, times: 1)
      entities.add(batch.types[...], of: batch.table, times: 1)
      return
    }
    for (row, counts) in batch.rows.enumerated() where weights[row] > 0 {
      add(counts, times: weights[row])
      entities.add(batch.types[batch.typeRange(row)], of: batch.table, times: weights[row])
    }
  }

  private mutating func add(_ row: TokenClassificationBatch.Row, times weight: Double) {
    tokens.add(row.tokens, times: weight)
    rightTokens.add(row.right, times: weight)
    exact.add(row.overlap.exact, times: weight)
    partial.add(row.overlap.partial, times: weight)
    typed.add(row.overlap.typed, times: weight)
  }

  public mutating func merge(_ other: TokenClassificationState) {
    count = count.addingClamped(other.count)
    tokens.merge(other.tokens)
    rightTokens.merge(other.rightTokens)
    exact.merge(other.exact)
    partial.merge(other.partial)
    typed.merge(other.typed)
    entities.merge(other.entities)
  }

  public var byteCount: Int { entities.byteCount + 512 }
}

extension TokenClassificationState {
  public func encode(into writer: inout StateWriter) {
    writer.write(UInt64(count))
    for tally in [tokens, rightTokens, exact, partial, typed] { tally.encode(into: &writer) }
    entities.encode(into: &writer)
  }

  public init(
    _ configuration: Configuration, from reader: inout StateReader
  ) throws(StateError) {
    self.init(configuration)
    guard let count = Int(exactly: try reader.read(UInt64.self)), count < Int.max / 4 else {
      throw StateError("a count of rows is out of range")
    }
    self.count = count
    tokens = try Tally(from: &reader)
    rightTokens = try Tally(from: &reader)
    exact = try Tally(from: &reader)
    partial = try Tally(from: &reader)
    typed = try Tally(from: &reader)
    entities = try EntityCounts(configuration.declaredTypes, from: &reader)
  }
}

extension Tally {
  /// Adds so many things of a row that has this weight.
  mutating func add(_ things: Int, times weight: Double) {
    if things == 0 { return }
    if weight == 1 { return add(things) }
    var sum = ExactSum()
    sum.add(product: Double(things), weight)
    merge(Tally(units: 0, weighted: sum))
  }
}
