extension Kernels {
  /// The sum of the scores that a range of ascending keys stands for, and the sum of their squares,
  /// both exact. All of them are finite and not negative.
  ///
  /// Ascending floats have stretches of one exponent, in which a sum is a sum of integers.
  static func exactSums(
    _ keys: [UInt32], in range: Range<Int>
  ) -> (sum: ExactSum, squares: ExactSum) {
    var sums = (sum: ExactSum(), squares: ExactSum())
    let end = min(range.upperBound, keys.count)
    var start = max(range.lowerBound, 0)
    while start < end {
      let exponent = (keys[start] ^ 0x8000_0000) >> 23
      let next = exponent >= 255 ? UInt32.max : ((exponent + 1) << 23) | 0x8000_0000
      let stop = firstNotBelow(next, in: keys, from: start, to: end)
      // Subnormals have no hidden bit, and the exponent of the least normals.
      let hidden: UInt32 = exponent == 0 ? 0 : 0x80_0000
      let power = Int(max(exponent, 1)) - 150
      addSignificands(keys, start..<stop, hidden, power, &sums)
      start = stop
    }
    return sums
  }

  private static func addSignificands(
    _ keys: [UInt32], _ range: Range<Int>, _ hidden: UInt32, _ power: Int,
    _ sums: inout (sum: ExactSum, squares: ExactSum)
  ) {
    // 2^15 squares of 24 bits stay below 2^63.
    let block = 1 << 15
    keys.withUnsafeBufferPointer { keys in
      var start = range.lowerBound
      while start < range.upperBound {
        let stop = min(start + block, range.upperBound)
        var sum: UInt64 = 0
        var squares: UInt64 = 0
        for place in start..<stop {
          let significand = UInt64((keys[place] & 0x7f_ffff) | hidden)
          sum &+= significand
          squares &+= significand &* significand
        }
        sums.sum.add(scaled(sum, power))
        sums.squares.add(scaled(squares & 0xffff_ffff, 2 * power))
        sums.squares.add(scaled(squares >> 32, 2 * power + 32))
        start = stop
      }
    }
  }

  /// An integer below 2^53 times a power of two, exactly.
  private static func scaled(_ x: UInt64, _ power: Int) -> Double {
    Double(sign: .plus, exponent: power, significand: Double(x))
  }

  /// The first place in a range of ascending keys whose key is not below one; looks near the start first.
  private static func firstNotBelow(
    _ key: UInt32, in keys: [UInt32], from start: Int, to end: Int
  ) -> Int {
    var low = start
    var step = 1
    while low + step < end, keys[low + step] < key {
      low += step
      step *= 2
    }
    var high = min(low + step, end)
    while low < high {
      let middle = (low + high) / 2
      if keys[middle] < key { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
