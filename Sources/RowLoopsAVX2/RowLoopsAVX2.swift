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

/// Sixteen registers hold the sums of a block in four lanes each.
enum AVX2Pairs: PairForm {
  typealias Lanes = SIMD4<Double>

  @inline(__always)
  static func product(_ x: Lanes, _ y: Lanes, plus z: Lanes) -> Lanes { z.addingProduct(x, y) }
}
