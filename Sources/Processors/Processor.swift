#if arch(x86_64)
  import _Builtin_intrinsics.intel
  import _Builtin_intrinsics.intel.cpuid
#endif

/// What the processor this runs on can do beyond what everything is compiled for.
public enum Processor {
  /// Whether there are AVX2 and FMA, and the system saves their registers.
  public static let hasAVX2 = find(.avx2)

  /// Whether there are FMA and AVX-512F, DQ, BW and VL, and the system saves their registers.
  public static let hasAVX512 = find(.avx512)

  /// Registers by their bits in XCR0, and instructions by theirs in EBX of leaf 7.
  private struct Wanted {
    var registers: UInt64
    var instructions: UInt32

    static let avx2 = Wanted(registers: 0x6, instructions: 1 << 5)
    static let avx512 = Wanted(
      registers: 0xE6, instructions: 1 << 5 | 1 << 16 | 1 << 17 | 1 << 30 | 1 << 31)
  }

  private static func find(_ wanted: Wanted) -> Bool {
    #if arch(x86_64)
      var (a, b, c, d): (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
      // AVX and FMA, and an operating system that uses XSAVE.
      guard __get_cpuid(1, &a, &b, &c, &d) == 1, c >> 27 & 3 == 3, c >> 12 & 1 == 1,
        __get_cpuid_count(0xD, 1, &a, &b, &c, &d) == 1, a >> 1 & 1 == 1,
        saves(wanted.registers),
        __get_cpuid_count(7, 0, &a, &b, &c, &d) == 1
      else { return false }
      return b & wanted.instructions == wanted.instructions
    #else
      return false
    #endif
  }

  #if arch(x86_64)
    /// Whether these registers are among those that the system saves (XCR0). XGETBV is a macro, which Swift
    /// doesn't see; XSAVEC writes down which of those it was asked for are enabled.
    private static func saves(_ registers: UInt64) -> Bool {
      // All of them take less than 3 KiB.
      withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 64) { area in
        area.initializeMemory(as: UInt8.self, repeating: 0)
        guard let start = area.baseAddress else { return false }
        _xsavec64(start, registers)
        // XCOMP_BV: bit 63, and the requested states that are enabled.
        return start.load(fromByteOffset: 520, as: UInt64.self) & registers == registers
      }
    }
  #endif
}
