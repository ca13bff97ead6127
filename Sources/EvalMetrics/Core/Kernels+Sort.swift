// Sorting keys by radix. Like Kernels.swift, this file may use unsafe pointers, and what it offers may
// be called with columns of any size and content.
//
// A large range of keys is scattered by its highest digit into buckets that fit the cache, and those
// are sorted from their lowest digit up. Digits are cut from the range that the keys really have, not
// from the type: probabilities differ in 29 bits or so, scores that were Floats have 29 zeros below.

extension Kernels {
  /// Sorts keys in ascending order.
  public static func sort(_ keys: inout [UInt32]) {
    keys.withUnsafeMutableBufferPointer { RadixSort.sort($0) }
  }

  /// Sorts keys in ascending order.
  public static func sort(_ keys: inout [UInt64]) {
    keys.withUnsafeMutableBufferPointer { RadixSort.sort($0) }
  }

  /// Sorts rows by key, then by the bits of the payload, which is the payload's own order where it
  /// isn't negative. Rows are as many as both columns have; the longer one is cut.
  public static func sort(keys: inout [UInt64], payload: inout [Double]) {
    let count = min(keys.count, payload.count)
    keys.removeLast(keys.count - count)
    payload.removeLast(payload.count - count)
    keys.withUnsafeMutableBufferPointer { keys in
      payload.withUnsafeMutableBufferPointer { payload in
        let rows = UnsafeMutableBufferPointer<WeightedRow>.allocate(capacity: count)
        defer { rows.deallocate() }
        for row in 0..<count {
          rows[row] = WeightedRow(key: keys[row], weight: payload[row].bitPattern)
        }
        RadixSort.sort(rows)
        sortRunsByWeight(rows)
        for row in 0..<count {
          keys[row] = rows[row].key
          payload[row] = Double(bitPattern: rows[row].weight)
        }
      }
    }
  }

  private static func sortRunsByWeight(_ rows: UnsafeMutableBufferPointer<WeightedRow>) {
    var start = 0
    while start < rows.count {
      var end = start &+ 1
      while end < rows.count && rows[end].key == rows[start].key { end &+= 1 }
      if end &- start > 1 {
        let run = UnsafeMutableBufferPointer(rebasing: rows[start..<end])
        run.withMemoryRebound(to: RowByWeight.self) { RadixSort.sort($0) }
      }
      start = end
    }
  }
}

/// What can be sorted by an unsigned integer.
protocol RadixSortable {
  associatedtype Key: FixedWidthInteger & UnsignedInteger
  var radixKey: Key { get }
}

extension UInt32: RadixSortable { var radixKey: UInt32 { self } }
extension UInt64: RadixSortable { var radixKey: UInt64 { self } }

private struct WeightedRow: RadixSortable {
  var key: UInt64
  var weight: UInt64
  var radixKey: UInt64 { key }
}

/// The same row, sorted by its weight.
private struct RowByWeight: RadixSortable {
  var key: UInt64
  var weight: UInt64
  var radixKey: UInt64 { weight }
}

/// The digits in which the keys of a column differ: (key - low) >> shift, of so many bits.
struct RadixDigits<Key: FixedWidthInteger & UnsignedInteger> {
  var low: Key
  var shift: Int
  var bits: Int

  @inline(__always)
  func digit(_ key: Key, at place: Int, mask: Key) -> Int {
    Int(truncatingIfNeeded: ((key &- low) &>> Key(truncatingIfNeeded: shift &+ place)) & mask)
  }
}

/// What keys lie between, and in which bits they differ.
struct RadixRange<Key: FixedWidthInteger & UnsignedInteger> {
  private let first: Key
  private var low: Key
  private var high: Key
  private var different: Key = 0

  @inline(__always)
  init(_ key: Key) { (first, low, high) = (key, key, key) }

  @inline(__always)
  mutating func add(_ key: Key) {
    low = min(low, key)
    high = max(high, key)
    different |= key ^ first
  }

  @inline(__always)
  var digits: RadixDigits<Key> {
    if different == 0 { return RadixDigits(low: low, shift: 0, bits: 0) }
    let shift = different.trailingZeroBitCount
    let range = (high &- low) &>> Key(truncatingIfNeeded: shift)
    return RadixDigits(low: low, shift: shift, bits: Key.bitWidth &- range.leadingZeroBitCount)
  }
}

struct RadixSort<Element: RadixSortable> {
  typealias Key = Element.Key
  typealias Column = UnsafeMutablePointer<Element>

  /// Columns up to so long stay in the cache while they are sorted from the lowest digit up.
  static var cachedCount: Int { 1 << 17 }
  /// Up to so many elements are sorted by insertion.
  static var insertionCount: Int { 24 }

  /// A level of buckets takes 4 bits or more off the keys, and the last may need two tables.
  static var levels: Int { Key.bitWidth / 4 + 2 }

  /// A table of 2^width counters for each level of buckets.
  let counters: UnsafeMutablePointer<UInt32>
  let width: Int

  /// How many bits a digit may have: few where the elements are few, because every value of a digit
  /// costs time too.
  @inline(__always)
  static func widestDigit(_ count: Int) -> Int {
    min(11, max(4, Int.bitWidth - 1 - count.leadingZeroBitCount))
  }

  @inline(__always)
  static func sort(_ elements: UnsafeMutableBufferPointer<Element>) {
    guard let column = elements.baseAddress, elements.count > 1 else { return }
    let count = elements.count
    if count <= insertionCount {
      insertionSort(column, count)
      return
    }
    // Counters have 32 bits.
    if count > UInt32.max {
      var sorted = elements
      sorted.sort { $0.radixKey < $1.radixKey }
      return
    }
    let width = widestDigit(count)
    let counters = UnsafeMutablePointer<UInt32>.allocate(capacity: levels << width)
    let scratch = Column.allocate(capacity: count)
    defer {
      counters.deallocate()
      scratch.deallocate()
    }
    RadixSort(counters: counters, width: width)
      .sort(column, scratch, count, toOther: false, level: 0)
  }

  /// Sorts `column`; the result is in `other` if `toOther`.
  func sort(_ column: Column, _ other: Column, _ count: Int, toOther: Bool, level: Int) {
    if count <= Self.insertionCount {
      Self.insertionSort(column, count)
      if toOther { other.update(from: column, count: count) }
      return
    }
    let digits = Self.digits(column, count)
    if digits.bits == 0 {
      if toOther { other.update(from: column, count: count) }
      return
    }
    let widest = Self.widestDigit(count)
    let passes = (digits.bits + widest - 1) / widest
    if passes <= 3 && count <= Self.cachedCount {
      fromLowest(column, other, count, digits, passes: passes, toOther: toOther, level: level)
    } else {
      fromHighest(
        column, other, count, digits, width: min(digits.bits, widest), toOther: toOther,
        level: level)
    }
  }

  @inline(__always)
  private static func insertionSort(_ column: Column, _ count: Int) {
    var place = 1
    while place < count {
      let element = column[place]
      var hole = place
      while hole > 0 && element.radixKey < column[hole &- 1].radixKey {
        column[hole] = column[hole &- 1]
        hole &-= 1
      }
      column[hole] = element
      place &+= 1
    }
  }

  @inline(__always)
  static func digits(_ column: Column, _ count: Int) -> RadixDigits<Key> {
    var range = RadixRange(column[0].radixKey)
    for index in 0..<count { range.add(column[index].radixKey) }
    return range.digits
  }

  /// Scatters to the other column by each digit in turn, the lowest first.
  @inline(__always)
  private func fromLowest(
    _ column: Column, _ other: Column, _ count: Int, _ digits: RadixDigits<Key>, passes: Int,
    toOther: Bool, level: Int
  ) {
    let digitWidth = (digits.bits &+ passes &- 1) / passes
    let size = 1 << digitWidth
    let mask = Key(truncatingIfNeeded: size &- 1)
    var table = counters + level << width
    var next = table + size
    table.update(repeating: 0, count: size)
    for index in 0..<count { table[digits.digit(column[index].radixKey, at: 0, mask: mask)] &+= 1 }
    var from = column
    var to = other
    for pass in 0..<passes {
      let place = pass &* digitWidth
      Self.startsOfBuckets(table, size)
      if pass &+ 1 < passes {
        next.update(repeating: 0, count: size)
        for index in 0..<count {
          let element = from[index]
          let bucket = digits.digit(element.radixKey, at: place, mask: mask)
          to[Int(table[bucket])] = element
          table[bucket] &+= 1
          next[digits.digit(element.radixKey, at: place &+ digitWidth, mask: mask)] &+= 1
        }
      } else {
        for index in 0..<count {
          let element = from[index]
          let bucket = digits.digit(element.radixKey, at: place, mask: mask)
          to[Int(table[bucket])] = element
          table[bucket] &+= 1
        }
      }
      swap(&from, &to)
      swap(&table, &next)
    }
    if (from == other) != toOther { to.update(from: from, count: count) }
  }

  /// Makes counts into the places where the buckets start.
  @inline(__always)
  static func startsOfBuckets(_ table: UnsafeMutablePointer<UInt32>, _ size: Int) {
    var start: UInt32 = 0
    for bucket in 0..<size {
      let count = table[bucket]
      table[bucket] = start
      start &+= count
    }
  }

  /// Scatters to the other column by the highest digit, then sorts each bucket.
  @inline(__always)
  private func fromHighest(
    _ column: Column, _ other: Column, _ count: Int, _ digits: RadixDigits<Key>,
    width digitWidth: Int,
    toOther: Bool, level: Int
  ) {
    let size = 1 << digitWidth
    let mask = Key(truncatingIfNeeded: size &- 1)
    let place = digits.bits &- digitWidth
    let table = counters + level << width
    table.update(repeating: 0, count: size)
    for index in 0..<count {
      table[digits.digit(column[index].radixKey, at: place, mask: mask)] &+= 1
    }
    Self.startsOfBuckets(table, size)
    for index in 0..<count {
      let element = column[index]
      let bucket = digits.digit(element.radixKey, at: place, mask: mask)
      other[Int(table[bucket])] = element
      table[bucket] &+= 1
    }
    // Every entry is now where its bucket ends.
    var start = 0
    for bucket in 0..<size {
      let end = Int(table[bucket])
      if end > start {
        sort(other + start, column + start, end &- start, toOther: !toOther, level: level &+ 1)
      }
      start = end
    }
  }
}
