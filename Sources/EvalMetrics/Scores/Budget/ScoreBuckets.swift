/// The weights of positives and negatives by key, keys without some low bits: what a memory budget keeps
/// of scores.
///
/// It is the same for any order in which the rows came. A bucket with one distinct score keeps that score
/// whole, since ties are then known to be ties; of all others only the range is known.
struct ScoreBuckets: Sendable {
  /// A piece of the buckets, so that making new ones can free the old ones piece by piece.
  struct Chunk: Sendable {
    /// Descending. The whole key of a bucket with one distinct score, else the lowest key it can hold.
    var keys: [UInt64] = []
    /// One bit each: whether a bucket has more than one distinct score.
    var mixed: [UInt64] = []
    /// The weight of positives, then that of negatives, of each bucket; the lowest limb first.
    var limbs: [UInt32] = []

    @inline(__always)
    func isMixed(_ index: Int) -> Bool { mixed[index >> 6] &>> UInt64(index & 63) & 1 != 0 }

    /// The same in no more memory than it takes.
    var copy: Chunk {
      var copy = Chunk()
      copy.keys.reserveCapacity(keys.count)
      copy.mixed.reserveCapacity(mixed.count)
      copy.limbs.reserveCapacity(limbs.count)
      copy.keys += keys
      copy.mixed += mixed
      copy.limbs += limbs
      return copy
    }

    var byteCount: Int { keys.capacity * 8 + mixed.capacity * 8 + limbs.capacity * 4 }
  }

  static let chunkCapacity = 4096

  /// Low bits that keys have lost.
  let droppedBits: Int
  let layout: WeightLayout
  /// The highest keys first.
  var chunks: [Chunk] = []
  /// The lowest and the highest key of all rows, whole; of no use without rows.
  var lowestKey = UInt64.max
  var highestKey = UInt64.min
  /// Buckets with more than one distinct score.
  var mixedCount = 0

  init(droppedBits: Int, layout: WeightLayout) {
    self.droppedBits = droppedBits
    self.layout = layout
  }

  /// From tables of counts by 16-bit key; nil when they are empty.
  init?(_ positives: [Int], _ negatives: [Int], score: (UInt16) -> Float) {
    var layout = WeightLayout()
    for (ones, zeros) in zip(positives, negatives) { layout.add(rows: ones.addingClamped(zeros)) }
    var builder = BucketBuilder(droppedBits: 0, layout: layout, most: 65_536)
    var ends = (low: UInt64.max, high: UInt64.min)
    for place in (0..<min(positives.count, negatives.count)).reversed()
    where positives[place] != 0 || negatives[place] != 0 {
      let key = Kernels.key(Double(score(Kernels.bits16(UInt16(place)))))
      builder.take(key, positives: positives[place], negatives: negatives[place])
      ends = (min(ends.low, key), max(ends.high, key))
    }
    if layout.rows == 0 { return nil }
    self = builder.finish(ends)
  }

  var count: Int { chunks.reduce(0) { $0 + $1.keys.count } }
  var isEmpty: Bool { chunks.isEmpty }
  var byteCount: Int { chunks.reduce(0) { $0 + $1.byteCount } }

  /// The bits of a key that are dropped.
  var droppedMask: UInt64 { droppedBits >= 64 ? .max : 1 << UInt64(droppedBits) - 1 }

  /// The keys between which all scores of a bucket lie.
  @inline(__always)
  func range(_ chunk: Chunk, _ index: Int) -> (low: UInt64, high: UInt64) {
    // A damaged state may have keys beyond the ends, and even such that are no number.
    let key = min(chunk.keys[index], highestKey)
    if !chunk.isMixed(index) { return (max(key, lowestKey), max(key, lowestKey)) }
    return (max(key, lowestKey), min(key | droppedMask, highestKey))
  }

  /// A weight as a double, times a power of two: rounded once, and never to zero.
  @inline(__always)
  func weight(_ chunk: Chunk, _ place: Int, unitExponent: Int) -> Double {
    if layout.isCount {
      let low = UInt64(chunk.limbs[place])
      if layout.width == 1 { return Double(low) }
      return Double(UInt64(chunk.limbs[place + 1]) << 32 | low)
    }
    return rounded(chunk, place, unitExponent)
  }

  private func rounded(_ chunk: Chunk, _ place: Int, _ unitExponent: Int) -> Double {
    var top = layout.width - 1
    while top >= 0 && chunk.limbs[place + top] == 0 { top -= 1 }
    if top < 0 { return 0 }
    func limb(_ index: Int) -> UInt64 { index < 0 ? 0 : UInt64(chunk.limbs[place + index]) }
    let shift = UInt64(chunk.limbs[place + top].leadingZeroBitCount)
    let wide = limb(top) << 32 | limb(top - 1)
    var significand = wide << shift | limb(top - 2) >> (32 - shift)
    // What is below the 64 highest digits only says which way a tie is rounded.
    let rest = limb(top - 2) << (32 + shift)
    if rest != 0 || (0..<max(0, top - 2)).contains(where: { limb($0) != 0 }) { significand |= 1 }
    let exponent = 32 * (layout.base + top - 1) - Int(shift) + unitExponent
    let x = Double(sign: .plus, exponent: exponent, significand: Double(significand))
    return max(x, .leastNonzeroMagnitude)
  }
}

/// Reads buckets from the highest down, and can free them on the way.
struct BucketCursor {
  private var buckets: ScoreBuckets
  private let frees: Bool
  private var next = 0
  private(set) var chunk = ScoreBuckets.Chunk()
  private(set) var index = 0
  private var end = 0
  let layout: WeightLayout
  let width: Int
  let isCount: Bool

  init(_ buckets: ScoreBuckets, frees: Bool) {
    layout = buckets.layout
    width = buckets.layout.width
    isCount = buckets.layout.isCount
    self.buckets = buckets
    self.frees = frees
    load()
  }

  @inline(__always)
  var isAtEnd: Bool { index >= end }

  /// The key of the bucket that is read now; there must be one.
  @inline(__always)
  var key: UInt64 { chunk.keys[index] }

  @inline(__always)
  var isMixed: Bool { chunk.isMixed(index) }

  /// Where its weights begin among the limbs of the chunk.
  @inline(__always)
  var place: Int { index &* 2 &* width }

  @inline(__always)
  mutating func advance() {
    index &+= 1
    if index >= end { load() }
  }

  private mutating func load() {
    index = 0
    end = 0
    chunk = ScoreBuckets.Chunk()
    // Chunks have buckets, but one that has none must not end the walk.
    while end == 0 && next < buckets.chunks.count {
      chunk = buckets.chunks[next]
      end = chunk.keys.count
      if frees { buckets.chunks[next] = ScoreBuckets.Chunk() }
      next += 1
    }
  }
}
