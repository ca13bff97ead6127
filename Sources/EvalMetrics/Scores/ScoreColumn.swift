/// A column of finite scores in the type in which it was sent, so that nothing is widened before it must be.
public enum ScoreColumn: Sendable {
  /// IEEE half-precision bits.
  case half([UInt16])
  case bfloat([UInt16])
  case single([Float])
  case double([Double])

  public var count: Int {
    switch self {
    case .half(let x), .bfloat(let x): x.count
    case .single(let x): x.count
    case .double(let x): x.count
    }
  }

  public func selecting(_ rows: [Int]) -> ScoreColumn {
    switch self {
    case .half(let x): .half(rows.map { x[$0] })
    case .bfloat(let x): .bfloat(rows.map { x[$0] })
    case .single(let x): .single(rows.map { x[$0] })
    case .double(let x): .double(rows.map { x[$0] })
    }
  }

  /// The scores as doubles, exactly.
  public var doubles: [Double] {
    switch self {
    case .half(let x): Kernels.doubles(half: x)
    case .bfloat(let x): Kernels.doubles(bfloat16: x)
    case .single(let x): x.map(Double.init)
    case .double(let x): x
    }
  }

  /// A small integer as half-precision bits: 11 bits of significand hold all of them.
  static func halfBits(of x: UInt8) -> UInt16 {
    if x == 0 { return 0 }
    let exponent = 7 - x.leadingZeroBitCount
    let fraction = (UInt16(x) << (10 - UInt16(exponent))) & 0x3ff
    return UInt16(exponent + 15) << 10 | fraction
  }
}
