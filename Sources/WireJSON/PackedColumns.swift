/// Why packed data is not a column.
public struct PackedError: Error, Sendable, Equatable {
  /// What kind of defect it is.
  public enum Kind: Sendable {
    /// the value is not a string, or its text is not padded base64 without white space
    case notBase64
    /// the bytes are not a whole number of elements
    case wrongLength
    /// a byte of a bool column is neither 0 nor 1
    case notBoolean
  }

  /// What kind of defect it is.
  public let kind: Kind
  /// The first wrong character of the base64 text (`notBase64`), the number of bytes
  /// (`wrongLength`), or the element (`notBoolean`).
  public let offset: Int
  /// What is wrong, in one clause.
  public let message: String
}

/// Decodes packed data in base64 (RFC 4648, section 4: padded, no white space, unused bits zero)
/// of little-endian elements in C order, straight into an array of their type. NaN and infinities
/// come through as they are.
///
/// - Throws: what makes the text no column of that type.
public func decodeBase64(_ value: JSONValue, as dtype: DType) throws(PackedError) -> Storage {
  guard let source = value.stringSource else {
    throw PackedError(kind: .notBase64, offset: 0, message: "base64 is a string")
  }
  // "/" may come escaped; nothing else in the alphabet does.
  let text = value.hasEscapes ? unescaped(source)[...] : source
  return try decode(bytes: decodedBase64(text), as: dtype)
}

/// Takes little-endian elements in C order as a column.
///
/// - Throws: when the bytes are no whole number of elements, or a bool is neither 0 nor 1.
public func decode(bytes: [UInt8], as dtype: DType) throws(PackedError) -> Storage {
  guard bytes.count % dtype.size == 0 else {
    throw PackedError(
      kind: .wrongLength, offset: bytes.count,
      message: "\(bytes.count) bytes are no whole number of \(dtype.rawValue), \(dtype.size) each")
  }
  switch dtype {
  case .bool:
    if let bad = bytes.firstIndex(where: { $0 > 1 }) {
      throw PackedError(
        kind: .notBoolean, offset: bad, message: "a bool is 0 or 1, this byte is \(bytes[bad])")
    }
    return .bool(bytes)
  case .int8: return .int8(elements(bytes))
  case .int16: return .int16(elements(bytes))
  case .int32: return .int32(elements(bytes))
  case .int64: return .int64(elements(bytes))
  case .uint8: return .uint8(bytes)
  case .uint16: return .uint16(elements(bytes))
  case .uint32: return .uint32(elements(bytes))
  case .uint64: return .uint64(elements(bytes))
  case .float16: return .float16(elements(bytes))
  case .bfloat16: return .bfloat16(elements(bytes))
  case .float32: return .float32(elements(bytes))
  case .float64: return .float64(elements(bytes))
  }
}

private func elements<Element: BitwiseCopyable>(_ bytes: [UInt8]) -> [Element] {
  let count = bytes.count / MemoryLayout<Element>.size
  return [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
    bytes.withUnsafeBytes { UnsafeMutableRawBufferPointer(buffer).copyMemory(from: $0) }
    initialized = count
  }
}

func decodedBase64(_ text: ArraySlice<UInt8>) throws(PackedError) -> [UInt8] {
  var result: [UInt8] = []
  result.reserveCapacity(text.count / 4 * 3)
  var bits: UInt32 = 0
  var taken = 0
  var padding = 0
  for (i, byte) in text.enumerated() {
    var digit: UInt32 = 0
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit = UInt32(byte) - 65
    case UInt8(ascii: "a")...UInt8(ascii: "z"): digit = UInt32(byte) - 97 + 26
    case Byte.zero...Byte.nine: digit = UInt32(byte) - 48 + 52
    case Byte.plus: digit = 62
    case UInt8(ascii: "/"): digit = 63
    case UInt8(ascii: "=") where i + 2 >= text.count: padding += 1
    default: throw notBase64(i)
    }
    if padding > 0, byte != UInt8(ascii: "=") { throw notBase64(i) }
    bits = bits << 6 | digit
    taken += 1
    if taken == 4 {
      if padding > 0, bits & (padding == 1 ? 0xFF : 0xFFFF) != 0 { throw notBase64(i - padding) }
      for shift in [16, 8, 0].prefix(3 - padding) {
        result.append(UInt8(truncatingIfNeeded: bits >> UInt32(shift)))
      }
      bits = 0
      taken = 0
    }
  }
  if taken != 0 {
    throw PackedError(
      kind: .notBase64, offset: text.count, message: "the length of base64 text is divisible by 4")
  }
  return result
}

private func notBase64(_ offset: Int) -> PackedError {
  PackedError(
    kind: .notBase64, offset: offset, message: "the character at \(offset) is wrong in base64")
}

/// Base64 of the bytes (RFC 4648, section 4), padded and without line breaks.
public func encodeBase64(_ bytes: [UInt8]) -> String {
  let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  let count = (bytes.count + 2) / 3 * 4
  return String(unsafeUninitializedCapacity: count) { buffer in
    var at = 0
    for i in stride(from: 0, to: bytes.count, by: 3) {
      let given = min(3, bytes.count - i)
      var group: UInt32 = 0
      for j in 0..<3 { group = group << 8 | (j < given ? UInt32(bytes[i + j]) : 0) }
      for j in 0..<4 {
        let digit = alphabet[Int(group >> UInt32(18 - 6 * j) & 63)]
        buffer[at] = j <= given ? digit : UInt8(ascii: "=")
        at += 1
      }
    }
    return count
  }
}
