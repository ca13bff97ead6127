/// The last rows of a stream, whatever its marks, in buckets of equal size.
///
/// A bucket holds the rows of a range of ordinals, and an ordinal is how many rows came before, so the
/// buckets are the same however the rows were batched. A push touches the newest one or two.
public struct Rolling<Base: State>: Sendable {
  /// The most buckets that are kept.
  public static var mostBuckets: Int { 64 }

  /// How many of the last rows can be asked for.
  public let rows: Int
  let bucketRows: Int
  let configuration: Base.Configuration
  private var buckets = StateList<Base>()
  /// The ordinal of the next row.
  private(set) var next = 0
  /// What each bucket may take. Buckets leave, so a rule for all of them together would depend on when it was
  /// applied; the rows of one bucket never do.
  private let bucketBudget: MemoryBudget?
  /// The budget of the newest bucket.
  private var budget: MemoryBudget?

  /// Keeps at least the last `rows` rows, which must be at least one, all of them within a budget if there is one.
  public init(_ configuration: Base.Configuration, rows: Int, budget: Int? = nil) {
    bucketBudget = budget.map { MemoryBudget(bytes: $0 / Self.mostBuckets) }
    self.configuration = configuration
    self.rows = max(1, rows)
    // The newest bucket may have just begun, so it does not count towards the rows that must be there.
    bucketRows = (self.rows - 1) / (Self.mostBuckets - 1) + 1
  }

  /// Takes the buckets that were encoded in place of its own.
  mutating func replace(_ states: [Base], next: Int) {
    buckets = StateList()
    for state in states { buckets.append(state) }
    budget = bucketBudget
    self.next = next
  }

  /// Takes in the rows of a merged state, whose order is not known: they make up a bucket of their own.
  mutating func absorb(_ state: Base) {
    if state.count == 0 { return }
    begin()
    buckets.change(buckets.states.count - 1) { $0.merge(state) }
    budget?.noteMove()
    // What comes next begins a bucket too.
    next = (next.addingClamped(state.count) - 1) / bucketRows * bucketRows
    next = next.addingClamped(bucketRows)
  }

  /// Folds rows in; rows that would leave at once are left out.
  public mutating func update(_ batch: Base.Batch) {
    let (end, overflow) = next.addingReportingOverflow(batch.count)
    if batch.count == 0 || overflow { return }
    let first = next
    // The first row of the oldest bucket that is kept once all rows have come.
    next = max(next, ((end - 1) / bucketRows - (Self.mostBuckets - 1)) * bucketRows)
    while next < end {
      let position = next % bucketRows
      let taken = min(bucketRows - position, end - next)
      if position == 0 || buckets.states.isEmpty { begin() }
      let part =
        taken == batch.count ? batch : batch.selecting(Array(next - first..<next - first + taken))
      var budget = budget
      buckets.change(buckets.states.count - 1) {
        $0.update(part)
        budget?.note(scores: part.keptScores, in: &$0)
      }
      self.budget = budget
      next += taken
    }
  }

  /// Makes what is asked of the newest bucket follow from its rows alone, as it does of all others.
  public mutating func settle() {
    guard var budget, let newest = buckets.states.indices.last else { return }
    buckets.change(newest) { budget.settle(&$0) }
    self.budget = budget
  }

  /// The most low bits that the keys of scores in a bucket have lost.
  public var droppedBits: Int { buckets.states.map(\.droppedBits).max() ?? 0 }

  private mutating func begin() {
    settle()
    budget = bucketBudget
    buckets.append(Base(configuration))
    if buckets.states.count > Self.mostBuckets { _ = buckets.removeFirst() }
  }

  /// The newest whole buckets that hold at least `count` rows; all of them where there are fewer.
  public func newest(_ count: Int) -> Range<Int> {
    var first = buckets.states.count
    var held = 0
    while first > 0 && held < count {
      first -= 1
      held += buckets.states[first].count
    }
    return first..<buckets.states.count
  }

  /// The buckets, the oldest first.
  public var states: [Base] { buckets.states }

  /// Changes a bucket in place, without changing what it answers.
  mutating func change<R, E: Error>(
    _ index: Int, _ body: (inout Base) throws(E) -> R
  ) throws(E) -> R { try buckets.change(index, body) }

  public var byteCount: Int { buckets.byteCount }
}
