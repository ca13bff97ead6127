// Sums over the points of the curves of rows in two layers: a long base, in which ranks were found once,
// and the rows that came since. Like Kernels.swift, this file may use unsafe pointers, and what it offers
// may be called with columns of any size up to `BaseRanks.mostKeys`.

import RowLoops

/// Positives and negatives, both ascending.
struct KeyPair<Key: ScoreKey>: Sendable {
  var positives: [Key]
  var negatives: [Key]

  fileprivate func withPointers(
    _ body: (UnsafeBufferPointer<Key>, UnsafeBufferPointer<Key>) -> Void
  ) {
    positives.withUnsafeBufferPointer { positives in
      negatives.withUnsafeBufferPointer { body(positives, $0) }
    }
  }
}

/// What positives in any order find: the areas under the curves, and the best F1.
struct LayerSums<Key: ScoreKey>: Sendable {
  /// Twice the pairs of a positive and a negative in order, those that tie counting one.
  private(set) var twicePairs: UInt64
  /// Of precision over positives.
  private(set) var steps = PrecisionSum()
  /// The highest F1, and the highest key that reaches it.
  private(set) var best: (value: Double, key: Key) = (-1, 0)

  /// `ranks` are those of the base's positives among its negatives, below them.
  init(
    base: KeyPair<Key>, _ ranks: BaseRanks, recent: KeyPair<Key>, by form: RowForm = .best
  ) {
    twicePairs = ranks.twicePairs
    base.withPointers { ones, zeros in
      recent.withPointers { newOnes, newZeros in
        var walk = LayerWalk(
          base: (positives: ones, negatives: zeros),
          recent: (positives: newOnes, negatives: newZeros), form)
        defer { walk.deallocate() }
        while walk.advance() {
          addNegatives(walk)
          addPositives(walk, ranks)
          addBase(&walk, ranks)
        }
      }
    }
  }

  /// Adds the pairs of recent negatives and positives of the base.
  private mutating func addNegatives(_ walk: LayerWalk<Key>) {
    let room = walk.room
    let ranker = KeyRanker(walk.recent.negatives, among: walk.base.positives)
    var j = walk.stretch.upperBound
    walk.forEachPart(walk.negatives) { part in
      room.rank(ranker, part.upperBound, j, from: part.lowerBound)
      j = room.notAbove[0]
      var below = 0
      for place in 0..<part.count { below &+= 2 &* room.notAbove[place] &- room.ties[place] }
      twicePairs &+= UInt64(
        truncatingIfNeeded: 2 &* walk.base.positives.count &* part.count &- below)
      walk.noteSteps(1, part.count)
    }
  }

  /// Adds the recent positives.
  private mutating func addPositives(_ walk: LayerWalk<Key>, _ ranks: BaseRanks) {
    let keys = walk.recent.positives
    let rankers = (
      KeyRanker(keys, among: walk.base.positives), KeyRanker(keys, among: walk.base.negatives),
      KeyRanker(keys, among: walk.recent.negatives)
    )
    var j = (
      walk.stretch.upperBound,
      walk.stretch.isEmpty
        ? walk.base.negatives.count : ranks.negatives(below: walk.stretch.upperBound &- 1),
      walk.negatives.upperBound
    )
    let (room, block) = (walk.room, walk.recentBlock)
    walk.forEachPart(walk.positives) { part in
      room.rank(rankers.0, part.upperBound, j.0, from: part.lowerBound)
      j.0 = room.notAbove[0]
      block.setPositives(keys, part, room)
      walk.noteSteps(1 << 32, part.count)
      room.rank(rankers.1, part.upperBound, j.1, from: part.lowerBound)
      j.1 = room.notAbove[0]
      twicePairs &+= block.setNegatives(part.count, room)
      room.rank(rankers.2, part.upperBound, j.2, from: part.lowerBound)
      j.2 = room.notAbove[0]
      twicePairs &+= block.addNegatives(part.count, room)
      for start in stride(from: 0, to: part.count, by: LayerBlocks.length) {
        let end = min(start &+ LayerBlocks.length, part.count)
        let own = part.lowerBound &+ start..<part.lowerBound &+ end
        add(block.from(start), UnsafeBufferPointer(rebasing: keys[own]), .ascending)
      }
    }
  }

  /// Adds the positives of the base.
  private mutating func addBase(_ walk: inout LayerWalk<Key>, _ ranks: BaseRanks) {
    let keys = walk.base.positives
    for start in stride(
      from: walk.stretch.lowerBound, to: walk.stretch.upperBound, by: LayerBlocks.length)
    {
      let steps = walk.steps + (start &- walk.stretch.lowerBound)
      let end = min(start &+ LayerBlocks.length, keys.count)
      let order: PlaceOrder = end &- start == LayerBlocks.length ? .runs : .ascending
      if order == .runs && !ranks.hasFar[start / LayerBlocks.length] {
        walk.block.spread(start, ranks, steps, &walk.passed)
      } else {
        walk.block.spread(keys, start..<end, ranks, order, steps, &walk.passed)
      }
      add(walk.block, UnsafeBufferPointer(rebasing: keys[start..<end]), order)
    }
  }

  /// Adds the positives of a block.
  @inline(__always)
  private mutating func add(
    _ block: CurveBlock<Key>, _ keys: UnsafeBufferPointer<Key>, _ order: PlaceOrder
  ) {
    steps.add(block.precisions(keys.count))
    // Most blocks have no score that could be the best.
    if block.f1Bound(keys.count) < best.value { return }
    let highest = block.highestF1(keys.count, order)
    let key = keys[highest.place]
    if highest.value > best.value || (highest.value == best.value && key > best.key) {
      best = (highest.value, key)
    }
  }
}

/// A walk over both layers from the lowest score up, a stretch of the base at a time, so that what is known of the
/// recent rows there needs no memory of its own.
private struct LayerWalk<Key: ScoreKey> {
  typealias Columns = (positives: UnsafeBufferPointer<Key>, negatives: UnsafeBufferPointer<Key>)

  let base: Columns
  let recent: Columns
  /// The base's positives that are walked over now, and the recent rows from the one before them up to the last
  /// of them; in the end those above all of them.
  private(set) var stretch = 0..<0
  private(set) var positives = 0..<0
  private(set) var negatives = 0..<0
  /// How many recent rows come between a positive of the stretch and the one before it: negatives, and
  /// positives times 2^32. In the order of `LayerBlocks`.
  let steps: UnsafeMutablePointer<UInt64>
  /// The steps so far.
  var passed: UInt64 = 0
  let room: RankRoom<Key>
  /// For the positives of the base and for the recent ones.
  let block: CurveBlock<Key>
  let recentBlock: CurveBlock<Key>

  private static var length: Int { 48 * LayerBlocks.length }

  init(base: Columns, recent: Columns, _ form: RowForm) {
    (self.base, self.recent) = (base, recent)
    room = RankRoom(by: form)
    steps = .allocate(capacity: Self.length)
    steps.initialize(repeating: 0, count: Self.length)
    let all = (
      base.positives.count + recent.positives.count, base.negatives.count + recent.negatives.count
    )
    block = CurveBlock(LayerBlocks.length, positives: all.0, negatives: all.1, form)
    recentBlock = CurveBlock(RankRoom<Key>.length, positives: all.0, negatives: all.1, form)
  }

  func deallocate() {
    room.deallocate()
    steps.deallocate()
    block.deallocate()
    recentBlock.deallocate()
  }

  /// Goes on to the next stretch; false when there is none.
  mutating func advance() -> Bool {
    let (start, all) = (stretch.upperBound, base.positives.count)
    if start == all {
      stretch = all..<all
      positives = positives.upperBound..<recent.positives.count
      negatives = negatives.upperBound..<recent.negatives.count
      return !positives.isEmpty || !negatives.isEmpty
    }
    stretch = start..<min(start &+ Self.length, all)
    let last = base.positives[stretch.upperBound &- 1]
    positives = Self.below(last, recent.positives, from: positives.upperBound)
    negatives = Self.below(last, recent.negatives, from: negatives.upperBound)
    return true
  }

  private static func below(
    _ key: Key, _ keys: UnsafeBufferPointer<Key>, from start: Int
  ) -> Range<Int> {
    start..<Kernels.firstIndex(keys, start) { $0 >= key }
  }

  /// Cuts recent rows into parts for the room, the highest first.
  @inline(__always)
  func forEachPart(_ rows: Range<Int>, _ body: (Range<Int>) -> Void) {
    var end = rows.upperBound
    while end > rows.lowerBound {
      let start = max(rows.lowerBound, end &- RankRoom<Key>.length)
      body(start..<end)
      end = start
    }
  }

  /// Notes of the recent rows whose ranks among the base's positives are in the room between which they are.
  @inline(__always)
  func noteSteps(_ one: UInt64, _ count: Int) {
    if stretch.isEmpty { return }
    let whole = stretch.count / LayerBlocks.length &* LayerBlocks.length
    for row in 0..<count {
      let place = room.notAbove[row] &- stretch.lowerBound
      let slot = place & (LayerBlocks.length &- 1)
      steps[place < whole ? place &- slot &+ LayerBlocks.slot(slot) : place] &+= one
    }
  }
}
