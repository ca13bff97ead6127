// Batches as bytes: the columns in the types in which they came, so that what is read back is pushed as they were.

extension Columns {
  /// Appends all columns, in the order of their names. None of them may be unread.
  public func encode(into writer: inout StateWriter) {
    Self.encode(columns.sorted { $0.key < $1.key }, into: &writer)
    Self.encode(slices.sorted { $0.key < $1.key }.map { ($0.key.text, $0.value) }, into: &writer)
  }

  /// Reads what `encode` wrote; `whole` are the columns that are not by row.
  public init(from reader: inout StateReader, whole: [String]) throws(StateError) {
    let columns = try Self.decode(&reader)
    let slices = try Self.decode(&reader)
    do throws(InputError) {
      try self.init(columns, slices: slices.map { (Name($0), $1) }, whole: whole)
    } catch {
      throw StateError(error.message)
    }
  }

  private static func encode(
    _ columns: [(key: String, value: Column)], into writer: inout StateWriter
  ) {
    writer.write(UInt16(truncatingIfNeeded: columns.count))
    for (name, column) in columns {
      writer.write(name)
      column.encode(into: &writer)
    }
  }

  private static func decode(_ reader: inout StateReader) throws(StateError) -> [(String, Column)] {
    var columns: [(String, Column)] = []
    for _ in 0..<(try reader.read(UInt16.self)) {
      let name = try reader.readString()
      columns.append((name, try Column(from: &reader)))
    }
    return columns
  }
}

extension Column {
  /// Appends a byte for the kind, then what the column holds.
  func encode(into writer: inout StateWriter) {
    switch self {
    case .numeric(let column):
      writer.write(UInt8(0))
      column.encode(into: &writer)
    case .values(let values):
      writer.write(UInt8(1))
      Value.list(values).encode(into: &writer)
    case .text(let texts):
      writer.write(UInt8(2))
      writer.write(texts.bytes)
      writer.write(texts.ends)
    case .lists(let inner, let ends):
      writer.write(UInt8(3))
      writer.write(ends)
      inner.encode(into: &writer)
    case .dictionary(let values, let codes):
      writer.write(UInt8(4))
      Value.list(values).encode(into: &writer)
      writer.write(codes)
    case .constant(let value):
      writer.write(UInt8(5))
      value.encode(into: &writer)
    case .unread(let column):
      // Nobody asks for that: it would be a second look. No number is made up.
      Column.values(Array(repeating: .null, count: column.rows)).encode(into: &writer)
    }
  }

  init(from reader: inout StateReader) throws(StateError) {
    try self.init(from: &reader, isInner: false)
  }

  private init(from reader: inout StateReader, isInner: Bool) throws(StateError) {
    switch try reader.read(UInt8.self) {
    case 0: self = .numeric(try NumericColumn(from: &reader))
    case 1: self = .values(try Self.values(&reader))
    case 2: self = .text(try TextColumn(from: &reader))
    case 3:
      guard !isInner else { throw StateError("lists lie too deep") }
      let ends = try reader.readArray(Int.self)
      let inner = try Column(from: &reader, isInner: true)
      guard areEnds(ends, of: inner.rows ?? 0) else {
        throw StateError("the lists of a column do not fit")
      }
      self = .lists(inner, ends: ends)
    case 4:
      let values = try Self.values(&reader)
      let codes = try reader.readArray(Int32.self)
      guard codes.allSatisfy({ values.indices.contains(Int($0)) }) else {
        throw StateError("a code stands for no value")
      }
      self = .dictionary(values: values, codes: codes)
    case 5: self = .constant(try Value(from: &reader))
    case let kind: throw StateError("there is no column of kind \(kind)")
    }
  }

  private static func values(_ reader: inout StateReader) throws(StateError) -> [Value] {
    guard case .list(let values) = try Value(from: &reader) else {
      throw StateError("the values of a column are none")
    }
    return values
  }
}

/// Whether these are the ends of parts that lie side by side in so many things.
private func areEnds(_ ends: [Int], of count: Int) -> Bool {
  var last = 0
  for end in ends {
    if end < last { return false }
    last = end
  }
  return last == count
}

extension TextColumn {
  fileprivate init(from reader: inout StateReader) throws(StateError) {
    bytes = try reader.readArray(UInt8.self)
    ends = try reader.readArray(Int.self)
    let isText =
      areEnds(ends, of: bytes.count)
      // No text ends within a letter.
      && ends.allSatisfy { $0 == bytes.count || bytes[$0] & 0xC0 != 0x80 }
      && String(validating: bytes, as: UTF8.self) != nil
    guard isText else { throw StateError("the texts of a column are not UTF-8") }
  }
}

extension NumericColumn {
  fileprivate func encode(into writer: inout StateWriter) {
    writer.write(storage.code)
    writer.write(UInt8(truncatingIfNeeded: shape.count))
    for length in shape { writer.write(Int64(length)) }
    switch storage {
    case .bool(let x), .uint8(let x): writer.write(raw: x)
    case .int8(let x): writer.write(raw: x)
    case .int16(let x): writer.write(raw: x)
    case .int32(let x): writer.write(raw: x)
    case .int64(let x): writer.write(raw: x)
    case .uint16(let x), .float16(let x), .bfloat16(let x): writer.write(raw: x)
    case .uint32(let x): writer.write(raw: x)
    case .uint64(let x): writer.write(raw: x)
    case .float32(let x): writer.write(raw: x)
    case .float64(let x): writer.write(raw: x)
    }
  }

  fileprivate init(from reader: inout StateReader) throws(StateError) {
    let code = try reader.read(UInt8.self)
    var shape: [Int] = []
    // Of a column without rows the other lengths can be anything.
    var count = 1
    for _ in 0..<(try reader.read(UInt8.self)) {
      guard let length = Int(exactly: try reader.read(Int64.self)), length >= 0 else {
        throw StateError("a shape is out of range")
      }
      shape.append(length)
    }
    if shape.contains(0) { count = 0 }
    for length in shape where count > 0 {
      let (product, overflow) = count.multipliedReportingOverflow(by: length)
      guard !overflow else { throw StateError("a shape is out of range") }
      count = product
    }
    storage = try Storage(code, count, &reader)
    self.shape = shape
  }
}

extension NumericColumn.Storage {
  /// Names the type in encoded columns.
  fileprivate var code: UInt8 {
    switch self {
    case .bool: 0
    case .int8: 1
    case .int16: 2
    case .int32: 3
    case .int64: 4
    case .uint8: 5
    case .uint16: 6
    case .uint32: 7
    case .uint64: 8
    case .float16: 9
    case .bfloat16: 10
    case .float32: 11
    case .float64: 12
    }
  }

  fileprivate init(
    _ code: UInt8, _ count: Int, _ reader: inout StateReader
  ) throws(StateError) {
    switch code {
    case 0:
      let flags = try reader.read(raw: count, of: UInt8(0))
      guard flags.allSatisfy({ $0 <= 1 }) else { throw StateError("a boolean is neither 0 nor 1") }
      self = .bool(flags)
    case 1: self = .int8(try reader.read(raw: count, of: 0))
    case 2: self = .int16(try reader.read(raw: count, of: 0))
    case 3: self = .int32(try reader.read(raw: count, of: 0))
    case 4: self = .int64(try reader.read(raw: count, of: 0))
    case 5: self = .uint8(try reader.read(raw: count, of: 0))
    case 6: self = .uint16(try reader.read(raw: count, of: 0))
    case 7: self = .uint32(try reader.read(raw: count, of: 0))
    case 8: self = .uint64(try reader.read(raw: count, of: 0))
    case 9: self = .float16(try reader.read(raw: count, of: 0))
    case 10: self = .bfloat16(try reader.read(raw: count, of: 0))
    case 11: self = .float32(try reader.read(raw: count, of: 0))
    case 12: self = .float64(try reader.read(raw: count, of: 0))
    default: throw StateError("there is no type of numbers \(code)")
    }
  }
}
