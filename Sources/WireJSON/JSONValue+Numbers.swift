/// Single numbers.
extension JSONValue {
  /// The number as it is kept: its tag and bits.
  private var numberNode: Node? {
    guard element >= 0 else {
      switch node.tag {
      case .int, .uint, .double: return node
      default: return nil
      }
    }
    if node.tag == .words { return nil }
    if node.tag == .intArray {
      let value = tape.ints[node.upper + element]
      return Node(
        tag: .int, flags: Node.integerText, offset: 0, payload: UInt64(bitPattern: value))
    }
    let at = node.upper + element
    let isInteger = at < tape.integerMarks.count && tape.integerMarks[at] == 1
    return Node(
      tag: .double, flags: isInteger ? Node.integerText : 0, offset: 0,
      payload: tape.doubles[at].bitPattern)
  }

  /// Whether it is an integer of 64 bits, written as one.
  public var isInteger64: Bool {
    if element < 0, node.tag == .int { return node.flags & Node.integerText != 0 }
    return kind == .number && isIntegerText && (int64 != nil || uint64 != nil)
  }

  /// The number as a 64-bit integer, when it is one exactly, however it is written: `7`, `7.0` and
  /// `0.7e1` all are 7. Nil for other kinds, fractions, and numbers beyond the range.
  public var int64: Int64? {
    guard let number = numberNode else { return nil }
    switch number.tag {
    case .int: return Int64(bitPattern: number.payload)
    case .uint: return nil
    default:
      let value = Double(bitPattern: number.payload)
      if value.magnitude < 0x1p53 { return Int64(exactly: value) }
      return exactMagnitude(of: number).flatMap { magnitude in
        value < 0
          ? (magnitude <= 1 << 63 ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil)
          : Int64(exactly: magnitude)
      }
    }
  }

  /// The number as an unsigned 64-bit integer, by the rules of `int64`.
  public var uint64: UInt64? {
    guard let number = numberNode else { return nil }
    switch number.tag {
    case .int: return UInt64(exactly: Int64(bitPattern: number.payload))
    case .uint: return number.payload
    default:
      let value = Double(bitPattern: number.payload)
      if value.magnitude < 0x1p53 { return UInt64(exactly: value) }
      return value < 0 ? nil : exactMagnitude(of: number)
    }
  }

  /// The number rounded to the nearest double, ties to even; infinite where `isOverflow`. Nil for
  /// other kinds.
  public var double: Double? {
    guard let number = numberNode else { return nil }
    switch number.tag {
    case .int: return Double(Int64(bitPattern: number.payload))
    case .uint: return Double(number.payload)
    default: return Double(bitPattern: number.payload)
    }
  }

  /// Whether it is a number too large for a double, such as `1e400`.
  public var isOverflow: Bool { element < 0 && node.flags & Node.overflow != 0 }

  /// Whether it is a number written without fraction and exponent.
  public var isIntegerText: Bool {
    (numberNode?.flags ?? 0) & Node.integerText != 0
  }

  /// The magnitude of a number of at least 2^53 by its digits, when it is an integer that fits.
  private func exactMagnitude(of number: Node) -> UInt64? {
    guard Double(bitPattern: number.payload).magnitude <= 0x1p64 else { return nil }
    return decimalMagnitude(tape.text(sourceRange))
  }
}

/// The magnitude of a number's text when it is an integer below 2^64, else nil.
private func decimalMagnitude(_ text: ArraySlice<UInt8>) -> UInt64? {
  var value: UInt64 = 0
  var zeros = 0
  var fraction = 0
  var exponent = 0
  var isFraction = false
  for (i, byte) in zip(text.indices, text) {
    if byte == Byte.point {
      isFraction = true
    } else if byte | 0x20 == UInt8(ascii: "e") {
      exponent = Int(String(decoding: text[(i + 1)...], as: UTF8.self)) ?? .max
      break
    } else if byte != Byte.minus {
      if isFraction { fraction += 1 }
      zeros += 1
      guard byte != Byte.zero else { continue }
      guard let scaled = timesPowerOfTen(value, zeros) else { return nil }
      let (sum, isOver) = scaled.addingReportingOverflow(UInt64(byte - Byte.zero))
      if isOver { return nil }
      value = sum
      zeros = 0
    }
  }
  // What is left is value * 10^(zeros - fraction + exponent).
  let (power, isOver) = exponent.addingReportingOverflow(zeros - fraction)
  if isOver { return nil }
  if power >= 0 { return timesPowerOfTen(value, power) }
  return nil
}

private func timesPowerOfTen(_ value: UInt64, _ power: Int) -> UInt64? {
  if value == 0 { return 0 }
  guard power <= 19 else { return nil }
  var result = value
  for _ in 0..<power {
    let (next, isOver) = result.multipliedReportingOverflow(by: 10)
    if isOver { return nil }
    result = next
  }
  return result
}
