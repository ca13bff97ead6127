/// Arrays and objects.
extension JSONValue {
  /// How many elements or members it has; 0 for scalars.
  public var count: Int {
    guard element < 0 else { return 0 }
    switch node.tag {
    case .array, .object, .intArray, .doubleArray: return node.count
    default: return 0
    }
  }

  /// The member of an object, by the exact code points of its key; nil when there is none, and for
  /// every other kind. It takes time in the number of members.
  public subscript(key: String) -> JSONValue? {
    guard element < 0, node.tag == .object else { return nil }
    var key = key
    return key.withUTF8 { key in
      var child = index + 1
      for _ in 0..<node.count {
        if tape.string(at: child, equals: key) { return JSONValue(tape: tape, index: child + 1) }
        child = tape.next(after: child + 1)
      }
      return nil
    }
  }

  /// The element of an array; nil out of bounds, and for every other kind. At once for flat arrays
  /// of numbers of one kind; otherwise it takes time in `position`, so use `elements` to see all.
  public subscript(position: Int) -> JSONValue? {
    guard element < 0, position >= 0, position < count else { return nil }
    switch node.tag {
    case .intArray, .doubleArray: return JSONValue(tape: tape, index: index, element: position)
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
