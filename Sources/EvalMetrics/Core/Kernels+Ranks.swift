extension Kernels {
  /// Calls `body` for every distinct positive score, the highest first, with how many positives have
  /// it, how many negatives lie above it, and how many negatives have it too.
  ///
  /// What a curve says changes direction only at positives, so most of a walk over both can be left out.
  @inline(__always)
  static func walkPositives<Key: ScoreKey>(
    positives: [Key], negatives: [Key],
    body: (_ key: Key, _ count: Int, _ above: Int, _ equal: Int) -> Void
  ) {
    positives.withUnsafeBufferPointer { ones in
      negatives.withUnsafeBufferPointer { zeros in
        var i = ones.count
        var j = zeros.count
        while i > 0 {
          let key = ones[i - 1]
          var rest = i - 1
          while rest > 0 && ones[rest - 1] == key { rest -= 1 }
          j = firstAbove(key, zeros, below: j)
          var low = j
          while low > 0 && zeros[low - 1] == key { low -= 1 }
          body(key, i - rest, zeros.count - j, j - low)
          i = rest
        }
      }
    }
  }

  /// How many of the first `end` ascending keys are not above one. They are near the end as a rule.
  @inline(__always)
  private static func firstAbove<Key: ScoreKey>(
    _ key: Key, _ keys: UnsafeBufferPointer<Key>, below end: Int
  ) -> Int {
    var place = end
    // Four at a time without a branch on each: how many of them lie above.
    while place >= 4 {
      let above =
        (keys[place - 1] > key ? 1 : 0) + (keys[place - 2] > key ? 1 : 0)
        + (keys[place - 3] > key ? 1 : 0) + (keys[place - 4] > key ? 1 : 0)
      place -= above
      if above < 4 { return place }
    }
    while place > 0 && keys[place - 1] > key { place -= 1 }
    return place
  }
}
