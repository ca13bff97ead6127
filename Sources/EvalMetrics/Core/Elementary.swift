// The only file of this target that sees a C library. Its functions are good to about one unit in the
// last place; every sum made of them is exact, so an answer is the same for any order of the rows.
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Elementary functions of a double, of the C library that the program is linked with.
public enum Elementary {
  /// The natural logarithm: -infinity for 0, NaN below 0.
  public static func log(_ x: Double) -> Double { naturalLogarithm(x) }

  /// The binary logarithm: -infinity for 0, NaN below 0.
  public static func log2(_ x: Double) -> Double { binaryLogarithm(x) }

  /// log(1 + x), accurate also for x near 0: -infinity for -1, NaN below -1.
  public static func log1p(_ x: Double) -> Double { logarithmOfOnePlus(x) }

  /// e to the power of x: infinity above about 709.78, 0 below about -745.13.
  public static func exp(_ x: Double) -> Double { exponential(x) }

  /// 2 to the power of x, exact for whole x: infinity from 1024 on.
  public static func exp2(_ x: Double) -> Double { powerOfTwo(x) }

  /// The square root, correctly rounded: NaN below 0.
  public static func sqrt(_ x: Double) -> Double { x.squareRoot() }
}

// Inside the enumeration these names would mean its own members.
private func naturalLogarithm(_ x: Double) -> Double { log(x) }
private func binaryLogarithm(_ x: Double) -> Double { log2(x) }
private func logarithmOfOnePlus(_ x: Double) -> Double { log1p(x) }
private func exponential(_ x: Double) -> Double { exp(x) }
private func powerOfTwo(_ x: Double) -> Double { exp2(x) }
