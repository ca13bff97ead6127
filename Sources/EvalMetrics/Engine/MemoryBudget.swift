/// What keeps scores in indices, of itself or of what it is made of.
public protocol ScoreKeeper {
  /// Hands out every index of scores. What keeps none has nothing to do.
  mutating func forEachScoreIndex(_ body: (inout ScoreIndex) -> Void)
}

extension ScoreKeeper {
  public mutating func forEachScoreIndex(_ body: (inout ScoreIndex) -> Void) {}

  /// Low bits that the keys of scores have lost.
  public var droppedBits: Int {
    var copy = self
    var bits = 0
    copy.forEachScoreIndex { bits = max(bits, $0.precision.droppedBits) }
    return bits
  }
}

/// Keeps the scores of a stream within so many bytes, by a rule of the set of rows alone.
///
/// While the rows fit as rows, each in its smallest form, they are kept. After that weights by key are
/// kept, and keys lose low bits: all of them as many, and no more than it takes for all groups
/// of all windows and slices to fit. Neither the size of the rows nor the number of groups ever falls when rows
/// come, so keeping less as soon as either is known to be too large never keeps less than the rule says.
public struct MemoryBudget: Sendable {
  public let bytes: Int
  /// How finely all scores are kept since they were settled last.
  public private(set) var precision = ScorePrecision.rows
  /// Whether the rule was applied since anything changed.
  private var isSettled = false
  /// An upper bound of the memory of what came since then.
  private var tail = 0

  /// What is new may take a quarter of the budget beside it.
  private var mostTail: Int { bytes / 4 }
  /// A score takes at most a key of eight bytes and a weight, in columns that double as they grow.
  private static var mostBytesOfAScore: Int { 32 }

  public init(bytes: Int) { self.bytes = bytes }

  /// Notes that rows came with at most so many scores, and makes room when they take too much.
  public mutating func note(scores: Int, in keeper: inout some ScoreKeeper) {
    isSettled = false
    tail = tail.addingClamped(min(scores, Int.max / 64) * Self.mostBytesOfAScore)
    if tail <= mostTail { return }
    // They mostly take far less than they may.
    tail = 0
    keeper.forEachScoreIndex { tail += $0.tailBytes }
    if tail > mostTail * 3 / 4 { settle(&keeper) }
  }

  /// Notes that rows went from one index to another, or came as a state.
  public mutating func noteMove() { isSettled = false }

  /// Applies the rule. Whatever is asked afterwards is answered alike for any order of the rows.
  public mutating func settle(_ keeper: inout some ScoreKeeper) {
    if isSettled { return }
    isSettled = true
    tail = 0
    var rows = 0
    keeper.forEachScoreIndex {
      $0.tidy()
      precision = max(precision, $0.precision)
      rows = rows.addingClamped($0.rowBytes)
    }
    if precision.isGrouped || rows > bytes {
      precision = .groups(droppedBits: fittingBits(&keeper))
    }
    keeper.forEachScoreIndex { $0.coarsen(to: precision) }
  }

  /// The least number of dropped bits with which everything fits.
  private func fittingBits(_ keeper: inout some ScoreKeeper) -> Int {
    if precision.isGrouped {
      // Counting groups is as much work as making them; mostly there is room even if every row is one.
      var most = 0
      keeper.forEachScoreIndex { most = most.addingClamped($0.mostGroupBytes) }
      if most <= bytes { return precision.droppedBits }
    }
    var needs = LevelBytes()
    keeper.forEachScoreIndex { $0.addGroupBytes(to: &needs) }
    return needs.level(fitting: bytes, from: precision.droppedBits)
  }
}
