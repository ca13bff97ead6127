import RowLoops

#if arch(x86_64)
  import _Builtin_intrinsics.intel
#endif

extension RowLoopsAVX2 {
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
}

#if arch(x86_64)
  /// Eight doubles in two registers.
  private enum AVX2Form: LaneForm {
    struct Lanes {
      var low: __m256d
      var high: __m256d

      @inline(__always)
      init(_ low: __m256d, _ high: __m256d) {
        self.low = low
        self.high = high
      }
    }

    @inline(__always)
    static var takesFour: Bool { false }

    @inline(__always)
    static func all(_ x: Double) -> Lanes { Lanes(_mm256_set1_pd(x), _mm256_set1_pd(x)) }

    @inline(__always)
    static func load(_ scores: UnsafePointer<Float>) -> Lanes {
      Lanes(_mm256_cvtps_pd(_mm_loadu_ps(scores)), _mm256_cvtps_pd(_mm_loadu_ps(scores + 4)))
    }

    @inline(__always)
    static func load(_ scores: UnsafePointer<Double>) -> Lanes {
      Lanes(_mm256_loadu_pd(scores), _mm256_loadu_pd(scores + 4))
    }

    @inline(__always)
    static func load(_ scores: UnsafePointer<Float>, first count: Int) -> Lanes {
      let there = _mm256_cmpgt_epi32(
        _mm256_set1_epi32(Int32(truncatingIfNeeded: count)),
        _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7))
      let lanes = _mm256_maskload_ps(scores, there)
      return Lanes(
        _mm256_cvtps_pd(_mm256_castps256_ps128(lanes)),
        _mm256_cvtps_pd(unsafeBitCast(lanes, to: (__m128, __m128).self).1))
    }

    @inline(__always)
    static func load(_ scores: UnsafePointer<Double>, first count: Int) -> Lanes {
      let counts = _mm256_set1_epi64x(Int64(truncatingIfNeeded: count))
      return Lanes(
        _mm256_maskload_pd(scores, _mm256_cmpgt_epi64(counts, _mm256_setr_epi64x(0, 1, 2, 3))),
        _mm256_maskload_pd(
          scores + 4, _mm256_cmpgt_epi64(counts, _mm256_setr_epi64x(4, 5, 6, 7))))
    }

    @inline(__always)
    static func store(_ x: Lanes, to target: UnsafeMutablePointer<Double>) {
      _mm256_storeu_pd(target, x.low)
      _mm256_storeu_pd(target + 4, x.high)
    }

    @inline(__always)
    static func lanes(_ x: Lanes) -> SIMD8<Double> { SIMD8(lowHalf: x.low, highHalf: x.high) }

    @inline(__always)
    static func sum(_ x: Lanes, _ y: Lanes) -> Lanes {
      Lanes(_mm256_add_pd(x.low, y.low), _mm256_add_pd(x.high, y.high))
    }

    @inline(__always)
    static func difference(_ x: Lanes, _ y: Lanes) -> Lanes {
      Lanes(_mm256_sub_pd(x.low, y.low), _mm256_sub_pd(x.high, y.high))
    }

    @inline(__always)
    static func product(_ x: Lanes, _ y: Lanes) -> Lanes {
      Lanes(_mm256_mul_pd(x.low, y.low), _mm256_mul_pd(x.high, y.high))
    }

    @inline(__always)
    static func larger(_ x: Lanes, _ y: Lanes) -> Lanes {
      Lanes(_mm256_max_pd(x.low, y.low), _mm256_max_pd(x.high, y.high))
    }

    @inline(__always)
    static func fused(_ x: Lanes, _ y: Lanes, plus z: Lanes) -> Lanes {
      Lanes(_mm256_fmadd_pd(x.low, y.low, z.low), _mm256_fmadd_pd(x.high, y.high, z.high))
    }

    @inline(__always)
    static func remainder(_ x: Lanes, _ y: Lanes, plus n: Lanes) -> Lanes { fused(x, y, plus: n) }

    @inline(__always)
    static func square(_ x: Lanes, plus z: Lanes) -> Lanes { fused(x, x, plus: z) }

    @inline(__always)
    static func either(_ x: Lanes, _ y: Lanes) -> Lanes {
      Lanes(_mm256_or_pd(x.low, y.low), _mm256_or_pd(x.high, y.high))
    }

    @inline(__always)
    static func hasOnly(_ bits: UInt64, _ x: Lanes) -> Bool {
      _mm256_testc_si256(
        _mm256_set1_epi64x(Int64(bitPattern: bits)),
        _mm256_castpd_si256(_mm256_or_pd(x.low, x.high))) != 0
    }

    @inline(__always)
    static func kept(_ x: Lanes, _ bits: UInt8) -> Lanes {
      let all = _mm256_set1_epi64x(Int64(bits))
      let low = _mm256_setr_epi64x(1, 2, 4, 8)
      let high = _mm256_setr_epi64x(16, 32, 64, 128)
      let isLow = _mm256_cmpeq_epi64(_mm256_and_si256(all, low), low)
      let isHigh = _mm256_cmpeq_epi64(_mm256_and_si256(all, high), high)
      return Lanes(
        _mm256_and_pd(x.low, _mm256_castsi256_pd(isLow)),
        _mm256_and_pd(x.high, _mm256_castsi256_pd(isHigh)))
    }

    @inline(__always)
    static func entries(_ table: UnsafePointer<UInt64>, _ n: Lanes) -> Lanes {
      Lanes(entries(table, n.low), entries(table, n.high))
    }

    /// Entries read one by one.
    @inline(__always)
    private static func entries(_ table: UnsafePointer<UInt64>, _ n: __m256d) -> __m256d {
      let bits = _mm256_castpd_si256(n)
      let places = _mm256_and_si256(bits, _mm256_set1_epi64x(15))
      @inline(__always)
      func entry(_ lane: Int) -> Int64 {
        Int64(bitPattern: table[Int(truncatingIfNeeded: places[lane])])
      }
      let found = _mm256_setr_epi64x(entry(0), entry(1), entry(2), entry(3))
      return _mm256_castsi256_pd(_mm256_sub_epi64(found, _mm256_slli_epi64(bits, 48)))
    }
  }
#else
  private typealias AVX2Form = PlainForm
#endif
