/// Counts of pairs of codes, such as label and wrong prediction, kept sparse: memory for the pairs that occur.
///
/// Adding a pair appends it; now and then what was appended is sorted and counted.
public struct PairCounts: Sendable {
  /// The pairs that were counted, ascending, and how often each came with a weight of one.
  private var keys: [UInt64] = []
  private var counts: [Int] = []
  /// Pairs of weight one that came since.
  private var pending: [UInt64] = []
  /// Sums of other weights.
  private var sums: [UInt64: ExactSum] = [:]

  public init() {}

  /// A pair of codes with what was counted of it.
  public struct Entry: Sendable {
    public var first: Int
    public var second: Int
    public var tally: Tally
  }

  @inline(__always)
  private static func key(_ first: Int, _ second: Int) -> UInt64 {
    UInt64(UInt32(truncatingIfNeeded: first)) << 32 | UInt64(UInt32(truncatingIfNeeded: second))
  }

  /// Adds a pair with weight one.
  @inline(__always)
  public mutating func add(_ first: Int, _ second: Int) {
    pending.append(Self.key(first, second))
    if pending.count >= max(4096, keys.count / 2) { settle() }
  }

  /// Adds a pair with a weight.
  public mutating func add(weight: Double, _ first: Int, _ second: Int) {
    if weight == 1 { return add(first, second) }
    if weight > 0 { sums[Self.key(first, second), default: ExactSum()].add(weight) }
  }

  /// Adds pairs with how often each came, as a dense table gives them.
  public mutating func add(_ pairs: [(first: Int, second: Int, rows: Int)]) {
    let sorted = pairs.filter { $0.rows != 0 }.map { (Self.key($0.first, $0.second), $0.rows) }
      .sorted { $0.0 < $1.0 }
    insert(sorted.map(\.0), sorted.map(\.1))
  }

  /// Sorts and counts what came.
  private mutating func settle() {
    if pending.isEmpty { return }
    var run = pending
    pending.removeAll(keepingCapacity: true)
    Kernels.sort(&run)
    var found: [UInt64] = []
    var times: [Int] = []
    for key in run {
      if key == found.last {
        times[times.count - 1] += 1
      } else {
        found.append(key)
        times.append(1)
      }
    }
    insert(found, times)
  }

  /// Merges ascending keys in.
  private mutating func insert(_ others: [UInt64], _ times: [Int]) {
    var (merged, sums): ([UInt64], [Int]) = ([], [])
    merged.reserveCapacity(keys.count + others.count)
    sums.reserveCapacity(keys.count + others.count)
    func put(_ key: UInt64, _ count: Int) {
      if key == merged.last {
        sums[sums.count - 1] = sums[sums.count - 1].addingClamped(count)
      } else {
        merged.append(key)
        sums.append(count)
      }
    }
    var i = 0
    for (key, count) in zip(others, times) {
      while i < keys.count, keys[i] <= key {
        put(keys[i], counts[i])
        i += 1
      }
      put(key, count)
    }
    for rest in i..<keys.count { put(keys[rest], counts[rest]) }
    keys = merged
    counts = sums
  }

  /// Every pair that occurs, ascending by codes.
  public var entries: [Entry] {
    var copy = self
    copy.settle()
    var entries: [Entry] = []
    entries.reserveCapacity(copy.keys.count)
    func append(_ key: UInt64, _ tally: Tally) {
      entries.append(
        Entry(
          first: Int(key >> 32), second: Int(key & 0xffff_ffff), tally: tally))
    }
    var weighted = sums.keys.sorted()[...]
    for (key, count) in zip(copy.keys, copy.counts) {
      while let other = weighted.first, other < key {
        append(other, Tally(units: 0, weighted: sums[other]))
        weighted.removeFirst()
      }
      if weighted.first == key { weighted.removeFirst() }
      append(key, Tally(units: count, weighted: sums[key]))
    }
    for other in weighted { append(other, Tally(units: 0, weighted: sums[other])) }
    return entries
  }

  public var isEmpty: Bool { keys.isEmpty && pending.isEmpty && sums.isEmpty }

  /// Adds the pairs of another; `map` gives the code here of each code there, and nil says that they are the same.
  public mutating func merge(_ other: PairCounts, _ map: [Int]?) {
    func move(_ key: UInt64) -> UInt64? {
      guard let map else { return key }
      let (first, second) = (Int(key >> 32), Int(key & 0xffff_ffff))
      guard map.indices.contains(first), map.indices.contains(second), map[first] >= 0,
        map[second] >= 0
      else { return nil }
      return Self.key(map[first], map[second])
    }
    if map == nil {
      insert(other.keys, other.counts)
    } else {
      let moved = zip(other.keys, other.counts).compactMap { key, count in
        move(key).map { ($0, count) }
      }.sorted { $0.0 < $1.0 }
      insert(moved.map(\.0), moved.map(\.1))
    }
    pending += other.pending.compactMap(move)
    if pending.count >= max(4096, keys.count / 2) { settle() }
    for (key, sum) in other.sums {
      if let key = move(key) { sums[key, default: ExactSum()].merge(sum) }
    }
  }

  public var byteCount: Int {
    (keys.capacity + counts.capacity + pending.capacity) * 8 + sums.count * 160
  }

  /// Adds entries of another.
  mutating func add(_ entries: [Entry]) {
    add(entries.map { ($0.first, $0.second, $0.tally.units) })
    for entry in entries {
      guard let sum = entry.tally.weighted else { continue }
      sums[Self.key(entry.first, entry.second), default: ExactSum()].merge(sum)
    }
  }
}
