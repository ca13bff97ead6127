import RowLoops

#if arch(x86_64)
  import _Builtin_intrinsics.intel
#endif

/// The loops of `RowLoops` compiled for processors with AVX-512F, DQ, BW and VL. Only for those: EvalMetrics asks before it
/// calls.
public enum RowLoopsAVX512 {
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
    Exponentials.sums(scores, width, label, most, AVX512Form.self)
  }

  @inline(never)
  public static func sums(
    _ scores: UnsafePointer<Double>, _ width: Int, _ label: Int, _ most: Double
  ) -> ExponentialSums {
    Exponentials.sums(scores, width, label, most, AVX512Form.self)
  }

  @inline(never)
  public static func write(
    _ scores: UnsafePointer<Float>, _ width: Int, _ most: Double,
    to target: UnsafeMutablePointer<Double>
  ) -> Double {
    Exponentials.write(scores, width, most, to: target, AVX512Form.self)
  }

  @inline(never)
  public static func write(
    _ scores: UnsafePointer<Double>, _ width: Int, _ most: Double,
    to target: UnsafeMutablePointer<Double>
  ) -> Double {
    Exponentials.write(scores, width, most, to: target, AVX512Form.self)
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
  ) -> BlockSums? { PairBlocks.sums(predictions, targets, count, AVX512Pairs.self) }
}

/// What these processors do in ways of their own.
enum AVX512Form: LaneForm {
  @inline(__always)
  static var takesFour: Bool { true }

  @inline(__always)
  static func fused(
    _ x: SIMD8<Double>, _ y: SIMD8<Double>, plus z: SIMD8<Double>
  ) -> SIMD8<Double> { z.addingProduct(x, y) }

  @inline(__always)
  static func remainder(
    _ x: SIMD8<Double>, _ y: SIMD8<Double>, plus n: SIMD8<Double>
  ) -> SIMD8<Double> { n.addingProduct(x, y) }

  #if arch(x86_64)
    /// The table lies in two registers.
    @inline(__always)
    static func lookUp(
      _ n: SIMD8<UInt64>, in table: UnsafePointer<UInt64>
    ) -> SIMD8<UInt64> {
      let lower = UnsafeRawPointer(table).loadUnaligned(as: __m512i.self)
      let upper = UnsafeRawPointer(table + 8).loadUnaligned(as: __m512i.self)
      return unsafeBitCast(
        _mm512_permutex2var_epi64(lower, unsafeBitCast(n, to: __m512i.self), upper),
        to: SIMD8<UInt64>.self)
    }
  #endif
}

/// Thirty-two registers hold the sums of a block in eight lanes each.
enum AVX512Pairs: PairForm {
  typealias Lanes = SIMD8<Double>

  @inline(__always)
  static func product(_ x: Lanes, _ y: Lanes, plus z: Lanes) -> Lanes { z.addingProduct(x, y) }
}
