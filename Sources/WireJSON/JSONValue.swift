/// A value inside a document. Cheap to copy; it keeps the whole document and its bytes alive.
public struct JSONValue: Sendable {
  /// The six kinds of JSON value.
  public enum Kind: Sendable {
    /// `null`
    case null
    /// `true` or `false`
    case bool
    /// any number
    case number
    /// a string
    case string
    /// an array
    case array
    /// an object
    case object
  }

  let tape: Tape
  let index: Int
  /// The position in an array whose elements have no nodes; negative for the node itself.
  let element: Int

  init(tape: Tape, index: Int, element: Int = -1) {
    self.tape = tape
    self.index = index
    self.element = element
  }

  var node: Node { tape.nodes[index] }

  /// Which of the six kinds it is.
  public var kind: Kind {
    if element >= 0 { return node.tag == .words ? .string : .number }
    switch node.tag {
    case .null: return .null
    case .boolFalse, .boolTrue: return .bool
    case .int, .uint, .double: return .number
    case .string: return .string
    case .array, .intArray, .doubleArray, .words: return .array
    case .object, .end: return .object
    }
  }

  /// Whether it is `null`.
  public var isNull: Bool { kind == .null }

  /// `true` or `false`; nil for every other kind.
  public var bool: Bool? {
    guard element < 0 else { return nil }
    switch node.tag {
    case .boolTrue: return true
    case .boolFalse: return false
    default: return nil
    }
  }

  /// The text without its escapes; nil for every other kind.
  public var string: String? {
    guard let source = stringSource else { return nil }
    if hasEscapes { return String(decoding: unescaped(source), as: UTF8.self) }
    return source.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
  }

  /// The UTF-8 of `string`.
  public var stringBytes: [UInt8]? {
    guard let source = stringSource else { return nil }
    return hasEscapes ? unescaped(source) : [UInt8](source)
  }

  /// Lends the UTF-8 of `string`; nil for every other kind.
  @inline(__always)
  func withStringBytes<R>(_ body: (UnsafeBufferPointer<UInt8>) -> R) -> R? {
    guard element < 0, !hasEscapes else {
      return stringBytes.map { $0.withUnsafeBufferPointer(body) }
    }
    let node = node
    guard node.tag == .string else { return nil }
    return tape.withText {
      body(UnsafeBufferPointer(rebasing: $0[Int(node.offset)..<Int(node.payload)]))
    }
  }

  /// Whether it is a string of exactly these code points, without making a string.
  public func stringEquals(_ other: String) -> Bool {
    if element >= 0 { return stringSource?.elementsEqual(other.utf8) ?? false }
    guard node.tag == .string else { return false }
    if !hasEscapes && Int(node.payload) - Int(node.offset) != other.utf8.count { return false }
    var other = other
    return other.withUTF8 { tape.string(at: index, equals: $0) }
  }

  /// The source of a string between its quotes.
  var stringSource: ArraySlice<UInt8>? {
    if element >= 0 { return node.tag == .words ? tape.word(node.upper + element) : nil }
    guard node.tag == .string else { return nil }
    return tape.text(Int(node.offset)..<Int(node.payload))
  }

  var hasEscapes: Bool { element < 0 && node.flags & Node.escaped != 0 }

  /// The bytes of this value as they were sent, without the white space around it.
  ///
  /// It takes time in its length; for an element of an array of floats, in its distance from the
  /// start of the array.
  public var rawText: [UInt8] {
    if element >= 0, node.tag == .intArray {
      // An integer has only one JSON text, since -0 is kept out of these arrays.
      return [UInt8](tape.ints[node.upper + element].description.utf8)
    }
    return [UInt8](tape.text(sourceRange))
  }

  /// Where this value stands in the parsed text, in bytes from its start. At once, but for flat
  /// arrays of numbers (their length) and elements of arrays of floats (as `rawText`).
  public var sourceRange: Range<Int> {
    let node = node
    if element < 0, node.tag == .array || node.tag == .object {
      return textStart(of: node)..<Int(tape.nodes[node.upper - 1].offset)
    }
    if element >= 0, node.tag == .words { return tape.wordRange(node, element) }
    return tape.withText { text in
      guard element >= 0 else { return textStart(of: node)..<endOfText(of: node, in: text) }
      var begin = Int(node.offset) + 1
      for _ in 0..<element {
        while text[begin] != Byte.comma { begin += 1 }
        begin += 1
      }
      while [0x20, 0x09, 0x0A, 0x0D].contains(text[begin]) { begin += 1 }
      return begin..<endOfNumber(in: text, from: begin)
    }
  }
}
