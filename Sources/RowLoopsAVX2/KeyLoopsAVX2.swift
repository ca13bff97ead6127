import RowLoops

#if arch(x86_64)
  import _Builtin_intrinsics.intel
#endif

extension RowLoopsAVX2 {
  @inline(never)
  public static func rank(
    _ ranker: KeyRanker<UInt32>, _ i: Int, _ j: Int, from end: Int,
    into ranks: UnsafeMutablePointer<Int>, _ ties: UnsafeMutablePointer<Int>
  ) { ranker.rank(i, j, from: end, into: ranks, ties, NarrowWindow.self) }

  @inline(never)
  public static func rank(
    _ ranker: KeyRanker<UInt64>, _ i: Int, _ j: Int, from end: Int,
    into ranks: UnsafeMutablePointer<Int>, _ ties: UnsafeMutablePointer<Int>
  ) { ranker.rank(i, j, from: end, into: ranks, ties, WideWindow.self) }

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

  @inline(never)
  public static func significandSums(
    _ keys: UnsafePointer<UInt32>, _ count: Int, hidden: UInt32
  ) -> SignificandSums { .of(keys, count, hidden: hidden) }
}

#if arch(x86_64)
  private enum NarrowWindow: KeyWindow {
    @inline(__always)
    static var length: Int { 8 }

    @inline(__always)
    static func compare(_ keys: UnsafePointer<UInt32>, _ key: UInt32) -> (above: Int, ties: Int) {
      // There are only comparisons of signed numbers: with the highest bit turned their order is that of the keys.
      let turned = SIMD8<UInt32>(repeating: 1 << 31)
      let own = unsafeBitCast(SIMD8<UInt32>(repeating: key ^ 1 << 31), to: __m256i.self)
      let lanes = unsafeBitCast(
        UnsafeRawPointer(keys).loadUnaligned(as: SIMD8<UInt32>.self) ^ turned, to: __m256i.self)
      return (
        bits(_mm256_cmpgt_epi32(lanes, own)).nonzeroBitCount,
        KeyTies.of(bits(_mm256_cmpeq_epi32(lanes, own)))
      )
    }

    @inline(__always)
    private static func bits(_ isSo: __m256i) -> UInt32 {
      UInt32(bitPattern: _mm256_movemask_ps(unsafeBitCast(isSo, to: __m256.self)))
    }
  }

  private enum WideWindow: KeyWindow {
    @inline(__always)
    static var length: Int { 8 }

    @inline(__always)
    static func compare(_ keys: UnsafePointer<UInt64>, _ key: UInt64) -> (above: Int, ties: Int) {
      let own = unsafeBitCast(SIMD4<UInt64>(repeating: key ^ 1 << 63), to: __m256i.self)
      let (low, high) = (lanes(keys), lanes(keys + 4))
      return (
        (bits(_mm256_cmpgt_epi64(high, own)) << 4 | bits(_mm256_cmpgt_epi64(low, own)))
          .nonzeroBitCount,
        KeyTies.of(bits(_mm256_cmpeq_epi64(high, own)) << 4 | bits(_mm256_cmpeq_epi64(low, own)))
      )
    }

    /// Four keys with the highest bit turned, for comparisons of signed numbers.
    @inline(__always)
    private static func lanes(_ keys: UnsafePointer<UInt64>) -> __m256i {
      let turned = SIMD4<UInt64>(repeating: 1 << 63)
      return unsafeBitCast(
        UnsafeRawPointer(keys).loadUnaligned(as: SIMD4<UInt64>.self) ^ turned, to: __m256i.self)
    }

    @inline(__always)
    private static func bits(_ isSo: __m256i) -> UInt32 {
      UInt32(bitPattern: _mm256_movemask_pd(unsafeBitCast(isSo, to: __m256d.self)))
    }
  }
#else
  private typealias NarrowWindow = PlainWindow<UInt32>
  private typealias WideWindow = PlainWindow<UInt64>
#endif
