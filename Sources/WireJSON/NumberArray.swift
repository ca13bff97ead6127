/// The type of the elements of a numeric column.
public enum DType: String, Sendable, CaseIterable {
  /// IEEE 754 half precision
  case float16
  /// the upper half of a float32
  case bfloat16
  /// IEEE 754 single precision
  case float32
  /// IEEE 754 double precision
  case float64
  /// signed, 1 byte
  case int8
  /// signed, 2 bytes
  case int16
  /// signed, 4 bytes
  case int32
  /// signed, 8 bytes
  case int64
  /// unsigned, 1 byte
  case uint8
  /// unsigned, 2 bytes
  case uint16
  /// unsigned, 4 bytes
  case uint32
  /// unsigned, 8 bytes
  case uint64
  /// one byte, 0 or 1
  case bool

  private static let all = allCases
  private static let names = NameIndex(all.map(\.rawValue))

  /// The type that a JSON value names; nil when it names none.
  public init?(_ name: JSONValue?) {
    guard let name, let place = Self.names.position(of: name) else { return nil }
    self = Self.all[place]
  }

  /// Bytes an element.
  public var size: Int {
    switch self {
    case .bool, .int8, .uint8: 1
    case .float16, .bfloat16, .int16, .uint16: 2
    case .float32, .int32, .uint32: 4
    case .float64, .int64, .uint64: 8
    }
  }
}

/// The elements of a numeric column, in the type they came in.
public enum Storage: Sendable {
  /// 0 or 1 each
  case bool([UInt8])
  /// signed, 8 bits
  case int8([Int8])
  /// signed, 16 bits
  case int16([Int16])
  /// signed, 32 bits
  case int32([Int32])
  /// signed, 64 bits
  case int64([Int64])
  /// unsigned, 8 bits
  case uint8([UInt8])
  /// unsigned, 16 bits
  case uint16([UInt16])
  /// unsigned, 32 bits
  case uint32([UInt32])
  /// unsigned, 64 bits
  case uint64([UInt64])
  /// the bits of half precision
  case float16([UInt16])
  /// the upper halves of single precision
  case bfloat16([UInt16])
  /// single precision
  case float32([Float])
  /// double precision
  case float64([Double])

  /// How many elements there are.
  public var count: Int {
    switch self {
    case .bool(let a), .uint8(let a): a.count
    case .int8(let a): a.count
    case .int16(let a): a.count
    case .int32(let a): a.count
    case .int64(let a): a.count
    case .uint16(let a), .float16(let a), .bfloat16(let a): a.count
    case .uint32(let a): a.count
    case .uint64(let a): a.count
    case .float32(let a): a.count
    case .float64(let a): a.count
    }
  }

  /// The type of the elements.
  public var dtype: DType {
    switch self {
    case .bool: .bool
    case .int8: .int8
    case .int16: .int16
    case .int32: .int32
    case .int64: .int64
    case .uint8: .uint8
    case .uint16: .uint16
    case .uint32: .uint32
    case .uint64: .uint64
    case .float16: .float16
    case .bfloat16: .bfloat16
    case .float32: .float32
    case .float64: .float64
    }
  }
}

/// A numeric column of one or more dimensions, in C order.
public struct NumberArray: Sendable {
  /// The elements.
  public var storage: Storage
  /// The length of each dimension, the outermost first; their product is `count`.
  public var shape: [Int]
  /// For a column that came as JSON text: the first element that was too large for a double (such
  /// as 1e400) and stands as an infinity; nil when there is none.
  public var overflowIndex: Int?

  /// A column of these elements and dimensions; the caller vouches that they agree.
  public init(storage: Storage, shape: [Int], overflowIndex: Int? = nil) {
    self.storage = storage
    self.shape = shape
    self.overflowIndex = overflowIndex
  }

  /// How many elements there are.
  public var count: Int { storage.count }
}
