/// What is made of scores that come in descending order of their buckets.
protocol BucketSink {
  /// Rows of weight one with one score.
  mutating func take(_ key: UInt64, positives: Int, negatives: Int)
  /// A row of another weight.
  mutating func take(_ key: UInt64, weight: Double, isPositive: Bool)
  /// A bucket that is there already.
  mutating func take(_ cursor: borrowing BucketCursor)
}

extension KeyCounter: BucketSink {
  @inline(__always)
  mutating func take(_ key: UInt64, positives: Int, negatives: Int) { count(key) }

  @inline(__always)
  mutating func take(_ key: UInt64, weight: Double, isPositive: Bool) { count(key) }

  @inline(__always)
  mutating func take(_ cursor: borrowing BucketCursor) { count(cursor.key) }
}

/// Makes buckets of scores that come in descending order of their buckets.
struct BucketBuilder: BucketSink {
  private var buckets: ScoreBuckets
  private var chunk = ScoreBuckets.Chunk()
  /// The most buckets that are still to come.
  private var most: Int
  private let width: Int
  private let base: Int
  private let isCount: Bool
  private let shift: UInt64
  /// The bucket that is being filled: its key, and whether it has more than one.
  private var isOpen = false
  private var key: UInt64 = 0
  private var isMixed = false
  private var positives = 0
  private var negatives = 0
  /// Weights that are no counts: each limb with room for 2^32 additions.
  private var limbs: [UInt64]

  /// `most` is how many buckets there may be.
  init(droppedBits: Int, layout: WeightLayout, most: Int) {
    buckets = ScoreBuckets(droppedBits: droppedBits, layout: layout)
    self.most = most
    shift = UInt64(droppedBits)
    width = layout.width
    base = layout.base
    isCount = layout.isCount
    limbs = isCount ? [] : Array(repeating: 0, count: 2 * layout.width)
  }

  @inline(__always)
  private mutating func open(_ newKey: UInt64, isMixed newIsMixed: Bool) {
    if isOpen {
      if newKey >> shift == key >> shift {
        if newKey != key || newIsMixed { isMixed = true }
        return
      }
      close()
    }
    isOpen = true
    key = newKey
    isMixed = newIsMixed
  }

  @inline(__always)
  mutating func take(_ key: UInt64, positives: Int, negatives: Int) {
    open(key, isMixed: false)
    self.positives &+= positives
    self.negatives &+= negatives
  }

  mutating func take(_ key: UInt64, weight: Double, isPositive: Bool) {
    open(key, isMixed: false)
    guard let (significand, exponent) = ExactSum.decompose(weight) else { return }
    // The digits below the lowest are zeros, also where that is in a limb before the first.
    let offset = exponent - 32 * base
    let cut = max(0, -offset)
    let place = max(0, offset)
    let digits = UInt64(significand) >> UInt64(cut)
    let first = (isPositive ? 0 : width) + place >> 5
    let end = isPositive ? width : 2 * width
    let low = digits << UInt64(place & 31)
    let high = digits >> UInt64(64 - place & 31)
    for (index, part) in [low & 0xFFFF_FFFF, low >> 32, high].enumerated()
    where part != 0 && first + index < end { limbs[first + index] &+= part }
  }

  @inline(__always)
  mutating func take(_ cursor: borrowing BucketCursor) {
    open(cursor.key, isMixed: cursor.isMixed)
    if cursor.isCount {
      let (place, width) = (cursor.place, cursor.width)
      positives &+= Self.count(cursor.chunk.limbs, place, width)
      negatives &+= Self.count(cursor.chunk.limbs, place &+ width, width)
    } else {
      add(cursor.chunk, cursor.place, cursor.layout)
    }
  }

  private mutating func add(_ chunk: ScoreBuckets.Chunk, _ place: Int, _ layout: WeightLayout) {
    let offset = layout.base - base
    for index in 0..<layout.width where (0..<width).contains(index + offset) {
      limbs[index + offset] &+= UInt64(chunk.limbs[place + index])
      limbs[width + index + offset] &+= UInt64(chunk.limbs[place + layout.width + index])
    }
  }

  @inline(__always)
  private static func count(_ limbs: [UInt32], _ place: Int, _ width: Int) -> Int {
    let low = Int(limbs[place])
    return width == 1 ? low : low | Int(truncatingIfNeeded: UInt64(limbs[place + 1]) << 32)
  }

  private mutating func close() {
    let index = chunk.keys.count
    if index == 0 { reserve() }
    chunk.keys.append(isMixed ? key & ~buckets.droppedMask : key)
    if index & 63 == 0 { chunk.mixed.append(0) }
    if isMixed {
      chunk.mixed[index >> 6] |= 1 << UInt64(index & 63)
      buckets.mixedCount += 1
    }
    if isCount {
      append(count: positives)
      append(count: negatives)
    } else {
      append(side: 0, count: positives)
      append(side: width, count: negatives)
    }
    positives = 0
    negatives = 0
    if index + 1 == ScoreBuckets.chunkCapacity { seal() }
  }

  private mutating func reserve() {
    let capacity = min(ScoreBuckets.chunkCapacity, max(1, most))
    chunk.keys.reserveCapacity(capacity)
    chunk.mixed.reserveCapacity((capacity + 63) / 64)
    chunk.limbs.reserveCapacity(capacity * 2 * width)
  }

  @inline(__always)
  private mutating func append(count: Int) {
    chunk.limbs.append(UInt32(truncatingIfNeeded: count))
    if width > 1 { chunk.limbs.append(UInt32(truncatingIfNeeded: count >> 32)) }
    for _ in 2..<max(2, width) { chunk.limbs.append(0) }
  }

  /// Appends the limbs from `first` on, with a count added to them, and clears them.
  private mutating func append(side first: Int, count: Int) {
    // A limb below weight one: counts begin at the limb of weight one, which every layout with counts has.
    for (index, part) in [count & 0xFFFF_FFFF, count >> 32].enumerated()
    where part != 0 && (0..<width).contains(index - base) {
      limbs[first + index - base] &+= UInt64(truncatingIfNeeded: part)
    }
    var carry: UInt64 = 0
    for index in first..<first + width {
      let sum = limbs[index] &+ carry
      chunk.limbs.append(UInt32(truncatingIfNeeded: sum))
      carry = sum >> 32
      limbs[index] = 0
    }
  }

  private mutating func seal() {
    most -= chunk.keys.count
    buckets.chunks.append(chunk)
    chunk = ScoreBuckets.Chunk()
  }

  /// The buckets of all that was taken. `ends` are the lowest and the highest key, whole.
  mutating func finish(_ ends: (low: UInt64, high: UInt64)) -> ScoreBuckets {
    if isOpen { close() }
    isOpen = false
    if !chunk.keys.isEmpty {
      // The last one takes no more than it holds.
      if chunk.keys.capacity > chunk.keys.count + 16 { chunk = chunk.copy }
      seal()
    }
    (buckets.lowestKey, buckets.highestKey) = ends
    return buckets
  }
}
