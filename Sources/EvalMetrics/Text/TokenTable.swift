/// Small integers for byte strings: equal bytes have one id, other bytes another. Ids count from 0 in the
/// order of appearance, so they depend on nothing but the texts.
///
/// Hashes only find candidates, whose bytes are then compared. They are keyed at random in each process,
/// so that nobody can prepare words that collide.
public struct TokenTable: Sendable {
  static let processKey = UInt64(
    truncatingIfNeeded: {
      var hasher = Hasher()
      hasher.combine(0)
      return hasher.finalize()
    }())

  private let key = Self.processKey
  /// id + 1, or 0 where a slot is free; as many as a power of two, at most half of them used.
  private var slots: [UInt32] = []
  private var hashes: [UInt64] = []
  private var ends: [Int] = []
  private var bytes: [UInt8] = []

  /// An empty table.
  public init() {}

  /// How many ids there are.
  public var count: Int { hashes.count }

  /// The bytes that an id stands for.
  public func bytes(of id: Int) -> ArraySlice<UInt8> { bytes[range(id)] }

  /// Memory in bytes.
  public var byteCount: Int { slots.count * 4 + hashes.count * 16 + bytes.count }

  @inline(__always)
  private func range(_ id: Int) -> Range<Int> { (id == 0 ? 0 : ends[id - 1])..<ends[id] }

  /// The id of these bytes, a new one when they were not seen before.
  public mutating func id(_ text: [UInt8], _ range: Range<Int>) -> Int {
    if (count + 1) * 2 > slots.count { grow() }
    let hash = Kernels.hash(text, range, key: key)
    let slot = slot(hash, text, range)
    let known = Int(slots[slot])
    if known > 0 { return known - 1 }
    hashes.append(hash)
    bytes.append(contentsOf: text[range])
    ends.append(bytes.count)
    slots[slot] = UInt32(truncatingIfNeeded: count)
    return count - 1
  }

  /// The id of these bytes, if they were seen before.
  public func find(_ text: [UInt8], _ range: Range<Int>) -> Int? {
    if slots.isEmpty { return nil }
    let known = Int(slots[slot(Kernels.hash(text, range, key: key), text, range)])
    return known > 0 ? known - 1 : nil
  }

  /// Forgets all tokens, in time of the tokens, and keeps the memory.
  public mutating func removeAll() {
    let mask = slots.count &- 1
    if count * 8 > slots.count {
      for slot in slots.indices { slots[slot] = 0 }
    } else {
      // Whatever stands behind a token's own slot without a gap was put there by tokens.
      for hash in hashes {
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] != 0 {
          slots[slot] = 0
          slot = (slot + 1) & mask
        }
      }
    }
    hashes.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
    bytes.removeAll(keepingCapacity: true)
  }

  /// The slot of these bytes, or the free one that they would have.
  @inline(__always)
  private func slot(_ hash: UInt64, _ text: [UInt8], _ wanted: Range<Int>) -> Int {
    let mask = slots.count &- 1
    var slot = Int(truncatingIfNeeded: hash) & mask
    while slots[slot] != 0 {
      let id = Int(slots[slot]) - 1
      if hashes[id] == hash, Kernels.areEqual(bytes, range(id), text, wanted) { break }
      slot = (slot + 1) & mask
    }
    return slot
  }

  private mutating func grow() {
    let count = max(64, slots.count * 2)
    slots = Array(repeating: 0, count: count)
    for (id, hash) in hashes.enumerated() {
      var slot = Int(truncatingIfNeeded: hash) & (count - 1)
      while slots[slot] != 0 { slot = (slot + 1) & (count - 1) }
      slots[slot] = UInt32(truncatingIfNeeded: id + 1)
    }
  }
}
