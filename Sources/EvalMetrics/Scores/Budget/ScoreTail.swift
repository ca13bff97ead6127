/// Rows that are not in buckets: sorted keys by type and label.
///
/// They are walked together with buckets, from the highest key down, and handed out bucket by bucket.
struct ScoreTail {
  var singles: (positives: [UInt32], negatives: [UInt32])
  var doubles: (positives: [UInt64], negatives: [UInt64])
  var weighted: (positives: WeightedRuns, negatives: WeightedRuns)

  var isEmpty: Bool { units == 0 && weighted.positives.isEmpty && weighted.negatives.isEmpty }

  /// Rows of weight one.
  var units: Int {
    singles.positives.count + singles.negatives.count + doubles.positives.count
      + doubles.negatives.count
  }

  /// The layout of the weights of these rows.
  var layout: WeightLayout {
    var layout = WeightLayout(weighted.positives.weights, weighted.negatives.weights)
    layout.add(rows: units)
    return layout
  }

  /// The lowest and the highest key, whole; nil without rows.
  var ends: (low: UInt64, high: UInt64)? {
    func wide(_ key: UInt32?) -> UInt64? { key.map(Kernels.widened) }
    let lows = [
      wide(singles.positives.first), wide(singles.negatives.first), doubles.positives.first,
      doubles.negatives.first, weighted.positives.keys.first, weighted.negatives.keys.first,
    ]
    let highs = [
      wide(singles.positives.last), wide(singles.negatives.last), doubles.positives.last,
      doubles.negatives.last, weighted.positives.keys.last, weighted.negatives.keys.last,
    ]
    guard let low = lows.compactMap({ $0 }).min(), let high = highs.compactMap({ $0 }).max()
    else { return nil }
    return (low, high)
  }

  /// Hands every row and bucket to `sink`, in descending order of keys without so many bits. The buckets
  /// are taken out of the list; unless they are held elsewhere, they can be freed piece by piece.
  func walk<Sink: BucketSink>(
    with buckets: inout [ScoreBuckets], freeing frees: Bool, droppedBits: Int,
    into sink: inout Sink
  ) {
    let isPlain = weighted.positives.isEmpty && weighted.negatives.isEmpty && buckets.count <= 1
    if isPlain {
      let known = buckets.popLast() ?? ScoreBuckets(droppedBits: 0, layout: WeightLayout())
      walk(OneSource(known, frees: frees, droppedBits: droppedBits), into: &sink)
    } else {
      walk(
        Sources(&buckets, frees: frees, weighted: weighted, droppedBits: droppedBits), into: &sink)
    }
  }

  @inline(__always)
  private func walk<Source: BucketSource, Sink: BucketSink>(
    _ source: Source, into sink: inout Sink
  ) {
    var source = source
    walkUnits { key, positives, negatives in
      source.take(from: key, into: &sink)
      sink.take(key, positives: positives, negatives: negatives)
    }
    source.take(from: 0, into: &sink)
  }

  /// Visits every distinct key of rows of weight one, the highest first.
  @inline(__always)
  private func walkUnits(_ visit: (UInt64, Int, Int) -> Void) {
    if doubles.positives.isEmpty && doubles.negatives.isEmpty {
      Kernels.walkDescending(positives: singles.positives, negatives: singles.negatives) {
        visit(Kernels.widened($0), $1, $2)
      }
    } else if singles.positives.isEmpty && singles.negatives.isEmpty {
      Kernels.walkDescending(
        positives: doubles.positives, negatives: doubles.negatives, body: visit)
    } else {
      walkMixture(visit)
    }
  }

  /// The same, one row at a time, for a mixture of types.
  private func walkMixture(_ visit: (UInt64, Int, Int) -> Void) {
    var (i, j) = (singles.positives.count, singles.negatives.count)
    var (k, l) = (doubles.positives.count, doubles.negatives.count)
    while true {
      let a = i > 0 ? Kernels.widened(singles.positives[i - 1]) : 0
      let b = j > 0 ? Kernels.widened(singles.negatives[j - 1]) : 0
      let c = k > 0 ? doubles.positives[k - 1] : 0
      let d = l > 0 ? doubles.negatives[l - 1] : 0
      let key = max(max(a, b), max(c, d))
      if i + j + k + l == 0 { return }
      var (positives, negatives) = (0, 0)
      while i > 0, Kernels.widened(singles.positives[i - 1]) == key {
        (i, positives) = (i - 1, positives + 1)
      }
      while j > 0, Kernels.widened(singles.negatives[j - 1]) == key {
        (j, negatives) = (j - 1, negatives + 1)
      }
      while k > 0, doubles.positives[k - 1] == key { (k, positives) = (k - 1, positives + 1) }
      while l > 0, doubles.negatives[l - 1] == key { (l, negatives) = (l - 1, negatives + 1) }
      visit(key, positives, negatives)
    }
  }
}

/// What is read from the highest key down while rows of weight one come from elsewhere.
private protocol BucketSource {
  /// Takes all that is in the bucket of a key or above it.
  mutating func take<Sink: BucketSink>(from key: UInt64, into sink: inout Sink)
}

/// One set of buckets: what there is mostly.
private struct OneSource: BucketSource {
  private var cursor: BucketCursor
  private let shift: UInt64

  init(_ buckets: ScoreBuckets, frees: Bool, droppedBits: Int) {
    cursor = BucketCursor(buckets, frees: frees)
    shift = UInt64(droppedBits)
  }

  @inline(__always)
  mutating func take<Sink: BucketSink>(from key: UInt64, into sink: inout Sink) {
    let bucket = key >> shift
    while !cursor.isAtEnd, cursor.key >> shift >= bucket {
      sink.take(cursor)
      cursor.advance()
    }
  }
}

/// Several sets of buckets, and weighted rows.
private struct Sources: BucketSource {
  private var cursors: [BucketCursor] = []
  private let weighted: (positives: WeightedRuns, negatives: WeightedRuns)
  private var left: (positives: Int, negatives: Int)
  private let shift: UInt64
  /// The highest key that is left, without its low bits; nil when none is.
  private var head: UInt64?

  init(
    _ buckets: inout [ScoreBuckets], frees: Bool,
    weighted: (positives: WeightedRuns, negatives: WeightedRuns), droppedBits: Int
  ) {
    self.weighted = weighted
    left = (weighted.positives.keys.count, weighted.negatives.keys.count)
    shift = UInt64(droppedBits)
    while let last = buckets.popLast() { cursors.append(BucketCursor(last, frees: frees)) }
    findHead()
  }

  mutating func take<Sink: BucketSink>(from key: UInt64, into sink: inout Sink) {
    let bucket = key >> shift
    while let highest = head, highest >= bucket { takeHead(highest, into: &sink) }
  }

  private mutating func takeHead<Sink: BucketSink>(_ bucket: UInt64, into sink: inout Sink) {
    for place in cursors.indices {
      while !cursors[place].isAtEnd, cursors[place].key >> shift == bucket {
        sink.take(cursors[place])
        cursors[place].advance()
      }
    }
    while left.positives > 0, weighted.positives.keys[left.positives - 1] >> shift == bucket {
      left.positives -= 1
      sink.take(
        weighted.positives.keys[left.positives], weight: weighted.positives.weights[left.positives],
        isPositive: true)
    }
    while left.negatives > 0, weighted.negatives.keys[left.negatives - 1] >> shift == bucket {
      left.negatives -= 1
      sink.take(
        weighted.negatives.keys[left.negatives], weight: weighted.negatives.weights[left.negatives],
        isPositive: false)
    }
    findHead()
  }

  private mutating func findHead() {
    head = nil
    for cursor in cursors where !cursor.isAtEnd { raise(cursor.key) }
    if left.positives > 0 { raise(weighted.positives.keys[left.positives - 1]) }
    if left.negatives > 0 { raise(weighted.negatives.keys[left.negatives - 1]) }
  }

  private mutating func raise(_ key: UInt64) { head = max(head ?? 0, key >> shift) }
}
