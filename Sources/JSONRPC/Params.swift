import WireJSON

/// `base` with one more step, escaped as RFC 6901 says.
public func jsonPointer(_ base: String, _ key: String) -> String {
  guard key.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else {
    return base + "/" + key
  }
  var escaped = ""
  for scalar in key.unicodeScalars {
    switch scalar {
    case "~": escaped += "~0"
    case "/": escaped += "~1"
    default: escaped.unicodeScalars.append(scalar)
    }
  }
  return "\(base)/\(escaped)"
}

/// `base` with the index of an array's element.
public func jsonPointer(_ base: String, _ index: Int) -> String { "\(base)/\(index)" }

/// The parameters of a request, or an object within them: typed getters that throw InvalidParams
/// with the path of the key. A null counts as absent.
public struct Params: Sendable {
  /// The object; nil when the request has no `params`.
  public let value: JSONValue?
  /// The JSON pointer of the object, `/params` at the top.
  public let path: String
  /// Who asks.
  public let caller: Caller

  /// Wraps an object. A value of another kind has no members.
  public init(_ value: JSONValue?, path: String = "/params", caller: Caller) {
    self.value = value
    self.path = path
    self.caller = caller
  }

  /// The member as sent, a null too; nil when there is none.
  public subscript(key: String) -> JSONValue? { value?[key] }

  /// The member; nil when it is absent or null.
  public func present(_ key: String) -> JSONValue? {
    guard let member = value?[key], !member.isNull else { return nil }
    return member
  }

  /// The member; absent or null is an error.
  public func required(_ key: String) throws(RPCError) -> JSONValue {
    guard let member = present(key) else { throw missing(key) }
    return member
  }

  /// The path of a member.
  public func path(of key: String) -> String { jsonPointer(path, key) }

  /// The error for a member that is wrong: `message` goes on from the quoted name of the key.
  public func invalid(_ key: String, _ message: String, hint: String = "") -> RPCError {
    RPCError(.invalidParams, "\(quoted(key)) \(message)", path: path(of: key), hint: hint)
  }

  /// The error for a member that must be there.
  public func missing(_ key: String) -> RPCError {
    RPCError(.invalidParams, "\(quoted(key)) is missing", path: path(of: key))
  }

  /// Throws for the first member whose key is none of `known`, with near names.
  public func refuseUnknownKeys(_ known: [String]) throws(RPCError) {
    guard let key = value?.firstKey(notIn: NameIndex(known)) else { return }
    throw unknownKey(key, known: known)
  }

  func unknownKey(_ key: String, known: [String]) -> RPCError {
    let all = known.map { "\"\($0)\"" }.joined(separator: ", ")
    return RPCError(
      .invalidParams, "\(quoted(key)) is not a known key", path: path(of: clipped(key)),
      hint: nearNamesHint(
        key, in: known, otherwise: known.isEmpty ? "no keys are known here" : "known: \(all)"))
  }
}

// MARK: - Scalars

extension Params {
  /// A string.
  public func string(_ key: String) throws(RPCError) -> String {
    guard let string = try optionalString(key) else { throw missing(key) }
    return string
  }

  /// A string, or nil when it is absent.
  public func optionalString(_ key: String) throws(RPCError) -> String? {
    guard let member = present(key) else { return nil }
    guard let string = member.string else { throw invalid(key, "must be a string") }
    return string
  }

  /// One of a closed list of strings; `otherwise` when it is absent.
  public func choice(
    _ key: String, of choices: [String], otherwise: String
  ) throws(RPCError) -> String {
    guard let chosen = try optionalString(key) else { return otherwise }
    guard choices.contains(chosen) else {
      let all = choices.map { "\"\($0)\"" }.joined(separator: ", ")
      throw invalid(
        key, "is \(quoted(chosen)), which is none of \(all)",
        hint: nearNamesHint(chosen, in: choices))
    }
    return chosen
  }

  /// An integer within `range`. A float that is integral, such as `1.0`, counts as one.
  public func int(
    _ key: String, in range: ClosedRange<Int> = Int.min...Int.max
  ) throws(RPCError) -> Int {
    guard let int = try optionalInt(key, in: range) else { throw missing(key) }
    return int
  }

  /// An integer within `range`, or nil when it is absent.
  public func optionalInt(
    _ key: String, in range: ClosedRange<Int> = Int.min...Int.max
  ) throws(RPCError) -> Int? {
    guard let member = present(key) else { return nil }
    guard let int = member.int64.flatMap(Int.init(exactly:)) else {
      throw invalid(key, "must be an integer of 64 bits")
    }
    guard range.contains(int) else {
      throw invalid(key, "is \(int), but must be \(described(range))")
    }
    return int
  }

  /// A number. "NaN", "Infinity" and "-Infinity" are understood, and refused when `finite`.
  public func double(_ key: String, finite: Bool = true) throws(RPCError) -> Double {
    guard let double = try optionalDouble(key, finite: finite) else { throw missing(key) }
    return double
  }

  /// A number, or nil when it is absent.
  public func optionalDouble(_ key: String, finite: Bool = true) throws(RPCError) -> Double? {
    guard let member = present(key) else { return nil }
    guard let double = number(member) else { throw invalid(key, "must be a number") }
    if finite && !double.isFinite { throw invalid(key, "must be finite") }
    return double
  }

  /// A boolean.
  public func bool(_ key: String) throws(RPCError) -> Bool {
    guard let bool = try optionalBool(key) else { throw missing(key) }
    return bool
  }

  /// A boolean, or nil when it is absent.
  public func optionalBool(_ key: String) throws(RPCError) -> Bool? {
    guard let member = present(key) else { return nil }
    guard let bool = member.bool else { throw invalid(key, "must be true or false") }
    return bool
  }
}

// MARK: - Arrays and objects

extension Params {
  /// An array.
  public func array(_ key: String) throws(RPCError) -> JSONValue {
    guard let array = try optionalArray(key) else { throw missing(key) }
    return array
  }

  /// An array, or nil when it is absent.
  public func optionalArray(_ key: String) throws(RPCError) -> JSONValue? {
    guard let member = present(key) else { return nil }
    guard member.kind == .array else { throw invalid(key, "must be an array") }
    return member
  }

  /// An object, with getters of its own.
  public func object(_ key: String) throws(RPCError) -> Params {
    guard let object = try optionalObject(key) else { throw missing(key) }
    return object
  }

  /// An object, or nil when it is absent.
  public func optionalObject(_ key: String) throws(RPCError) -> Params? {
    guard let member = present(key) else { return nil }
    guard member.kind == .object else { throw invalid(key, "must be an object") }
    return Params(member, path: path(of: key), caller: caller)
  }

  /// A list of strings, or nil when it is absent.
  public func optionalStrings(_ key: String) throws(RPCError) -> [String]? {
    guard let list = try optionalArray(key) else { return nil }
    var strings: [String] = []
    strings.reserveCapacity(list.count)
    for (index, element) in list.elements.enumerated() {
      guard let string = element.string else {
        throw RPCError(
          .invalidParams, "element \(index) of \(quoted(key)) must be a string",
          path: jsonPointer(path(of: key), index))
      }
      strings.append(string)
    }
    return strings
  }

  /// A list of finite numbers, or nil when it is absent.
  public func optionalDoubles(_ key: String, finite: Bool = true) throws(RPCError) -> [Double]? {
    guard let list = try optionalArray(key) else { return nil }
    var doubles: [Double] = []
    doubles.reserveCapacity(list.count)
    for (index, element) in list.elements.enumerated() {
      guard let double = number(element), double.isFinite || !finite else {
        throw RPCError(
          .invalidParams,
          "element \(index) of \(quoted(key)) must be a \(finite ? "finite " : "")number",
          path: jsonPointer(path(of: key), index))
      }
      doubles.append(double)
    }
    return doubles
  }
}

private func number(_ value: JSONValue) -> Double? {
  if let double = value.double { return double }
  if value.stringEquals("NaN") { return .nan }
  if value.stringEquals("Infinity") { return .infinity }
  if value.stringEquals("-Infinity") { return -.infinity }
  return nil
}

private func described(_ range: ClosedRange<Int>) -> String {
  if range.upperBound == Int.max { return "at least \(range.lowerBound)" }
  if range.lowerBound == Int.min { return "at most \(range.upperBound)" }
  return "from \(range.lowerBound) to \(range.upperBound)"
}
