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
  /// Calls `body` with each member of an object whose key has at most eight bytes, by its exact code points; a
  /// key that is longer is passed over. It makes no strings.
  @inline(__always)
  public func forEachShortMember(_ body: (ShortKey, JSONValue) -> Void) {
    guard element < 0, node.tag == .object else { return }
    var child = index + 1
    for _ in 0..<node.count {
      if let key = tape.shortKey(at: child) { body(key, JSONValue(tape: tape, index: child + 1)) }
      child = tape.next(after: child + 1)
    }
  }
}

extension Tape {
  /// The key of a node; nil where it is longer than eight bytes.
  fileprivate func shortKey(at index: Int) -> ShortKey? {
    let node = nodes[index]
    let range = Int(node.offset)..<Int(node.payload)
    if node.flags & Node.escaped != 0 {
      let key = unescaped(text(range))
      return key.count <= 8 ? ShortKey(key) : nil
    }
    guard range.count <= 8 else { return nil }
    return withText { ShortKey($0, range.lowerBound, range.upperBound) }
  }
}
