#if !_endian(little)
  #error("packed columns are little-endian, and are copied into arrays as they are")
#endif

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
    /// the source has fewer bytes than it was said to have
    case cutShort
  }

  /// What kind of defect it is.
  public let kind: Kind
  /// The first wrong character of the base64 text (`notBase64`), the number of bytes
  /// (`wrongLength`), or the element (`notBoolean`).
  public let offset: Int
  /// What is wrong, in one clause.
  public let message: String

  /// Of a source that has only so many bytes.
  public static func cutShort(at offset: Int) -> PackedError {
    PackedError(
      kind: .cutShort, offset: offset, message: "the column became shorter while it was read")
  }
}

/// Decodes packed data in base64 (RFC 4648, section 4: padded, no white space, unused bits zero)
/// of little-endian elements in C order, straight into an array of their type. NaN and infinities
/// come through as they are.
///
/// - Throws: what makes the text no column of that type.
public func decodeBase64(_ value: JSONValue, as dtype: DType) throws(PackedError) -> Storage {
  guard let source = value.stringSource else {
    throw PackedError(kind: .notBase64, offset: 0, message: "base64 stands in a string")
  }
  // "/" may come escaped; nothing else of the alphabet has a reason to.
  let text = value.hasEscapes ? unescaped(source)[...] : source
  let length = try Base64.decodedLength(text)
  guard length.isMultiple(of: dtype.size) else { throw wrongLength(length, dtype) }
  return switch dtype {
  case .bool: .bool(try checkedBools(try decoded(text, length)))
  case .int8: .int8(try decoded(text, length))
  case .int16: .int16(try decoded(text, length))
  case .int32: .int32(try decoded(text, length))
  case .int64: .int64(try decoded(text, length))
  case .uint8: .uint8(try decoded(text, length))
  case .uint16: .uint16(try decoded(text, length))
  case .uint32: .uint32(try decoded(text, length))
  case .uint64: .uint64(try decoded(text, length))
  case .float16: .float16(try decoded(text, length))
  case .bfloat16: .bfloat16(try decoded(text, length))
  case .float32: .float32(try decoded(text, length))
  case .float64: .float64(try decoded(text, length))
  }
}

/// Bytes that are somewhere else until they are read to where they are wanted, or looked at where they are.
public struct ByteSource: Sendable {
  /// Fills a room of as many bytes as there are from its beginning, and says how many came.
  public typealias Fill = @Sendable (_ room: UnsafeMutableRawBufferPointer) -> Int
  /// Hands out where the bytes begin, for as long as the body runs. False where they are not there, or were not all
  /// the time: then what was seen means nothing.
  public typealias Look = @Sendable (_ body: (UnsafeRawPointer) -> Void) -> Bool

  /// How many bytes there are.
  public let count: Int
  private let fill: Fill
  /// Nil where they are nowhere in memory. Somebody else may change them at any time.
  public let look: Look?

  public init(count: Int, look: Look? = nil, fill: @escaping Fill) {
    self.count = count
    self.look = look
    self.fill = fill
  }

  /// These bytes.
  public init(_ bytes: [UInt8]) {
    self.init(count: bytes.count) { room in
      bytes.withUnsafeBytes { room.copyMemory(from: $0) }
      return bytes.count
    }
  }

  /// Fills a room of as many bytes; false where they are not all there.
  public func copy(to room: UnsafeMutableRawBufferPointer) -> Bool {
    room.count == count && (count == 0 || fill(room) == count)
  }

  /// The bytes as elements of a type whose size divides their number.
  fileprivate func elements<Element: BitwiseCopyable>() throws(PackedError) -> [Element] {
    let size = MemoryLayout<Element>.size
    var found = 0
    let elements = [Element](unsafeUninitializedCapacity: count / size) { buffer, initialized in
      found = count == 0 ? 0 : fill(UnsafeMutableRawBufferPointer(buffer))
      initialized = min(found, count) / size
    }
    if found == count { return elements }
    throw PackedError.cutShort(at: found)
  }
}

/// Takes little-endian elements in C order as a column.
///
/// - Throws: when the bytes are no whole number of elements, a bool is neither 0 nor 1, or bytes are missing.
public func decode(_ bytes: ByteSource, as dtype: DType) throws(PackedError) -> Storage {
  guard bytes.count.isMultiple(of: dtype.size) else { throw wrongLength(bytes.count, dtype) }
  return switch dtype {
  case .bool: .bool(try checkedBools(try bytes.elements()))
  case .int8: .int8(try bytes.elements())
  case .int16: .int16(try bytes.elements())
  case .int32: .int32(try bytes.elements())
  case .int64: .int64(try bytes.elements())
  case .uint8: .uint8(try bytes.elements())
  case .uint16: .uint16(try bytes.elements())
  case .uint32: .uint32(try bytes.elements())
  case .uint64: .uint64(try bytes.elements())
  case .float16: .float16(try bytes.elements())
  case .bfloat16: .bfloat16(try bytes.elements())
  case .float32: .float32(try bytes.elements())
  case .float64: .float64(try bytes.elements())
  }
}

private func wrongLength(_ length: Int, _ dtype: DType) -> PackedError {
  PackedError(
    kind: .wrongLength, offset: length,
    message: "\(length) bytes are no whole number of \(dtype.rawValue) elements of \(dtype.size)")
}

/// The bytes, when all of them are 0 or 1.
private func checkedBools(_ bytes: [UInt8]) throws(PackedError) -> [UInt8] {
  // One pass without branches; only a bad column is searched.
  if bytes.reduce(0, |) <= 1 { return bytes }
  let bad = bytes.firstIndex { $0 > 1 } ?? 0
  throw PackedError(
    kind: .notBoolean, offset: bad, message: "a bool is 0 or 1, element \(bad) is \(bytes[bad])")
}

/// The elements of a base64 text that decodes to `length` bytes, a whole number of them.
private func decoded<Element: BitwiseCopyable>(
  _ text: ArraySlice<UInt8>, _ length: Int
) throws(PackedError) -> [Element] {
  let count = length / MemoryLayout<Element>.size
  var bad: Int?
  let elements = [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
    text.withUnsafeBufferPointer { source in
      bad = Base64.decode(source, into: UnsafeMutableRawBufferPointer(buffer), length: length)
    }
    initialized = count
  }
  if let bad { throw Base64.wrongCharacter(text, bad) }
  return elements
}
