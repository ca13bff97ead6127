// How many keys of one sorted column are not above each key of another. Like Kernels.swift of EvalMetrics, this file
// may use unsafe pointers; whoever calls what it offers sees to it that they are valid.

/// What tells of a few neighbouring keys how many are above one: each form of the loops has its own.
public protocol KeyWindow<Key> {
  associatedtype Key: FixedWidthInteger & UnsignedInteger
  /// How many keys a window has.
  static var length: Int { get }
  /// How many of the keys of a window, which are ascending, are above `key`; and how many are that key,
  /// with `KeyTies.open` where the first of them is, so that there may be more before the window.
  static func compare(_ keys: UnsafePointer<Key>, _ key: Key) -> (above: Int, ties: Int)
}

/// How many keys equal one, as a window counts them: the lower half of the number.
public enum KeyTies {
  /// The bit that says that there may be more; those above it say nothing.
  @inlinable @inline(__always)
  public static var open: Int { 1 << 32 }
  @inlinable @inline(__always)
  public static var count: Int { open &- 1 }

  /// Of a window in which a bit is set for each key that equals one, the lowest for the first key.
  @inlinable @inline(__always)
  public static func of(_ bits: UInt32) -> Int {
    Int(truncatingIfNeeded: bits) << 32 | bits.nonzeroBitCount
  }
}

/// For every processor.
public enum PlainWindow<Key: FixedWidthInteger & UnsignedInteger>: KeyWindow {
  @inlinable @inline(__always)
  public static var length: Int { 8 }

  @inlinable @inline(__always)
  public static func compare(_ keys: UnsafePointer<Key>, _ key: Key) -> (above: Int, ties: Int) {
    let low = one(keys[0] > key) &+ one(keys[1] > key)
    let middle = one(keys[2] > key) &+ one(keys[3] > key)
    let high = one(keys[4] > key) &+ one(keys[5] > key)
    let top = one(keys[6] > key) &+ one(keys[7] > key)
    let above = (low &+ middle) &+ (high &+ top)
    // One that equals it would be next to those above it; where all are, the first of them isn't it.
    let next = keys[max(0, length &- 1 &- above)]
    return (above, one(next == key) &* KeyTies.open)
  }
}

/// Ranks the keys of one ascending column among those of another, from the highest down.
///
/// A part of the keys is cut into four chains, which are ranked side by side because each waits for its
/// own last step; no step has a branch that depends on the keys.
@frozen
public struct KeyRanker<Key: FixedWidthInteger & UnsignedInteger> {
  public let keys: UnsafeBufferPointer<Key>
  public let others: UnsafeBufferPointer<Key>

  @inlinable @inline(__always)
  public init(_ keys: UnsafeBufferPointer<Key>, among others: UnsafeBufferPointer<Key>) {
    (self.keys, self.others) = (keys, others)
  }

  /// One of four parts of the keys.
  @frozen @usableFromInline
  struct Chain {
    /// Keys and others left: the first so many of each column.
    @usableFromInline var i: Int
    @usableFromInline var j: Int
    /// Where the keys of the chain end.
    @usableFromInline let end: Int

    @inlinable @inline(__always)
    init(i: Int, j: Int, end: Int) { (self.i, self.j, self.end) = (i, j, end) }

    /// So many steps find a whole window each.
    @inlinable @inline(__always)
    func stepsLeft(_ length: Int) -> Int { min(i &- end, j / length) }
  }

  /// Ranks the keys from `end` to `i`: writes the others that are not above each, the first `end`'s
  /// first, and how many of those equal it, as `KeyTies` has it. The others that are not above the highest of
  /// the keys are among the first `j`.
  @inlinable @inline(__always)
  public func rank<Window: KeyWindow<Key>>(
    _ i: Int, _ j: Int, from end: Int, into ranks: UnsafeMutablePointer<Int>,
    _ ties: UnsafeMutablePointer<Int>, _: Window.Type
  ) {
    guard let pointer = keys.baseAddress, let window = others.baseAddress else {
      ranks.update(repeating: 0, count: i &- end)
      ties.update(repeating: 0, count: i &- end)
      return
    }
    let quarter = (i &- end) / 4
    var a = Chain(i: i, j: j, end: i &- quarter)
    var b = chain(after: a, quarter)
    var c = chain(after: b, quarter)
    var d = chain(after: c, c.end &- end)
    let (ranks, ties) = (ranks - end, ties - end)
    let length = Window.length
    while true {
      let safe = min(
        min(a.stepsLeft(length), b.stepsLeft(length)), min(c.stepsLeft(length), d.stepsLeft(length))
      )
      if safe == 0 { break }
      for _ in 0..<safe {
        step(&a, pointer, window, ranks, ties, Window.self)
        step(&b, pointer, window, ranks, ties, Window.self)
        step(&c, pointer, window, ranks, ties, Window.self)
        step(&d, pointer, window, ranks, ties, Window.self)
      }
    }
    finish(&a, pointer, window, ranks, ties, Window.self)
    finish(&b, pointer, window, ranks, ties, Window.self)
    finish(&c, pointer, window, ranks, ties, Window.self)
    finish(&d, pointer, window, ranks, ties, Window.self)
  }

  /// How many others are a key, the first `end` of them being those that are not above it.
  @inlinable @inline(__always)
  public func equals(_ key: Key, _ end: Int) -> Int {
    var step = 1
    while step < end && others[end &- step] == key { step &*= 2 }
    return end &- lowerBound(others, key, max(0, end &- step), end)
  }
}

extension KeyRanker {
  /// The chain of the next `count` keys.
  @inlinable @inline(__always)
  func chain(after last: Chain, _ count: Int) -> Chain {
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

  /// Compares a window of others with the chain's next key. Where all are above it, the next step goes
  /// on with the same one, so that no branch depends on the keys.
  @inlinable @inline(__always)
  func step<Window: KeyWindow<Key>>(
    _ chain: inout Chain, _ keys: UnsafePointer<Key>, _ others: UnsafePointer<Key>,
    _ ranks: UnsafeMutablePointer<Int>, _ ties: UnsafeMutablePointer<Int>, _: Window.Type
  ) {
    let found = Window.compare(others + (chain.j &- Window.length), keys[chain.i &- 1])
    chain.j &-= found.above
    ranks[chain.i &- 1] = chain.j
    ties[chain.i &- 1] = found.ties
    chain.i &-= one(found.above < Window.length)
  }

  /// Ranks the rest of a chain, the last keys one by one.
  @inlinable @inline(__always)
  func finish<Window: KeyWindow<Key>>(
    _ chain: inout Chain, _ keys: UnsafePointer<Key>, _ others: UnsafePointer<Key>,
    _ ranks: UnsafeMutablePointer<Int>, _ ties: UnsafeMutablePointer<Int>, _: Window.Type
  ) {
    while chain.stepsLeft(Window.length) > 0 {
      step(&chain, keys, others, ranks, ties, Window.self)
    }
    while chain.i > chain.end {
      let key = keys[chain.i &- 1]
      while chain.j > 0 && others[chain.j &- 1] > key { chain.j &-= 1 }
      ranks[chain.i &- 1] = chain.j
      ties[chain.i &- 1] = chain.j > 0 && others[chain.j &- 1] == key ? KeyTies.open : 0
      chain.i &-= 1
    }
  }

  /// The first place from `start` to `end` whose key is not below one.
  @inlinable @inline(__always)
  public func lowerBound(
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
}

/// 1 where it is so, else 0, without a branch.
@inlinable @inline(__always)
func one(_ isSo: Bool) -> Int { Int(unsafeBitCast(isSo, to: UInt8.self)) }
