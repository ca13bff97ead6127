// Sorting rows by a key, for lists that are short as a rule and in order often. Like Kernels.swift, this file
// may use unsafe pointers, and what it offers may be called with columns of any size and content.

/// A row and what it is sorted by.
struct KeyedRow: Sendable {
  var key: UInt64
  var row: Int
}

extension Kernels {
  /// Sorts rows by key, ascending; rows of one key keep their order. `scratch` is room that can be used again.
  static func sort(_ rows: inout [KeyedRow], scratch: inout [KeyedRow]) {
    if isSorted(rows) { return }
    let count = rows.count
    if scratch.count < count {
      scratch = Array(repeating: KeyedRow(key: 0, row: 0), count: max(count, 2 * scratch.count))
    }
    rows.withUnsafeMutableBufferPointer { rows in
      scratch.withUnsafeMutableBufferPointer { scratch in
        guard let first = rows.baseAddress, let second = scratch.baseAddress else { return }
        if count >= 200 { return sortByDigits(first, second, count) }
        let block = 12
        for start in stride(from: 0, to: count, by: block) {
          insertionSort(first + start, min(block, count - start))
        }
        var (from, to) = (first, second)
        var width = block
        while width < count {
          for start in stride(from: 0, to: count, by: 2 * width) {
            merge(from, to, start, min(start + width, count), min(start + 2 * width, count))
          }
          swap(&from, &to)
          width *= 2
        }
        if from != first { first.update(from: from, count: count) }
      }
    }
  }

  /// Sorts by one byte of the key after another, the lowest first. Bytes that all keys share are passed over:
  /// scores that came as floats of 32 bits have three of them.
  private static func sortByDigits(
    _ rows: UnsafeMutablePointer<KeyedRow>, _ scratch: UnsafeMutablePointer<KeyedRow>, _ count: Int
  ) {
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: 8 * 256) { counts in
      guard let counts = counts.baseAddress else { return }
      counts.initialize(repeating: 0, count: 8 * 256)
      for row in 0..<count {
        let key = rows[row].key
        for digit in 0..<8 {
          counts[digit &* 256 &+ Int((key &>> UInt64(8 &* digit)) & 255)] &+= 1
        }
      }
      var (from, to) = (rows, scratch)
      for digit in 0..<8 {
        let places = counts + digit &* 256
        let shift = UInt64(8 &* digit)
        if places[Int((from[0].key &>> shift) & 255)] == Int32(truncatingIfNeeded: count) {
          continue
        }
        var start: Int32 = 0
        for value in 0..<256 {
          let size = places[value]
          places[value] = start
          start &+= size
        }
        for row in 0..<count {
          let value = Int((from[row].key &>> shift) & 255)
          to[Int(places[value])] = from[row]
          places[value] &+= 1
        }
        swap(&from, &to)
      }
      if from != rows { rows.update(from: from, count: count) }
    }
  }

  private static func isSorted(_ rows: [KeyedRow]) -> Bool {
    rows.withUnsafeBufferPointer { rows in
      for place in 1..<max(1, rows.count) where rows[place].key < rows[place &- 1].key {
        return false
      }
      return true
    }
  }

  @inline(__always)
  private static func insertionSort(_ rows: UnsafeMutablePointer<KeyedRow>, _ count: Int) {
    var place = 1
    while place < count {
      let row = rows[place]
      var hole = place
      while hole > 0 && row.key < rows[hole &- 1].key {
        rows[hole] = rows[hole &- 1]
        hole &-= 1
      }
      rows[hole] = row
      place &+= 1
    }
  }

  /// Merges two sorted stretches. Which side is smaller cannot be predicted, so nothing branches on it.
  @inline(__always)
  private static func merge(
    _ from: UnsafeMutablePointer<KeyedRow>, _ to: UnsafeMutablePointer<KeyedRow>, _ start: Int,
    _ middle: Int, _ end: Int
  ) {
    var left = start
    var right = middle
    var place = start
    while left < middle && right < end {
      let takesRight = from[right].key < from[left].key
      to[place] = from[takesRight ? right : left]
      let step = takesRight ? 1 : 0
      right &+= step
      left &+= 1 &- step
      place &+= 1
    }
    (to + place).update(from: from + left, count: middle &- left)
    (to + (place &+ middle &- left)).update(from: from + right, count: end &- right)
  }
}
