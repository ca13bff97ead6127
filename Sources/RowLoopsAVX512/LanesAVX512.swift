import RowLoops

#if arch(x86_64)
  import _Builtin_intrinsics.intel
#endif

extension RowLoopsAVX512 {
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
}

#if arch(x86_64)
  /// Eight doubles in one register.
  private enum AVX512Form: LaneForm {
    typealias Lanes = __m512d

    @inline(__always)
    static var takesFour: Bool { true }

    @inline(__always)
    static func all(_ x: Double) -> Lanes { _mm512_set1_pd(x) }

    @inline(__always)
    static func load(_ scores: UnsafePointer<Float>) -> Lanes {
      _mm512_cvtps_pd(_mm256_loadu_ps(scores))
    }

    @inline(__always)
    static func load(_ scores: UnsafePointer<Double>) -> Lanes { _mm512_loadu_pd(scores) }

    @inline(__always)
    static func load(_ scores: UnsafePointer<Float>, first count: Int) -> Lanes {
      _mm512_cvtps_pd(_mm256_maskz_loadu_ps(lowest(count), scores))
    }

    @inline(__always)
    static func load(_ scores: UnsafePointer<Double>, first count: Int) -> Lanes {
      _mm512_maskz_loadu_pd(lowest(count), scores)
    }

    @inline(__always)
    private static func lowest(_ count: Int) -> UInt8 {
      UInt8(truncatingIfNeeded: (1 &<< count) &- 1)
    }

    @inline(__always)
    static func store(_ x: Lanes, to target: UnsafeMutablePointer<Double>) {
      _mm512_storeu_pd(target, x)
    }

    @inline(__always)
    static func lanes(_ x: Lanes) -> SIMD8<Double> { x }

    @inline(__always)
    static func sum(_ x: Lanes, _ y: Lanes) -> Lanes { _mm512_add_pd(x, y) }

    @inline(__always)
    static func difference(_ x: Lanes, _ y: Lanes) -> Lanes { _mm512_sub_pd(x, y) }

    @inline(__always)
    static func product(_ x: Lanes, _ y: Lanes) -> Lanes { _mm512_mul_pd(x, y) }

    @inline(__always)
    static func larger(_ x: Lanes, _ y: Lanes) -> Lanes { _mm512_max_pd(x, y) }

    @inline(__always)
    static func fused(_ x: Lanes, _ y: Lanes, plus z: Lanes) -> Lanes { _mm512_fmadd_pd(x, y, z) }

    @inline(__always)
    static func remainder(_ x: Lanes, _ y: Lanes, plus n: Lanes) -> Lanes {
      _mm512_fmadd_pd(x, y, n)
    }

    @inline(__always)
    static func square(_ x: Lanes, plus z: Lanes) -> Lanes { _mm512_fmadd_pd(x, x, z) }

    @inline(__always)
    static func either(_ x: Lanes, _ y: Lanes) -> Lanes { _mm512_or_pd(x, y) }

    @inline(__always)
    static func hasOnly(_ bits: UInt64, _ x: Lanes) -> Bool {
      let others = _mm512_set1_epi64(Int64(bitPattern: ~bits))
      return _mm512_test_epi64_mask(_mm512_castpd_si512(x), others) == 0
    }

    @inline(__always)
    static func kept(_ x: Lanes, _ bits: UInt8) -> Lanes { _mm512_maskz_mov_pd(bits, x) }

    /// The table lies in two registers.
    @inline(__always)
    static func entries(_ table: UnsafePointer<UInt64>, _ n: Lanes) -> Lanes {
      let bits = _mm512_castpd_si512(n)
      let found = _mm512_permutex2var_epi64(
        _mm512_loadu_si512(table), bits, _mm512_loadu_si512(table + 8))
      return _mm512_castsi512_pd(_mm512_sub_epi64(found, _mm512_slli_epi64(bits, 48)))
    }
  }
#else
  private typealias AVX512Form = PlainForm
#endif
