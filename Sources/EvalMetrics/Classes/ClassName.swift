/// What a class is called: an integer or a text. The integer 7 is not the text "7".
public enum ClassName: Sendable, Hashable {
  case integer(Int64)
  case text(String)

  /// The name that a plain value gives: integers, integral floats and booleans are integers. Nil for anything else.
  public init?(_ value: Value) {
    switch value {
    case .text(let text): self = .text(text)
    case .bool(let flag): self = .integer(flag ? 1 : 0)
    case .integer(let x): self = .integer(x)
    case .unsigned(let x):
      guard let x = Int64(exactly: x) else { return nil }
      self = .integer(x)
    case .number(let x):
      guard let x = Int64(exactly: x) else { return nil }
      self = .integer(x)
    default: return nil
    }
  }

  /// The name on the wire.
  public var value: Value {
    switch self {
    case .integer(let x): .integer(x)
    case .text(let x): .text(x)
    }
  }

  /// Texts are equal when their bytes are, as in `Value`.
  public static func == (a: ClassName, b: ClassName) -> Bool {
    switch (a, b) {
    case (.integer(let x), .integer(let y)): x == y
    case (.text(let x), .text(let y)): x.hasSameBytes(as: y)
    default: false
    }
  }

  public func hash(into hasher: inout Hasher) {
    switch self {
    case .integer(let x): hasher.combine(x)
    case .text(let x): x.hashBytes(into: &hasher)
    }
  }

  /// The order of classes that were not declared: integers by value, then texts by their bytes.
  public static func areInOrder(_ a: ClassName, _ b: ClassName) -> Bool {
    switch (a, b) {
    case (.integer(let x), .integer(let y)): x < y
    case (.integer, .text): true
    case (.text, .integer): false
    case (.text(let x), .text(let y)): x.precedesByBytes(y)
    }
  }

  /// Memory beside the name's own place.
  var byteCount: Int {
    if case .text(let text) = self, text.utf8.count > 15 { text.utf8.count + 32 } else { 0 }
  }
}

extension ClassName {
  func encode(into writer: inout StateWriter) {
    switch self {
    case .integer(let x):
      writer.write(UInt8(0))
      writer.write(x)
    case .text(let x):
      writer.write(UInt8(1))
      writer.write(x)
    }
  }

  init(from reader: inout StateReader) throws(StateError) {
    switch try reader.read(UInt8.self) {
    case 0: self = .integer(try reader.read(Int64.self))
    case 1: self = .text(try reader.readString())
    default: throw StateError("a class has no such kind of name")
    }
  }
}
