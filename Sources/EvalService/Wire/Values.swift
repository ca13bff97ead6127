import EvalMetrics
import JSONRPC
import WireJSON

extension Value {
  /// A JSON value as plain data. Depth is bounded by the parser's limit.
  init(_ json: JSONValue) {
    switch json.kind {
    case .null: self = .null
    case .bool: self = .bool(json.bool ?? false)
    case .string: self = .text(json.string ?? "")
    case .number: self = Value(number: json)
    case .array: self = .list(json.elements.map { Value($0) })
    case .object: self = .record(json.members.map { Field($0.key, Value($0.value)) })
    }
  }

  private init(number json: JSONValue) {
    if json.isIntegerText {
      if let x = json.int64 {
        self = .integer(x)
        return
      }
      if let x = json.uint64 {
        self = .unsigned(x)
        return
      }
    }
    self = .number(json.double ?? .nan)
  }

  /// About how much memory it takes.
  var byteCount: Int {
    switch self {
    case .null, .bool, .integer, .unsigned, .number: 48
    case .text(let text): 48 + text.utf8.count
    case .list(let values): values.reduce(80) { $0 + $1.byteCount }
    case .record(let fields): fields.reduce(80) { $0 + 32 + $1.key.utf8.count + $1.value.byteCount }
    }
  }

  /// The members of an object; none for anything else.
  var fields: [Field] {
    if case .record(let fields) = self { fields } else { [] }
  }
}

extension JSONWriter {
  /// Writes plain data.
  mutating func value(_ value: Value) {
    switch value {
    case .null: null()
    case .bool(let x): bool(x)
    case .integer(let x): int(x)
    case .unsigned(let x): uint(x)
    case .number(let x): double(x)
    case .text(let x): string(x)
    case .list(let values):
      beginArray()
      for value in values { self.value(value) }
      endArray()
    case .record(let fields):
      beginObject()
      for field in fields {
        key(field.key)
        self.value(field.value)
      }
      endObject()
    }
  }

  /// Writes an array of doubles under a key.
  mutating func field(_ key: String, _ values: [Double]) {
    self.key(key)
    beginArray()
    for value in values { double(value) }
    endArray()
  }

  /// Writes plain data under a key.
  mutating func field(_ key: String, _ value: Value) {
    self.key(key)
    self.value(value)
  }
}

extension JSONWriter {
  /// Writes a name under a key.
  mutating func field(_ key: String, _ name: Name) { field(key, name.text) }

  /// Writes a list of names under a key.
  mutating func field(_ key: String, _ names: [Name]) { field(key, names.map(\.text)) }
}

/// A name in quotation marks for a message, cut where it is long.
func quoted(_ name: Name) -> String { quoted(name.text) }

/// The hint for a name that is not known.
func unknownNameHint(_ name: Name, among known: [Name]) -> String {
  unknownNameHint(name.text, among: known.map(\.text))
}
