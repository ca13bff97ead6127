// Sums over keys. Like Kernels.swift, this file may use unsafe pointers, and what it offers may be called with columns
// of any size.

import RowLoops

extension Kernels {
  /// The sum of the scores that a range of ascending keys stands for, and the sum of their squares,
  /// both exact. All of them are finite and not negative.
  ///
  /// Ascending floats have stretches of one exponent, in which a sum is a sum of integers.
  static func exactSums(
    _ keys: [UInt32], in range: Range<Int>
  ) -> (sum: ExactSum, squares: ExactSum) { exactSums(keys, in: range, by: .best) }

  /// The same in one form of the loops.
  static func exactSums(
    _ keys: [UInt32], in range: Range<Int>, by form: RowForm
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
      addSignificands(keys, start..<stop, hidden, power, form, &sums)
      start = stop
    }
    return sums
  }

  private static func addSignificands(
    _ keys: [UInt32], _ range: Range<Int>, _ hidden: UInt32, _ power: Int, _ form: RowForm,
    _ sums: inout (sum: ExactSum, squares: ExactSum)
  ) {
    let block = SignificandSums.mostKeys
    keys.withUnsafeBufferPointer { keys in
      guard let first = keys.baseAddress else { return }
      for start in stride(from: range.lowerBound, to: range.upperBound, by: block) {
        let count = min(block, range.upperBound &- start)
        let found = form.significandSums(first + start, count, hidden: hidden)
        sums.sum.add(scaled(found.sum, power))
        sums.squares.add(scaled(found.squares & 0xffff_ffff, 2 * power))
        sums.squares.add(scaled(found.squares >> 32, 2 * power + 32))
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
