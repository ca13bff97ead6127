import RowLoops

/// The loops of `RowLoops` compiled for processors with AVX-512F, DQ, BW and VL. Only for those: EvalMetrics asks before it
/// calls.
public enum RowLoopsAVX512 {
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
  ) -> BlockSums? { PairBlocks.sums(predictions, targets, count, AVX512Pairs.self) }
}

/// Thirty-two registers hold the sums of a block in eight lanes each.
enum AVX512Pairs: PairForm {
  typealias Lanes = SIMD8<Double>

  @inline(__always)
  static func product(_ x: Lanes, _ y: Lanes, plus z: Lanes) -> Lanes { z.addingProduct(x, y) }
}
