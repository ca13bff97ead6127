// Ranks of long columns among others. Like Kernels.swift, this file may use unsafe pointers, and what it
// offers may be called with columns of any size up to `BaseRanks.mostKeys`.

import RowLoops

/// Where a few neighbouring keys of one ascending column are among those of another.
struct RankRoom<Key: ScoreKey> {
  /// At most so many keys are ranked at once: memory is read ahead well only over long stretches.
  static var length: Int { 8 * LayerBlocks.length }

  /// Of each key: the others that are not above it, and how many of those equal it.
  let notAbove: UnsafeMutablePointer<Int>
  let ties: UnsafeMutablePointer<Int>
  private let form: RowForm

  init(by form: RowForm) {
    self.form = form
    notAbove = .allocate(capacity: Self.length)
    ties = .allocate(capacity: Self.length)
  }

  func deallocate() {
    notAbove.deallocate()
    ties.deallocate()
  }

  /// Ranks the keys from `end` to `i`; the others that are not above the highest of them are among the first `j`.
  func rank(_ ranker: KeyRanker<Key>, _ i: Int, _ j: Int, from end: Int) {
    Key.rank(ranker, i, j, from: end, into: notAbove, ties, by: form)
    var all = 0
    for place in 0..<i &- end {
      all |= ties[place]
      ties[place] &= KeyTies.count | KeyTies.open
    }
    if all & KeyTies.open != 0 { countOpenTies(ranker, end..<i) }
  }

  /// Counts the ties that a window did not see the end of.
  private func countOpenTies(_ ranker: KeyRanker<Key>, _ keys: Range<Int>) {
    var last = (key: Key.zero, ties: -1)
    for place in 0..<keys.count where ties[place] & KeyTies.open != 0 {
      let key = ranker.keys[keys.lowerBound &+ place]
      if last.ties < 0 || key != last.key { last = (key, ranker.equals(key, notAbove[place])) }
      ties[place] = last.ties
    }
  }
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

  /// Columns may have so many keys, so that twice their product fits 64 bits.
  static let mostKeys = Int(Int32.max)

  var byteCount: Int { below.capacity * 4 + back.capacity + hasFar.capacity }

  /// The negatives below a positive.
  func negatives(below place: Int) -> Int {
    let start = place / LayerBlocks.length &* LayerBlocks.length
    if start &+ LayerBlocks.length > below.count { return Int(below[place]) }
    return Int(below[start &+ LayerBlocks.slot(place &- start)])
  }

  /// Ranks ascending positives among ascending negatives.
  init<Key: ScoreKey>(of positives: [Key], among negatives: [Key], by form: RowForm = .best) {
    let count = positives.count
    let layout = RankLayout<Key>(by: form)
    defer { layout.deallocate() }
    var pairs: UInt64 = 0
    var hasFar = [Bool](repeating: false, count: count / LayerBlocks.length + 1)
    // Both are written whole below.
    var back: [UInt8] = LargeColumns.make(count: count) { _ in }
    below = LargeColumns.make(count: count) { below in
      positives.withUnsafeBufferPointer { keys in
        negatives.withUnsafeBufferPointer { others in
          back.withUnsafeMutableBufferPointer { back in
            guard let below = below.baseAddress, let back = back.baseAddress else { return }
            let ranker = KeyRanker(keys, among: others)
            var (i, j) = (count, others.count)
            while i > 0 {
              let end = (i &- 1) / RankRoom<Key>.length &* RankRoom<Key>.length
              layout.room.rank(ranker, i, j, from: end)
              for start in stride(from: end, to: i, by: LayerBlocks.length) {
                let block = start..<min(start &+ LayerBlocks.length, i)
                pairs &+= layout.place(block, from: end, below + start)
                if layout.placeBack(keys, block, back + start) {
                  hasFar[start / LayerBlocks.length] = true
                }
              }
              (i, j) = (end, layout.room.notAbove[0])
            }
          }
        }
      }
    }
    (self.back, self.hasFar, twicePairs) = (back, hasFar, pairs)
  }
}

/// Lays out what is known of the positives of a block: whole blocks as `LayerBlocks` counts them, what is left in order.
private struct RankLayout<Key: ScoreKey> {
  /// The ranks of the block, and of its neighbours.
  let room: RankRoom<Key>
  private let ranks: UnsafeMutablePointer<Int32>
  private let same: UnsafeMutablePointer<UInt8>

  init(by form: RowForm) {
    room = RankRoom(by: form)
    ranks = .allocate(capacity: LayerBlocks.length)
    same = .allocate(capacity: LayerBlocks.length)
  }

  func deallocate() {
    room.deallocate()
    ranks.deallocate()
    same.deallocate()
  }

  /// Writes how many negatives are below each positive; gives twice the pairs.
  @inline(__always)
  func place(_ block: Range<Int>, from start: Int, _ below: UnsafeMutablePointer<Int32>) -> UInt64 {
    let (notAbove, ties) = (
      room.notAbove + (block.lowerBound &- start), room.ties + (block.lowerBound &- start)
    )
    var pairs = 0
    for place in 0..<block.count {
      let own = notAbove[place] &- ties[place]
      pairs &+= own &+ notAbove[place]
      ranks[place] = Int32(truncatingIfNeeded: own)
    }
    layOut(ranks, block.count, below)
    return UInt64(truncatingIfNeeded: pairs)
  }

  /// Writes how far the first of the same score is back from each positive; true where one is too far.
  @inline(__always)
  func placeBack(
    _ keys: UnsafeBufferPointer<Key>, _ block: Range<Int>, _ back: UnsafeMutablePointer<UInt8>
  ) -> Bool {
    let start = block.lowerBound
    same[0] = start > 0 && keys[start] == keys[start &- 1] ? 255 : 0
    for place in 1..<max(1, block.count) {
      same[place] = keys[start &+ place] == keys[start &+ place &- 1] ? 255 : 0
    }
    layOut(same, block.count, back)
    if block.count < LayerBlocks.length {
      var last = distance(keys, start &- 1)
      for place in 0..<block.count {
        last = (min(last, 254) &+ 1) & back[place]
        back[place] = last
      }
      return false
    }
    // Each run goes on from the positive before it.
    var last = SIMD8<UInt8>.zero
    for run in 0..<8 { last[run] = distance(keys, start &+ LayerBlocks.runLength &* run &- 1) }
    let (farthest, one) = (SIMD8<UInt8>(repeating: 254), SIMD8<UInt8>(repeating: 1))
    var most = SIMD8<UInt8>.zero
    for row in 0..<LayerBlocks.runLength {
      let lanes = UnsafeMutableRawPointer(back + 8 &* row)
      last.replace(with: farthest, where: last .> farthest)
      last = (last &+ one) & lanes.loadUnaligned(as: SIMD8<UInt8>.self)
      most.replace(with: last, where: last .> most)
      lanes.storeBytes(of: last, as: SIMD8<UInt8>.self)
    }
    return most.max() == 255
  }

  /// How far the first of the same score is back from a positive, if there is one.
  private func distance(_ keys: UnsafeBufferPointer<Key>, _ place: Int) -> UInt8 {
    var first = place
    while first > 0 && place &- first < 255 && keys[first &- 1] == keys[place] { first &-= 1 }
    return UInt8(truncatingIfNeeded: place &- first)
  }

  @inline(__always)
  private func layOut<T: BitwiseCopyable>(
    _ column: UnsafePointer<T>, _ count: Int, _ target: UnsafeMutablePointer<T>
  ) {
    if count < LayerBlocks.length {
      target.initialize(from: column, count: count)
      return
    }
    for row in 0..<LayerBlocks.runLength {
      for run in 0..<8 { target[8 &* row &+ run] = column[LayerBlocks.runLength &* run &+ row] }
    }
  }
}
