import RowLoops

#if arch(x86_64)
  import _Builtin_intrinsics.intel
#endif

extension RowLoopsAVX512 {
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
    static var length: Int { 16 }

    @inline(__always)
    static func compare(_ keys: UnsafePointer<UInt32>, _ key: UInt32) -> (above: Int, ties: Int) {
      let own = _mm512_set1_epi32(Int32(bitPattern: key))
      let lanes = UnsafeRawPointer(keys).loadUnaligned(as: __m512i.self)
      // Above are those where the larger of both is not the key, which is one comparison.
      let isLarger = _mm512_xor_epi32(_mm512_max_epu32(lanes, own), own)
      let differs = _mm512_xor_epi32(lanes, own)
      return (
        UInt32(_mm512_test_epi32_mask(isLarger, isLarger)).nonzeroBitCount,
        KeyTies.of(UInt32(_mm512_testn_epi32_mask(differs, differs)))
      )
    }
  }

  private enum WideWindow: KeyWindow {
    @inline(__always)
    static var length: Int { 16 }

    @inline(__always)
    static func compare(_ keys: UnsafePointer<UInt64>, _ key: UInt64) -> (above: Int, ties: Int) {
      let own = _mm512_set1_epi64(Int64(bitPattern: key))
      let low = UnsafeRawPointer(keys).loadUnaligned(as: __m512i.self)
      let high = UnsafeRawPointer(keys + 8).loadUnaligned(as: __m512i.self)
      return (
        (above(high, own) << 8 | above(low, own)).nonzeroBitCount,
        KeyTies.of(equal(high, own) << 8 | equal(low, own))
      )
    }

    /// Which of eight keys are above one.
    @inline(__always)
    private static func above(_ lanes: __m512i, _ own: __m512i) -> UInt32 {
      let isLarger = _mm512_xor_epi64(_mm512_max_epu64(lanes, own), own)
      return UInt32(_mm512_test_epi64_mask(isLarger, isLarger))
    }

    /// Which of eight keys equal one.
    @inline(__always)
    private static func equal(_ lanes: __m512i, _ own: __m512i) -> UInt32 {
      let differs = _mm512_xor_epi64(lanes, own)
      return UInt32(_mm512_testn_epi64_mask(differs, differs))
    }
  }
#else
  private typealias NarrowWindow = PlainWindow<UInt32>
  private typealias WideWindow = PlainWindow<UInt64>
#endif
