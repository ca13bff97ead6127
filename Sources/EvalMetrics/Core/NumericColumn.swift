/// A rectangular column of numbers in the type in which it was sent.
public struct NumericColumn: Sendable {
  /// The numbers, flat, in C order. Half-precision floats are their bits, booleans are 0 and 1.
  public enum Storage: Sendable {
    case bool([UInt8])
    case int8([Int8])
    case int16([Int16])
    case int32([Int32])
    case int64([Int64])
    case uint8([UInt8])
    case uint16([UInt16])
    case uint32([UInt32])
    case uint64([UInt64])
    case float16([UInt16])
    case bfloat16([UInt16])
    case float32([Float])
    case float64([Double])
  }

  public var storage: Storage
  /// The lengths of the dimensions, rows first. Their product is the number of elements.
  public var shape: [Int]

  public init(storage: Storage, shape: [Int]) {
    self.storage = storage
    self.shape = shape
  }

  /// How many rows: the length of the first dimension.
  public var rows: Int { shape.first ?? 0 }

  /// Elements a row, all further dimensions together.
  public var width: Int { Self.width(shape) }

  static func width(_ shape: [Int]) -> Int {
    // Of a column without rows the other lengths are not bounded by its elements.
    shape.dropFirst().reduce(1) { $0.multipliedReportingOverflow(by: $1).partialValue }
  }

  /// True for the types that hold integers or booleans only.
  public var isIntegral: Bool {
    switch storage {
    case .float16, .bfloat16, .float32, .float64: false
    default: true
    }
  }

  /// Every element as a double. Integers beyond 2^53 that do not widen exactly give the index of the first of them.
  public func doubles() -> Result<[Double], InexactElement> {
    switch storage {
    case .bool(let x), .uint8(let x): .success(x.map(Double.init))
    case .int8(let x): .success(x.map(Double.init))
    case .int16(let x): .success(x.map(Double.init))
    case .int32(let x): .success(x.map(Double.init))
    case .uint16(let x): .success(x.map(Double.init))
    case .uint32(let x): .success(x.map(Double.init))
    case .int64(let x): Self.widen(x)
    case .uint64(let x): Self.widen(x)
    case .float16(let x): .success(Kernels.doubles(half: x))
    case .bfloat16(let x): .success(Kernels.doubles(bfloat16: x))
    case .float32(let x): .success(x.map(Double.init))
    case .float64(let x): .success(x)
    }
  }

  /// An integer that no double is equal to.
  public struct InexactElement: Error, Sendable {
    public var index: Int
  }

  private static func widen<T: FixedWidthInteger>(
    _ xs: [T]
  ) -> Result<[Double], InexactElement> {
    let doubles = xs.map { Double($0) }
    // Below 2^53 every integer is a double, so one comparison of the extremes settles the usual case.
    let limit = T(clamping: Int64(1) << 53)
    let low: T = T.isSigned ? 0 - limit : 0
    if let least = xs.min(), let most = xs.max(), least < low || most > limit {
      for (index, x) in xs.enumerated() where T(exactly: doubles[index]) != x {
        return .failure(InexactElement(index: index))
      }
    }
    return .success(doubles)
  }
}
