import RowLoops

#if arch(x86_64)
  import _Builtin_intrinsics.intel
#endif

extension RowLoopsAVX512 {
  @inline(never)
  public static func rank(
    _ scores: UnsafePointer<Float>, _ width: Int, _ label: Int
  ) -> RowRank<Float> { WideFloats.rank(scores, width, label, copyingTo: nil) }

  @inline(never)
  public static func rank(
    _ scores: UnsafePointer<Float>, _ width: Int, _ label: Int,
    copyingTo copy: UnsafeMutablePointer<Float>
  ) -> RowRank<Float> { WideFloats.rank(scores, width, label, copyingTo: copy) }

  @inline(never)
  public static func rank(
    _ scores: UnsafePointer<Double>, _ width: Int, _ label: Int
  ) -> RowRank<Double> { WideDoubles.rank(scores, width, label, copyingTo: nil) }

  @inline(never)
  public static func rank(
    _ scores: UnsafePointer<Double>, _ width: Int, _ label: Int,
    copyingTo copy: UnsafeMutablePointer<Double>
  ) -> RowRank<Double> { WideDoubles.rank(scores, width, label, copyingTo: copy) }
}

#if arch(x86_64)
  /// As many scores as a register has.
  private protocol WideScores {
    associatedtype Score: LaneScore
    associatedtype Lanes

    static var count: Int { get }

    static func all(_ x: Score) -> Lanes
    static func load(_ scores: UnsafePointer<Score>) -> Lanes
    /// As many as there are, one or more; nothing else is read, and the other lanes are those of x.
    static func load(_ scores: UnsafePointer<Score>, first count: Int, else x: Lanes) -> Lanes
    static func store(_ x: Lanes, to scores: UnsafeMutablePointer<Score>)
    /// As many as there are, one or more; nothing else is written.
    static func store(_ x: Lanes, to scores: UnsafeMutablePointer<Score>, first count: Int)
    static func larger(_ x: Lanes, _ y: Lanes) -> Lanes
    static func greatest(_ x: Lanes) -> Score
    static func sum(_ x: Lanes, _ y: Lanes) -> Lanes
    /// y, or NaN where x is not finite.
    static func spoilt(_ y: Lanes, by x: Lanes) -> Lanes
    /// Which lanes of x are not below those of y.
    static func notBelow(_ x: Lanes, _ y: Lanes) -> UInt32
    static func equal(_ x: Lanes, _ y: Lanes) -> UInt32
  }

  extension WideScores {
    /// As `LaneScore.rank`: the label's rank, the greatest score, its class, and whether all are finite.
    @inline(__always)
    static func rank(
      _ scores: UnsafePointer<Score>, _ width: Int, _ label: Int,
      copyingTo copy: UnsafeMutablePointer<Score>?
    ) -> RowRank<Score> {
      let label = (place: label, score: scores[label])
      guard let copy else {
        let found = look(at: scores, width, label, copyingTo: nil)
        return width <= count ? found : placed(found, scores, width, label)
      }
      var found = look(at: scores, width, label, copyingTo: copy)
      if width > count { found = placed(found, UnsafePointer(copy), width, label) }
      if copy[label.place] != label.score { found.isFinite = false }
      return found
    }

    /// The look at every score, once. Of a row wider than a register the rank counts all that are not below the
    /// label, and the best class is still open.
    @inline(__always)
    private static func look(
      at scores: UnsafePointer<Score>, _ width: Int, _ label: (place: Int, score: Score),
      copyingTo copy: UnsafeMutablePointer<Score>?
    ) -> RowRank<Score> {
      if width <= count { return narrowRank(scores, width, label, copyingTo: copy) }
      let own = all(label.score)
      let zero = all(0)
      var greatest = (own, own)
      var faults = (zero, zero, zero, zero)
      // The label itself is not below its score.
      var rank = -1
      var place = 0
      while place &+ 4 &* count <= width {
        let a = load(scores + place)
        let b = load(scores + (place &+ count))
        let c = load(scores + (place &+ 2 &* count))
        let d = load(scores + (place &+ 3 &* count))
        if let copy {
          store(a, to: copy + place)
          store(b, to: copy + (place &+ count))
          store(c, to: copy + (place &+ 2 &* count))
          store(d, to: copy + (place &+ 3 &* count))
        }
        greatest.0 = larger(larger(greatest.0, a), c)
        greatest.1 = larger(larger(greatest.1, b), d)
        faults.0 = spoilt(faults.0, by: a)
        faults.1 = spoilt(faults.1, by: b)
        faults.2 = spoilt(faults.2, by: c)
        faults.3 = spoilt(faults.3, by: d)
        rank &+= notBelow(a, own).nonzeroBitCount &+ notBelow(b, own).nonzeroBitCount
        rank &+= notBelow(c, own).nonzeroBitCount &+ notBelow(d, own).nonzeroBitCount
        place &+= 4 &* count
      }
      while place < width {
        let a = load(scores + place, first: width &- place, else: own)
        if let copy { store(a, to: copy + place, first: width &- place) }
        greatest.0 = larger(greatest.0, a)
        faults.0 = spoilt(faults.0, by: a)
        let isThere = lowest(width &- place)
        rank &+= (notBelow(a, own) & isThere).nonzeroBitCount
        place &+= count
      }
      let fault = sum(sum(faults.0, faults.1), sum(faults.2, faults.3))
      return RowRank(
        greatest: Self.greatest(larger(greatest.0, greatest.1)), rank: rank,
        isFinite: equal(fault, zero) == lowest(count))
    }

    /// The same with the label's rank and the best class.
    @inline(__always)
    private static func placed(
      _ found: RowRank<Score>, _ scores: UnsafePointer<Score>, _ width: Int,
      _ label: (place: Int, score: Score)
    ) -> RowRank<Score> {
      var found = found
      found.best = label.place
      // Mostly all others are below it, and otherwise those that are equal and come after it were counted, too.
      if found.rank > 0 {
        let next = label.place &+ 1
        found.rank &-= countEqual(scores + next, width &- next, all(label.score))
        if found.rank > 0 { found.best = firstIndex(of: found.greatest, scores, width) }
      }
      return found
    }

    /// How many scores are equal to one.
    @inline(__always)
    private static func countEqual(
      _ scores: UnsafePointer<Score>, _ width: Int, _ own: Lanes
    ) -> Int {
      var hits = 0
      var place = 0
      while place &+ 4 &* count <= width {
        hits &+= equalOfFour(scores + place, own).nonzeroBitCount
        place &+= 4 &* count
      }
      while place < width {
        let a = load(scores + place, first: width &- place, else: all(.nan))
        hits &+= equal(a, own).nonzeroBitCount
        place &+= count
      }
      return hits
    }

    /// Which scores of four registers are equal to one.
    @inline(__always)
    private static func equalOfFour(_ scores: UnsafePointer<Score>, _ own: Lanes) -> UInt64 {
      let width = UInt64(truncatingIfNeeded: count)
      let a = UInt64(equal(load(scores), own))
      let b = UInt64(equal(load(scores + count), own)) &<< width
      let c = UInt64(equal(load(scores + 2 &* count), own)) &<< (2 &* width)
      let d = UInt64(equal(load(scores + 3 &* count), own)) &<< (3 &* width)
      return (a | b) | (c | d)
    }

    /// As many bits as there are scores, or lanes.
    @inline(__always)
    static func lowest(_ width: Int) -> UInt32 {
      UInt32(truncatingIfNeeded: (1 &<< (width < count ? width : count)) &- 1)
    }

    /// The same of a row that a register holds.
    @inline(__always)
    private static func narrowRank(
      _ scores: UnsafePointer<Score>, _ width: Int, _ label: (place: Int, score: Score),
      copyingTo copy: UnsafeMutablePointer<Score>?
    ) -> RowRank<Score> {
      let own = all(label.score)
      let zero = all(0)
      let a = load(scores, first: width, else: own)
      if let copy { store(a, to: copy, first: width) }
      // The label and what is behind it come after it where they are equal.
      let ahead = notBelow(a, own) & ~(equal(a, own) & ~lowest(label.place))
      let greatest = greatest(a)
      var found = RowRank(
        greatest: greatest, rank: ahead.nonzeroBitCount,
        isFinite: equal(spoilt(zero, by: a), zero) == lowest(count))
      found.best = equal(a, all(greatest)).trailingZeroBitCount
      return found
    }

    /// The first place of a score; the first of all where it is nowhere.
    @inline(__always)
    static func firstIndex(
      of score: Score, _ scores: UnsafePointer<Score>, _ width: Int
    ) -> Int {
      let wanted = all(score)
      var place = 0
      while place &+ 4 &* count <= width {
        let hits = equalOfFour(scores + place, wanted)
        if hits != 0 { return place &+ hits.trailingZeroBitCount }
        place &+= 4 &* count
      }
      while place < width {
        let a = load(scores + place, first: width &- place, else: all(.nan))
        let hits = equal(a, wanted)
        if hits != 0 { return place &+ hits.trailingZeroBitCount }
        place &+= count
      }
      return 0
    }
  }

  private enum WideFloats: WideScores {
    @inline(__always)
    static var count: Int { 16 }

    @inline(__always)
    static func all(_ x: Float) -> __m512 { _mm512_set1_ps(x) }

    @inline(__always)
    static func load(_ scores: UnsafePointer<Float>) -> __m512 { _mm512_loadu_ps(scores) }

    @inline(__always)
    static func load(
      _ scores: UnsafePointer<Float>, first count: Int, else x: __m512
    ) -> __m512 {
      return _mm512_mask_loadu_ps(x, UInt16(truncatingIfNeeded: lowest(count)), scores)
    }

    @inline(__always)
    static func store(_ x: __m512, to scores: UnsafeMutablePointer<Float>) {
      _mm512_storeu_ps(scores, x)
    }

    @inline(__always)
    static func store(_ x: __m512, to scores: UnsafeMutablePointer<Float>, first count: Int) {
      _mm512_mask_storeu_ps(scores, UInt16(truncatingIfNeeded: lowest(count)), x)
    }

    @inline(__always)
    static func larger(_ x: __m512, _ y: __m512) -> __m512 { _mm512_max_ps(x, y) }

    @inline(__always)
    static func sum(_ x: __m512, _ y: __m512) -> __m512 { _mm512_add_ps(x, y) }

    @inline(__always)
    static func greatest(_ x: __m512) -> Float { _mm512_reduce_max_ps(x) }

    @inline(__always)
    static func spoilt(_ y: __m512, by x: __m512) -> __m512 {
      _mm512_fmadd_ps(x, _mm512_setzero_ps(), y)
    }

    @inline(__always)
    static func notBelow(_ x: __m512, _ y: __m512) -> UInt32 {
      UInt32(_mm512_movepi32_mask(unsafeBitCast(x .>= y, to: __m512i.self)))
    }

    @inline(__always)
    static func equal(_ x: __m512, _ y: __m512) -> UInt32 {
      UInt32(_mm512_movepi32_mask(unsafeBitCast(x .== y, to: __m512i.self)))
    }
  }

  private enum WideDoubles: WideScores {
    @inline(__always)
    static var count: Int { 8 }

    @inline(__always)
    static func all(_ x: Double) -> __m512d { _mm512_set1_pd(x) }

    @inline(__always)
    static func load(_ scores: UnsafePointer<Double>) -> __m512d { _mm512_loadu_pd(scores) }

    @inline(__always)
    static func load(
      _ scores: UnsafePointer<Double>, first count: Int, else x: __m512d
    ) -> __m512d {
      return _mm512_mask_loadu_pd(x, UInt8(truncatingIfNeeded: lowest(count)), scores)
    }

    @inline(__always)
    static func store(_ x: __m512d, to scores: UnsafeMutablePointer<Double>) {
      _mm512_storeu_pd(scores, x)
    }

    @inline(__always)
    static func store(_ x: __m512d, to scores: UnsafeMutablePointer<Double>, first count: Int) {
      _mm512_mask_storeu_pd(scores, UInt8(truncatingIfNeeded: lowest(count)), x)
    }

    @inline(__always)
    static func larger(_ x: __m512d, _ y: __m512d) -> __m512d { _mm512_max_pd(x, y) }

    @inline(__always)
    static func sum(_ x: __m512d, _ y: __m512d) -> __m512d { _mm512_add_pd(x, y) }

    @inline(__always)
    static func greatest(_ x: __m512d) -> Double { _mm512_reduce_max_pd(x) }

    @inline(__always)
    static func spoilt(_ y: __m512d, by x: __m512d) -> __m512d {
      _mm512_fmadd_pd(x, _mm512_setzero_pd(), y)
    }

    @inline(__always)
    static func notBelow(_ x: __m512d, _ y: __m512d) -> UInt32 {
      UInt32(_mm512_movepi64_mask(unsafeBitCast(x .>= y, to: __m512i.self)))
    }

    @inline(__always)
    static func equal(_ x: __m512d, _ y: __m512d) -> UInt32 {
      UInt32(_mm512_movepi64_mask(unsafeBitCast(x .== y, to: __m512i.self)))
    }
  }
#else
  private enum WideFloats {
    @inline(__always)
    static func rank(
      _ scores: UnsafePointer<Float>, _ width: Int, _ label: Int,
      copyingTo copy: UnsafeMutablePointer<Float>?
    ) -> RowRank<Float> { Float.rank(scores, width, label, copyingTo: copy) }
  }

  private enum WideDoubles {
    @inline(__always)
    static func rank(
      _ scores: UnsafePointer<Double>, _ width: Int, _ label: Int,
      copyingTo copy: UnsafeMutablePointer<Double>?
    ) -> RowRank<Double> { Double.rank(scores, width, label, copyingTo: copy) }
  }
#endif
