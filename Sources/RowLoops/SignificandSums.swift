/// Sums over the significands of floats of one exponent, of which each key has those bits lowest. Like Kernels.swift of
/// EvalMetrics, this file may use unsafe pointers; whoever calls what it offers sees to it that they are valid.
@frozen
public struct SignificandSums: Equatable, Sendable {
  public var sum: UInt64
  public var squares: UInt64

  @inlinable @inline(__always)
  public init(sum: UInt64, squares: UInt64) { (self.sum, self.squares) = (sum, squares) }

  /// Of at most so many keys both sums fit 64 bits.
  @inlinable @inline(__always)
  public static var mostKeys: Int { 1 << 15 }

  /// The sum of the significands of so many keys and that of their squares; `hidden` is the bit that keys leave out.
  @inlinable @inline(__always)
  public static func of(
    _ keys: UnsafePointer<UInt32>, _ count: Int, hidden: UInt32
  ) -> SignificandSums {
    typealias Lanes = SIMD8<UInt64>
    let (mask, highest) = (SIMD8<UInt32>(repeating: 0x7f_ffff), SIMD8<UInt32>(repeating: hidden))
    var (sum, squares) = (Lanes.zero, Lanes.zero)
    var place = 0
    while place &+ 8 <= count {
      let bits = UnsafeRawPointer(keys + place).loadUnaligned(as: SIMD8<UInt32>.self)
      let significands = Lanes(truncatingIfNeeded: bits & mask | highest)
      sum &+= significands
      squares &+= significands &* significands
      place &+= 8
    }
    var sums = SignificandSums(sum: sum.wrappedSum(), squares: squares.wrappedSum())
    while place < count {
      let significand = UInt64(keys[place] & 0x7f_ffff | hidden)
      sums.sum &+= significand
      sums.squares &+= significand &* significand
      place &+= 1
    }
    return sums
  }
}
