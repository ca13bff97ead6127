// Ranks of long columns among others. Like Kernels.swift, this file may use unsafe pointers, and what it
// offers may be called with columns of any size up to `KeyRanks.mostKeys`.

import RowLoops

/// Where the keys of one ascending column are among those of another.
struct KeyRanks: Sendable {
  /// Of each key: the others below it, and the others that are not above it. Empty where not asked for.
  var below: [Int32] = []
  var notAbove: [Int32] = []
  /// Twice the pairs of a key and another below it, those that tie counting one.
  var twicePairs: UInt64 = 0

  /// Columns may have so many keys, so that twice their product fits 64 bits.
  static let mostKeys = Int(Int32.max)

  enum Part { case below, notAbove, both }

  /// Ranks every key of an ascending column among those of another.
  init<Key: ScoreKey>(
    of keys: [Key], among others: [Key], _ part: Part, by form: RowForm = .best
  ) {
    let count = keys.count
    let room = UnsafeMutablePointer<Int>.allocate(capacity: Self.block)
    defer { room.deallocate() }
    // All of it is written below.
    if part != .notAbove { below = LargeColumns.make(count: count) { _ in } }
    if part != .below { notAbove = LargeColumns.make(count: count) { _ in } }
    var pairs = 0
    keys.withUnsafeBufferPointer { keys in
      others.withUnsafeBufferPointer { others in
        below.withUnsafeMutableBufferPointer { below in
          notAbove.withUnsafeMutableBufferPointer { notAbove in
            let ranker = KeyRanker(keys, among: others)
            var (i, j) = (count, others.count)
            while i > 0 {
              let end = max(0, i &- Self.block)
              Key.rank(ranker, i, j, from: end, into: room, by: form)
              for place in end..<i {
                let rank = room[place &- end]
                let tied = ranker.equals(keys[place], rank)
                pairs &+= 2 &* rank &- tied
                if part != .notAbove { below[place] = Int32(truncatingIfNeeded: rank &- tied) }
                if part != .below { notAbove[place] = Int32(truncatingIfNeeded: rank) }
              }
              (i, j) = (end, room[0])
            }
          }
        }
      }
    }
    twicePairs = UInt64(truncatingIfNeeded: pairs)
  }

  private static let block = 2048
}

/// Where the positives of a base are among its negatives, in the order in which `LayerBlocks` counts.
struct BaseRanks: Sendable {
  /// Of each positive: the negatives below it.
  private(set) var below: [Int32]
  /// Of each positive: how far the first of the same score is back; 255 where it is further.
  private(set) var back: [UInt8]
  /// Of each whole block: whether there is such a positive.
  private(set) var hasFar: [Bool]
  /// Twice the pairs of a positive and a negative below it, those that tie counting one.
  let twicePairs: UInt64

  var byteCount: Int { below.capacity * 4 + back.capacity + hasFar.capacity }

  /// Ranks ascending positives among ascending negatives.
  init<Key: ScoreKey>(of positives: [Key], among negatives: [Key], by form: RowForm = .best) {
    var ranks = KeyRanks(of: positives, among: negatives, .below, by: form)
    twicePairs = ranks.twicePairs
    (below, ranks.below) = (ranks.below, [])
    Self.layOut(&below)
    let count = positives.count
    var hasFar = [Bool](repeating: false, count: count / LayerBlocks.length + 1)
    back = LargeColumns.make(count: count) { back in
      var start = 0
      for place in 0..<count {
        if place > 0 && positives[place] != positives[place &- 1] { start = place }
        let distance = min(place &- start, 255)
        back[place] = UInt8(truncatingIfNeeded: distance)
        if distance == 255 { hasFar[place / LayerBlocks.length] = true }
      }
    }
    Self.layOut(&back)
    self.hasFar = hasFar
  }

  /// Puts whole blocks of an ascending column into the order of `LayerBlocks`; what is left stays in order.
  private static func layOut<T: BitwiseCopyable>(_ column: inout [T]) {
    let length = LayerBlocks.length
    let copy = UnsafeMutablePointer<T>.allocate(capacity: length)
    defer { copy.deallocate() }
    column.withUnsafeMutableBufferPointer { column in
      guard var block = column.baseAddress else { return }
      for _ in 0..<column.count / length {
        copy.initialize(from: block, count: length)
        for row in 0..<LayerBlocks.runLength {
          for run in 0..<8 { block[8 &* row &+ run] = copy[LayerBlocks.runLength &* run &+ row] }
        }
        block += length
      }
    }
  }
}
