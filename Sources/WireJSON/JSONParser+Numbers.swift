/// A number as it is written: significand times ten to the exponent.
struct DecimalText {
  var isNegative = false
  /// The first nineteen digits from the first that isn't 0.
  var significand: UInt64 = 0
  var exponent = 0
  /// Whether digits beyond the nineteen were left out.
  var isTruncated = false
  /// Written without fraction and exponent.
  var isInteger = true
  /// The offsets of the first digit and behind the last byte.
  var digits = 0
  var end = 0
}

/// Single numbers.
extension JSONParser {
  /// Reads a number as a node of its own.
  mutating func number() throws(Fault) {
    if shortInteger() { return }
    let begin = position
    let text = try scanNumber(at: begin)
    position = text.end
    nodes.append(node(of: text, offset: begin))
  }

  /// Reads a number of a few digits and nothing else, as most numbers by themselves are; or leaves it alone and
  /// answers false.
  private mutating func shortInteger() -> Bool {
    let begin = position
    let limit = min(length, begin + 16)
    var value: UInt64 = 0
    var i = begin
    while i < limit, start[i] &- Byte.zero < 10 {
      value = value &* 10 &+ UInt64(start[i] &- Byte.zero)
      i &+= 1
    }
    // What goes on, or begins with a zero, is read by the grammar.
    guard i < limit, i > begin, start[begin] != Byte.zero || i == begin + 1,
      start[i] != Byte.point, start[i] | 0x20 != UInt8(ascii: "e")
    else { return false }
    nodes.append(
      Node(tag: .int, flags: Node.integerText, offset: UInt32(begin), payload: value))
    position = i
    return true
  }

  private func node(of text: DecimalText, offset: Int) -> Node {
    var node = Node(tag: .double, offset: UInt32(offset))
    if text.isInteger {
      node.flags = Node.integerText
      if let magnitude = magnitude(of: text) {
        if text.isNegative, magnitude > 0, magnitude <= 1 << 63 {
          node.tag = .int
          node.payload = 0 &- magnitude
          return node
        }
        if !text.isNegative {
          node.tag = magnitude <= UInt64(Int64.max) ? .int : .uint
          node.payload = magnitude
          return node
        }
      }
    }
    let double = convert(text)
    if double.isInfinite { node.flags |= Node.overflow }
    node.payload = double.bitPattern
    return node
  }

  /// The digits of an integer as one, when it fits.
  private func magnitude(of text: DecimalText) -> UInt64? {
    guard text.isTruncated else { return text.significand }
    guard text.end - text.digits == 20 else { return nil }
    let last = UInt64(start[text.end - 1] - Byte.zero)
    let (tens, overTens) = text.significand.multipliedReportingOverflow(by: 10)
    let (sum, overSum) = tens.addingReportingOverflow(last)
    return overTens || overSum ? nil : sum
  }

  /// Reads the text of a number by the grammar of RFC 8259.
  func scanNumber(at offset: Int) throws(Fault) -> DecimalText {
    var text = DecimalText()
    var i = offset
    if start[i] == Byte.minus {
      text.isNegative = true
      i += 1
    }
    text.digits = i
    var value: UInt64 = 0
    i = digits(from: i, into: &value)
    if i == text.digits { throw missingInteger(at: i, sign: text.isNegative) }
    if start[text.digits] == Byte.zero, i > text.digits + 1 {
      throw Fault(defect: .leadingZero, offset: text.digits + 1)
    }
    var count = i - text.digits
    if i < length, start[i] == Byte.point {
      text.isInteger = false
      let fraction = i + 1
      i = digits(from: fraction, into: &value)
      if i == fraction { throw missingDigit(at: i, after: "decimal point") }
      text.exponent = fraction - i
      count += i - fraction
    }
    let endOfDigits = i
    var written = 0
    if i < length, start[i] | 0x20 == UInt8(ascii: "e") {
      text.isInteger = false
      i = try exponent(from: i + 1, into: &written)
    }
    text.end = i
    text.significand = value
    if count > 19 { truncate(&text, endOfDigits: endOfDigits) }
    text.exponent += written
    return text
  }

  /// Adds digits to `value`, wrapping beyond nineteen; gives the offset behind them.
  @inline(__always)
  func digits(from offset: Int, into value: inout UInt64) -> Int {
    var i = offset
    while i < length {
      let digit = start[i] &- Byte.zero
      guard digit < 10 else { break }
      value = value &* 10 &+ UInt64(digit)
      i += 1
    }
    return i
  }

  private func exponent(from offset: Int, into value: inout Int) throws(Fault) -> Int {
    var i = offset
    var isNegative = false
    if i < length, start[i] == Byte.minus || start[i] == Byte.plus {
      isNegative = start[i] == Byte.minus
      i += 1
    }
    let first = i
    while i < length {
      let digit = start[i] &- Byte.zero
      guard digit < 10 else { break }
      // Far beyond any double, and beyond what the digits of a text below 4 GiB could undo.
      if value < 1 << 40 { value = value * 10 + Int(digit) }
      i += 1
    }
    if i == first { throw missingDigit(at: i, after: "exponent") }
    if isNegative { value = -value }
    return i
  }

  /// Counts anew when there are more than nineteen digits: leading zeros are none, and what comes
  /// after the nineteenth only moves the exponent.
  private func truncate(_ text: inout DecimalText, endOfDigits: Int) {
    var i = text.digits
    while i < endOfDigits, start[i] == Byte.zero || start[i] == Byte.point { i += 1 }
    var value: UInt64 = 0
    var taken = 0
    var dropped = 0
    while i < endOfDigits {
      if start[i] != Byte.point {
        if taken < 19 {
          value = value * 10 + UInt64(start[i] - Byte.zero)
          taken += 1
        } else {
          dropped += 1
        }
      }
      i += 1
    }
    text.significand = value
    text.isTruncated = dropped > 0
    text.exponent += dropped
  }

  private func missingInteger(at offset: Int, sign isNegative: Bool) -> Fault {
    let word = bareWord(from: offset)
    if word.isEmpty { return missingDigit(at: offset, after: "minus sign") }
    return Fault(defect: .bareWord("-" + word), offset: offset - 1)
  }

  private func missingDigit(at offset: Int, after place: String) -> Fault {
    Fault(defect: .noDigits(after: place), offset: offset)
  }

  /// The value of a number; infinite when it overflows.
  func convert(_ text: DecimalText) -> Double {
    let magnitude = DecimalConversion.magnitude(of: text, in: start)
    return text.isNegative ? -magnitude : magnitude
  }
}
