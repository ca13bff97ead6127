/// The keys of one large object, found by hash; a flood of chosen keys can't make it slow, since
/// Swift's hash is seeded anew in each process.
struct KeyTable {
  /// Indices of key nodes, and -1 where the slot is free; a power of two of them.
  private var slots: [Int32] = []
  private(set) var count = 0

  /// Empties the table for `capacity` keys.
  mutating func reset(capacity: Int) {
    var size = 64
    while size < capacity * 2 { size *= 2 }
    slots = [Int32](repeating: -1, count: size)
    count = 0
  }

  var needsRoom: Bool { count * 2 >= slots.count }

  /// Adds a key, unless `isEqual` finds it there; tells whether it was new.
  mutating func insert(_ index: Int, hash: Int, isEqual: (Int) -> Bool) -> Bool {
    let mask = slots.count - 1
    var slot = hash & mask
    while slots[slot] >= 0 {
      if isEqual(Int(slots[slot])) { return false }
      slot = (slot + 1) & mask
    }
    slots[slot] = Int32(truncatingIfNeeded: index)
    count += 1
    return true
  }
}

/// Duplicate keys.
extension JSONParser {
  /// Up to this many members keys are compared with one another; beyond it they are hashed.
  private static let linearLimit = 16

  /// Whether the object open at `depth`, which has `earlier` members from node `first` on, already
  /// has the key of node `index`.
  mutating func isDuplicate(key index: Int, first: Int, earlier: Int, depth: Int) -> Bool {
    if earlier < Self.linearLimit { return isDuplicate(key: index, first: first, earlier: earlier) }
    while keyTables.count <= depth { keyTables.append(KeyTable()) }
    if earlier == Self.linearLimit || keyTables[depth].needsRoom {
      keyTables[depth].reset(capacity: 2 * earlier)
      var other = first
      for _ in 0..<earlier {
        _ = keyTables[depth].insert(other, hash: hash(ofKey: other)) { _ in false }
        other = next(after: other + 1)
      }
    }
    var table = KeyTable()
    swap(&table, &keyTables[depth])
    let isNew = table.insert(index, hash: hash(ofKey: index)) { equalKeys($0, index) }
    swap(&table, &keyTables[depth])
    return !isNew
  }

  /// The same for an object of few members.
  @inline(__always)
  private func isDuplicate(key index: Int, first: Int, earlier: Int) -> Bool {
    let key = nodes[index]
    let length = key.payload &- UInt64(key.offset)
    var other = first
    for _ in 0..<earlier {
      let before = nodes[other]
      // Most keys differ in length.
      let mayBe =
        before.payload &- UInt64(before.offset) == length
        || (before.flags | key.flags) & Node.escaped != 0
      if mayBe, equalKeys(other, index) { return true }
      other = next(after: other + 1)
    }
    return false
  }

  private func equalKeys(_ a: Int, _ b: Int) -> Bool {
    guard (nodes[a].flags | nodes[b].flags) & Node.escaped == 0 else {
      return unescapedKey(a) == unescapedKey(b)
    }
    return areEqual(keyText(a), keyText(b))
  }

  private func hash(ofKey index: Int) -> Int {
    var hasher = Hasher()
    if nodes[index].flags & Node.escaped != 0 {
      unescapedKey(index).withUnsafeBytes { hasher.combine(bytes: $0) }
    } else {
      hasher.combine(bytes: UnsafeRawBufferPointer(keyText(index)))
    }
    return hasher.finalize()
  }

  private func keyText(_ index: Int) -> UnsafeBufferPointer<UInt8> {
    let begin = Int(nodes[index].offset)
    return UnsafeBufferPointer(start: start + begin, count: Int(nodes[index].payload) - begin)
  }

  /// The key of a node without its escapes.
  func unescapedKey(_ index: Int) -> [UInt8] {
    nodes[index].flags & Node.escaped == 0 ? [UInt8](keyText(index)) : unescaped(keyText(index))
  }
}
