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
  ///
  /// Somebody else may change the scores meanwhile where they are copied: then it is the copy of which this is found,
  /// and one whose label was changed counts as not finite.
  static func rank(
    _ scores: UnsafePointer<Self>, _ width: Int, _ label: Int,
    copyingTo copy: UnsafeMutablePointer<Self>?
  ) -> RowRank<Self>
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
