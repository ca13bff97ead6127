#if arch(x86_64)
  import _Builtin_intrinsics.intel

  /// Base64 by AVX2, 32 characters at a time. Only for processors that have it: this target is compiled
  /// for them, and `WireJSON` asks before it calls.
  public enum Base64AVX2 {
    /// Decodes blocks of 32 characters into 24 bytes each, as long as there are so many characters and
    /// room for 32 bytes; gives how many characters it decoded. It stops before a block with a character
    /// that is not of the alphabet.
    @inline(never)
    public static func decode(
      _ source: UnsafePointer<UInt8>, _ count: Int,
      into target: UnsafeMutableRawPointer, room: Int
    ) -> Int {
      let nibble = _mm256_set1_epi8(0x0F)
      let slash = _mm256_set1_epi8(0x2F)
      // By the upper half of a character: what is added to it; "/" has an entry of its own.
      let shifts = twice(0, 16, 19, 4, -65, -65, -71, -71)
      // By the lower half: the upper halves, as bits, with which it is no character of the alphabet.
      let wrong = twice(
        0x57, 0x07, 0x07, 0x07, 0x07, 0x07, 0x07, 0x07, 0x07, 0x07, 0x0F, -0x55, -0x51, -0x51,
        -0x51,
        -0x55)
      let bits = twice(1, 2, 4, 8, 16, 32, 64, -128, -1, -1, -1, -1, -1, -1, -1, -1)
      var done = 0
      var written = 0
      while count &- done >= 32 && room &- written >= 32 {
        let text = _mm256_loadu_si256(
          UnsafeRawPointer(source + done).assumingMemoryBound(to: __m256i_u.self))
        let upper = _mm256_and_si256(_mm256_srli_epi16(text, 4), nibble)
        let lower = _mm256_and_si256(text, nibble)
        let faults = _mm256_and_si256(
          _mm256_shuffle_epi8(wrong, lower), _mm256_shuffle_epi8(bits, upper))
        if _mm256_testz_si256(faults, faults) == 0 { break }
        let isSlash = _mm256_cmpeq_epi8(text, slash)
        let values = _mm256_add_epi8(
          text, _mm256_shuffle_epi8(shifts, _mm256_add_epi8(upper, isSlash)))
        // Pairs of 6 bits to 12, pairs of 12 to 24.
        let pairs = _mm256_maddubs_epi16(values, _mm256_set1_epi32(0x0140_0140))
        let groups = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x0001_1000))
        let packed = _mm256_shuffle_epi8(
          groups, twice(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1))
        let joined = _mm256_permutevar8x32_epi32(packed, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7))
        _mm256_storeu_si256((target + written).assumingMemoryBound(to: __m256i_u.self), joined)
        done &+= 32
        written &+= 24
      }
      return done
    }

    @inline(__always)
    private static func twice(
      _ a: Int8, _ b: Int8, _ c: Int8, _ d: Int8, _ e: Int8 = 0, _ f: Int8 = 0, _ g: Int8 = 0,
      _ h: Int8 = 0, _ i: Int8 = 0, _ j: Int8 = 0, _ k: Int8 = 0, _ l: Int8 = 0, _ m: Int8 = 0,
      _ n: Int8 = 0, _ o: Int8 = 0, _ p: Int8 = 0
    ) -> __m256i {
      _mm256_setr_epi8(
        a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o,
        p)
    }
  }
#endif
