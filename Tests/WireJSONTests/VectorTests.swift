import Testing

@testable import WireJSON

/// Loops that take many bytes at once, at every place where they begin and end.
@Suite struct VectorTests {
  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  private static func decode(_ text: [UInt8]) throws -> [UInt8] {
    let document = try JSONDocument(parsing: [UInt8(ascii: "\"")] + text + [UInt8(ascii: "\"")])
    guard case .uint8(let bytes) = try decodeBase64(document.root, as: .uint8) else { return [] }
    return bytes
  }

  @Test func `base64 of every length comes back`() throws {
    var bytes: [UInt8] = []
    for count in 0..<400 {
      #expect(try Self.decode(Array(encodeBase64(bytes).utf8)) == bytes, "\(count) bytes")
      bytes.append(UInt8(truncatingIfNeeded: count &* 167 &+ count / 7))
    }
  }

  @Test func `every character stands for its bits`() throws {
    for (value, character) in Self.alphabet.enumerated() {
      let text = Array(repeating: character, count: 128)
      let group = (value << 18 | value << 12 | value << 6 | value)
      let bytes = [UInt8(group >> 16), UInt8(group >> 8 & 255), UInt8(group & 255)]
      #expect(try Self.decode(text) == Array(repeating: bytes, count: 32).flatMap(\.self))
    }
  }

  @Test func `a wrong character is found wherever it is`() throws {
    let text = (0..<132).map { Self.alphabet[($0 * 29) % 64] }
    for place in text.indices {
      for wrong in UInt8(0x20)...0x7E
      where !Self.alphabet.contains(wrong) && wrong != UInt8(ascii: "\"")
        && wrong != UInt8(ascii: "\\")
        && !(wrong == UInt8(ascii: "=") && place == text.count - 1)
      {
        // All of them at a few places, some at all.
        if place % 17 != 0 && wrong % 5 != 0 { continue }
        var changed = text
        changed[place] = wrong
        let error = #expect(throws: PackedError.self) { try Self.decode(changed) }
        #expect(error?.offset == place)
      }
    }
  }

  @Test func `a string ends where it ends`() throws {
    for count in 0..<90 {
      let plain = Array(repeating: UInt8(ascii: "a"), count: count)
      let text = [UInt8(ascii: "\"")] + plain + Array(#"é\n" "#.utf8) + plain
      #expect(throws: JSONParseError.self) { try JSONDocument(parsing: text + [0x22]) }
      let end = count + 6
      let document = try JSONDocument(parsing: text, in: 0..<end, maxDepth: 4)
      #expect(document.root.string == String(decoding: plain, as: UTF8.self) + "é\n")
      for bad: UInt8 in [0x00, 0x1F, 0x80, 0xFF, 0x22] {
        var broken = [UInt8(ascii: "\"")] + plain + [UInt8(ascii: "b"), 0x22]
        broken[1 + count / 2] = bad
        #expect(throws: JSONParseError.self) { try JSONDocument(parsing: broken) }
      }
    }
  }

  @Test func `keys are compared by all their bytes`() throws {
    let object = try JSONDocument(
      parsing: Array(#"{"a":1,"ab":2,"":3,"é":4,"a\u0062c":5,"abd":[{"x":0}],"z":6}"#.utf8)
    ).root
    let keys = ["a", "ab", "", "é", "abc", "z", "zz", "b"]
    let expected: [Int64?] = [1, 2, 3, 4, 5, 6, nil, nil]
    #expect(keys.map { object[$0]?.int64 } == expected)
    var values = [JSONValue?](repeating: nil, count: keys.count)
    let areAll = object.forEachMember(named: NameIndex(keys)) { values[$0] = $1 }
    #expect(values.map { $0?.int64 } == expected)
    #expect(!areAll)
    let haveAll = object.forEachMember(named: NameIndex(keys + ["abd"])) { _, _ in }
    #expect(haveAll)
    #expect(object.firstKey(notIn: NameIndex(keys)) == "abd")
    #expect(object.firstKey(notIn: NameIndex(keys + ["abd"])) == nil)
    #expect(object.memberValues.map(\.int64) == [1, 2, 3, 4, 5, nil, 6])
    #expect(DType(object["a"]) == nil && DType(nil) == nil)
  }
}
