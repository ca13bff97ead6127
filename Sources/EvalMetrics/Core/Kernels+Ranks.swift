// Sums over the points of the curves. Like Kernels.swift, this file may use unsafe pointers, and what it
// offers may be called with columns of any size.
//
// Positives are ranked among the negatives without a branch that could go wrong, a block of them at a
// time; what each contributes is worked out over the whole block, and only the sums are taken one by one.

import RowLoops

/// What a walk over unit-weight rows finds, the highest score first.
struct RankSums<Key: ScoreKey>: Sendable {
  /// Twice the pairs of a positive and a negative in order, those that tie counting one.
  var twicePairs = WidePairs()
  /// Of precision over positives: at each score.
  var steps = PrecisionSum()
  /// The same by trapezoids from the point before.
  var trapezoids = CompensatedSum()
  /// The largest |TP N - FP P| of any point.
  var largestGap = 0.0
  /// The highest F1, and the highest key that reaches it.
  var best: (value: Double, key: Key) = (-1, .max)
}

extension Kernels {
  /// Walks over the points of the curves of two ascending columns of keys.
  ///
  /// Curves change direction only at positives, so the points before and at each distinct positive
  /// score are all there is to be looked at.
  static func rankSums(positives: [UInt32], negatives: [UInt32]) -> RankSums<UInt32> {
    sums(positives, negatives)
  }

  /// Walks over the points of the curves of two ascending columns of keys.
  static func rankSums(positives: [UInt64], negatives: [UInt64]) -> RankSums<UInt64> {
    sums(positives, negatives)
  }

  @inline(__always)
  private static func sums<Key: ScoreKey>(_ ones: [Key], _ zeros: [Key]) -> RankSums<Key> {
    var sums = RankSums<Key>()
    ones.withUnsafeBufferPointer { ones in
      zeros.withUnsafeBufferPointer { zeros in
        var block = RankBlock(ones, zeros)
        defer { block.deallocate() }
        var best = block
        var start = block
        while block.fill() {
          // Where the block is that has the best score, which is looked for in it only once.
          if block.add(to: &sums) { best = start }
          start = block
        }
        if best.fill() { sums.best.key = best.key(ofF1: sums.best.value) }
      }
    }
    return sums
  }
}

/// The next positives, at most `length` of them unless all have one score, the highest first.
private struct RankBlock<Key: ScoreKey> {
  static var length: Int { 2048 }

  /// Ranks positives among negatives.
  private let ranker: KeyRanker<Key>
  private var ones: UnsafeBufferPointer<Key> { ranker.keys }
  private var zeros: UnsafeBufferPointer<Key> { ranker.others }
  /// Positives and negatives that were not met yet: the first so many of each column.
  private var i: Int
  private var j: Int
  /// The ranks of the positives of the block, the lowest first.
  private let room: RankRoom<Key>
  /// Distinct scores in the block.
  private var count = 0
  /// Of each distinct score, the highest first: its key, and the negatives that are not above it.
  private let keys: UnsafeMutablePointer<Key>
  private let notAbove: UnsafeMutablePointer<Int>
  /// The positives down to it; one place later, since those down to the score before stand first.
  private let downTo: UnsafeMutablePointer<Int>
  /// The negatives at it.
  private let tied: UnsafeMutablePointer<Int>

  init(_ ones: UnsafeBufferPointer<Key>, _ zeros: UnsafeBufferPointer<Key>) {
    ranker = KeyRanker(ones, among: zeros)
    (i, j) = (ones.count, zeros.count)
    // Points are taken in pairs, so that there may be one too many.
    let length = Self.length + 2
    room = RankRoom(by: .best)
    keys = .allocate(capacity: length)
    notAbove = .allocate(capacity: length)
    downTo = .allocate(capacity: length)
    tied = .allocate(capacity: length)
  }

  func deallocate() {
    room.deallocate()
    keys.deallocate()
    notAbove.deallocate()
    downTo.deallocate()
    tied.deallocate()
  }

  /// Ranks the next scores among the negatives; false when there are none.
  @inline(__always)
  mutating func fill() -> Bool {
    if i == 0 { return false }
    downTo[0] = ones.count &- i
    var end = max(0, i &- Self.length)
    // Positives of one score are not cut apart.
    if end > 0 && ones[end &- 1] == ones[end] {
      end = ranker.lowerBound(ones, ones[end] &+ 1, end, i)
    }
    if end == i || ones[end] == ones[i &- 1] {
      fillWithOneScore()
    } else {
      room.rank(ranker, i, j, from: end)
      findScores(from: end)
    }
    return true
  }

  /// The block is all positives of the next score, however many.
  private mutating func fillWithOneScore() {
    let key = ones[i &- 1]
    i = ranker.lowerBound(ones, key, 0, i)
    while j >= 8 && zeros[j &- 8] > key { j &-= 8 }
    while j > 0 && zeros[j &- 1] > key { j &-= 1 }
    keys[0] = key
    notAbove[0] = j
    tied[0] = ranker.equals(key, j)
    downTo[1] = ones.count &- i
    count = 1
  }

  /// Makes distinct scores of the positives from `end` on.
  @inline(__always)
  private mutating func findScores(from end: Int) {
    var place = -1
    // Not the key of the first, so that a new score begins there.
    var key = ~ones[i &- 1]
    for index in stride(from: i &- 1, through: end, by: -1) {
      let next = ones[index]
      // One that equals the last takes its place.
      place &+= one(next != key)
      key = next
      keys[place] = key
      notAbove[place] = room.notAbove[index &- end]
      tied[place] = room.ties[index &- end]
      downTo[place &+ 1] = ones.count &- index
    }
    count = place &+ 1
    j = room.notAbove[0]
    i = end
  }

  /// 1 where it is so, else 0, without a branch.
  @inline(__always)
  private func one(_ isSo: Bool) -> Int { Int(unsafeBitCast(isSo, to: UInt8.self)) }
}

extension RankBlock {
  /// Adds what the scores of the block contribute; true when one of them has the best F1 so far.
  @inline(__always)
  func add(to sums: inout RankSums<Key>) -> Bool {
    countPairs(&sums)
    let points = Points(positives: ones.count, negatives: zeros.count)
    var (gaps, highest) = (points.noGaps, Points.Pair(repeating: -1))
    var steps = (coarse: Points.Pair.zero, fine: Points.Pair.zero)
    for place in stride(from: 0, to: count, by: 2) {
      let fpBefore = points.allZeros - pair(notAbove, place)
      points.add(
        from: (pair(downTo, place), fpBefore),
        to: (pair(downTo, place &+ 1), fpBefore + pair(tied, place)),
        &steps, &sums.trapezoids, &gaps, &highest)
    }
    if count == 1 {
      // One score may have more positives than a block.
      let (tp, fp) = (Double(downTo[1]), Double(zeros.count &- notAbove[0] &+ tied[0]))
      sums.steps.add(tp / (tp + fp), weight: tp - Double(downTo[0]))
    } else {
      sums.steps.add(
        PrecisionParts(
          coarse: steps.coarse[0] + steps.coarse[1], fine: steps.fine[0] + steps.fine[1]))
    }
    sums.largestGap = max(
      sums.largestGap, max(gaps.above[0], gaps.above[1]), -min(gaps.below[0], gaps.below[1]))
    let best = max(highest[0], highest[1])
    if best <= sums.best.value { return false }
    sums.best.value = best
    return true
  }

  /// The highest key of the block with an F1.
  func key(ofF1 f1: Double) -> Key {
    let points = Points(positives: ones.count, negatives: zeros.count)
    let place = (0..<count).first {
      let fp = zeros.count &- notAbove[$0] &+ tied[$0]
      return points.f1(Double(downTo[$0 &+ 1]), Double(fp)) == f1
    }
    return keys[place ?? 0]
  }

  /// Counts the pairs.
  @inline(__always)
  private func countPairs(_ sums: inout RankSums<Key>) {
    if count == 1 {
      // One score may have any number of rows, and their product more than 64 bits.
      sums.twicePairs.add(downTo[1] &- downTo[0], 2 &* notAbove[0] &- tied[0])
    } else {
      var twice = 0
      for place in 0..<count {
        let before = 2 &* notAbove[place] &- tied[place]
        twice &+= (downTo[place &+ 1] &- downTo[place]) &* before
      }
      sums.twicePairs.add(twice, 1)
    }
    // The same point again, which adds nothing, in case they are odd.
    notAbove[count] = notAbove[count &- 1] &- tied[count &- 1]
    tied[count] = 0
    downTo[count &+ 1] = downTo[count]
  }

  /// Two counts as they are; both are far below 2^52.
  @inline(__always)
  private func pair(_ counts: UnsafeMutablePointer<Int>, _ place: Int) -> SIMD2<Double> {
    let bits = UnsafeRawPointer(counts + place).loadUnaligned(as: SIMD2<UInt64>.self)
    let large = SIMD2<UInt64>(repeating: 0x1p52.bitPattern)
    return unsafeBitCast(bits | large, to: SIMD2<Double>.self) - 0x1p52
  }
}

/// What points of the curves add to the sums, two at a time.
private struct Points {
  typealias Pair = SIMD2<Double>
  let allOnes: Pair
  let allZeros: Pair
  var noGaps: (above: Pair, below: Pair) { (.zero, .zero) }

  init(positives: Int, negatives: Int) {
    allOnes = Pair(repeating: Double(positives))
    allZeros = Pair(repeating: Double(negatives))
  }

  @inline(__always)
  func f1(_ tp: Double, _ fp: Double) -> Double { 2 * tp / (allOnes[0] + tp + fp) }

  /// The points before and at two scores that follow one another.
  @inline(__always)
  func add(
    from before: (tp: Pair, fp: Pair), to now: (tp: Pair, fp: Pair),
    _ steps: inout (coarse: Pair, fine: Pair), _ trapezoids: inout CompensatedSum,
    _ gaps: inout (above: Pair, below: Pair), _ highest: inout Pair
  ) {
    // Negatives alone lower every curve, so its turning points are before and at each positive.
    let selected = before.tp + before.fp
    var lastPrecision = before.tp / selected
    lastPrecision.replace(with: 1, where: selected .== 0)
    let precision = now.tp / (now.tp + now.fp)
    let weight = now.tp - before.tp
    let parts = PrecisionParts.of(precision)
    steps.coarse += weight * parts.coarse
    steps.fine += weight * parts.fine
    let trapezoid = weight * (precision + lastPrecision) / 2
    trapezoids.add(trapezoid[0])
    trapezoids.add(trapezoid[1])
    note(before.tp * allZeros - before.fp * allOnes, &gaps)
    note(now.tp * allZeros - now.fp * allOnes, &gaps)
    let f1 = 2 * now.tp / (allOnes + now.tp + now.fp)
    highest.replace(with: f1, where: f1 .> highest)
  }

  @inline(__always)
  private func note(_ gap: Pair, _ gaps: inout (above: Pair, below: Pair)) {
    gaps.above.replace(with: gap, where: gap .> gaps.above)
    gaps.below.replace(with: gap, where: gap .< gaps.below)
  }
}

/// A sum of products of counts, exact beyond 64 bits.
struct WidePairs: Sendable {
  private var low: UInt64 = 0
  private var high: UInt64 = 0

  @inline(__always)
  mutating func add(_ a: Int, _ b: Int) {
    let product = UInt64(truncatingIfNeeded: a).multipliedFullWidth(
      by: UInt64(truncatingIfNeeded: b))
    let (sum, carry) = low.addingReportingOverflow(product.low)
    low = sum
    high &+= product.high &+ (carry ? 1 : 0)
  }

  /// Half of it, rounded once.
  var half: Double {
    if high == 0 { return Double(low) / 2 }
    var sum = ExactSum()
    for (word, power) in [
      (low & 0xffff_ffff, 0), (low >> 32, 32), (high & 0xffff_ffff, 64), (high >> 32, 96),
    ] {
      sum.add(Double(sign: .plus, exponent: power, significand: Double(word)))
    }
    return sum.value / 2
  }
}
