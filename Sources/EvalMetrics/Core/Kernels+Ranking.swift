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
