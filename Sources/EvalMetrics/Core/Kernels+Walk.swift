// Walking over two sorted columns of keys. Like Kernels.swift, this file may use unsafe pointers, and
// what it offers may be called with columns of any size.
//
// The next rows are merged in four chains into runs of equal keys, without a branch; only then is the
// caller's code run, once for each key, so that it is not in the way of the chains.

extension Kernels {
  /// Calls `body` for every distinct key of two ascending columns, the highest first, with the number
  /// of positives and of negatives that have it.
  @inline(__always)
  static func walkDescending<Key: ScoreKey>(
    positives: [Key], negatives: [Key], body: (Key, Int, Int) -> Void
  ) {
    guard let highest = positives.last.map({ max($0, negatives.last ?? 0) }) ?? negatives.last
    else {
      return
    }
    positives.withUnsafeBufferPointer { positives in
      negatives.withUnsafeBufferPointer { negatives in
        var runs = Runs(positives, negatives)
        defer { runs.deallocate() }
        // Equal keys may come in several runs, so a key's counts are held back until another comes.
        var key = highest
        var p = 0
        var n = 0
        while runs.fill() {
          for chain in 0..<4 {
            var before: UInt64 = 0
            for run in runs.range(chain) {
              let step = runs.ends[run] &- before
              before = runs.ends[run]
              if runs.keys[run] != key {
                body(key, p, n)
                key = runs.keys[run]
                p = 0
                n = 0
              }
              let first = Int(truncatingIfNeeded: step &>> 32)
              p &+= first
              n &+= Int(truncatingIfNeeded: step & 0xFFFF_FFFF) &- first
            }
          }
        }
        body(key, p, n)
      }
    }
  }
}

/// The runs of equal keys in the next rows of two columns, the highest first, in four chains.
struct Runs<Key: ScoreKey> {
  /// Rows that a chain takes at a time.
  static var length: Int { 1024 }
  /// The keys of the runs; a chain's runs start at 1 + chain * (length + 1).
  let keys: UnsafeMutablePointer<Key>
  /// How many rows of the chain, and how many of them from the first column (times 2^32), are in its
  /// runs up to and with this one.
  let ends: UnsafeMutablePointer<UInt64>
  var rest: SortedPair<Key>
  var counts = (0, 0, 0, 0)

  init(_ a: UnsafeBufferPointer<Key>, _ b: UnsafeBufferPointer<Key>) {
    keys = .allocate(capacity: 4 * (Self.length + 1))
    ends = .allocate(capacity: 4 * (Self.length + 1))
    rest = SortedPair(a, b)
  }

  func deallocate() {
    keys.deallocate()
    ends.deallocate()
  }

  @inline(__always)
  func range(_ chain: Int) -> Range<Int> {
    let count = chain == 0 ? counts.0 : chain == 1 ? counts.1 : chain == 2 ? counts.2 : counts.3
    let start = 1 &+ chain &* (Self.length &+ 1)
    return start..<(start &+ count)
  }

  /// Finds the next runs; false when there are none.
  @inline(never)
  mutating func fill() -> Bool {
    counts = (0, 0, 0, 0)
    if rest.count == 0 { return false }
    if fillWithOneLongRun() { return true }
    guard let chains = rest.chains(Self.length) else {
      fillOneByOne()
      return true
    }
    let stride = Self.length &+ 1
    var (i0, i1, i2, i3) = (chains.0.i, chains.1.i, chains.2.i, chains.3.i)
    var (m0, m1, m2, m3) = (0, stride, 2 &* stride, 3 &* stride)
    keys[m0] = ~chains.0.highest
    keys[m1] = ~chains.1.highest
    keys[m2] = ~chains.2.highest
    keys[m3] = ~chains.3.highest
    for row in 0..<Self.length {
      note(chains.0, &i0, row, &m0)
      note(chains.1, &i1, row, &m1)
      note(chains.2, &i2, row, &m2)
      note(chains.3, &i3, row, &m3)
    }
    counts = (m0, m1 &- stride, m2 &- 2 &* stride, m3 &- 3 &* stride)
    rest = chains.3.rest(i3, Self.length)
    return true
  }

  /// Takes a row into the chain's last run, or a new one.
  @inline(__always)
  private func note(_ chain: Chain<Key>, _ i: inout Int, _ row: Int, _ run: inout Int) {
    let key = chain.step(&i, row)
    run &+= Int(unsafeBitCast(key != keys[run], to: UInt8.self))
    keys[run] = key
    ends[run] = UInt64(truncatingIfNeeded: ((chain.i &- i) &<< 32) &+ row &+ 1)
  }

  /// One run, when at least 256 rows of a column have the highest key: those are not looked at one by
  /// one, so that few distinct scores cost next to nothing.
  private mutating func fillWithOneLongRun() -> Bool {
    let key = rest.highest
    func isLong(_ column: UnsafeBufferPointer<Key>, _ count: Int) -> Bool {
      count >= 256 && column[count &- 256] == key
    }
    if !isLong(rest.a, rest.i) && !isLong(rest.b, rest.j) { return false }
    let end = rest.below(key)
    let p = min(rest.i &- end.i, Int(Int32.max))
    let n = min(rest.j &- end.j, Int(Int32.max))
    keys[1] = key
    ends[1] = UInt64(truncatingIfNeeded: (p &<< 32) &+ p &+ n)
    counts.0 = 1
    rest.i &-= p
    rest.j &-= n
    return true
  }

  /// A run for each row, near the end of a column.
  private mutating func fillOneByOne() {
    var rows = 0
    let i = rest.i
    while rows < Self.length && rest.count > 0 {
      let key = rest.highest
      if rest.i > 0 && rest.a[rest.i &- 1] == key { rest.i &-= 1 } else { rest.j &-= 1 }
      rows &+= 1
      keys[rows] = key
      ends[rows] = UInt64(truncatingIfNeeded: ((i &- rest.i) &<< 32) &+ rows)
    }
    counts.0 = rows
  }
}
