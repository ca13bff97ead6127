/// Arrays and objects.
extension JSONValue {
  /// How many elements or members it has; 0 for scalars.
  public var count: Int {
    guard element < 0 else { return 0 }
    switch node.tag {
    case .array, .object, .intArray, .doubleArray, .words: return node.count
    default: return 0
    }
  }

  /// The member of an object, by the exact code points of its key; nil when there is none, and for
  /// every other kind. It takes time in the number of members.
  public subscript(key: String) -> JSONValue? {
    guard element < 0, node.tag == .object else { return nil }
    var key = key
    guard let child = key.withUTF8({ tape.member(of: index, named: $0) }) else { return nil }
    return JSONValue(tape: tape, index: child)
  }

  /// Shows those members of an object that have known keys, by the place of the key, and tells whether it has no
  /// others; none and false for every other kind.
  public func forEachMember(named keys: NameIndex, _ body: (Int, JSONValue) -> Void) -> Bool {
    guard element < 0, node.tag == .object else { return false }
    var areAll = true
    var child = index + 1
    for _ in 0..<node.count {
      if let place = keys.position(ofNode: child, in: tape) {
        body(place, JSONValue(tape: tape, index: child + 1))
      } else {
        areAll = false
      }
      child = tape.next(after: child + 1)
    }
    return areAll
  }

  /// The numbers of an array of nothing but integers; nil for any other value.
  public var flatIntegers: ArraySlice<Int64>? {
    guard element < 0, node.tag == .intArray else { return nil }
    return tape.ints[node.upper..<node.upper + node.count]
  }

  /// The first key of an object that is none of `known`; nil when all are known, and for every other
  /// kind. It makes no string of a key that is known.
  public func firstKey(notIn known: NameIndex) -> String? {
    guard element < 0, node.tag == .object else { return nil }
    var child = index + 1
    for _ in 0..<node.count {
      if known.position(ofNode: child, in: tape) == nil {
        return JSONValue(tape: tape, index: child).string
      }
      child = tape.next(after: child + 1)
    }
    return nil
  }

  /// The values of the members of an object in order, without their keys; none for every other kind.
  public var memberValues: MemberValues { MemberValues(value: self) }

  /// The element of an array; nil out of bounds, and for every other kind. At once for flat arrays
  /// of numbers of one kind and of words; otherwise it takes time in `position`, so use `elements` to see all.
  public subscript(position: Int) -> JSONValue? {
    guard element < 0, position >= 0, position < count else { return nil }
    switch node.tag {
    case .intArray, .doubleArray, .words:
      return JSONValue(tape: tape, index: index, element: position)
    case .array:
      var child = index + 1
      for _ in 0..<position { child = tape.next(after: child) }
      return JSONValue(tape: tape, index: child)
    default: return nil
    }
  }

  /// The elements of an array in order; none for every other kind.
  public var elements: Elements { Elements(value: self) }

  /// The members of an object in order; none for every other kind.
  public var members: Members { Members(value: self) }

  /// The elements of an array.
  public struct Elements: Sequence, IteratorProtocol, Sendable {
    private let tape: Tape
    private let container: Int
    private let isPool: Bool
    private var remaining: Int
    private var cursor: Int

    init(value: JSONValue) {
      tape = value.tape
      container = value.index
      let tag = value.node.tag
      isPool = tag != .array
      remaining = value.kind == .array ? value.count : 0
      cursor = isPool ? 0 : value.index + 1
    }

    /// The next element, in constant time.
    public mutating func next() -> JSONValue? {
      guard remaining > 0 else { return nil }
      remaining -= 1
      if isPool {
        defer { cursor += 1 }
        return JSONValue(tape: tape, index: container, element: cursor)
      }
      defer { cursor = tape.next(after: cursor) }
      return JSONValue(tape: tape, index: cursor)
    }

    /// How many are left.
    public var underestimatedCount: Int { remaining }
  }

  /// The values of the members of an object.
  public struct MemberValues: Sequence, IteratorProtocol, Sendable {
    private let tape: Tape
    private var remaining: Int
    private var child: Int

    init(value: JSONValue) {
      tape = value.tape
      remaining = value.kind == .object ? value.count : 0
      child = value.index + 1
    }

    /// The next value, in constant time.
    public mutating func next() -> JSONValue? {
      guard remaining > 0 else { return nil }
      remaining -= 1
      defer { child = tape.next(after: child + 1) }
      return JSONValue(tape: tape, index: child + 1)
    }
  }

  /// The members of an object.
  public struct Members: Sequence, IteratorProtocol, Sendable {
    private let tape: Tape
    private var remaining: Int
    private var child: Int

    init(value: JSONValue) {
      tape = value.tape
      remaining = value.kind == .object ? value.count : 0
      child = value.index + 1
    }

    /// The next member, in constant time.
    public mutating func next() -> (key: String, value: JSONValue)? {
      guard remaining > 0 else { return nil }
      remaining -= 1
      let key = JSONValue(tape: tape, index: child).string ?? ""
      let value = JSONValue(tape: tape, index: child + 1)
      child = tape.next(after: child + 1)
      return (key, value)
    }

    /// How many are left.
    public var underestimatedCount: Int { remaining }
  }
}
