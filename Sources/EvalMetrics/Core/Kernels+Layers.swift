// Sums over the points of the curves of rows in two layers: a long base, in which ranks were found once,
// and the rows that came since. Like Kernels.swift, this file may use unsafe pointers, and what it offers
// may be called with columns of any size up to `KeyRanks.mostKeys`.

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
  init<Key: ScoreKey>(of keys: [Key], among others: [Key], _ part: Part) {
    let count = keys.count
    let room = UnsafeMutablePointer<Int>.allocate(capacity: Self.block)
    defer { room.deallocate() }
    if part != .notAbove { below = LargeColumns.make(count: count) { $0.initialize(repeating: 0) } }
    if part != .below { notAbove = LargeColumns.make(count: count) { $0.initialize(repeating: 0) } }
    var pairs = 0
    keys.withUnsafeBufferPointer { keys in
      others.withUnsafeBufferPointer { others in
        below.withUnsafeMutableBufferPointer { below in
          notAbove.withUnsafeMutableBufferPointer { notAbove in
            let ranker = KeyRanker(keys, among: others)
            var (i, j) = (count, others.count)
            while i > 0 {
              let end = max(0, i &- Self.block)
              ranker.rank(i, j, from: end, into: room)
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
  init(base: KeyPair<Key>, _ ranks: KeyRanks, recent: KeyPair<Key>) {
    let new = (
      negatives: KeyRanks(of: recent.negatives, among: base.positives, .notAbove),
      positives: KeyRanks(of: recent.positives, among: base.positives, .both),
      amongBase: KeyRanks(of: recent.positives, among: base.negatives, .below),
      amongRecent: KeyRanks(of: recent.positives, among: recent.negatives, .below)
    )
    let mixed = 2 * UInt64(base.positives.count) * UInt64(recent.negatives.count)
    twicePairs =
      ranks.twicePairs + (mixed - new.negatives.twicePairs) + new.amongBase.twicePairs
      + new.amongRecent.twicePairs
    let block = CurveBlock<Key>(
      positives: base.positives.count + recent.positives.count,
      negatives: base.negatives.count + recent.negatives.count)
    defer { block.deallocate() }
    addBase(base.positives, ranks.below, new.positives.notAbove, new.negatives.notAbove, block)
    addRecent(
      recent.positives, new.positives.below, new.amongBase.below, new.amongRecent.below, block)
  }

  /// Adds the positives of the base. Of the recent rows is known how many of the base's positives are not
  /// above each, in ascending order.
  private mutating func addBase(
    _ keys: [Key], _ below: [Int32], _ newPositives: [Int32], _ newNegatives: [Int32],
    _ block: CurveBlock<Key>
  ) {
    // How many recent rows come between two positives: negatives, and positives times 2^32.
    let steps = UnsafeMutablePointer<UInt64>.allocate(capacity: CurveBlock<Key>.length)
    defer { steps.deallocate() }
    steps.initialize(repeating: 0, count: CurveBlock<Key>.length)
    var passed = (positives: 0, negatives: 0)
    var count: UInt64 = 0
    var run = (key: Key.max, start: UInt64(0))
    keys.withUnsafeBufferPointer { keys in
      below.withUnsafeBufferPointer { below in
        for start in stride(from: 0, to: keys.count, by: CurveBlock<Key>.length) {
          let end = min(start &+ CurveBlock<Key>.length, keys.count)
          Self.note(newPositives, &passed.positives, start, end, 1 << 32, steps)
          Self.note(newNegatives, &passed.negatives, start, end, 1, steps)
          for place in start..<end {
            count &+= steps[place &- start]
            steps[place &- start] = 0
            let key = keys[place]
            run = (key, key == run.key ? run.start : UInt64(truncatingIfNeeded: place))
            block.lower[place &- start] = run.start &+ (count &>> 32)
            block.below[place &- start] =
              UInt64(truncatingIfNeeded: below[place]) &+ (count & 0xFFFF_FFFF)
          }
          add(block, UnsafeBufferPointer(rebasing: keys[start..<end]))
        }
      }
    }
  }

  /// Counts the rows whose place is in a block, from the first that was not passed.
  @inline(__always)
  private static func note(
    _ places: [Int32], _ passed: inout Int, _ start: Int, _ end: Int, _ one: UInt64,
    _ steps: UnsafeMutablePointer<UInt64>
  ) {
    places.withUnsafeBufferPointer { places in
      while passed < places.count {
        let place = Int(places[passed])
        if place >= end { break }
        steps[place &- start] &+= one
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
      for start in stride(from: 0, to: keys.count, by: CurveBlock<Key>.length) {
        let end = min(start &+ CurveBlock<Key>.length, keys.count)
        for place in start..<end {
          let key = keys[place]
          run = (key, key == run.key ? run.start : place)
          block.lower[place &- start] = UInt64(
            truncatingIfNeeded: run.start &+ Int(positives[place]))
          block.below[place &- start] = UInt64(
            truncatingIfNeeded: Int(negatives[place]) &+ Int(recent[place]))
        }
        add(block, UnsafeBufferPointer(rebasing: keys[start..<end]))
      }
    }
  }

  /// Adds the positives of a block.
  @inline(__always)
  private mutating func add(_ block: CurveBlock<Key>, _ keys: UnsafeBufferPointer<Key>) {
    let parts = block.precisions(keys.count)
    steps.add(coarse: parts.coarse, fine: parts.fine)
    // Most blocks have no score that could be the best.
    if block.f1Bound(keys.count) < best.value { return }
    let highest = block.highestF1(keys.count)
    let key = keys[highest.place]
    if highest.value > best.value || (highest.value == best.value && key > best.key) {
      best = (highest.value, key)
    }
  }
}

/// Positives that follow one another, the lowest first, and what is below each.
private struct CurveBlock<Key: ScoreKey> {
  typealias Pair = SIMD2<Double>
  static var length: Int { 1024 }

  /// Of each positive: the positives of all layers that are below it, and the negatives.
  let lower: UnsafeMutablePointer<UInt64>
  let below: UnsafeMutablePointer<UInt64>
  private let positives: Double
  private let negatives: Double

  init(positives: Int, negatives: Int) {
    lower = .allocate(capacity: Self.length)
    below = .allocate(capacity: Self.length)
    (self.positives, self.negatives) = (Double(positives), Double(negatives))
  }

  func deallocate() {
    lower.deallocate()
    below.deallocate()
  }

  /// Two counts as they are; both are far below 2^52.
  @inline(__always)
  private func pair(_ counts: UnsafeMutablePointer<UInt64>, _ place: Int) -> Pair {
    let bits = UnsafeRawPointer(counts + place).loadUnaligned(as: SIMD2<UInt64>.self)
    let large = SIMD2<UInt64>(repeating: 0x1p52.bitPattern)
    return unsafeBitCast(bits | large, to: Pair.self) - 0x1p52
  }

  /// The true and false positives at two scores.
  @inline(__always)
  private func points(_ place: Int) -> (tp: Pair, fp: Pair) {
    (
      Pair(repeating: positives) - pair(lower, place),
      Pair(repeating: negatives) - pair(below, place)
    )
  }

  @inline(__always)
  private func point(_ place: Int) -> (tp: Double, fp: Double) {
    (positives - Double(lower[place]), negatives - Double(below[place]))
  }

  /// The sums of the parts of all precisions.
  @inline(__always)
  func precisions(_ count: Int) -> (coarse: Double, fine: Double) {
    var (coarse, fine) = ((Pair.zero, Pair.zero), (Pair.zero, Pair.zero))
    let pairs = count & ~3
    for place in stride(from: 0, to: pairs, by: 4) {
      let (a, b) = (points(place), points(place &+ 2))
      let first = PrecisionSum.parts(a.tp / (a.tp + a.fp))
      let second = PrecisionSum.parts(b.tp / (b.tp + b.fp))
      coarse.0 += first.coarse
      fine.0 += first.fine
      coarse.1 += second.coarse
      fine.1 += second.fine
    }
    coarse.0 += coarse.1
    fine.0 += fine.1
    var sums = (coarse: coarse.0[0] + coarse.0[1], fine: fine.0[0] + fine.0[1])
    for place in pairs..<count {
      let (tp, fp) = point(place)
      let parts = PrecisionSum.parts(Pair(repeating: tp / (tp + fp)))
      sums.coarse += parts.coarse[0]
      sums.fine += parts.fine[0]
    }
    return sums
  }

  /// No F1 of the block is above this: rounded as they are, of more hits and fewer selected rows.
  @inline(__always)
  func f1Bound(_ count: Int) -> Double {
    let (most, least) = (point(0), point(count &- 1))
    return 2 * most.tp / (positives + least.tp + least.fp)
  }

  /// The highest F1 of the block, and the highest place that has it.
  func highestF1(_ count: Int) -> (value: Double, place: Int) {
    var highest = Pair(repeating: -1)
    for place in stride(from: 0, to: count & ~1, by: 2) {
      let (tp, fp) = points(place)
      let f1 = 2 * tp / (positives + tp + fp)
      highest.replace(with: f1, where: f1 .> highest)
    }
    let value = max(highest[0], highest[1], f1(count &- 1))
    return (value, (0..<count).last { f1($0) == value } ?? 0)
  }

  @inline(__always)
  private func f1(_ place: Int) -> Double {
    let (tp, fp) = point(place)
    return 2 * tp / (positives + tp + fp)
  }
}
