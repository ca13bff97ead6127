// Order: sorting keys, merging sorted keys, walking over them. Like Kernels.swift, it may use unsafe
// pointers, and every function may be called with columns of any size.

extension Kernels {
  /// Sorts keys in ascending order.
  public static func sort(_ keys: inout [UInt32]) { keys.sort() }

  /// Sorts keys in ascending order.
  public static func sort(_ keys: inout [UInt64]) { keys.sort() }

  /// Sorts rows by key, then by the bits of the payload, which is the payload's own order where it
  /// isn't negative. Rows are as many as both columns have; the longer one is cut.
  public static func sort(keys: inout [UInt64], payload: inout [Double]) {
    let rows = zip(keys, payload).sorted {
      ($0.0, $0.1.bitPattern) < ($1.0, $1.1.bitPattern)
    }
    keys = rows.map { $0.0 }
    payload = rows.map { $0.1 }
  }

  /// Merges two ascending columns of keys into one.
  public static func merge(_ a: [UInt32], _ b: [UInt32]) -> [UInt32] { mergeKeys(a, b) }

  /// Merges two ascending columns of keys into one.
  public static func merge(_ a: [UInt64], _ b: [UInt64]) -> [UInt64] { mergeKeys(a, b) }

  @inline(__always)
  private static func mergeKeys<Key: ScoreKey>(_ a: [Key], _ b: [Key]) -> [Key] {
    var merged: [Key] = []
    merged.reserveCapacity(a.count + b.count)
    var i = 0
    var j = 0
    while i < a.count && j < b.count {
      if a[i] <= b[j] {
        merged.append(a[i])
        i += 1
      } else {
        merged.append(b[j])
        j += 1
      }
    }
    merged.append(contentsOf: a[i...])
    merged.append(contentsOf: b[j...])
    return merged
  }

  /// The index of the first element of an ascending column that is not below `key`; the count when
  /// all are.
  @inline(__always)
  public static func lowerBound<Key: ScoreKey>(_ keys: [Key], _ key: Key) -> Int {
    var low = 0
    var high = keys.count
    while low < high {
      let middle = (low &+ high) / 2
      if keys[middle] < key { low = middle &+ 1 } else { high = middle }
    }
    return low
  }

  /// The index of the first element of an ascending column that is above `key`; the count when none is.
  @inline(__always)
  public static func upperBound<Key: ScoreKey>(_ keys: [Key], _ key: Key) -> Int {
    var low = 0
    var high = keys.count
    while low < high {
      let middle = (low &+ high) / 2
      if keys[middle] <= key { low = middle &+ 1 } else { high = middle }
    }
    return low
  }

  /// Calls `body` for every distinct key of two ascending columns, the highest first, with the number
  /// of positives and of negatives that have it.
  @inline(__always)
  public static func walkDescending<Key: ScoreKey>(
    positives: [Key], negatives: [Key], body: (Key, Int, Int) -> Void
  ) {
    var i = positives.count - 1
    var j = negatives.count - 1
    while i >= 0 || j >= 0 {
      let key = max(i >= 0 ? positives[i] : 0, j >= 0 ? negatives[j] : 0)
      let p = i
      let n = j
      while i >= 0 && positives[i] == key { i -= 1 }
      while j >= 0 && negatives[j] == key { j -= 1 }
      body(key, p - i, n - j)
    }
  }
}
