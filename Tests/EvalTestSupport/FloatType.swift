import EvalMetrics

/// The types in which a float can be sent, with the bits of the nearest number that each has.
public enum FloatType: String, CaseIterable, Sendable {
  case float16
  case bfloat16
  case float32
  case float64
  case uint8

  /// Whether the type has a number equal to this one.
  public func holds(_ x: Double) -> Bool {
    switch self {
    case .float16: Double(Self.half(x).value) == x
    case .bfloat16: Double(Self.bfloat(x).value) == x
    case .float32: Double(Float(x)) == x
    case .float64: true
    case .uint8: x.sign == .plus && UInt8(exactly: x) != nil
    }
  }

  /// The number as a column of this type has it.
  public func carried(_ x: Double) -> Double { storage([x]).first }

  /// A packed column of the numbers, each the nearest of this type or, for integers, cut.
  public func column(_ xs: [Double]) -> Column {
    .numeric(NumericColumn(storage: storage(xs), shape: [xs.count]))
  }

  /// The numbers of a packed column.
  public func storage(_ xs: [Double]) -> NumericColumn.Storage {
    switch self {
    case .float16: .float16(xs.map { Self.half($0).bits })
    case .bfloat16: .bfloat16(xs.map { Self.bfloat($0).bits })
    case .float32: .float32(xs.map { Float($0) })
    case .float64: .float64(xs)
    case .uint8: .uint8(xs.map { UInt8(exactly: $0.rounded(.down)) ?? 0 })
    }
  }

  /// Written anew here, not with the kernels under test: scaling by powers of two is exact.
  static func half(_ x: Double) -> (bits: UInt16, value: Double) {
    let sign: UInt16 = x.sign == .minus ? 0x8000 : 0
    let magnitude = abs(x)
    if magnitude.isNaN { return (0x7E00, .nan) }
    if magnitude >= 65520 { return (sign | 0x7C00, x.sign == .minus ? -.infinity : .infinity) }
    let exponent = magnitude == 0 ? -14 : max(-14, Int(magnitude.exponent))
    let step = Double(sign: .plus, exponent: exponent - 10, significand: 1)
    let units = (magnitude / step).rounded(.toNearestOrEven)
    // 1024 units and more carry into the exponent by themselves.
    let bits = UInt16(units) + (UInt16(exponent + 14) << 10)
    return (sign | bits, x.sign == .minus ? -units * step : units * step)
  }

  static func bfloat(_ x: Double) -> (bits: UInt16, value: Double) {
    let bits = UInt16(truncatingIfNeeded: Float(x).bitPattern >> 16)
    return (bits, Double(Float(bitPattern: UInt32(bits) << 16)))
  }
}

extension NumericColumn.Storage {
  fileprivate var first: Double {
    let column = NumericColumn(storage: self, shape: [1])
    return (try? column.doubles().get())?.first ?? .nan
  }
}
