import Testing

@testable import WireJSON

@Suite struct PackedTests {
  /// Base64 as RFC 4648 describes it, one bit at a time.
  private func reference(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    let bits = bytes.flatMap { byte in (0..<8).map { byte >> (7 - $0) & 1 } }
    var text = ""
    for start in stride(from: 0, to: bits.count, by: 6) {
      let digit = (0..<6).reduce(0) {
        $0 << 1 | (start + $1 < bits.count ? Int(bits[start + $1]) : 0)
      }
      text.append(alphabet[digit])
    }
    while text.count % 4 != 0 { text.append("=") }
    return text
  }

  private func value(_ text: String) throws -> JSONValue { try parse("\"\(text)\"") }

  private func refusal(_ text: String, as dtype: DType) throws -> PackedError? {
    let value = try value(text)
    do throws(PackedError) {
      _ = try decodeBase64(value, as: dtype)
      return nil
    } catch {
      return error
    }
  }

  private func randomBytes(_ count: Int, _ generator: inout SeededGenerator) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
  }

  @Test func encodesAsTheReference() {
    var generator = SeededGenerator(seed: 1)
    for count in 0..<70 {
      let bytes = randomBytes(count, &generator)
      #expect(encodeBase64(bytes) == reference(bytes))
    }
    #expect(encodeBase64(Array("foobar".utf8)) == "Zm9vYmFy")
  }

  /// Every type, at lengths around the groups and blocks of the decoder.
  @Test func decodesEveryType() throws {
    var generator = SeededGenerator(seed: 2)
    for dtype in DType.allCases {
      for count in Array(0..<20) + [767, 768, 769, 6144, 6145] {
        var bytes = randomBytes(count * dtype.size, &generator)
        if dtype == .bool { bytes = bytes.map { $0 & 1 } }
        let decoded = try decodeBase64(value(reference(bytes)), as: dtype)
        #expect(decoded.count == count && decoded.dtype == dtype)
        #expect(littleEndianBytes(decoded) == bytes, "\(dtype) \(count)")
        #expect(littleEndianBytes(try decode(ByteSource(bytes), as: dtype)) == bytes)
      }
    }
  }

  /// The bytes of a column, computed with shifts.
  private func littleEndianBytes(_ storage: Storage) -> [UInt8] {
    func spread<T: FixedWidthInteger>(_ values: [T]) -> [UInt8] {
      values.flatMap { value in
        (0..<T.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> T(8 * $0)) }
      }
    }
    return switch storage {
    case .bool(let a), .uint8(let a): a
    case .int8(let a): a.map { UInt8(bitPattern: $0) }
    case .int16(let a): spread(a.map { UInt16(bitPattern: $0) })
    case .int32(let a): spread(a.map { UInt32(bitPattern: $0) })
    case .int64(let a): spread(a.map { UInt64(bitPattern: $0) })
    case .uint16(let a), .float16(let a), .bfloat16(let a): spread(a)
    case .uint32(let a): spread(a)
    case .uint64(let a): spread(a)
    case .float32(let a): spread(a.map(\.bitPattern))
    case .float64(let a): spread(a.map(\.bitPattern))
    }
  }

  @Test func nonFiniteFloatsComeThrough() throws {
    guard
      case .float32(let values) = try decodeBase64(value("AADAfwAAgH8AAID/AACAPw=="), as: .float32)
    else { return #expect(Bool(false)) }
    #expect(values[0].isNaN && values[1] == .infinity && values[2] == -.infinity && values[3] == 1)
  }

  @Test func refusesWhatIsNotBase64() throws {
    let cases: [(text: String, offset: Int)] = [
      ("A", 1), ("AA", 2), ("AAA", 3), ("AAAAA", 5), ("=", 1), ("==", 2), ("A=", 2), ("====", 0),
      ("A===", 1), ("=AAA", 0), ("A=AA", 1), ("AA=A", 2), ("AAA=AAAA", 3), ("AA==AAAA", 2),
      ("AAAA====", 4), ("AAAAA===", 5), ("AA A", 2), ("AAA AAAA", 3), ("AAAAAAA-", 7), ("AAA_", 3),
      ("A*AA", 1), ("éA", 3), ("éé", 0), ("AAAAé==", 4), ("AAB=", 2), ("AA+=", 2), ("AB==", 1),
      ("A/==", 1), ("AAAAAAB=", 6), ("AAAA AAAA", 9), ("AAAA.AAA", 4), ("AAA,AAAA", 3),
    ]
    for (text, offset) in cases {
      let error = try refusal(text, as: .uint8)
      #expect(error?.kind == .notBase64 && error?.offset == offset, "\(text)")
    }
    #expect(throws: PackedError.self) { try decodeBase64(parse("[1]"), as: .uint8) }
    #expect(throws: PackedError.self) { try decodeBase64(parse(#""AAA\n""#), as: .uint8) }
  }

  /// One wrong character in a long text is found wherever it stands.
  @Test func findsTheWrongCharacter() throws {
    let good = Array(repeating: UInt8(ascii: "Q"), count: 20_000)
    for offset in [0, 1, 2, 3, 4, 8190, 8191, 8192, 8193, 16_384, 19_995, 19_996, 19_999] {
      for bad in ["-", "=", ".", " "] {
        var text = good
        text[offset] = Array(bad.utf8)[0]
        let isPadding = bad == "=" && offset == 19_999
        // With one "=" at the very end it is good text of one byte less.
        let error = try refusal(String(decoding: text, as: UTF8.self), as: .uint8)
        #expect(error?.offset == (isPadding ? nil : offset), "\(bad) at \(offset)")
      }
    }
  }

  @Test func slashesMayBeEscaped() throws {
    guard case .uint8(let values) = try decodeBase64(parse(#""\/\/\/\/""#), as: .uint8) else {
      return #expect(Bool(false))
    }
    #expect(values == [255, 255, 255])
  }

  @Test func lengthsMustFit() throws {
    for dtype in DType.allCases where dtype.size > 1 {
      for count in 1..<20 where count % dtype.size != 0 {
        let bytes = [UInt8](repeating: 0, count: count)
        #expect(throws: PackedError.self) { try decode(ByteSource(bytes), as: dtype) }
        let error = try refusal(reference(bytes), as: dtype)
        #expect(error?.kind == .wrongLength && error?.offset == count)
      }
    }
  }

  @Test func boolsAreZeroOrOne() throws {
    for (bytes, bad) in [([0, 1, 2] as [UInt8], 2), ([255], 0), ([1, 1, 0, 128, 7], 3)] {
      let error = try refusal(reference(bytes), as: .bool)
      #expect(error?.kind == .notBoolean && error?.offset == bad)
      #expect(throws: PackedError.self) { try decode(ByteSource(bytes), as: .bool) }
    }
  }
}
