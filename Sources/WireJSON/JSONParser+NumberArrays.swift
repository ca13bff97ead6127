/// Numbers of one kind, one flat array after the other.
struct NumberPool<Element: Numeric> {
  /// Longer than what is used, so that numbers are stored without growing the array one by one.
  var storage: [Element] = []
  var used = 0

  /// What was stored.
  var finished: [Element] {
    consuming get {
      storage.removeLast(storage.count - used)
      return storage
    }
  }

  mutating func append(_ value: Element) {
    if used == storage.count {
      storage.append(contentsOf: repeatElement(0, count: max(64, used)))
    }
    storage[used] = value
    used += 1
  }
}

/// Flat arrays of numbers.
extension JSONParser {
  /// Reads an array whose elements are all integers that fit Int64, or all floats below 2^53 in
  /// magnitude (so that no accessor has to look at the text again); anything else is left alone for
  /// the general path, which also finds the fault of a malformed one.
  mutating func numberArray() throws(Fault) -> Bool {
    guard frames.count < maxDepth else { return false }
    let begin = position
    var i = begin + 1
    while i < length, isWhiteSpace(start[i]) { i += 1 }
    guard i < length, start[i] == Byte.minus || start[i] &- Byte.zero < 10 else { return false }
    guard let first = try? scanNumber(at: i) else { return false }
    let poolStart = first.isInteger ? ints.used : doubles.used
    guard let end = first.isInteger ? integers(from: i) : floats(from: i) else {
      if first.isInteger { ints.used = poolStart } else { doubles.used = poolStart }
      return false
    }
    let count = (first.isInteger ? ints.used : doubles.used) - poolStart
    nodes.append(
      Node(
        tag: first.isInteger ? .intArray : .doubleArray, offset: UInt32(begin),
        payload: Node.packed(count: count, upper: poolStart)))
    position = end
    return true
  }

  private mutating func integers(from offset: Int) -> Int? {
    var i = offset
    while true {
      guard let text = try? scanNumber(at: i), text.isInteger, !text.isTruncated,
        text.significand <= UInt64(Int64.max), !(text.isNegative && text.significand == 0)
      else { return nil }
      let magnitude = Int64(text.significand)
      ints.append(text.isNegative ? -magnitude : magnitude)
      guard let next = separator(after: text.end) else { return nil }
      if next < 0 { return -next }
      i = next
    }
  }

  private mutating func floats(from offset: Int) -> Int? {
    var i = offset
    while true {
      guard let text = try? scanNumber(at: i), !text.isInteger else { return nil }
      let value = convert(text)
      guard value.magnitude < 0x1p53 else { return nil }
      doubles.append(value)
      guard let next = separator(after: text.end) else { return nil }
      if next < 0 { return -next }
      i = next
    }
  }

  /// The start of the next number; negative for the offset behind the closing bracket.
  private func separator(after offset: Int) -> Int? {
    var i = offset
    while i < length, isWhiteSpace(start[i]) { i += 1 }
    guard i < length else { return nil }
    if start[i] == Byte.closeBracket { return -(i + 1) }
    guard start[i] == Byte.comma else { return nil }
    i += 1
    while i < length, isWhiteSpace(start[i]) { i += 1 }
    return i < length ? i : nil
  }

  private func isWhiteSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
  }
}
