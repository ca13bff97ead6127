/// A key of at most eight bytes as one number, so that comparing it takes one instruction.
public struct ShortKey: Sendable, Equatable {
  private let word: UInt64
  private let count: Int

  /// The key with these code points. One of more than eight bytes equals no key of an object.
  public init(_ text: StaticString) {
    let bytes = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    self.init(word: Self.word(bytes.prefix(8)), count: bytes.count)
  }

  private init(word: UInt64, count: Int) {
    self.word = word
    self.count = count
  }

  private static func word(_ bytes: some BidirectionalCollection<UInt8>) -> UInt64 {
    var word: UInt64 = 0
    for byte in bytes.reversed() { word = word &<< 8 | UInt64(byte) }
    return word
  }

  fileprivate init(_ bytes: [UInt8]) { self.init(word: Self.word(bytes), count: bytes.count) }

  /// The key between two offsets of a text, of at most eight bytes.
  @inline(__always)
  fileprivate init(_ text: UnsafeBufferPointer<UInt8>, _ begin: Int, _ end: Int) {
    guard let start = text.baseAddress, begin + 8 <= text.count, begin < end else {
      self.init(word: Self.word(text[begin..<end]), count: end - begin)
      return
    }
    // Little-endian, and what stands behind the key is shifted out.
    let unused = UInt64(truncatingIfNeeded: 64 &- 8 &* (end &- begin))
    self.init(word: (loadWord(start + begin) &<< unused) &>> unused, count: end &- begin)
  }
}

extension JSONValue {
  /// The members of an object that have four keys of at most eight bytes, by their exact code points; nil for each
  /// that it has not. It makes no strings, and no values but these.
  public func members(
    _ a: ShortKey, _ b: ShortKey, _ c: ShortKey, _ d: ShortKey
  ) -> (JSONValue?, JSONValue?, JSONValue?, JSONValue?) {
    guard element < 0, node.tag == .object else { return (nil, nil, nil, nil) }
    var places = (-1, -1, -1, -1)
    tape.forEachShortKey(of: index) { key, place in
      if key == a {
        places.0 = place
      } else if key == b {
        places.1 = place
      } else if key == c {
        places.2 = place
      } else if key == d {
        places.3 = place
      }
    }
    func value(_ place: Int) -> JSONValue? {
      place < 0 ? nil : JSONValue(tape: tape, index: place)
    }
    return (value(places.0), value(places.1), value(places.2), value(places.3))
  }

  /// Whether it is a string of exactly these code points.
  public func stringEquals(_ other: ShortKey) -> Bool {
    guard element < 0, node.tag == .string else { return false }
    return tape.withText { tape.shortKey(of: node, in: $0) == other }
  }
}

extension Tape {
  /// Shows the keys of an object that have at most eight bytes, and the nodes of their values.
  @inline(__always)
  fileprivate func forEachShortKey(of object: Int, _ body: (ShortKey, Int) -> Void) {
    withText { text in
      nodes.withUnsafeBufferPointer { nodes in
        var child = object + 1
        for _ in 0..<nodes[object].count {
          if let key = shortKey(of: nodes[child], in: text) { body(key, child + 1) }
          let value = nodes[child + 1]
          child = value.tag == .array || value.tag == .object ? value.upper : child + 2
        }
      }
    }
  }

  /// The string of a node; nil where it is longer than eight bytes.
  @inline(__always)
  fileprivate func shortKey(of node: Node, in text: UnsafeBufferPointer<UInt8>) -> ShortKey? {
    let (begin, end) = (Int(node.offset), Int(node.payload))
    if node.flags & Node.escaped != 0 {
      let key = unescaped(UnsafeBufferPointer(rebasing: text[begin..<end]))
      return key.count <= 8 ? ShortKey(key) : nil
    }
    return end - begin <= 8 ? ShortKey(text, begin, end) : nil
  }
}
