// Loops over the scores of a row, written once and compiled several times: in EvalMetrics for every processor,
// in RowLoopsAVX2 and RowLoopsAVX512 for those that have more. All of it is inlined there.
//
// The lanes and the order of every operation are those that are written here, whatever registers they lie in, and
// only what is written as fused is, so each form gives the same bits.

/// What the loops share.
public enum RowLoops {
  /// The greatest lane. `max()` of the library would be compiled apart, and a function that was compiled for one
  /// processor could take the place of the same one for another.
  @inlinable @inline(__always)
  static func greatest(_ lanes: SIMD16<Float>) -> Float {
    let (a, b) = unsafeBitCast(lanes, to: (SIMD8<Float>, SIMD8<Float>).self)
    let (c, d) = unsafeBitCast(
      a.replacing(with: b, where: b .> a), to: (SIMD4<Float>, SIMD4<Float>).self)
    return greatest(c.replacing(with: d, where: d .> c))
  }

  @inlinable @inline(__always)
  static func greatest(_ lanes: SIMD8<Double>) -> Double {
    let (a, b) = unsafeBitCast(lanes, to: (SIMD4<Double>, SIMD4<Double>).self)
    return greatest(a.replacing(with: b, where: b .> a))
  }

  @inlinable @inline(__always)
  static func greatest<Score: SIMDScalar & Comparable>(_ lanes: SIMD4<Score>) -> Score {
    let first = lanes[0] < lanes[1] ? lanes[1] : lanes[0]
    let second = lanes[2] < lanes[3] ? lanes[3] : lanes[2]
    return first < second ? second : first
  }
}

extension RowLoops {
  /// The sum of counts, halves first: that of the library takes lane by lane.
  @inlinable @inline(__always)
  static func total(_ lanes: SIMD16<UInt32>) -> Int {
    let (a, b) = unsafeBitCast(lanes, to: (SIMD8<UInt32>, SIMD8<UInt32>).self)
    let (c, d) = unsafeBitCast(a &+ b, to: (SIMD4<UInt32>, SIMD4<UInt32>).self)
    let sum = c &+ d
    return Int(truncatingIfNeeded: (sum[0] &+ sum[1]) &+ (sum[2] &+ sum[3]))
  }

  @inlinable @inline(__always)
  static func total(_ lanes: SIMD8<UInt64>) -> Int {
    let (a, b) = unsafeBitCast(lanes, to: (SIMD4<UInt64>, SIMD4<UInt64>).self)
    let sum = a &+ b
    return Int(truncatingIfNeeded: (sum[0] &+ sum[1]) &+ (sum[2] &+ sum[3]))
  }

  /// Whether a bit is set. To compare lanes with zero would be done one by one.
  @inlinable @inline(__always)
  static func isAnySet(_ lanes: SIMD16<UInt32>) -> Bool {
    isAnySet(unsafeBitCast(lanes, to: SIMD8<UInt64>.self))
  }

  @inlinable @inline(__always)
  static func isAnySet(_ lanes: SIMD8<UInt64>) -> Bool {
    let (a, b) = unsafeBitCast(lanes, to: (SIMD4<UInt64>, SIMD4<UInt64>).self)
    let bits = a | b
    return (bits[0] | bits[1]) | (bits[2] | bits[3]) != 0
  }

  /// How many scores are greater than one, and how many are equal to it.
  @inlinable @inline(__always)
  public static func countAbove(
    _ scores: UnsafePointer<Double>, _ count: Int, _ own: Double
  ) -> (above: Int, equal: Int) {
    typealias Bits = SIMD8<UInt64>
    let owns = SIMD8<Double>(repeating: own)
    // A comparison is all ones where it holds, which is -1.
    var (above, equal) = (Bits.zero, Bits.zero)
    var place = 0
    while place &+ 8 <= count {
      let x = Double.lanes(scores + place)
      above = above &- unsafeBitCast(x .> owns, to: Bits.self)
      equal = equal &- unsafeBitCast(x .== owns, to: Bits.self)
      place &+= 8
    }
    var found = (above: total(above), equal: total(equal))
    while place < count {
      if scores[place] > own { found.above &+= 1 }
      if scores[place] == own { found.equal &+= 1 }
      place &+= 1
    }
    return found
  }
}

extension RowLoops {
  /// Whether all of some numbers are finite.
  @inlinable @inline(__always)
  public static func areFinite(_ numbers: UnsafePointer<Float>, _ count: Int) -> Bool {
    typealias Bits = SIMD16<UInt32>
    // x - x is 0 for a finite x, else NaN.
    var (faults, others) = (Bits.zero, Bits.zero)
    @inline(__always)
    func found(_ place: Int) -> Bits {
      let x = UnsafeRawPointer(numbers + place).loadUnaligned(as: SIMD16<Float>.self)
      return unsafeBitCast(x - x, to: Bits.self)
    }
    var place = 0
    while place &+ 32 <= count {
      faults = faults | found(place)
      others = others | found(place &+ 16)
      place &+= 32
    }
    var fault: UInt32 = isAnySet(faults | others) ? 1 : 0
    while place < count {
      fault |= (numbers[place] - numbers[place]).bitPattern
      place &+= 1
    }
    return fault == 0
  }
}

extension Float: LaneScore {
  @inlinable @inline(__always)
  public static func load<Form: LaneForm>(
    _ scores: UnsafePointer<Float>, _: Form.Type
  ) -> Form.Lanes { Form.load(scores) }

  @inlinable @inline(__always)
  public static func load<Form: LaneForm>(
    _ scores: UnsafePointer<Float>, first count: Int, _: Form.Type
  ) -> Form.Lanes { Form.load(scores, first: count) }

  @inlinable @inline(__always)
  public static func lanes(_ scores: UnsafePointer<Float>) -> SIMD8<Double> {
    SIMD8<Double>(UnsafeRawPointer(scores).loadUnaligned(as: SIMD8<Float>.self))
  }

  @inlinable @inline(__always)
  public static func isAmong64(_ scores: UnsafePointer<Float>, _ score: Float) -> Bool {
    let wanted = SIMD16<Float>(repeating: score)
    var hits = SIMD16<UInt32>.zero
    for place in stride(from: 0, to: 64, by: 16) {
      let x = UnsafeRawPointer(scores + place).loadUnaligned(as: SIMD16<Float>.self)
      hits = hits | unsafeBitCast(x .== wanted, to: SIMD16<UInt32>.self)
    }
    return RowLoops.isAnySet(hits)
  }
}

extension Double: LaneScore {
  @inlinable @inline(__always)
  public static func load<Form: LaneForm>(
    _ scores: UnsafePointer<Double>, _: Form.Type
  ) -> Form.Lanes { Form.load(scores) }

  @inlinable @inline(__always)
  public static func load<Form: LaneForm>(
    _ scores: UnsafePointer<Double>, first count: Int, _: Form.Type
  ) -> Form.Lanes { Form.load(scores, first: count) }

  @inlinable @inline(__always)
  public static func lanes(_ scores: UnsafePointer<Double>) -> SIMD8<Double> {
    UnsafeRawPointer(scores).loadUnaligned(as: SIMD8<Double>.self)
  }

  @inlinable @inline(__always)
  public static func isAmong64(_ scores: UnsafePointer<Double>, _ score: Double) -> Bool {
    let wanted = SIMD8<Double>(repeating: score)
    var hits = SIMD8<UInt64>.zero
    for place in stride(from: 0, to: 64, by: 8) {
      let x = UnsafeRawPointer(scores + place).loadUnaligned(as: SIMD8<Double>.self)
      hits = hits | unsafeBitCast(x .== wanted, to: SIMD8<UInt64>.self)
    }
    return RowLoops.isAnySet(hits)
  }
}
