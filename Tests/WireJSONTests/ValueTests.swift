import Testing

@testable import WireJSON

@Suite struct ValueTests {
  @Test func kinds() throws {
    let root = try parse(#"[null, true, 1, 1.5, "s", [], [1], [1.5], {}, [1, "x"]]"#)
    let kinds: [JSONValue.Kind] = [
      .null, .bool, .number, .number, .string, .array, .array, .array, .object, .array,
    ]
    #expect(root.elements.map(\.kind) == kinds)
    #expect(root.elements.map(\.isNull) == kinds.map { $0 == .null })
    #expect(root.elements.map(\.count) == [0, 0, 0, 0, 0, 0, 1, 1, 0, 2])
  }

  /// Every accessor answers nil, false or nothing for values of another kind.
  @Test func accessorsOfOtherKinds() throws {
    let root = try parse(#"[null, true, 7, "7", [7], {"7": 7}]"#)
    for value in root.elements {
      #expect((value.bool != nil) == (value.kind == .bool))
      #expect((value.string != nil) == (value.kind == .string))
      #expect((value.int64 != nil) == (value.kind == .number))
      #expect((value.uint64 != nil) == (value.kind == .number))
      #expect((value.double != nil) == (value.kind == .number))
      #expect(value.isIntegerText == (value.kind == .number))
      #expect(value.stringEquals("7") == (value.kind == .string))
      #expect((value["7"] != nil) == (value.kind == .object))
      #expect((value[0] != nil) == (value.kind == .array))
      #expect(Array(value.elements).count == (value.kind == .array ? 1 : 0))
      #expect(Array(value.members).count == (value.kind == .object ? 1 : 0))
      #expect((value.numbers != nil) == (value.kind == .array))
      #expect(!value.isOverflow)
    }
  }

  @Test func exactIntegers() throws {
    let cases: [(String, Int64?, UInt64?, isInteger: Bool)] = [
      ("0", 0, 0, true), ("-0", 0, 0, true), ("-1", -1, nil, true), ("7", 7, 7, true),
      ("7.0", 7, 7, false), ("1e3", 1000, 1000, false), ("0.7e1", 7, 7, false),
      ("70e-1", 7, 7, false), ("0.5", nil, nil, false), ("-0.0", 0, 0, false),
      ("9007199254740993", 9_007_199_254_740_993, 9_007_199_254_740_993, true),
      ("9007199254740993.0", 9_007_199_254_740_993, 9_007_199_254_740_993, false),
      ("9007199254740993.5", nil, nil, false),
      ("900719925474099.3e1", 9_007_199_254_740_993, 9_007_199_254_740_993, false),
      ("-9007199254740993.0", -9_007_199_254_740_993, nil, false),
      ("9223372036854775807", .max, 9_223_372_036_854_775_807, true),
      ("9223372036854775807.0", .max, 9_223_372_036_854_775_807, false),
      ("9223372036854775808", nil, 9_223_372_036_854_775_808, true),
      ("-9223372036854775808", .min, nil, true), ("-9223372036854775808.0", .min, nil, false),
      ("-9.223372036854775808e18", .min, nil, false), ("-9223372036854775809", nil, nil, true),
      ("9223372036854775808e0", nil, 9_223_372_036_854_775_808, false),
      ("18446744073709551615", nil, .max, true), ("18446744073709551615.00", nil, .max, false),
      ("1844674407370955161.5e1", nil, .max, false), ("18446744073709551616", nil, nil, true),
      ("18446744073709551616.0", nil, nil, false),
      (
        "1e18", 1_000_000_000_000_000_000,
        1_000_000_000_000_000_000, false
      ),
      ("1e19", nil, 10_000_000_000_000_000_000, false), ("1e20", nil, nil, false),
      ("1e400", nil, nil, false), ("123456789012345678900000000000000000000", nil, nil, true),
      ("1000000000000000000000e-3", 1_000_000_000_000_000_000, 1_000_000_000_000_000_000, false),
    ]
    for (text, signed, unsigned, isInteger) in cases {
      for value in [
        try parse(text), try #require(try parse("[null,\(text)]")[1]),
        try #require(try parse("[\(text)]")[0]), try #require(try parse("[0.5,\(text)]")[1]),
      ] {
        #expect(value.int64 == signed, "\(text)")
        #expect(value.uint64 == unsigned, "\(text)")
        #expect(value.isIntegerText == isInteger, "\(text)")
        #expect(String(decoding: value.rawText, as: UTF8.self) == text)
      }
    }
  }

  @Test func overflowIsToldFromInfinity() throws {
    let root = try parse("[1e400, -1e309, 1.7976931348623157e308, 1e-400, 1]")
    #expect(root.elements.map(\.isOverflow) == [true, true, false, false, false])
    #expect(root.elements.map(\.double) == [.infinity, -.infinity, .greatestFiniteMagnitude, 0, 1])
    let pooled = try parse("[0.5, 1e400]")
    #expect(pooled.elements.map(\.isOverflow) == [false, true])
  }

  @Test func membersAndLookUp() throws {
    let root = try parse(#"{"a": [1, {"x": 2}], "b\n": {"c": {}}, "": 3, "é": 4, "a2": [[0.5]]}"#)
    #expect(root.members.map(\.key) == ["a", "b\n", "", "é", "a2"])
    #expect(root["a"]?[1]?["x"]?.int64 == 2)
    #expect(root["b\n"]?["c"]?.count == 0)
    #expect(root[""]?.int64 == 3)
    #expect(root["é"]?.int64 == 4)
    #expect(root["e\u{301}"] == nil, "keys are compared by code points")
    #expect(root["A"] == nil)
    #expect(root["a2"]?[0]?[0]?.double == 0.5)
    #expect(root["a2"]?[1] == nil && root["a2"]?[-1] == nil)
  }

  @Test func rawTextIsAsSent() throws {
    let texts = [
      "\"x\\u0041\"", "[ 1 , 2 ]", "{ \"k\" : [ \"]\" , \"\\\"}\" ] }", "1.50", "-0", "null",
      "true",
      "[]", "{}", "1e+05", "[[0.50, 1.0 ],[2.0,3e0]]",
    ]
    let all = "[ " + texts.joined(separator: " , ") + " ]"
    let root = try parse(all)
    #expect(root.elements.map { String(decoding: $0.rawText, as: UTF8.self) } == texts)
    #expect(String(decoding: root.rawText, as: UTF8.self) == all)
    let floats = ["0.50", "1e0", "-2.00", "7", "-0"]
    let pooled = try parse("[ " + floats.joined(separator: " ,  ") + " ]")
    #expect(pooled.elements.map { String(decoding: $0.rawText, as: UTF8.self) } == floats)
    #expect(pooled[1]?.sourceRange == 10..<13)
  }

  @Test func documentsOutliveTheirSource() throws {
    var bytes = Array(#"{"s":"kept","n":[1,2,3]}"#.utf8)
    let root = try JSONDocument(parsing: bytes).root
    for i in bytes.indices { bytes[i] = 0 }
    #expect(root["s"]?.string == "kept")
    #expect(root["n"]?[2]?.int64 == 3)
  }

  @Test func emptyRangesAndWrongOnes() {
    for range in [0..<0, 2..<2, 5..<9, 3..<3] {
      #expect(throws: JSONParseError.self) {
        try JSONDocument(parsing: Array("1 2".utf8), in: range, maxDepth: 64)
      }
    }
  }
}
