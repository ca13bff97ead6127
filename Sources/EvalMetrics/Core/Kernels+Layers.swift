// Sums over the points of the curves of rows in two layers: a long base, in which ranks were found once,
// and the rows that came since. Like Kernels.swift, this file may use unsafe pointers, and what it offers
// may be called with columns of any size up to `KeyRanks.mostKeys`.

import RowLoops

/// Positives and negatives, both ascending.
struct KeyPair<Key: ScoreKey>: Sendable {
  var positives: [Key]
  var negatives: [Key]
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
    let new = (
      negatives: KeyRanks(of: recent.negatives, among: base.positives, .notAbove, by: form),
      positives: KeyRanks(of: recent.positives, among: base.positives, .both, by: form),
      amongBase: KeyRanks(of: recent.positives, among: base.negatives, .below, by: form),
      amongRecent: KeyRanks(of: recent.positives, among: recent.negatives, .below, by: form)
    )
    let mixed = 2 * UInt64(base.positives.count) * UInt64(recent.negatives.count)
    twicePairs =
      ranks.twicePairs + (mixed - new.negatives.twicePairs) + new.amongBase.twicePairs
      + new.amongRecent.twicePairs
    let block = CurveBlock<Key>(
      positives: base.positives.count + recent.positives.count,
      negatives: base.negatives.count + recent.negatives.count, form)
    defer { block.deallocate() }
    addBase(base.positives, ranks, new.positives.notAbove, new.negatives.notAbove, block)
    addRecent(
      recent.positives, new.positives.below, new.amongBase.below, new.amongRecent.below, block)
  }

  /// Adds the positives of the base. Of the recent rows is known how many of the base's positives are not
  /// above each, in ascending order.
  private mutating func addBase(
    _ keys: [Key], _ ranks: BaseRanks, _ newPositives: [Int32], _ newNegatives: [Int32],
    _ block: CurveBlock<Key>
  ) {
    // How many recent rows come between two positives: negatives, and positives times 2^32.
    let steps = UnsafeMutablePointer<UInt64>.allocate(capacity: LayerBlocks.length)
    defer { steps.deallocate() }
    steps.initialize(repeating: 0, count: LayerBlocks.length)
    var passed = (positives: 0, negatives: 0)
    var count: UInt64 = 0
    keys.withUnsafeBufferPointer { keys in
      for start in stride(from: 0, to: keys.count, by: LayerBlocks.length) {
        let end = min(start &+ LayerBlocks.length, keys.count)
        let order: PlaceOrder = end &- start == LayerBlocks.length ? .runs : .ascending
        Self.note(newPositives, &passed.positives, start..<end, order, 1 << 32, steps)
        Self.note(newNegatives, &passed.negatives, start..<end, order, 1, steps)
        if order == .runs && !ranks.hasFar[start / LayerBlocks.length] {
          block.spread(start, ranks, steps, &count)
        } else {
          block.spread(keys, start..<end, ranks, order, steps, &count)
        }
        add(block, UnsafeBufferPointer(rebasing: keys[start..<end]), order)
      }
    }
  }

  /// Counts the rows whose place is in a block, from the first that was not passed.
  @inline(__always)
  private static func note(
    _ places: [Int32], _ passed: inout Int, _ block: Range<Int>, _ order: PlaceOrder,
    _ one: UInt64, _ steps: UnsafeMutablePointer<UInt64>
  ) {
    places.withUnsafeBufferPointer { places in
      while passed < places.count {
        let place = Int(places[passed])
        if place >= block.upperBound { break }
        steps[order.slot(place &- block.lowerBound)] &+= one
        passed &+= 1
      }
    }
  }

  /// Adds the recent positives, of which is known what of the base is below each, and which recent negatives are.
  private mutating func addRecent(
    _ keys: [Key], _ positives: [Int32], _ negatives: [Int32], _ recent: [Int32],
    _ block: CurveBlock<Key>
  ) {
    var run = (key: Key.max, start: 0)
    keys.withUnsafeBufferPointer { keys in
      for start in stride(from: 0, to: keys.count, by: LayerBlocks.length) {
        let end = min(start &+ LayerBlocks.length, keys.count)
        for place in start..<end {
          let key = keys[place]
          run = (key, key == run.key ? run.start : place)
          block.set(
            place &- start,
            positives: UInt64(truncatingIfNeeded: run.start &+ Int(positives[place])),
            negatives: UInt64(truncatingIfNeeded: Int(negatives[place]) &+ Int(recent[place])))
        }
        add(block, UnsafeBufferPointer(rebasing: keys[start..<end]), .ascending)
      }
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

/// Positives that follow one another, the lowest first, and what is below each.
private struct CurveBlock<Key: ScoreKey> {
  typealias Pair = SIMD2<Double>

  /// Of each positive: the positives of all layers that are below it, and the negatives; with 2^52 added,
  /// which makes a number of an integer without a conversion.
  private let lower: UnsafeMutablePointer<Double>
  private let below: UnsafeMutablePointer<Double>
  private let positives: Double
  private let negatives: Double
  private let form: RowForm

  init(positives: Int, negatives: Int, _ form: RowForm) {
    self.form = form
    lower = .allocate(capacity: LayerBlocks.length)
    below = .allocate(capacity: LayerBlocks.length)
    (self.positives, self.negatives) = (Double(positives), Double(negatives))
  }

  func deallocate() {
    lower.deallocate()
    below.deallocate()
  }

  /// Sets what is below a positive; both counts are far below 2^52.
  @inline(__always)
  func set(_ slot: Int, positives: UInt64, negatives: UInt64) {
    lower[slot] = Double(bitPattern: 0x1p52.bitPattern &+ positives)
    below[slot] = Double(bitPattern: 0x1p52.bitPattern &+ negatives)
  }

  /// Sets what is below each positive of a whole block of a base.
  @inline(__always)
  func spread(
    _ start: Int, _ ranks: BaseRanks, _ steps: UnsafeMutablePointer<UInt64>, _ count: inout UInt64
  ) {
    ranks.back.withUnsafeBufferPointer { back in
      ranks.below.withUnsafeBufferPointer { own in
        guard let back = back.baseAddress, let own = own.baseAddress else { return }
        form.spread(
          start, back + start, own + start, steps, &count, positives: lower, negatives: below)
      }
    }
  }

  /// The same one by one: of the last positives, and where many have one score.
  func spread(
    _ keys: UnsafeBufferPointer<Key>, _ block: Range<Int>, _ ranks: BaseRanks, _ order: PlaceOrder,
    _ steps: UnsafeMutablePointer<UInt64>, _ count: inout UInt64
  ) {
    var first = block.lowerBound
    if keys[first] == keys[max(0, first &- 1)] {
      first = Kernels.firstIndex(keys, 0) { $0 >= keys[block.lowerBound] }
    }
    for place in block {
      if keys[place] != keys[first] { first = place }
      let slot = order.slot(place &- block.lowerBound)
      count &+= steps[slot]
      steps[slot] = 0
      set(
        slot, positives: UInt64(truncatingIfNeeded: first) &+ (count &>> 32),
        negatives: UInt64(truncatingIfNeeded: ranks.below[block.lowerBound &+ slot])
          &+ (count & 0xFFFF_FFFF))
    }
  }

  /// The true and false positives at two scores.
  @inline(__always)
  private func points(_ slot: Int) -> (tp: Pair, fp: Pair) {
    (
      (positives + 0x1p52) - UnsafeRawPointer(lower + slot).loadUnaligned(as: Pair.self),
      (negatives + 0x1p52) - UnsafeRawPointer(below + slot).loadUnaligned(as: Pair.self)
    )
  }

  @inline(__always)
  private func point(_ slot: Int) -> (tp: Double, fp: Double) {
    ((positives + 0x1p52) - lower[slot], (negatives + 0x1p52) - below[slot])
  }

  /// The sums of the parts of all precisions.
  @inline(__always)
  func precisions(_ count: Int) -> PrecisionParts {
    form.precisionParts(below: lower, of: positives, below: below, of: negatives, count)
  }

  /// No F1 of the block is above this: rounded as they are, of more hits and fewer selected rows.
  @inline(__always)
  func f1Bound(_ count: Int) -> Double {
    let (most, least) = (point(0), point(count &- 1))
    return 2 * most.tp / (positives + least.tp + least.fp)
  }

  /// The highest F1 of the block, and the highest place that has it.
  func highestF1(_ count: Int, _ order: PlaceOrder) -> (value: Double, place: Int) {
    var highest = Pair(repeating: -1)
    for slot in stride(from: 0, to: count & ~1, by: 2) {
      let (tp, fp) = points(slot)
      let f1 = 2 * tp / (positives + tp + fp)
      highest.replace(with: f1, where: f1 .> highest)
    }
    let value = max(highest[0], highest[1], f1(count &- 1))
    return (value, (0..<count).last { f1(order.slot($0)) == value } ?? 0)
  }

  @inline(__always)
  private func f1(_ slot: Int) -> Double {
    let (tp, fp) = point(slot)
    return 2 * tp / (positives + tp + fp)
  }
}

/// How the positives of a block are laid out.
private enum PlaceOrder {
  case ascending
  /// As `LayerBlocks` counts them.
  case runs

  /// Where a positive of the block is.
  @inline(__always)
  func slot(_ place: Int) -> Int { self == .runs ? LayerBlocks.slot(place) : place }
}
