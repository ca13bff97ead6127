// What a memory budget asks of an index: how large its rows and groups are, and to keep less.

extension Kernels {
  /// The key of the same score as a float64.
  @inline(__always)
  static func widened(_ key: UInt32) -> UInt64 { Kernels.key(Double(float(key))) }
}

extension ScoreIndex {
  /// Memory of what came since rows were last put in order.
  var tailBytes: Int {
    singles.positives.tailBytes + singles.negatives.tailBytes + doubles.positives.tailBytes
      + doubles.negatives.tailBytes + weighted.positives.tailBytes + weighted.negatives.tailBytes
      + tableBytes
  }

  /// What the rows take as rows, each in its smallest form.
  var rowBytes: Int {
    4 * (singles.positives.count + singles.negatives.count)
      + 8 * (doubles.positives.count + doubles.negatives.count)
      + 16 * (weighted.positives.count + weighted.negatives.count)
      + min(tableRows, Int.max / 8) * 4
  }

  /// An upper bound of what the rows take in groups without as many bits as now: each row may be a group.
  var mostGroupBytes: Int {
    let rows =
      tail.units.addingClamped(tableRows) + weighted.positives.count + weighted.negatives.count
    return layout.bytes(groups: min(rows, Int.max / 4096) + (buckets?.count ?? 0))
  }

  /// Adds what the rows would take in groups, for every number of dropped bits from the present one on.
  func addGroupBytes(to bytes: inout LevelBytes) {
    var counter = KeyCounter()
    var sources = allBuckets
    tail.walk(
      with: &sources, freeing: false, droppedBits: precision.droppedBits, into: &counter)
    bytes.add(counter, layout)
  }

  /// Keeps less, or as little as now: afterwards all rows are in the form of that precision, or of the
  /// present one where that is coarser.
  mutating func coarsen(to wanted: ScorePrecision) {
    tidy()
    let target = max(wanted, precision)
    let isDone = target == precision && tail.isEmpty && tableRows == 0
    guard case .groups(let droppedBits) = target else { return spreadTables() }
    precision = target
    if !isDone || buckets == nil { fold(droppedBits) }
  }

  /// Adds the rows of another index, when one of the two keeps groups.
  mutating func mergeGroups(_ other: ScoreIndex) {
    var theirs = other
    theirs.coarsen(to: precision)
    coarsen(to: theirs.precision)
    if let buckets = theirs.buckets, !buckets.isEmpty {
      theirs.buckets = nil
      fold(precision.droppedBits, with: buckets)
    }
  }

  /// Makes what questions walk, when groups are kept.
  mutating func prepareGroups() {
    coarsen(to: precision)
    guard let buckets else { return }
    prepared = SortedScores(
      .buckets(buckets), isWeighted: buckets.layout.hasWeights,
      unit: Self.unit(exponent: buckets.layout.highest))
  }

  /// Puts the rows in order, and each in its smallest form: a score that is a Float is kept as one,
  /// whatever it came as, so that sizes are those of the set of rows.
  mutating func tidy() {
    precision = max(precision, .rows)
    if isTidy { return }
    isTidy = true
    prepared = nil
    base = nil
    Self.narrow(&doubles.positives, into: &singles.positives)
    Self.narrow(&doubles.negatives, into: &singles.negatives)
    _ = singles.positives.sort(using: Kernels.sort, Kernels.merge)
    _ = singles.negatives.sort(using: Kernels.sort, Kernels.merge)
    _ = doubles.positives.sort(using: Kernels.sort, Kernels.merge)
    _ = doubles.negatives.sort(using: Kernels.sort, Kernels.merge)
    weighted.positives.sort()
    weighted.negatives.sort()
  }

  /// Makes rows of tables, which take more than the budget counts where rows are few.
  private mutating func spreadTables() {
    if halves.positives.isEmpty && bfloats.positives.isEmpty { return }
    func keys(_ counts: [Int], _ score: (UInt16) -> Float) -> KeyRuns<UInt32> {
      var keys: [UInt32] = []
      keys.reserveCapacity(counts.reduce(0, +))
      for (place, count) in counts.enumerated() where count > 0 {
        let key = Kernels.key(score(Kernels.bits16(UInt16(place))))
        keys.append(contentsOf: repeatElement(key, count: count))
      }
      return KeyRuns(sorted: keys)
    }
    singles.positives.merge(keys(halves.positives) { Kernels.float(half: $0) })
    singles.negatives.merge(keys(halves.negatives) { Kernels.float(half: $0) })
    singles.positives.merge(keys(bfloats.positives) { Kernels.float(bfloat16: $0) })
    singles.negatives.merge(keys(bfloats.negatives) { Kernels.float(bfloat16: $0) })
    forgetTables()
    isTidy = false
    tidy()
  }

  private var layout: WeightLayout {
    var layout = tail.layout
    layout.add(rows: tableRows)
    if let buckets { layout.merge(buckets.layout) }
    return layout
  }

  /// The rows that are in no bucket; they must be in order.
  private var tail: ScoreTail {
    ScoreTail(
      singles: (singles.positives.sorted.first ?? [], singles.negatives.sorted.first ?? []),
      doubles: (doubles.positives.sorted.first ?? [], doubles.negatives.sorted.first ?? []),
      weighted: (weighted.positives, weighted.negatives))
  }

  /// The buckets, and the tables as such.
  private var allBuckets: [ScoreBuckets] {
    let tables = [
      ScoreBuckets(halves.positives, halves.negatives) { Kernels.float(half: $0) },
      ScoreBuckets(bfloats.positives, bfloats.negatives) { Kernels.float(bfloat16: $0) },
    ]
    return (tables + [buckets]).compactMap { $0 }.filter { !$0.isEmpty }
  }

  /// Makes one set of buckets of all rows and buckets, and of `other` ones.
  private mutating func fold(_ droppedBits: Int, with other: ScoreBuckets? = nil) {
    prepared = nil
    let rest = tail
    var layout = layout
    if let other { layout.merge(other.layout) }
    var sources = allBuckets + [other].compactMap { $0 }
    var ends = rest.ends ?? (low: .max, high: .min)
    for source in sources {
      ends = (min(source.lowestKey, ends.low), max(source.highestKey, ends.high))
    }
    var builder = BucketBuilder(
      droppedBits: droppedBits, layout: layout,
      most: sources.reduce(rest.units) { $0 + $1.count } + weighted.positives.count
        + weighted.negatives.count)
    buckets = nil
    forgetRows()
    rest.walk(with: &sources, freeing: true, droppedBits: droppedBits, into: &builder)
    buckets = builder.finish(ends)
  }

  /// The power of two that brings weights near one, where the largest has this exponent and is far from one.
  private static func unit(exponent: Int) -> Double {
    abs(exponent) > 200
      ? Double(sign: .plus, exponent: min(-exponent, 1000), significand: 1) : 1
  }

  private static func narrow(
    _ wide: inout KeyRuns<UInt64>, into narrow: inout KeyRuns<UInt32>
  ) {
    if wide.isEmpty { return }
    var kept: [UInt64] = []
    var floats: [UInt32] = []
    for key in wide.sort(using: Kernels.sort, Kernels.merge) {
      let score = Kernels.double(key)
      let float = Float(score)
      if Double(float) == score { floats.append(Kernels.key(float)) } else { kept.append(key) }
    }
    if floats.isEmpty { return }
    wide = KeyRuns(sorted: kept)
    narrow.merge(KeyRuns(sorted: floats))
  }
}
