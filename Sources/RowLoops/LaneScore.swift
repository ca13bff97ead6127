/// What is found of a row before its exponentials are.
@frozen
public struct RowRank<Score> {
  /// The greatest score.
  public var greatest: Score
  /// How many classes come before the label: those of a greater score, and earlier ones of an equal score.
  public var rank: Int
  /// The class of the greatest score, the first of equal ones.
  public var best = 0
  /// Whether every score is finite; where one is not, the rest means nothing.
  public var isFinite: Bool

  @inlinable @inline(__always)
  public init(greatest: Score, rank: Int, isFinite: Bool) {
    self.greatest = greatest
    self.rank = rank
    self.isFinite = isFinite
  }
}

/// A score of a class, in the type in which it came.
public protocol LaneScore: BinaryFloatingPoint, Sendable {
  /// Eight scores as doubles.
  static func lanes(_ scores: UnsafePointer<Self>) -> SIMD8<Double>
  static func load<Form: LaneForm>(_ scores: UnsafePointer<Self>, _: Form.Type) -> Form.Lanes
  /// Fewer than eight, and zeros behind them.
  static func load<Form: LaneForm>(
    _ scores: UnsafePointer<Self>, first count: Int, _: Form.Type
  ) -> Form.Lanes
  /// The greatest score, the label's rank, and whether all are finite. The label is one of the classes.
  static func rank(_ scores: UnsafePointer<Self>, _ width: Int, _ label: Int) -> RowRank<Self>
  /// Whether one of 64 scores is equal to a score.
  static func isAmong64(_ scores: UnsafePointer<Self>, _ score: Self) -> Bool
}

extension LaneScore {
  /// The first place of a score; the first of all where it is nowhere.
  @inlinable @inline(__always)
  public static func firstIndex(
    of score: Self, _ scores: UnsafePointer<Self>, _ width: Int
  ) -> Int {
    // A branch for each would cost more than comparing all of a block.
    var place = 0
    while place &+ 64 <= width && !isAmong64(scores + place, score) { place &+= 64 }
    while place < width && scores[place] != score { place &+= 1 }
    return place < width ? place : 0
  }
}

extension LaneScore {
  /// Takes up what blocks of lanes found, for the scores from `start` on, and the equal ones before the label.
  @inlinable @inline(__always)
  public static func finish(
    _ scores: UnsafePointer<Self>, _ width: Int, _ label: Int, from start: Int,
    _ found: RowRank<Self>, equal: Int
  ) -> RowRank<Self> {
    let own = scores[label]
    var found = found
    var equal = equal
    for place in start..<width {
      let x = scores[place]
      if x > found.greatest { found.greatest = x }
      if x > own { found.rank &+= 1 }
      if x == own { equal &+= 1 }
      if !(x - x == 0) { found.isFinite = false }
    }
    // The label itself is equal; others are rare.
    if equal > 1 {
      for place in 0..<label where scores[place] == own { found.rank &+= 1 }
    }
    // A label that nothing beats is the best class.
    found.best = found.rank == 0 ? label : firstIndex(of: found.greatest, scores, width)
    return found
  }
}
