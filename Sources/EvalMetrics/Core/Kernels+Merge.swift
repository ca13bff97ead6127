// Merging sorted columns of keys. Like Kernels.swift, this file may use unsafe pointers, and
// what it offers may be called with columns of any size.
//
// Which of two columns has the next key is a coin toss that a processor can't predict, and a merge
// without branches waits for the last step's load. So a block of rows is cut into four chains by binary
// search for the places where they start, and the four advance side by side without a branch.

extension Kernels {
  /// Merges two ascending columns of keys into one.
  public static func merge(_ a: [UInt32], _ b: [UInt32]) -> [UInt32] { mergeKeys(a, b) }

  /// Merges two ascending columns of keys into one.
  public static func merge(_ a: [UInt64], _ b: [UInt64]) -> [UInt64] { mergeKeys(a, b) }

  /// The index of the first element of an ascending column that is not below `key`; the count when
  /// all are.
  @inline(__always)
  static func lowerBound<Key: ScoreKey>(_ keys: [Key], _ key: Key) -> Int {
    keys.withUnsafeBufferPointer { firstIndex($0, 0) { $0 >= key } }
  }

  /// The index of the first element of an ascending column that is above `key`; the count when none is.
  @inline(__always)
  static func upperBound<Key: ScoreKey>(_ keys: [Key], _ key: Key) -> Int {
    keys.withUnsafeBufferPointer { firstIndex($0, 0) { $0 > key } }
  }

  /// The first index from `start` on whose element is as `isFound` says, which is false up to there
  /// and true from there on.
  @inline(__always)
  static func firstIndex<Key: ScoreKey>(
    _ keys: UnsafeBufferPointer<Key>, _ start: Int, _ isFound: (Key) -> Bool
  ) -> Int {
    var low = start
    var high = keys.count
    while low < high {
      let middle = low &+ (high &- low) / 2
      if isFound(keys[middle]) { high = middle } else { low = middle &+ 1 }
    }
    return low
  }

  @inline(__always)
  private static func mergeKeys<Key: ScoreKey>(_ a: [Key], _ b: [Key]) -> [Key] {
    if a.isEmpty { return b }
    if b.isEmpty { return a }
    return LargeColumns.make(count: a.count + b.count) { merged in
      a.withUnsafeBufferPointer { a in
        b.withUnsafeBufferPointer { b in
          if a.count / 128 >= b.count {
            insert(b, into: a, merged)
          } else if b.count / 128 >= a.count {
            insert(a, into: b, merged)
          } else {
            merge(a, b, merged)
          }
        }
      }
    }
  }

  /// Merges a short column into a long one, copying what is between.
  @inline(__always)
  private static func insert<Key: ScoreKey>(
    _ short: UnsafeBufferPointer<Key>, into long: UnsafeBufferPointer<Key>,
    _ merged: UnsafeMutableBufferPointer<Key>
  ) {
    guard let source = long.baseAddress, let target = merged.baseAddress else { return }
    var copied = 0
    for (index, key) in short.enumerated() {
      let end = firstIndex(long, copied) { $0 > key }
      (target + copied + index).initialize(from: source + copied, count: end - copied)
      (target + end + index).initialize(to: key)
      copied = end
    }
    (target + copied + short.count).initialize(from: source + copied, count: long.count - copied)
  }

  /// Merges from the highest key down.
  @inline(__always)
  private static func merge<Key: ScoreKey>(
    _ a: UnsafeBufferPointer<Key>, _ b: UnsafeBufferPointer<Key>,
    _ merged: UnsafeMutableBufferPointer<Key>
  ) {
    guard let target = merged.baseAddress else { return }
    var rest = SortedPair(a, b)
    let length = 4096
    while let chains = rest.chains(length) {
      let top = target + rest.count - 1
      var (i0, i1, i2, i3) = (chains.0.i, chains.1.i, chains.2.i, chains.3.i)
      for row in 0..<length {
        top[-row] = chains.0.step(&i0, row)
        top[-row &- length] = chains.1.step(&i1, row)
        top[-row &- 2 &* length] = chains.2.step(&i2, row)
        top[-row &- 3 &* length] = chains.3.step(&i3, row)
      }
      rest = chains.3.rest(i3, length)
    }
    while rest.i > 0 && rest.j > 0 {
      let row = target + rest.count - 1
      if rest.a[rest.i &- 1] >= rest.b[rest.j &- 1] {
        rest.i &-= 1
        row.initialize(to: rest.a[rest.i])
      } else {
        rest.j &-= 1
        row.initialize(to: rest.b[rest.j])
      }
    }
    // Only one of them has keys left, the lowest of all.
    _ = merged.initialize(fromContentsOf: rest.a[..<rest.i])
    _ = merged.initialize(fromContentsOf: rest.b[..<rest.j])
  }
}

/// The first `i` keys of one ascending column and the first `j` of another: what is left when both are
/// walked from the highest key down, `a` first where keys are equal.
struct SortedPair<Key: ScoreKey> {
  let a: UnsafeBufferPointer<Key>
  let b: UnsafeBufferPointer<Key>
  var i: Int
  var j: Int

  @inline(__always)
  init(_ a: UnsafeBufferPointer<Key>, _ b: UnsafeBufferPointer<Key>) {
    (self.a, self.b, i, j) = (a, b, a.count, b.count)
  }

  @inline(__always)
  var count: Int { i &+ j }

  /// The highest key left; zero when none is.
  @inline(__always)
  var highest: Key { max(i > 0 ? a[i &- 1] : 0, j > 0 ? b[j &- 1] : 0) }

  /// What is left below a key.
  func below(_ key: Key) -> SortedPair {
    var rest = self
    rest.i = min(i, Kernels.firstIndex(a, 0) { $0 >= key })
    rest.j = min(j, Kernels.firstIndex(b, 0) { $0 >= key })
    return rest
  }

  /// What is left after `count` more rows, which must be there.
  func after(_ count: Int) -> SortedPair {
    // The number of rows from `a` among them: the first x for which a's row x comes after b's row
    // count - 1 - x, both counted from the top.
    var low = max(0, count &- j)
    var high = min(count, i)
    while low < high {
      let middle = low &+ (high &- low) / 2
      if a[i &- 1 &- middle] >= b[j &- count &+ middle] { low = middle &+ 1 } else { high = middle }
    }
    var rest = self
    rest.i &-= low
    rest.j &-= count &- low
    return rest
  }

  /// Four chains of `length` rows each; nil unless both columns have keys left after them, for then no
  /// chain looks before the start of a column.
  @inline(__always)
  func chains(_ length: Int) -> (Chain<Key>, Chain<Key>, Chain<Key>, Chain<Key>)? {
    if count < 4 &* length { return nil }
    let end = after(4 &* length)
    if end.i == 0 || end.j == 0 { return nil }
    return (
      Chain(self), Chain(after(length)), Chain(after(2 &* length)), Chain(after(3 &* length))
    )
  }
}

/// One of the chains. Every step takes one row from `a` or `b`, so `b`'s place follows from `a`'s.
struct Chain<Key: ScoreKey> {
  let start: SortedPair<Key>
  let end: Int
  var i: Int { start.i }
  var highest: Key { start.highest }

  @inline(__always)
  init(_ start: SortedPair<Key>) {
    self.start = start
    end = start.count &- 1
  }

  @inline(__always)
  func step(_ i: inout Int, _ row: Int) -> Key {
    let x = start.a[i &- 1]
    let y = start.b[end &- row &- i]
    // As arithmetic, because the optimiser makes a branch of a conditional step.
    i &-= Int(unsafeBitCast(x >= y, to: UInt8.self))
    return max(x, y)
  }

  @inline(__always)
  func rest(_ i: Int, _ rows: Int) -> SortedPair<Key> {
    var rest = start
    rest.i = i
    rest.j = start.count &- rows &- i
    return rest
  }
}
