#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Flat arrays of numbers.
///
/// They go into pools when all elements are integers that fit Int64 (-0 left out, which is a
/// double), or when all are below 2^53 in magnitude and at least one is a float, so that every
/// question about an element is answered by the pool. Anything else is left to the general path,
/// which also finds the fault of what is malformed; so no text is read more than twice.
extension JSONParser {
  private enum Outcome {
    case ended, foundFloat, notForPools
  }

  /// Reads the array at the position, or leaves it alone and answers false.
  mutating func numberArray() -> Bool {
    guard depth < maxDepth else { return false }
    let begin = position
    var i = begin + 1
    passWhiteSpace(&i)
    guard i < length, start[i] == Byte.minus || start[i] &- Byte.zero < 10 else { return false }
    let pools = pools()
    let intStart = pools.ints.used
    let doubleStart = pools.doubles.used
    var outcome = isFloat(at: i) ? Outcome.foundFloat : integers(&i, pools)
    if outcome == .ended {
      finishArray(.intArray, begin, end: i, intStart, count: pools.ints.used - intStart)
      return true
    }
    if outcome == .foundFloat, moveToDoubles(intStart, pools) { outcome = floats(&i, pools) }
    if outcome == .ended {
      finishArray(.doubleArray, begin, end: i, doubleStart, count: pools.doubles.used - doubleStart)
      return true
    }
    pools.ints.shrink(to: intStart)
    pools.doubles.shrink(to: doubleStart)
    if pools.integerMarks.count > doubleStart {
      pools.integerMarks.removeLast(pools.integerMarks.count - doubleStart)
    }
    return false
  }

  private mutating func finishArray(
    _ tag: Tag, _ begin: Int, end: Int, _ poolStart: Int, count: Int
  ) {
    let payload = Node.packed(count: count, upper: poolStart)
    nodes.append(Node(tag: tag, offset: UInt32(begin), payload: payload))
    position = end
  }

  /// Whether the number at an offset has a fraction or an exponent.
  private func isFloat(at offset: Int) -> Bool {
    var i = offset + 1
    while i < length, start[i] &- Byte.zero < 10 { i += 1 }
    return i < length && (start[i] == Byte.point || start[i] | 0x20 == UInt8(ascii: "e"))
  }

  private func integers(_ i: inout Int, _ pools: FlatPools) -> Outcome {
    var loop = NumberLoop(at: start + i)
    while true {
      if pools.ints.free == 0 { pools.ints.grow(by: estimatedCount(from: i)) }
      loop.restart(at: start + i)
      if length > i + NumberLoop.integerReach {
        let limit = start + (length - NumberLoop.integerReach)
        pools.ints.fill { room, capacity in
          loop.integers(into: room, capacity: capacity, limit: limit)
          return loop.stored
        }
      }
      i = loop.next - start
      if loop.hasEnded { return .ended }
      if pools.ints.free == 0 { continue }
      passWhiteSpace(&i)
      guard i < length, let number = try? scanNumber(at: i) else { return .notForPools }
      guard number.isInteger else { return .foundFloat }
      guard !number.isTruncated, number.significand <= UInt64(Int64.max),
        !(number.isNegative && number.significand == 0)
      else { return .notForPools }
      let magnitude = Int64(number.significand)
      pools.ints.append(number.isNegative ? -magnitude : magnitude)
      guard let hasEnded = passSeparator(&i, after: number.end) else { return .notForPools }
      if hasEnded { return .ended }
    }
  }

  /// Takes the integers of a mixed array over as doubles; false when one isn't exact.
  private func moveToDoubles(_ intStart: Int, _ pools: FlatPools) -> Bool {
    for i in intStart..<pools.ints.used {
      guard pools.ints[i].magnitude < 1 << 53 else { return false }
      pools.appendInteger(Double(pools.ints[i]))
    }
    pools.ints.shrink(to: intStart)
    return true
  }

  private func floats(_ i: inout Int, _ pools: FlatPools) -> Outcome {
    var loop = NumberLoop(at: start + i)
    while true {
      if pools.doubles.free == 0 { pools.doubles.grow(by: estimatedCount(from: i)) }
      loop.restart(at: start + i)
      if length > i + NumberLoop.floatReach {
        let limit = start + (length - NumberLoop.floatReach)
        pools.doubles.fill { room, capacity in
          loop.floats(into: room, capacity: capacity, limit: limit)
          return loop.stored
        }
      }
      i = loop.next - start
      if loop.hasEnded { return .ended }
      if pools.doubles.free == 0 { continue }
      passWhiteSpace(&i)
      guard i < length, let number = try? scanNumber(at: i) else { return .notForPools }
      let value = convert(number)
      guard value.magnitude < 0x1p53 else { return .notForPools }
      if number.isInteger { pools.appendInteger(value) } else { pools.doubles.append(value) }
      guard let hasEnded = passSeparator(&i, after: number.end) else { return .notForPools }
      if hasEnded { return .ended }
    }
  }

  /// A guess at how many numbers follow in this array, from how dense the next ones stand.
  private func estimatedCount(from i: Int) -> Int {
    let distance = distanceToBracket(from: i)
    let sample = min(distance, 128)
    if sample == 0 { return 1 }
    var commas = 1
    for k in i..<i + sample where start[k] == Byte.comma { commas += 1 }
    return distance / sample * commas + commas
  }

  /// The distance to the next closing bracket, or to the end: how long a flat array may be.
  private func distanceToBracket(from i: Int) -> Int {
    guard let found = memchr(start + i, Int32(Byte.closeBracket), length - i) else {
      return length - i
    }
    return UnsafeRawPointer(found) - UnsafeRawPointer(start + i)
  }

  /// Goes over a comma to the next number, or over the closing bracket, and tells whether it was
  /// that; nil for anything else.
  private func passSeparator(_ i: inout Int, after offset: Int) -> Bool? {
    i = offset
    passWhiteSpace(&i)
    guard i < length else { return nil }
    let byte = start[i]
    i += 1
    if byte == Byte.closeBracket { return true }
    guard byte == Byte.comma else { return nil }
    passWhiteSpace(&i)
    return i < length ? false : nil
  }

  private func passWhiteSpace(_ i: inout Int) {
    while i < length, start[i] == 0x20 || start[i] == 0x0A || start[i] == 0x0D || start[i] == 0x09 {
      i += 1
    }
  }
}
