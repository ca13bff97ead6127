/// Names that are known beforehand, found by the bytes of a JSON string without making one of the language.
public struct NameIndex: Sendable {
  /// The names side by side, and where each begins, with one more place at the end.
  private let text: [UInt8]
  private let begins: [Int]
  /// Positions in `names`, and -1 where the slot is free; a power of two of them, most of them free.
  private let slots: [Int32]

  /// An index of these names; of two that are equal it finds the first.
  public init(_ names: [String]) {
    var text: [UInt8] = []
    var begins = [0]
    begins.reserveCapacity(names.count + 1)
    for name in names {
      text.append(contentsOf: name.utf8)
      begins.append(text.count)
    }
    var size = 16
    while size < 4 * names.count { size *= 2 }
    var slots = [Int32](repeating: -1, count: size)
    text.withUnsafeBufferPointer { text in
      for position in names.indices {
        let name = UnsafeBufferPointer(rebasing: text[begins[position]..<begins[position + 1]])
        var slot = Self.hash(name) & (size - 1)
        while slots[slot] >= 0 { slot = (slot + 1) & (size - 1) }
        slots[slot] = Int32(truncatingIfNeeded: position)
      }
    }
    self.text = text
    self.begins = begins
    self.slots = slots
  }

  /// How many names there are.
  public var count: Int { begins.count - 1 }

  /// The position of a string among the names; nil for any other string, and for what is none.
  public func position(of value: JSONValue) -> Int? {
    value.withStringBytes { find($0) } ?? nil
  }

  /// The same for the string of a node.
  @inline(__always)
  func position(ofNode index: Int, in tape: Tape) -> Int? {
    let node = tape.nodes[index]
    let range = Int(node.offset)..<Int(node.payload)
    return tape.withText { text in
      let source = UnsafeBufferPointer(rebasing: text[range])
      if node.flags & Node.escaped == 0 { return find(source) }
      return unescaped(source).withUnsafeBufferPointer { find($0) }
    }
  }

  /// The position of a name; nil for any other.
  public func position(of name: String) -> Int? {
    var name = name
    return name.withUTF8 { find($0) }
  }

  private func find(_ name: UnsafeBufferPointer<UInt8>) -> Int? {
    var slot = Self.hash(name) & (slots.count - 1)
    while slots[slot] >= 0 {
      let position = Int(slots[slot])
      let own = begins[position]..<begins[position + 1]
      let isSame = text.withUnsafeBufferPointer {
        areEqual(UnsafeBufferPointer(rebasing: $0[own]), name)
      }
      if isSame { return position }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  /// The names are chosen by nobody who wants them to collide, so this need not be a good one.
  @inline(__always)
  private static func hash(_ name: UnsafeBufferPointer<UInt8>) -> Int {
    var hash = UInt32(truncatingIfNeeded: name.count)
    for byte in name { hash = (hash ^ UInt32(byte)) &* 0x0100_0193 }
    return Int(hash ^ hash &>> 15)
  }
}
