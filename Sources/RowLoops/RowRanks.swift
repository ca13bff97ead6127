// One look at the scores of a row: the greatest, the rank of the label, and whether all are finite.
//
// Scores that somebody else may change meanwhile are copied by the same look. That costs nothing beside waiting for
// them, and all that follows is found in the copy.

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

extension LaneScore {
  /// Takes up what blocks of lanes found, for the scores from `start` on, and the equal ones before the label.
  @inlinable @inline(__always)
  static func finish(
    _ scores: UnsafePointer<Self>, _ width: Int, _ label: Int,
    copyingTo copy: UnsafeMutablePointer<Self>?, _ own: Self, from start: Int,
    _ found: RowRank<Self>, equal: Int
  ) -> RowRank<Self> {
    guard let copy else {
      return finish(scores, width, label, own, from: start, found, equal: equal)
    }
    for place in start..<width { copy[place] = scores[place] }
    var found = finish(UnsafePointer(copy), width, label, own, from: start, found, equal: equal)
    if copy[label] != own { found.isFinite = false }
    return found
  }

  @inlinable @inline(__always)
  static func finish(
    _ scores: UnsafePointer<Self>, _ width: Int, _ label: Int, _ own: Self, from start: Int,
    _ found: RowRank<Self>, equal: Int
  ) -> RowRank<Self> {
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

extension Float {
  @inlinable @inline(__always)
  public static func rank(
    _ scores: UnsafePointer<Float>, _ width: Int, _ label: Int,
    copyingTo copy: UnsafeMutablePointer<Float>?
  ) -> RowRank<Float> {
    typealias Bits = SIMD16<UInt32>
    let own = SIMD16<Float>(repeating: scores[label])
    var greatest = own
    // A comparison is all ones where it holds, which is -1.
    var (above, equal, faults) = (Bits.zero, Bits.zero, Bits.zero)
    @inline(__always)
    func look(_ place: Int) -> SIMD16<Float> {
      let x = UnsafeRawPointer(scores + place).loadUnaligned(as: SIMD16<Float>.self)
      if let copy {
        UnsafeMutableRawPointer(copy + place).storeBytes(of: x, as: SIMD16<Float>.self)
      }
      return x
    }
    @inline(__always)
    func take(_ x: SIMD16<Float>) {
      greatest = greatest.replacing(with: x, where: x .> greatest)
      above = above &- unsafeBitCast(x .> own, to: Bits.self)
      equal = equal &- unsafeBitCast(x .== own, to: Bits.self)
      faults = faults | unsafeBitCast(x - x, to: Bits.self)
    }
    // The last sixteen first, so that those of them that are looked at once more are copied as they are then.
    let hasRest = width >= 16 && width & 15 != 0
    let rest = hasRest ? look(width &- 16) : own
    var place = 0
    while place &+ 16 <= width {
      take(look(place))
      place &+= 16
    }
    var twice = 0
    if hasRest {
      // Those that were seen count as the label, and not twice.
      twice = place &- (width &- 16)
      let places = SIMD16<Int32>(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
      // All ones where a place is before that, made without comparisons of integers, which would be one by one.
      let before = unsafeBitCast(
        (places &- SIMD16(repeating: Int32(truncatingIfNeeded: twice))) &>> 31, to: Bits.self)
      let seen = unsafeBitCast(own, to: Bits.self) & before
      let bits = unsafeBitCast(rest, to: Bits.self) & ~before | seen
      take(unsafeBitCast(bits, to: SIMD16<Float>.self))
      place = width
    }
    return finish(
      scores, width, label, copyingTo: copy, own[0], from: place,
      RowRank(
        greatest: RowLoops.greatest(greatest), rank: RowLoops.total(above),
        isFinite: !RowLoops.isAnySet(faults)),
      equal: RowLoops.total(equal) &- twice)
  }
}

extension Double {
  @inlinable @inline(__always)
  public static func rank(
    _ scores: UnsafePointer<Double>, _ width: Int, _ label: Int,
    copyingTo copy: UnsafeMutablePointer<Double>?
  ) -> RowRank<Double> {
    typealias Bits = SIMD8<UInt64>
    let own = SIMD8<Double>(repeating: scores[label])
    var greatest = own
    var (above, equal, faults) = (Bits.zero, Bits.zero, Bits.zero)
    var place = 0
    while place &+ 8 <= width {
      let x = UnsafeRawPointer(scores + place).loadUnaligned(as: SIMD8<Double>.self)
      if let copy {
        UnsafeMutableRawPointer(copy + place).storeBytes(of: x, as: SIMD8<Double>.self)
      }
      greatest = greatest.replacing(with: x, where: x .> greatest)
      above = above &- unsafeBitCast(x .> own, to: Bits.self)
      equal = equal &- unsafeBitCast(x .== own, to: Bits.self)
      faults = faults | unsafeBitCast(x - x, to: Bits.self)
      place &+= 8
    }
    return finish(
      scores, width, label, copyingTo: copy, own[0], from: place,
      RowRank(
        greatest: RowLoops.greatest(greatest), rank: RowLoops.total(above),
        isFinite: !RowLoops.isAnySet(faults)),
      equal: RowLoops.total(equal))
  }
}
