// Points of the curves of a few positives. Like Kernels.swift, this file may use unsafe pointers; whoever calls what
// it offers sees to it that they are valid.

import RowLoops

/// Positives that follow one another, the lowest first, and what is below each.
struct CurveBlock<Key: ScoreKey> {
  typealias Pair = SIMD2<Double>

  /// Of each positive: the positives of all layers that are below it, and the negatives; with 2^52 added,
  /// which makes a number of an integer without a conversion.
  private var lower: UnsafeMutablePointer<Double>
  private var below: UnsafeMutablePointer<Double>
  private let positives: Double
  private let negatives: Double
  private let form: RowForm

  /// Room for so many positives, of all that there are.
  init(_ length: Int, positives: Int, negatives: Int, _ form: RowForm) {
    self.form = form
    lower = .allocate(capacity: length)
    below = .allocate(capacity: length)
    (self.positives, self.negatives) = (Double(positives), Double(negatives))
  }

  func deallocate() {
    lower.deallocate()
    below.deallocate()
  }

  /// The same without the first positives.
  @inline(__always)
  func from(_ start: Int) -> CurveBlock {
    var rest = self
    rest.lower += start
    rest.below += start
    return rest
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
      lower[slot] = Self.number(first &+ Int(truncatingIfNeeded: count &>> 32))
      below[slot] = Self.number(
        Int(ranks.below[block.lowerBound &+ slot]) &+ Int(truncatingIfNeeded: count & 0xFFFF_FFFF))
    }
  }

  /// Sets the positives below each of a part of a column, which was ranked among those of the other layer.
  @inline(__always)
  func setPositives(
    _ keys: UnsafeBufferPointer<Key>, _ part: Range<Int>, _ others: RankRoom<Key>
  ) {
    var first = part.lowerBound
    if keys[first] == keys[max(0, first &- 1)] {
      first = Kernels.firstIndex(keys, 0) { $0 >= keys[part.lowerBound] }
    }
    var last = keys[part.lowerBound]
    for place in part {
      let (key, row) = (keys[place], place &- part.lowerBound)
      if key != last { first = place }
      last = key
      lower[row] = Self.number(first &+ others.notAbove[row] &- others.ties[row])
    }
  }

  /// Sets the negatives below each positive, which was ranked among some; gives twice the pairs.
  @inline(__always)
  func setNegatives(_ count: Int, _ others: RankRoom<Key>) -> UInt64 {
    below.update(repeating: 0x1p52, count: count)
    return addNegatives(count, others)
  }

  /// The same of more negatives.
  @inline(__always)
  func addNegatives(_ count: Int, _ others: RankRoom<Key>) -> UInt64 {
    var pairs = 0
    for row in 0..<count {
      let own = others.notAbove[row] &- others.ties[row]
      pairs &+= own &+ others.notAbove[row]
      below[row] = Double(
        bitPattern: below[row].bitPattern &+ UInt64(truncatingIfNeeded: own))
    }
    return UInt64(truncatingIfNeeded: pairs)
  }

  /// A count, which is far below 2^52, with 2^52 added.
  @inline(__always)
  private static func number(_ count: Int) -> Double {
    Double(bitPattern: 0x1p52.bitPattern &+ UInt64(truncatingIfNeeded: count))
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
enum PlaceOrder {
  case ascending
  /// As `LayerBlocks` counts them.
  case runs

  /// Where a positive of the block is.
  @inline(__always)
  func slot(_ place: Int) -> Int { self == .runs ? LayerBlocks.slot(place) : place }
}
