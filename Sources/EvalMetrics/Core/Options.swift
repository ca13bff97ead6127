/// What an option may be set to.
public enum OptionKind: Sendable {
  case number(ClosedRange<Double>)
  case integer(ClosedRange<Int>)
  case boolean
  case choice([String])
  /// One of a few numbers or words, such as `zero_division`.
  case oneOf([Value])
  /// A string or an integer, such as a label.
  case label
  /// A string of so many bytes, such as a path.
  case text(ClosedRange<Int>)
  /// A value that the task checks by itself.
  case custom(String)
}

/// An option of a task or a metric: its name, what it may be, and what it is unless it is given.
public struct OptionSpec: Sendable {
  public var name: String
  public var summary: String
  public var kind: OptionKind
  /// `.null`: no default, the task decides.
  public var standard: Value
  /// True for an option of a metric that has no default and must be given.
  public var isRequired: Bool

  public init(
    _ name: String, _ kind: OptionKind, default standard: Value, isRequired: Bool = false,
    _ summary: String
  ) {
    self.name = name
    self.kind = kind
    self.standard = standard
    self.isRequired = isRequired
    self.summary = summary
  }

  /// The value in canonical form, or an error that names the option.
  public func check(_ value: Value) throws(InputError) -> Value {
    switch kind {
    case .number(let range):
      guard let x = value.exactDouble, range.contains(x) else {
        throw fault(value, "a number from \(range.lowerBound) to \(range.upperBound)")
      }
      return .number(x + 0)
    case .integer(let range):
      guard let x = value.exactInteger, range.contains(x) else {
        throw fault(value, "an integer from \(range.lowerBound) to \(range.upperBound)")
      }
      return .integer(Int64(x))
    case .boolean:
      guard case .bool = value else { throw fault(value, "true or false") }
      return value
    case .choice(let names):
      guard let name = value.string, names.contains(name) else {
        throw fault(value, "one of " + names.map { "\"\($0)\"" }.joined(separator: ", "))
      }
      return value
    case .oneOf(let values):
      let found = values.first {
        $0 == value || ($0.exactDouble != nil && $0.exactDouble == value.exactDouble)
      }
      guard let found else {
        throw fault(value, "one of " + values.map(\.brief).joined(separator: ", "))
      }
      return found
    case .label:
      switch value {
      case .text, .integer, .unsigned, .bool: return value
      default:
        if let x = value.exactInteger { return .integer(Int64(x)) }
        throw fault(value, "a string or an integer")
      }
    case .text(let range):
      guard let text = value.string, range.contains(text.utf8.count) else {
        throw fault(value, "a string of \(range.lowerBound) to \(range.upperBound) bytes")
      }
      return value
    case .custom: return value
    }
  }

  private func fault(_ value: Value, _ wanted: String) -> InputError {
    InputError(
      .invalidParams, [.key(name)], "\(name) must be \(wanted); it is \(value.brief)",
      hint: summary)
  }
}

/// Options that were checked, every one with its value or its default.
public struct Arguments: Sendable, Equatable {
  private var values: [String: Value]
  /// Names that the caller gave, in the order of the specification.
  public private(set) var given: [String]

  /// Checks what was given against the specification: unknown names are refused, by name.
  public init(_ fields: [Value.Field], for specs: [OptionSpec]) throws(InputError) {
    values = [:]
    given = []
    for spec in specs { values[spec.name] = spec.standard }
    for field in fields {
      guard let spec = specs.first(where: { $0.name == field.key }) else {
        throw .unknownName(
          .invalidParams, [.key(field.key)], "option", field.key, known: specs.map(\.name))
      }
      // A null says that nothing is given, as it does for every parameter.
      if field.value != .null { values[spec.name] = try spec.check(field.value) }
    }
    let names = Set(fields.filter { $0.value != .null }.map(\.key))
    given = specs.map(\.name).filter(names.contains)
  }

  /// Sets an option that the specification has to a value that it allows.
  mutating func set(_ name: String, _ value: Value) {
    if values[name] != nil { values[name] = value }
  }

  /// The value of an option; `.null` for one that was neither given nor has a default.
  public subscript(name: String) -> Value { values[name] ?? .null }

  /// The number of a numeric option; the specification has made sure that there is one.
  public func number(_ name: String) -> Double { self[name].exactDouble ?? 0 }

  /// The integer of an integer option.
  public func integer(_ name: String) -> Int { self[name].exactInteger ?? 0 }

  /// The text of a choice.
  public func text(_ name: String) -> String { self[name].string ?? "" }

  /// The boolean of an option.
  public func flag(_ name: String) -> Bool { self[name] == .bool(true) }
}
