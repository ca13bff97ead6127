// Plain data in encoded states, such as the options of a stream.

extension Value {
  /// How deep lists and records may lie within each other, as in a line of the wire.
  private static var deepest: Int { 64 }

  /// Appends the value: a byte for its kind, then what it holds.
  public func encode(into writer: inout StateWriter) {
    switch self {
    case .null: writer.write(UInt8(0))
    case .bool(let x):
      writer.write(UInt8(1))
      writer.write(UInt8(x ? 1 : 0))
    case .integer(let x):
      writer.write(UInt8(2))
      writer.write(x)
    case .unsigned(let x):
      writer.write(UInt8(3))
      writer.write(x)
    case .number(let x):
      writer.write(UInt8(4))
      writer.write(x)
    case .text(let x):
      writer.write(UInt8(5))
      writer.write(x)
    case .list(let values):
      writer.write(UInt8(6))
      writer.write(UInt64(values.count))
      for value in values { value.encode(into: &writer) }
    case .record(let fields):
      writer.write(UInt8(7))
      writer.write(UInt64(fields.count))
      for field in fields {
        writer.write(field.key)
        field.value.encode(into: &writer)
      }
    }
  }

  /// Reads what `encode` wrote.
  public init(from reader: inout StateReader) throws(StateError) {
    try self.init(from: &reader, depth: 0)
  }

  private init(from reader: inout StateReader, depth: Int) throws(StateError) {
    guard depth <= Self.deepest else { throw StateError("a value lies too deep") }
    switch try reader.read(UInt8.self) {
    case 0: self = .null
    case 1: self = .bool(try reader.read(UInt8.self) != 0)
    case 2: self = .integer(try reader.read())
    case 3: self = .unsigned(try reader.read())
    case 4: self = .number(try reader.readDouble())
    case 5: self = .text(try reader.readString())
    case 6:
      var values: [Value] = []
      for _ in 0..<(try reader.readCount()) {
        values.append(try Value(from: &reader, depth: depth + 1))
      }
      self = .list(values)
    case 7:
      var fields: [Field] = []
      for _ in 0..<(try reader.readCount(ofSize: 9)) {
        let key = try reader.readString()
        fields.append(Field(key, try Value(from: &reader, depth: depth + 1)))
      }
      self = .record(fields)
    case let kind: throw StateError("there is no value of kind \(kind)")
    }
  }
}
