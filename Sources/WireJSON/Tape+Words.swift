/// Strings that have no nodes, and texts that are copied out of either form.
extension Tape {
  /// The string of an element of a list of words.
  func word(_ element: Int) -> ArraySlice<UInt8> { word(coded: Int(codes[element])) }

  private func word(coded code: Int) -> ArraySlice<UInt8> {
    words.bytes[(code == 0 ? 0 : words.ends[code - 1])..<words.ends[code]]
  }

  /// Where an element of a list of words stands in the text, its quotes included.
  func wordRange(_ list: Node, _ element: Int) -> Range<Int> {
    var begin = Int(list.offset) + 1
    for place in 0..<element {
      begin += word(list.upper + place).count + 3
      if bytes[base + begin] == 0x20 { begin += 1 }
    }
    return begin..<begin + word(list.upper + element).count + 2
  }

  /// The different strings among the lists of strings in some nodes, and the place of each string; nil where a list
  /// is not one of words.
  func codedWords(in range: Range<Int>, count: Int) -> (words: TextArray, codes: [Int32])? {
    guard let first = range.first(where: { nodes[$0].tag == .words }),
      !range.contains(where: { nodes[$0].tag == .string })
    else { return nil }
    // Lists stand side by side, also where others were tried between them.
    let kept = nodes[first].upper..<nodes[first].upper + count
    let (isUsed, coded) = codes[kept].withUnsafeBufferPointer { codes in
      withUnsafeTemporaryAllocation(of: Bool.self, capacity: 256) { isUsed in
        isUsed.initialize(repeating: false)
        for code in codes { isUsed[Int(code)] = true }
        let coded = [Int32](unsafeUninitializedCapacity: count) { out, used in
          for index in 0..<count { out[index] = Int32(codes[index]) }
          used = count
        }
        return (Array(isUsed[..<words.ends.count]), coded)
      }
    }
    if !isUsed.contains(false) { return (words, coded) }
    // The document has others too.
    var texts = TextArray()
    let places = isUsed.indices.map { code in
      if !isUsed[code] { return Int32(0) }
      texts.append(word(coded: code))
      return Int32(truncatingIfNeeded: texts.ends.count - 1)
    }
    return (texts, places.withUnsafeBufferPointer { places in coded.map { places[Int($0)] } })
  }

  /// The strings among some nodes, where lists of words are among them.
  func copyWords(in range: Range<Int>, count: Int) -> TextArray {
    var texts = TextArray()
    texts.ends.reserveCapacity(count)
    for place in range {
      let node = nodes[place]
      switch node.tag {
      case .words:
        for element in node.upper..<node.upper + node.count { texts.append(word(element)) }
      case .string:
        let source = text(Int(node.offset)..<Int(node.payload))
        texts.append(node.flags & Node.escaped != 0 ? unescaped(source)[...] : source)
      default: break
      }
    }
    return texts
  }
}

extension TextArray {
  fileprivate mutating func append(_ text: ArraySlice<UInt8>) {
    bytes.append(contentsOf: text)
    ends.append(bytes.count)
  }
}
