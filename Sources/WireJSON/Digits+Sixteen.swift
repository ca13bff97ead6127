#if arch(x86_64)
  import _Builtin_intrinsics.intel
#endif

extension Digits {
  /// The value of the next sixteen characters; nil if one of them is no digit.
  @inline(__always)
  static func sixteen(_ p: UnsafePointer<UInt8>) -> UInt64? {
    #if arch(x86_64)
      // What every processor of the kind has: each step makes one number of two neighbours.
      let text = _mm_loadu_si128(UnsafeRawPointer(p).assumingMemoryBound(to: __m128i_u.self))
      let digits = _mm_sub_epi8(text, _mm_set1_epi8(0x30))
      let small = _mm_cmpeq_epi8(_mm_min_epu8(digits, _mm_set1_epi8(9)), digits)
      if _mm_movemask_epi8(small) != 0xFFFF { return nil }
      let tens = _mm_mullo_epi16(_mm_and_si128(digits, _mm_set1_epi16(0xFF)), _mm_set1_epi16(10))
      let pairs = _mm_add_epi16(tens, _mm_srli_epi16(digits, 8))
      let fours = _mm_madd_epi16(pairs, _mm_set1_epi32(0x0001_0064))
      let eights = _mm_madd_epi16(_mm_packs_epi32(fours, fours), _mm_set1_epi32(0x0001_2710))
      let both = UInt64(bitPattern: _mm_cvtsi128_si64(eights))
      return (both & 0xFFFF_FFFF) &* 100_000_000 &+ both &>> 32
    #else
      let (first, second) = (loadWord(p), loadWord(p + 8))
      if others(first) | others(second) != 0 { return nil }
      return value(first ^ zeros) &* 100_000_000 &+ value(second ^ zeros)
    #endif
  }
}
