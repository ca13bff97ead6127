// How many keys of one sorted column are not above each key of another. Like Kernels.swift, this file may
// use unsafe pointers, and what it offers may be called with columns of any size.

/// Ranks the keys of one ascending column among those of another, from the highest down.
///
/// A part of the keys is cut into four chains, which are ranked side by side because each waits for its
/// own last step; no step has a branch that depends on the keys.
struct KeyRanker<Key: ScoreKey> {
  let keys: UnsafeBufferPointer<Key>
  let others: UnsafeBufferPointer<Key>

  init(_ keys: UnsafeBufferPointer<Key>, among others: UnsafeBufferPointer<Key>) {
    (self.keys, self.others) = (keys, others)
  }

  /// One of four parts of the keys.
  private struct Chain {
    /// Keys and others left: the first so many of each column.
    var i: Int
    var j: Int
    /// Where the keys of the chain end.
    let end: Int
    var stepsLeft: Int { min(i &- end, j / 8) }
  }

  /// Ranks the keys from `end` to `i`: writes the others that are not above each, the first `end`'s
  /// first. The others that are not above the highest of them are among the first `j`.
  @inline(__always)
  func rank(_ i: Int, _ j: Int, from end: Int, into ranks: UnsafeMutablePointer<Int>) {
    let quarter = (i &- end) / 4
    var a = Chain(i: i, j: j, end: i &- quarter)
    var b = chain(after: a, quarter)
    var c = chain(after: b, quarter)
    var d = chain(after: c, c.end &- end)
    let ranks = ranks - end
    while true {
      let safe = min(min(a.stepsLeft, b.stepsLeft), min(c.stepsLeft, d.stepsLeft))
      if safe == 0 { break }
      for _ in 0..<safe {
        step(&a, ranks)
        step(&b, ranks)
        step(&c, ranks)
        step(&d, ranks)
      }
    }
    finish(&a, ranks)
    finish(&b, ranks)
    finish(&c, ranks)
    finish(&d, ranks)
  }

  /// How many others are a key, the first `end` of them being those that are not above it.
  @inline(__always)
  func equals(_ key: Key, _ end: Int) -> Int {
    if end < 4 || others[end &- 4] == key { return end &- lowerBound(others, key, 0, end) }
    return one(others[end &- 1] == key) &+ one(others[end &- 2] == key)
      &+ one(others[end &- 3] == key)
  }

  /// The first place from `start` to `end` whose key is not below one.
  @inline(never)
  func lowerBound(
    _ keys: UnsafeBufferPointer<Key>, _ key: Key, _ start: Int, _ end: Int
  ) -> Int {
    var low = start
    var high = end
    while low < high {
      let middle = low &+ (high &- low) / 2
      if keys[middle] >= key { high = middle } else { low = middle &+ 1 }
    }
    return low
  }

  /// 1 where it is so, else 0, without a branch.
  @inline(__always)
  private func one(_ isSo: Bool) -> Int { Int(unsafeBitCast(isSo, to: UInt8.self)) }
}

extension KeyRanker {
  /// The chain of the next `count` keys.
  @inline(__always)
  private func chain(after last: Chain, _ count: Int) -> Chain {
    let i = last.end
    if count == 0 { return Chain(i: i, j: last.j, end: i) }
    let key = keys[i &- 1]
    // Looks near the last chain's start first.
    var step = 2 &* count
    var low = last.j
    while low > 0 && others[low &- 1] > key {
      low = max(0, low &- step)
      step &*= 2
    }
    // The first other above the key is where the next higher one would begin.
    let j = key == .max ? last.j : lowerBound(others, key &+ 1, low, last.j)
    return Chain(i: i, j: j, end: i &- count)
  }

  /// Compares eight others with the chain's next key. Where all are above it, the next step goes
  /// on with the same one, so that no branch depends on the keys.
  @inline(__always)
  private func step(_ chain: inout Chain, _ ranks: UnsafeMutablePointer<Int>) {
    let key = keys[chain.i &- 1]
    let window = chain.j &- 8
    let low = one(others[window] > key) &+ one(others[window &+ 1] > key)
    let middle = one(others[window &+ 2] > key) &+ one(others[window &+ 3] > key)
    let high = one(others[window &+ 4] > key) &+ one(others[window &+ 5] > key)
    let top = one(others[window &+ 6] > key) &+ one(others[window &+ 7] > key)
    let found = (low &+ middle) &+ (high &+ top)
    chain.j &-= found
    ranks[chain.i &- 1] = chain.j
    chain.i &-= one(found < 8)
  }

  /// Ranks the rest of a chain one by one.
  @inline(never)
  private func finish(_ chain: inout Chain, _ ranks: UnsafeMutablePointer<Int>) {
    while chain.i > chain.end {
      let key = keys[chain.i &- 1]
      while chain.j >= 8 && others[chain.j &- 8] > key { chain.j &-= 8 }
      while chain.j > 0 && others[chain.j &- 1] > key { chain.j &-= 1 }
      ranks[chain.i &- 1] = chain.j
      chain.i &-= 1
    }
  }
}
