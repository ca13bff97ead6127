/// Texts side by side, and where each ends.
public struct TextArray: Sendable, Equatable {
  /// The UTF-8 of all texts, without their escapes.
  public var bytes: [UInt8] = []
  /// Where in `bytes` each text ends.
  public var ends: [Int] = []

  /// No texts.
  public init() {}
}

extension JSONValue {
  /// The strings of an array that holds nothing else; nil for any other value. The empty array has none.
  public var texts: TextArray? {
    guard element < 0, kind == .array else { return nil }
    if node.count == 0 { return TextArray() }
    if node.tag == .words { return tape.copyWords(in: index..<index + 1, count: node.count) }
    // Strings have no nodes within, so they stand side by side.
    let strings = index + 1..<index + 1 + node.count
    guard node.tag == .array, tape.next(after: index) == strings.upperBound + 1,
      tape.areStrings(strings)
    else { return nil }
    return tape.copyStrings(in: strings, count: strings.count)
  }

  /// The strings of an array of arrays of strings, and where each of those ends in them; nil for any other
  /// value.
  public var textLists: (texts: TextArray, ends: [Int])? {
    guard element < 0, kind == .array else { return nil }
    guard node.tag == .array else { return node.count == 0 ? (TextArray(), []) : nil }
    guard let (ends, nodes, haveWords) = stringLists else { return nil }
    let count = ends.last ?? 0
    if haveWords { return (tape.copyWords(in: nodes, count: count), ends) }
    return (tape.copyStrings(in: nodes, count: count), ends)
  }

  /// The same of lists whose strings are short and repeat, as tags and labels do: the different strings, the
  /// place among them of each one, and where each list ends. Nil for any other value, and where a string is longer than 15 bytes, has other characters than those of ASCII, or
  /// where more than 255 are different.
  public var codedTextLists: (words: TextArray, codes: [Int32], ends: [Int])? {
    guard element < 0, node.tag == .array, let (ends, nodes, haveWords) = stringLists, haveWords,
      let (words, codes) = tape.codedWords(in: nodes, count: ends.last ?? 0)
    else { return nil }
    return (words, codes, ends)
  }

  /// Where each of the lists of strings in an array ends, the nodes of all, and whether some have no nodes for
  /// their strings; nil where there is anything else.
  private var stringLists: (ends: [Int], nodes: Range<Int>, haveWords: Bool)? {
    var haveWords = false
    var ends: [Int] = []
    ends.reserveCapacity(node.count)
    var count = 0
    var child = index + 1
    for _ in 0..<node.count {
      guard let strings = tape.strings(of: child) else { return nil }
      count += strings
      ends.append(count)
      haveWords = haveWords || tape.nodes[child].tag == .words
      child = tape.next(after: child)
    }
    return (ends, index + 1..<child, haveWords)
  }

  /// Whether it is a flat array of numbers only. The empty array is one.
  public var isFlatNumberArray: Bool {
    guard element < 0 else { return false }
    switch node.tag {
    case .intArray, .doubleArray: return true
    case .array: return elements.allSatisfy { $0.kind == .number }
    default: return false
    }
  }
}

extension Tape {
  /// Whether these nodes are strings.
  fileprivate func areStrings(_ range: Range<Int>) -> Bool {
    nodes.withUnsafeBufferPointer { nodes in
      for place in range where nodes[place].tag != .string { return false }
      return true
    }
  }

  /// How many strings an array of nothing else holds; nil for any other node.
  fileprivate func strings(of index: Int) -> Int? {
    let node = nodes[index]
    switch node.tag {
    case .array where node.count > 0:
      let strings = index + 1..<index + 1 + node.count
      return node.upper == strings.upperBound + 1 && areStrings(strings) ? node.count : nil
    case .words: return node.count
    case .array, .intArray, .doubleArray: return node.count == 0 ? 0 : nil
    default: return nil
    }
  }

  /// The strings among some nodes, of which there are so many.
  fileprivate func copyStrings(in range: Range<Int>, count: Int) -> TextArray {
    var texts = TextArray()
    guard count > 0 else { return texts }
    // Without its escapes a text is no longer than with them.
    let room = Int(nodes[lastString(in: range)].payload) - Int(nodes[range.lowerBound].offset)
    nodes.withUnsafeBufferPointer { nodes in
      bytes.withUnsafeBufferPointer { bytes in
        let source = UnsafeBufferPointer(rebasing: bytes[base..<base + length])
        texts.ends = Array(unsafeUninitializedCapacity: count) { ends, used in
          texts.bytes = Array(unsafeUninitializedCapacity: room + Self.step) { out, written in
            for place in range where nodes[place].tag == .string && used < count {
              let node = nodes[place]
              let text = Int(node.offset)..<Int(node.payload)
              let rest = UnsafeMutableBufferPointer(rebasing: out[written...])
              written += Self.copy(source, text, node.flags & Node.escaped != 0, to: rest)
              ends[used] = written
              used += 1
            }
          }
        }
      }
    }
    return texts
  }

  private func lastString(in range: Range<Int>) -> Int {
    var last = range.upperBound - 1
    while last > range.lowerBound, nodes[last].tag != .string { last -= 1 }
    return last
  }

  /// As much as is copied at once, so that short texts need no loop.
  private static var step: Int { 16 }

  /// Copies one text to where there is room for it and one step more; gives its length.
  @inline(__always)
  private static func copy(
    _ source: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ isEscaped: Bool,
    to out: UnsafeMutableBufferPointer<UInt8>
  ) -> Int {
    guard let from = source.baseAddress, let to = out.baseAddress else { return 0 }
    if isEscaped { return unescape(UnsafeBufferPointer(rebasing: source[range]), into: to) }
    if range.count <= step, range.lowerBound + step <= source.count {
      let block = UnsafeRawPointer(from + range.lowerBound).loadUnaligned(as: SIMD16<UInt8>.self)
      UnsafeMutableRawPointer(to).storeBytes(of: block, as: SIMD16<UInt8>.self)
    } else {
      to.initialize(from: from + range.lowerBound, count: range.count)
    }
    return range.count
  }
}
