// Sorting keys that come in chunks. Like Kernels.swift, this file may use unsafe pointers, and what it
// offers may be called with chunks of any size and content.

extension Kernels {
  /// Empties chunks of keys into one column in ascending order. Each is freed as soon as it was read,
  /// so that no more than the keys themselves and one chunk are in memory.
  static func sort(_ chunks: inout [[UInt32]]) -> [UInt32] { RadixSort.gather(&chunks) }

  /// Empties chunks of keys into one column in ascending order.
  static func sort(_ chunks: inout [[UInt64]]) -> [UInt64] { RadixSort.gather(&chunks) }
}

extension RadixSort where Element: ScoreKey {
  /// Scatters the chunks by the highest digit, straight to where their buckets belong, and sorts each
  /// bucket there.
  @inline(__always)
  static func gather(_ chunks: inout [[Element]]) -> [Element] {
    let count = chunks.reduce(0) { $0 + $1.count }
    // Counters have 32 bits, and what fits the cache is sorted where it is.
    if count <= cachedCount || count > UInt32.max { return copyAndSort(&chunks, count) }
    let digits = digits(of: chunks)
    let width = min(digits.bits, widestDigit(count))
    if width == 0 { return copyAndSort(&chunks, count) }
    let counters = UnsafeMutablePointer<UInt32>.allocate(capacity: levels << widestDigit(count))
    defer { counters.deallocate() }
    let starts = UnsafeMutablePointer<UInt32>.allocate(capacity: 1 << width)
    defer { starts.deallocate() }
    tally(chunks, digits, width, starts)
    return LargeColumns.make(count: count) { room in
      guard let target = room.baseAddress else { return }
      let longest = (0..<(1 << width)).reduce(0) { max($0, Int(starts[$1])) }
      startsOfBuckets(starts, 1 << width)
      while let chunk = chunks.popLast() { scatter(chunk, to: target, digits, width, starts) }
      let scratch = Column.allocate(capacity: longest)
      defer { scratch.deallocate() }
      let sorter = RadixSort(counters: counters, width: widestDigit(count))
      // Every entry is now where its bucket ends.
      var start = 0
      for bucket in 0..<(1 << width) {
        let end = Int(starts[bucket])
        if end > start {
          sorter.sort(target + start, scratch, end &- start, toOther: false, level: 0)
        }
        start = end
      }
    }
  }

  private static func copyAndSort(_ chunks: inout [[Element]], _ count: Int) -> [Element] {
    LargeColumns.make(count: count) { room in
      var place = 0
      while let chunk = chunks.popLast() {
        place = room[place...].initialize(fromContentsOf: chunk)
      }
      sort(room)
    }
  }

  @inline(__always)
  private static func digits(of chunks: [[Element]]) -> RadixDigits<Key> {
    var range = RadixRange(chunks.lazy.compactMap(\.first).first?.radixKey ?? 0)
    for chunk in chunks {
      chunk.withUnsafeBufferPointer { keys in
        var own = range
        for key in keys { own.add(key.radixKey) }
        range = own
      }
    }
    return range.digits
  }

  /// Counts the keys of each bucket.
  @inline(__always)
  private static func tally(
    _ chunks: [[Element]], _ digits: RadixDigits<Key>, _ width: Int,
    _ counts: UnsafeMutablePointer<UInt32>
  ) {
    let place = digits.bits &- width
    let mask = Key(truncatingIfNeeded: 1 << width &- 1)
    counts.update(repeating: 0, count: 1 << width)
    for chunk in chunks {
      chunk.withUnsafeBufferPointer { keys in
        for key in keys { counts[digits.digit(key.radixKey, at: place, mask: mask)] &+= 1 }
      }
    }
  }

  @inline(__always)
  private static func scatter(
    _ chunk: [Element], to target: Column, _ digits: RadixDigits<Key>, _ width: Int,
    _ starts: UnsafeMutablePointer<UInt32>
  ) {
    let place = digits.bits &- width
    let mask = Key(truncatingIfNeeded: 1 << width &- 1)
    chunk.withUnsafeBufferPointer { keys in
      for key in keys {
        let bucket = digits.digit(key.radixKey, at: place, mask: mask)
        target[Int(starts[bucket])] = key
        starts[bucket] &+= 1
      }
    }
  }
}
