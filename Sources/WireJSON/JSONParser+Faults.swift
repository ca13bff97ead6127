/// Words for what the parser refused.
extension JSONParser {
  /// The fault of a byte that can't stand at the position, by the most helpful name.
  func unexpected(_ byte: UInt8, _ expected: String) -> Fault {
    let defect: Defect =
      switch byte {
      case UInt8(ascii: "'"): .singleQuote
      case UInt8(ascii: "/"), UInt8(ascii: "#"): .comment
      case Byte.plus: .leadingPlus
      case 0xEF where isByteOrderMark: .byteOrderMark
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"):
        .bareWord(bareWord(from: position))
      default: .unexpected(byte: byte, expected: expected)
      }
    return Fault(defect: defect, offset: position)
  }

  private var isByteOrderMark: Bool {
    position + 2 < length && start[position + 1] == 0xBB && start[position + 2] == 0xBF
  }

  /// The letters from an offset on, at most twenty of them.
  func bareWord(from offset: Int) -> String {
    var word = ""
    var i = offset
    while i < length, word.utf8.count < 20 {
      let scalar = Unicode.Scalar(start[i])
      guard scalar.properties.isAlphabetic, scalar.isASCII || i > offset else { break }
      guard scalar.isASCII else { break }
      word.unicodeScalars.append(scalar)
      i += 1
    }
    return word
  }

  /// A key for a message, cut to a sane length.
  func shown(key index: Int) -> String {
    let text = unescapedKey(index)
    let shown = String(decoding: text.prefix(60), as: UTF8.self)
    return text.count > 60 ? shown + "…" : shown
  }

  /// The error for the caller, with the members of the outermost object that were complete.
  func report(_ fault: Fault) -> JSONParseError {
    JSONParseError(
      kind: fault.defect.kind, offset: fault.offset, message: fault.defect.message,
      hint: fault.defect.hint, topLevelMembers: completeMembers())
  }

  private func completeMembers() -> [(key: String, rawValue: [UInt8])] {
    guard nodes.count > 0, nodes[0].tag == .object else { return [] }
    // The member that is still open, if one is.
    var openValue = nodes.count
    var container = innermost
    while container > 0 {
      openValue = container
      container = nodes[container].upper - 1
    }
    var members: [(key: String, rawValue: [UInt8])] = []
    var index = 1
    while index + 1 < openValue, members.count < 64 {
      let end = textEnd(of: index + 1)
      let begin = textStart(of: nodes[index + 1])
      if end - begin <= 4096 {
        let raw = [UInt8](UnsafeBufferPointer(start: start + begin, count: end - begin))
        members.append((String(decoding: unescapedKey(index), as: UTF8.self), raw))
      }
      index = next(after: index + 1)
    }
    return members
  }

  /// The offset behind the text of a node. What follows a number may be anything here.
  private func textEnd(of index: Int) -> Int {
    let node = nodes[index]
    let begin = textStart(of: node)
    switch node.tag {
    case .int, .uint, .double: return (try? scanNumber(at: begin))?.end ?? begin
    case .array, .object: return Int(nodes[node.upper - 1].offset)
    default: return endOfText(of: node, in: UnsafeBufferPointer(start: start, count: length))
    }
  }

  func next(after index: Int) -> Int {
    let node = nodes[index]
    return node.tag == .array || node.tag == .object ? node.upper : index + 1
  }
}

/// Where the source text of a node begins: a string's offset stands behind its quote.
func textStart(of node: Node) -> Int {
  node.tag == .string ? Int(node.offset) - 1 : Int(node.offset)
}

/// The offset behind the text of a node that has no end node.
func endOfText(of node: Node, in text: UnsafeBufferPointer<UInt8>) -> Int {
  let begin = textStart(of: node)
  switch node.tag {
  case .null, .boolTrue: return begin + 4
  case .boolFalse: return begin + 5
  case .string: return Int(node.payload) + 1
  case .int, .uint, .double: return endOfNumber(in: text, from: begin)
  case .intArray, .doubleArray:
    return (text[begin...].firstIndex(of: Byte.closeBracket) ?? text.count - 1) + 1
  case .words:
    var (end, isWithin) = (begin + 1, false)
    while isWithin || text[end] != Byte.closeBracket {
      if text[end] == Byte.quote { isWithin.toggle() }
      end += 1
    }
    return end + 1
  case .array, .object, .end: return begin
  }
}

/// The offset behind the number that starts at `offset`, where what follows may follow it.
func endOfNumber(in text: UnsafeBufferPointer<UInt8>, from offset: Int) -> Int {
  var end = offset
  while end < text.count {
    let byte = text[end]
    if byte &- Byte.zero > 9 && byte | 0x20 != UInt8(ascii: "e") && byte != Byte.minus
      && byte != Byte.plus && byte != Byte.point
    {
      break
    }
    end += 1
  }
  return end
}
