/// Values that were parsed.
extension JSONWriter {
  /// Writes a parsed value again, without white space and in the order it came in. Floats come out
  /// in their shortest form; numbers beyond 64 bits or beyond a double keep the text they had.
  public mutating func value(_ value: JSONValue) {
    if value.element >= 0 { return element(of: value.tape, value.node, value.element) }
    let tape = value.tape
    // How many members or elements are left, outermost container first.
    var open: [(left: Int, isObject: Bool)] = []
    var index = value.index
    repeat {
      if let innermost = open.indices.last {
        if open[innermost].left == 0 {
          if open.removeLast().isObject { endObject() } else { endArray() }
          index += 1
          continue
        }
        open[innermost].left -= 1
        if open[innermost].isObject {
          key(JSONValue(tape: tape, index: index).string ?? "")
          index += 1
        }
      }
      let node = tape.nodes[index]
      switch node.tag {
      case .array, .object:
        let isObject = node.tag == .object
        if isObject { beginObject() } else { beginArray() }
        open.append((node.count, isObject))
      default: scalar(JSONValue(tape: tape, index: index))
      }
      index += 1
    } while !open.isEmpty
  }

  /// Writes a parsed value as it was sent, without the white space around it; see `JSONValue.rawText`.
  public mutating func raw(_ value: JSONValue) {
    if value.element >= 0 { return raw(value.rawText) }
    let tape = value.tape
    let node = value.node
    separate()
    tape.withText { text in
      let isOpen = node.tag == .array || node.tag == .object
      let end =
        isOpen ? Int(tape.nodes[node.upper - 1].offset) : endOfText(of: node, in: text)
      bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[textStart(of: node)..<end]))
    }
  }

  /// Writes a value that is one node.
  private mutating func scalar(_ value: JSONValue) {
    let node = value.node
    switch node.tag {
    case .null: null()
    case .boolFalse: bool(false)
    case .boolTrue: bool(true)
    case .int: int(Int64(bitPattern: node.payload))
    case .uint: uint(node.payload)
    case .double:
      if node.flags == 0 { double(Double(bitPattern: node.payload)) } else { raw(value.rawText) }
    case .string: string(value.string ?? "")
    case .intArray, .doubleArray, .words:
      beginArray()
      for i in 0..<node.count { element(of: value.tape, node, i) }
      endArray()
    case .array, .object, .end: break
    }
  }

  /// Writes an element that has no node.
  private mutating func element(of tape: Tape, _ node: Node, _ position: Int) {
    let at = node.upper + position
    if node.tag == .words { return string(String(decoding: tape.word(at), as: UTF8.self)) }
    if node.tag == .intArray { return int(tape.ints[at]) }
    let value = tape.doubles[at]
    guard at < tape.integerMarks.count, tape.integerMarks[at] == 1 else { return double(value) }
    if value == 0, value.sign == .minus { return raw("-0".utf8) }
    int(Int64(value))
  }
}
