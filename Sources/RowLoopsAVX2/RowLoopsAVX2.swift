import RowLoops

/// The loops of `RowLoops` compiled for processors with AVX2. Only for those: EvalMetrics asks before it
/// calls.
public enum RowLoopsAVX2 {
  @inline(never)
  public static func rank(
    _ scores: UnsafePointer<Float>, _ width: Int, _ label: Int
  ) -> RowRank<Float> { Float.rank(scores, width, label) }

  @inline(never)
  public static func rank(
    _ scores: UnsafePointer<Double>, _ width: Int, _ label: Int
  ) -> RowRank<Double> { Double.rank(scores, width, label) }

  @inline(never)
  public static func sums(
    _ scores: UnsafePointer<Float>, _ width: Int, _ label: Int, _ most: Double
  ) -> ExponentialSums { Exponentials.sums(scores, width, label, most) }

  @inline(never)
  public static func sums(
    _ scores: UnsafePointer<Double>, _ width: Int, _ label: Int, _ most: Double
  ) -> ExponentialSums { Exponentials.sums(scores, width, label, most) }

  @inline(never)
  public static func write(
    _ scores: UnsafePointer<Float>, _ width: Int, _ most: Double,
    to target: UnsafeMutablePointer<Double>
  ) -> Double { Exponentials.write(scores, width, most, to: target) }

  @inline(never)
  public static func write(
    _ scores: UnsafePointer<Double>, _ width: Int, _ most: Double,
    to target: UnsafeMutablePointer<Double>
  ) -> Double { Exponentials.write(scores, width, most, to: target) }
}
