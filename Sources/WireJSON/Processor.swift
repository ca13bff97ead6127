#if arch(x86_64)
  import _Builtin_intrinsics.intel
  import _Builtin_intrinsics.intel.cpuid
#endif

/// What the processor this runs on can do beyond what everything is compiled for.
enum Processor {
  /// Whether there is AVX2, and the system saves its registers.
  static let hasAVX2 = findAVX2()

  private static func findAVX2() -> Bool {
    #if arch(x86_64)
      var (a, b, c, d): (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
      // AVX, and an operating system that uses XSAVE.
      guard __get_cpuid(1, &a, &b, &c, &d) == 1, c >> 27 & 3 == 3,
        __get_cpuid_count(0xD, 1, &a, &b, &c, &d) == 1, a >> 1 & 1 == 1,
        savesVectors,
        __get_cpuid_count(7, 0, &a, &b, &c, &d) == 1
      else { return false }
      return b >> 5 & 1 == 1
    #else
      return false
    #endif
  }

  #if arch(x86_64)
    /// Whether the registers of SSE and AVX are among those that the system saves (XCR0). XGETBV is a
    /// macro, which Swift doesn't see; XSAVEC writes down which of those it was asked for are enabled.
    private static var savesVectors: Bool {
      withUnsafeTemporaryAllocation(byteCount: 1024, alignment: 64) { area in
        area.initializeMemory(as: UInt8.self, repeating: 0)
        guard let start = area.baseAddress else { return false }
        let vectors: UInt64 = 6
        _xsavec64(start, vectors)
        // XCOMP_BV: bit 63, and the requested states that are enabled.
        return start.load(fromByteOffset: 520, as: UInt64.self) & vectors == vectors
      }
    }
  #endif
}
