/// The value of one slice dimension. Null is a value of its own.
public enum SliceValue: Sendable, Hashable {
  case null
  case text(String)
  case integer(Int64)
  case bool(Bool)
  case number(Double)
  /// A range of a dimension with edges: 0 is below the first edge.
  case bucket(Int)
}

extension SliceValue {
  /// Texts are equal when their bytes are, as in `Value`.
  public static func == (a: SliceValue, b: SliceValue) -> Bool {
    switch (a, b) {
    case (.null, .null): true
    case (.text(let x), .text(let y)): x.hasSameBytes(as: y)
    case (.integer(let x), .integer(let y)): x == y
    case (.bool(let x), .bool(let y)): x == y
    case (.number(let x), .number(let y)): x == y
    case (.bucket(let x), .bucket(let y)): x == y
    default: false
    }
  }

  public func hash(into hasher: inout Hasher) {
    switch self {
    case .null: hasher.combine(0)
    case .text(let x): x.hashBytes(into: &hasher)
    case .integer(let x): hasher.combine(x)
    case .bool(let x): hasher.combine(x)
    case .number(let x): hasher.combine(x)
    case .bucket(let x): hasher.combine(x)
    }
  }
}

/// One value for each declared dimension, in the order of the declaration.
public typealias SliceKey = [SliceValue]

/// A slice dimension as declared: a name, and edges where it is numeric.
public struct SliceDimension: Sendable, Equatable {
  public var name: Name
  /// Ascending and finite; empty for a dimension of values. Ranges are closed on the left.
  public var edges: [Double]

  public init(name: Name, edges: [Double] = []) {
    self.name = name
    self.edges = edges
  }

  /// Which range a number falls into.
  public func bucket(of x: Double) -> Int {
    var low = 0
    var high = edges.count
    while low < high {
      let middle = (low + high) / 2
      if edges[middle] <= x { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The name of a range on the wire: "< 64", "[64, 512)", ">= 512".
  public func label(ofBucket bucket: Int) -> String {
    guard let first = edges.first, let last = edges.last else { return "all" }
    if bucket <= 0 { return "< \(Self.text(first))" }
    if bucket >= edges.count { return ">= \(Self.text(last))" }
    return "[\(Self.text(edges[bucket - 1])), \(Self.text(edges[bucket])))"
  }

  private static func text(_ x: Double) -> String { Value.number(x).canonicalText }

  /// The slice value that a request names: what a row holds, or the name of a range.
  public func value(named value: Value) throws(InputError) -> SliceValue {
    if case .text(let label) = value, !edges.isEmpty,
      let bucket = (0...edges.count).first(where: { self.label(ofBucket: $0) == label })
    {
      return .bucket(bucket)
    }
    return try self.value(of: value)
  }

  /// The slice value of what a row holds.
  public func value(of value: Value) throws(InputError) -> SliceValue {
    if value == .null { return .null }
    if edges.isEmpty { return try plain(value) }
    switch value {
    case .text("Infinity"): return .bucket(edges.count)
    case .text("-Infinity"): return .bucket(0)
    default: if let x = value.exactDouble, !x.isNaN { return .bucket(bucket(of: x)) }
    }
    throw InputError(
      .invalidBatch, [], "slice \(name) holds \(value.brief) where a number is wanted",
      hint: "it was declared with \(edges.count) edges")
  }

  private func plain(_ value: Value) throws(InputError) -> SliceValue {
    switch value {
    case .text(let text):
      guard text.utf8.count <= 1000 else { break }
      return .text(text)
    case .bool(let flag): return .bool(flag)
    case .integer(let x): return .integer(x)
    case .unsigned(let x): if let x = Int64(exactly: x) { return .integer(x) }
    case .number(let x):
      // 2.0 and 2 are one value, since arrays of floats carry integers too.
      if let whole = Int64(exactly: x) { return .integer(whole) }
      if x.isFinite { return .number(x) }
    default: break
    }
    throw InputError(
      .invalidBatch, [], "slice \(name) holds \(value.brief)",
      hint: "slice values are strings of at most 1000 bytes, finite numbers, booleans or null")
  }

  /// A slice value as it stands on the wire.
  public func wire(_ value: SliceValue) -> Value {
    switch value {
    case .null: .null
    case .text(let text): .text(text)
    case .integer(let x): .integer(x)
    case .bool(let x): .bool(x)
    case .number(let x): .number(x)
    case .bucket(let index): .text(label(ofBucket: index))
    }
  }
}

extension SliceValue {
  func encode(into writer: inout StateWriter) {
    switch self {
    case .null: writer.write(UInt8(0))
    case .text(let text):
      writer.write(UInt8(1))
      writer.write(text)
    case .integer(let x):
      writer.write(UInt8(2))
      writer.write(x)
    case .bool(let x):
      writer.write(UInt8(3))
      writer.write(UInt8(x ? 1 : 0))
    case .number(let x):
      writer.write(UInt8(4))
      writer.write(x)
    case .bucket(let x):
      writer.write(UInt8(5))
      writer.write(Int64(x))
    }
  }

  init(from reader: inout StateReader) throws(StateError) {
    switch try reader.read(UInt8.self) {
    case 0: self = .null
    case 1: self = .text(try reader.readString())
    case 2: self = .integer(try reader.read())
    case 3: self = .bool(try reader.read(UInt8.self) != 0)
    case 4:
      let x = try reader.readDouble()
      guard x.isFinite, Int64(exactly: x) == nil else {
        throw StateError("a slice value is not a fraction")
      }
      self = .number(x)
    case 5:
      guard let index = Int(exactly: try reader.read(Int64.self)), index >= 0 else {
        throw StateError("a slice range is out of range")
      }
      self = .bucket(index)
    default: throw StateError("a slice value is of an unknown kind")
    }
  }

  /// An order for output: null first, then booleans, numbers, texts.
  static func areInOrder(_ a: SliceValue, _ b: SliceValue) -> Bool {
    switch (a, b) {
    case (.text(let x), .text(let y)): x.precedesByBytes(y)
    case (.integer(let x), .integer(let y)): x < y
    case (.bucket(let x), .bucket(let y)): x < y
    default: (a.rank, a.magnitude) < (b.rank, b.magnitude)
    }
  }

  private var rank: Int {
    switch self {
    case .null: 0
    case .bool: 1
    case .integer, .number: 2
    case .bucket: 3
    case .text: 4
    }
  }

  private var magnitude: Double {
    switch self {
    case .bool(let x): x ? 1 : 0
    case .integer(let x): Double(x)
    case .number(let x): x
    default: 0
    }
  }
}
