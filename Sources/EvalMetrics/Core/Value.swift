/// A small tree of plain data: what odd columns hold, what options are given, and what a metric answers.
public indirect enum Value: Sendable, Hashable {
  case null
  case bool(Bool)
  case integer(Int64)
  case unsigned(UInt64)
  case number(Double)
  case text(String)
  case list([Value])
  case record([Field])

  /// A named member of a record.
  public struct Field: Sendable, Hashable {
    public var key: String
    public var value: Value

    public init(_ key: String, _ value: Value) {
      self.key = key
      self.value = value
    }

    public static func == (a: Field, b: Field) -> Bool {
      a.key.hasSameBytes(as: b.key) && a.value == b.value
    }

    public func hash(into hasher: inout Hasher) {
      key.hashBytes(into: &hasher)
      hasher.combine(value)
    }
  }
}

extension Value {
  /// Texts are equal when their bytes are, as a `Name` is.
  public static func == (a: Value, b: Value) -> Bool {
    switch (a, b) {
    case (.null, .null): true
    case (.bool(let x), .bool(let y)): x == y
    case (.integer(let x), .integer(let y)): x == y
    case (.unsigned(let x), .unsigned(let y)): x == y
    case (.number(let x), .number(let y)): x == y
    case (.text(let x), .text(let y)): x.hasSameBytes(as: y)
    case (.list(let x), .list(let y)): x == y
    case (.record(let x), .record(let y)): x == y
    default: false
    }
  }

  public func hash(into hasher: inout Hasher) {
    switch self {
    case .null: hasher.combine(0)
    case .bool(let x): hasher.combine(x)
    case .integer(let x): hasher.combine(x)
    case .unsigned(let x): hasher.combine(x)
    case .number(let x): hasher.combine(x)
    case .text(let x): x.hashBytes(into: &hasher)
    case .list(let x): hasher.combine(x)
    case .record(let x): hasher.combine(x)
    }
  }
}

extension Value {
  /// The number as a double when it widens exactly; nil for anything that is not a number.
  public var exactDouble: Double? {
    switch self {
    case .integer(let x): Double(exactly: x)
    case .unsigned(let x): Double(exactly: x)
    case .number(let x): x
    default: nil
    }
  }

  /// The integer, also from an integral float; nil for anything else.
  public var exactInteger: Int? {
    switch self {
    case .integer(let x): Int(exactly: x)
    case .unsigned(let x): Int(exactly: x)
    case .number(let x): Int(exactly: x)
    default: nil
    }
  }

  /// What it is where a name is wanted: an integer beside a float came as a float itself, so a whole one is the
  /// integer. Beyond 2^53 none is sure to be what was written.
  var asName: Value {
    guard case .number(let x) = self, x.magnitude <= 0x1p53, let whole = Int64(exactly: x) else {
      return self
    }
    return .integer(whole)
  }

  /// The text of a text value.
  public var string: String? {
    if case .text(let text) = self { text } else { nil }
  }

  /// What kind of value this is, in the words of JSON, for messages.
  public var kindName: String {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .integer, .unsigned, .number: "a number"
    case .text: "a string"
    case .list: "an array"
    case .record: "an object"
    }
  }

  /// A number as it stands on the wire, where the infinities and NaN have names.
  static func wireText(_ x: Double) -> String {
    if x.isNaN { return "NaN" }
    if x.isInfinite { return x < 0 ? "-Infinity" : "Infinity" }
    return "\(x)"
  }

  /// A short form for messages: never longer than about 150 bytes, whatever was sent. Code points are counted,
  /// since one character may be of any length.
  public var brief: String {
    switch self {
    case .null: "null"
    case .bool(let x): x ? "true" : "false"
    case .integer(let x): "\(x)"
    case .unsigned(let x): "\(x)"
    case .number(let x): Self.wireText(x)
    case .text(let x):
      x.utf8.count <= 40 ? "\"\(x)\"" : "\"\(String(x.unicodeScalars.prefix(36)))…\""
    case .list(let x): "an array of \(x.count)"
    case .record(let x): "an object of \(x.count)"
    }
  }
}
