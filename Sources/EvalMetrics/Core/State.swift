/// Columns of equal length that were checked whole, in the types a state reads.
public protocol RowBatch: Sendable {
  /// How many rows there are.
  var count: Int { get }
  /// An upper bound of the scores that a state keeps of them; as many as rows unless it says so.
  var keptScores: Int { get }
  /// The rows at these indices, in this order. Indices are those of this batch.
  func selecting(_ rows: [Int]) -> Self
}

extension RowBatch {
  public var keptScores: Int { count }
}

/// Sufficient statistics of rows: what a metric reads instead of the rows.
///
/// Laws, checked for every conformer by the test support's `checkStateLaws`:
/// - identity: merging a fresh state changes no answer;
/// - split, order: however the rows are cut into batches, ordered and merged, every answer has the same bits;
/// - round trip: a decoded state answers as the encoded one.
public protocol State: Sendable, ScoreKeeper {
  /// What the caller chose. States merge only when it is equal.
  associatedtype Configuration: Sendable, Equatable
  associatedtype Batch: RowBatch

  /// Names the layout of the encoded state. It changes when the layout does; the old one stays readable.
  static var version: UInt8 { get }

  init(_ configuration: Configuration)
  /// Rows folded in so far, weights aside.
  var count: Int { get }
  /// Folds rows in. The batch was checked, so this cannot fail.
  mutating func update(_ batch: Batch)
  /// Adds the rows of another state of the same configuration.
  mutating func merge(_ other: Self)
  /// Does the work that several answers share, such as sorting, so that metrics stay pure functions.
  mutating func prepare()
  /// Takes over what preparing a copy found out, where rows were only added here since it was made. It
  /// changes no answer.
  mutating func adoptPrepared(_ copy: Self)
  /// Writes all that the answers depend on.
  func encode(into writer: inout StateWriter)
  /// Reads what `encode` wrote. Damaged bytes throw; they never trap and never allocate beyond their length.
  init(_ configuration: Configuration, from reader: inout StateReader) throws(StateError)
  /// Memory that grows with what was pushed, in bytes; constant parts may be left out.
  var byteCount: Int { get }
}

extension State {
  public mutating func prepare() {}
  public mutating func adoptPrepared(_ copy: Self) {}
}
