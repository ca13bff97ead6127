/// The parts of precisions whose sums are exact, so that the order of what is summed does not matter. Like Kernels.swift
/// of EvalMetrics, this file may use unsafe pointers; whoever calls what it offers sees to it that they are valid.
@frozen
public struct PrecisionParts: Equatable, Sendable {
  /// Multiples of 2^-30, and of 2^-72.
  public var coarse: Double
  public var fine: Double

  @inlinable @inline(__always)
  public init(coarse: Double, fine: Double) { (self.coarse, self.fine) = (coarse, fine) }

  /// The parts of precisions.
  @inlinable @inline(__always)
  public static func of<Lanes: SIMD<Double>>(_ precision: Lanes) -> (coarse: Lanes, fine: Lanes) {
    // Adding a number whose last place is 2^-30, and taking it away, rounds to that place.
    let coarse = (precision + 0x1.8p22) - 0x1.8p22
    return (coarse, ((precision - coarse) + 0x1.8p-20) - 0x1.8p-20)
  }

  /// The sums of the parts at so many scores, below which are so many of all `positives` and `negatives`. What is
  /// below comes with 2^52 added: integers become such numbers by setting bits.
  ///
  /// Of at most 2,048 precisions, so that they are exact.
  @inlinable @inline(__always)
  public static func sums(
    below positives: UnsafePointer<Double>, of allPositives: Double,
    below negatives: UnsafePointer<Double>, of allNegatives: Double, _ count: Int
  ) -> PrecisionParts {
    typealias Lanes = SIMD8<Double>
    let allOnes = Lanes(repeating: allPositives + 0x1p52)
    let allZeros = Lanes(repeating: allNegatives + 0x1p52)
    var (coarse, fine) = (Lanes.zero, Lanes.zero)
    var place = 0
    while place &+ 8 <= count {
      let tp = allOnes - UnsafeRawPointer(positives + place).loadUnaligned(as: Lanes.self)
      let fp = allZeros - UnsafeRawPointer(negatives + place).loadUnaligned(as: Lanes.self)
      let parts = of(tp / (tp + fp))
      coarse += parts.coarse
      fine += parts.fine
      place &+= 8
    }
    var sums = SIMD2<Double>.zero
    for lane in 0..<8 { sums += SIMD2(coarse[lane], fine[lane]) }
    while place < count {
      let (tp, fp) = (allOnes[0] - positives[place], allZeros[0] - negatives[place])
      let parts = of(SIMD2(repeating: tp / (tp + fp)))
      sums += SIMD2(parts.coarse[0], parts.fine[0])
      place &+= 1
    }
    return PrecisionParts(coarse: sums[0], fine: sums[1])
  }
}
