import RowLoops

#if arch(x86_64)
  import _Builtin_intrinsics.intel
#endif

extension RowLoopsAVX2 {
  @inline(never)
  public static func rank(
    _ ranker: KeyRanker<UInt32>, _ i: Int, _ j: Int, from end: Int,
    into ranks: UnsafeMutablePointer<Int>
  ) { ranker.rank(i, j, from: end, into: ranks, NarrowWindow.self) }

  @inline(never)
  public static func rank(
    _ ranker: KeyRanker<UInt64>, _ i: Int, _ j: Int, from end: Int,
    into ranks: UnsafeMutablePointer<Int>
  ) { ranker.rank(i, j, from: end, into: ranks, WideWindow.self) }

  @inline(never)
  public static func spread(
    _ start: Int, _ back: UnsafePointer<UInt8>, _ below: UnsafePointer<Int32>,
    _ steps: UnsafeMutablePointer<UInt64>, _ passed: inout UInt64,
    positives: UnsafeMutablePointer<Double>, negatives: UnsafeMutablePointer<Double>
  ) {
    LayerBlocks.spread(
      start, back, below, steps, &passed, positives: positives, negatives: negatives)
  }

  @inline(never)
  public static func precisionParts(
    below positives: UnsafePointer<Double>, of allPositives: Double,
    below negatives: UnsafePointer<Double>, of allNegatives: Double, _ count: Int
  ) -> PrecisionParts {
    .sums(below: positives, of: allPositives, below: negatives, of: allNegatives, count)
  }
}

#if arch(x86_64)
  private enum NarrowWindow: KeyWindow {
    @inline(__always)
    static var length: Int { 8 }

    @inline(__always)
    static func above(_ keys: UnsafePointer<UInt32>, _ key: UInt32) -> Int {
      // There are only comparisons of signed numbers: with the highest bit turned their order is that of the keys.
      let turned = SIMD8<UInt32>(repeating: 1 << 31)
      let own = SIMD8<UInt32>(repeating: key ^ 1 << 31)
      let lanes = UnsafeRawPointer(keys).loadUnaligned(as: SIMD8<UInt32>.self) ^ turned
      let isAbove = _mm256_cmpgt_epi32(
        unsafeBitCast(lanes, to: __m256i.self), unsafeBitCast(own, to: __m256i.self))
      let bits = _mm256_movemask_ps(unsafeBitCast(isAbove, to: __m256.self))
      return bits.nonzeroBitCount
    }
  }

  private enum WideWindow: KeyWindow {
    @inline(__always)
    static var length: Int { 8 }

    @inline(__always)
    static func above(_ keys: UnsafePointer<UInt64>, _ key: UInt64) -> Int {
      (bits(keys + 4, key) << 4 | bits(keys, key)).nonzeroBitCount
    }

    /// Which of four keys are above one.
    @inline(__always)
    private static func bits(_ keys: UnsafePointer<UInt64>, _ key: UInt64) -> Int32 {
      let turned = SIMD4<UInt64>(repeating: 1 << 63)
      let own = SIMD4<UInt64>(repeating: key ^ 1 << 63)
      let lanes = UnsafeRawPointer(keys).loadUnaligned(as: SIMD4<UInt64>.self) ^ turned
      let isAbove = _mm256_cmpgt_epi64(
        unsafeBitCast(lanes, to: __m256i.self), unsafeBitCast(own, to: __m256i.self))
      return _mm256_movemask_pd(unsafeBitCast(isAbove, to: __m256d.self))
    }
  }
#else
  private typealias NarrowWindow = PlainWindow<UInt32>
  private typealias WideWindow = PlainWindow<UInt64>
#endif
