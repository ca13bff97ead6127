import RowLoops

/// The loops of `RowLoops` compiled for processors with AVX2 and FMA. Only for those: EvalMetrics asks before it
/// calls.
public enum RowLoopsAVX2 {
  @inline(never)
  public static func rank(
    _ scores: UnsafePointer<Float>, _ width: Int, _ label: Int
  ) -> RowRank<Float> { Float.rank(scores, width, label, copyingTo: nil) }

  @inline(never)
  public static func rank(
    _ scores: UnsafePointer<Float>, _ width: Int, _ label: Int,
    copyingTo copy: UnsafeMutablePointer<Float>
  ) -> RowRank<Float> { Float.rank(scores, width, label, copyingTo: copy) }

  @inline(never)
  public static func rank(
    _ scores: UnsafePointer<Double>, _ width: Int, _ label: Int
  ) -> RowRank<Double> { Double.rank(scores, width, label, copyingTo: nil) }

  @inline(never)
  public static func rank(
    _ scores: UnsafePointer<Double>, _ width: Int, _ label: Int,
    copyingTo copy: UnsafeMutablePointer<Double>
  ) -> RowRank<Double> { Double.rank(scores, width, label, copyingTo: copy) }

  @inline(never)
  public static func sums(
    _ scores: UnsafePointer<Float>, _ width: Int, _ label: Int, _ most: Double
  ) -> ExponentialSums {
    Exponentials.sums(scores, width, label, most, AVX2Form.self)
  }

  @inline(never)
  public static func sums(
    _ scores: UnsafePointer<Double>, _ width: Int, _ label: Int, _ most: Double
  ) -> ExponentialSums {
    Exponentials.sums(scores, width, label, most, AVX2Form.self)
  }

  @inline(never)
  public static func write(
    _ scores: UnsafePointer<Float>, _ width: Int, _ most: Double,
    to target: UnsafeMutablePointer<Double>
  ) -> Double {
    Exponentials.write(scores, width, most, to: target, AVX2Form.self)
  }

  @inline(never)
  public static func write(
    _ scores: UnsafePointer<Double>, _ width: Int, _ most: Double,
    to target: UnsafeMutablePointer<Double>
  ) -> Double {
    Exponentials.write(scores, width, most, to: target, AVX2Form.self)
  }

  @inline(never)
  public static func countAbove(
    _ scores: UnsafePointer<Double>, _ count: Int, _ own: Double
  ) -> (above: Int, equal: Int) { RowLoops.countAbove(scores, count, own) }

  @inline(never)
  public static func areFinite(_ numbers: UnsafePointer<Float>, _ count: Int) -> Bool {
    RowLoops.areFinite(numbers, count)
  }

  @inline(never)
  public static func blockSums(
    _ predictions: UnsafePointer<Float>, _ targets: UnsafePointer<Float>, _ count: Int
  ) -> BlockSums? { PairBlocks.sums(predictions, targets, count, AVX2Pairs.self) }
}

/// What these processors do in ways of their own.
enum AVX2Form: LaneForm {
  @inline(__always)
  static func fused(
    _ x: SIMD8<Double>, _ y: SIMD8<Double>, plus z: SIMD8<Double>
  ) -> SIMD8<Double> { z.addingProduct(x, y) }

  @inline(__always)
  static func remainder(
    _ x: SIMD8<Double>, _ y: SIMD8<Double>, plus n: SIMD8<Double>
  ) -> SIMD8<Double> { n.addingProduct(x, y) }
}

/// Sixteen registers hold the sums of a block in four lanes each.
enum AVX2Pairs: PairForm {
  typealias Lanes = SIMD4<Double>

  @inline(__always)
  static func product(_ x: Lanes, _ y: Lanes, plus z: Lanes) -> Lanes { z.addingProduct(x, y) }
}
