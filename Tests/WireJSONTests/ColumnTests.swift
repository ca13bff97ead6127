import Testing

@testable import WireJSON

/// JSON arrays as columns.
@Suite struct ColumnTests {
  private func column(_ text: String) throws -> NumberArray? { try parse(text).numbers }

  private func ints(_ text: String) throws -> [Int64]? {
    guard case .int64(let values)? = try column(text)?.storage else { return nil }
    return values
  }

  private func unsigned(_ text: String) throws -> [UInt64]? {
    guard case .uint64(let values)? = try column(text)?.storage else { return nil }
    return values
  }

  private func floats(_ text: String) throws -> [Double]? {
    guard case .float64(let values)? = try column(text)?.storage else { return nil }
    return values
  }

  @Test func typeFollowsTheText() throws {
    #expect(try ints("[1,2,3]") == [1, 2, 3])
    #expect(try ints("[]") == [])
    #expect(try ints("[-0,1]") == [0, 1])
    #expect(try ints("[9223372036854775807]") == [.max])
    #expect(try unsigned("[1,9223372036854775808]") == [1, 9_223_372_036_854_775_808])
    #expect(try unsigned("[18446744073709551615]") == [.max])
    #expect(try floats("[18446744073709551616]") == [18_446_744_073_709_551_616])
    #expect(try floats("[1,2.5]") == [1, 2.5])
    #expect(try floats("[1.0,2.0]") == [1, 2])
    #expect(try floats("[9007199254740992,0.5]") == [9_007_199_254_740_992, 0.5])
    #expect(try floats("[-0,0.5]")?.first?.sign == .minus)
  }

  /// Among floats an integer of 64 bits is a double only up to 2^53; what is longer is a float wherever it
  /// stands.
  @Test func integersAreNotRounded() throws {
    for text in [
      "[9007199254740993,0.5]", "[0.5,9007199254740993]", "[0.5,-9007199254740993]",
      "[1,2,3,9007199254740993,0.5]", "[[9007199254740993,1],[0.5,2]]",
      "[[0.5,2],[9007199254740993,1]]", "[[0.5,9007199254740993],[1,2]]",
      "[9223372036854775807,1e3]",
      "[18446744073709551615,0.5]", "[9223372036854775808,0.5]", "[-1,9223372036854775808]",
      "[9007199254740994,0.5]", "[[-9223372036854775808,1],[0.5,2]]",
    ] {
      #expect(try column(text)?.shape == nil, "\(text)")
    }
    #expect(try floats("[-9007199254740992,0.5]") == [-9_007_199_254_740_992, 0.5])
    #expect(try floats("[18446744073709551617,0.5]") == [0x1p64, 0.5])
    // What is refused in any case is told.
    #expect(try column("[9007199254740993,1e400]")?.overflowIndex == 1)
  }

  @Test func shapes() throws {
    let cases: [(String, [Int]?)] = [
      ("[]", [0]), ("[1]", [1]), ("[[1]]", [1, 1]), ("[[1,2],[3,4],[5,6]]", [3, 2]),
      ("[[0.5,1],[2,3]]", [2, 2]), ("[[[1],[2]],[[3],[4]]]", [2, 2, 1]),
      ("[[[[1,2]]]]", [1, 1, 1, 2]), ("[[[[[1]]]]]", nil), ("[[]]", nil), ("[[],[]]", nil),
      ("[[1],[]]", nil), ("[[],[1]]", nil), ("[[1],[2,3]]", nil), ("[[1,2],[3]]", nil),
      ("[1,[2]]", nil), ("[[1],2]", nil), ("[[[1]],[2]]", nil), ("[[1],[[2]]]", nil),
      ("[null]", nil), ("[1,null]", nil), ("[\"1\"]", nil), ("[1,true]", nil), ("[{}]", nil),
      ("[[1],{}]", nil), ("[[1],[\"x\"]]", nil), ("[[1,{\"a\":2}],[3,4]]", nil),
      ("[[{\"a\":2}],[{\"a\":2}]]", nil), ("[\"NaN\",1.5]", nil), ("[[-0,1],[2,3]]", [2, 2]),
      ("[[1,2],[-0,3]]", [2, 2]), ("[[1e400,1],[2,3]]", [2, 2]), ("[[[1,2],[3]],[[4,5]]]", nil),
      ("[true,false]", nil), ("7", nil), ("{}", nil), ("\"x\"", nil), ("null", nil),
    ]
    for (text, shape) in cases {
      let column = try column(text)
      #expect(column?.shape == shape, "\(text)")
      #expect(column?.count == shape?.reduce(1, *), "\(text)")
      #expect(column.map(\.storage.count) == column?.count)
    }
  }

  /// Other arrays in the same document, and rows that had to leave the pools, mix nothing up.
  @Test func neighboursStayApart() throws {
    let root = try parse(
      #"{"a":[5,6],"b":[[1,2],[-0,3]],"c":[0.5],"d":[[0.25,1],[2,3],[1e300,4]],"e":[7],"f":[9,0.5]}"#
    )
    let expected: [String: [Double]] = [
      "a": [5, 6], "b": [1, 2, 0, 3], "c": [0.5], "d": [0.25, 1, 2, 3, 1e300, 4], "e": [7],
      "f": [9, 0.5],
    ]
    for (key, values) in expected {
      let found: [Double]
      switch root[key]?.numbers?.storage {
      case .int64(let a): found = a.map { Double($0) }
      case .float64(let a): found = a
      default: found = []
      }
      #expect(found == values, "\(key)")
    }
  }

  /// The pool holds as many numbers as the column has, but not the same ones.
  @Test func poolsOfEqualSizeAreNotTheColumn() throws {
    let mixed = try parse(#"{"a":[5,6],"b":[[1,2],[-0,3]]}"#)
    guard case .int64(let ints)? = mixed["b"]?.numbers?.storage else {
      return #expect(Bool(false))
    }
    #expect(ints == [1, 2, 0, 3])
    let floats = try parse(#"{"a":[5.5,6.5],"b":[[1.5,2.5],[1e300,3.5]]}"#)
    guard case .float64(let doubles)? = floats["b"]?.numbers?.storage else {
      return #expect(Bool(false))
    }
    #expect(doubles == [1.5, 2.5, 1e300, 3.5])
  }

  /// An array that leaves the pools takes its marks along.
  @Test func marksOfIntegersStayWithTheirArray() throws {
    let root = try parse(#"{"a":[0.5,1,2,"x"],"b":[0.5,2.5,7],"c":[3,0.5]}"#)
    #expect(root["a"]?.elements.map(\.isIntegerText) == [false, true, true, false])
    #expect(root["b"]?.elements.map(\.isIntegerText) == [false, false, true])
    #expect(root["c"]?.elements.map(\.isIntegerText) == [true, false])
  }

  @Test func overflowHasItsPlace() throws {
    #expect(try column("[0.5,2.5]")?.overflowIndex == nil)
    #expect(try column("[0.5,1e400,-1e400]")?.overflowIndex == 1)
    #expect(try column("[[1,2],[3,-1e999]]")?.overflowIndex == 3)
  }

  @Test func booleans() throws {
    let column = try #require(try parse("[[true,false],[false,true]]").booleans)
    guard case .bool(let bits) = column.storage else { return #expect(Bool(false)) }
    #expect(bits == [1, 0, 0, 1] && column.shape == [2, 2])
    for text in ["[]", "[1]", "[true,1]", "[true,null]", "[[true],[true,false]]", "true", "[[]]"] {
      #expect(try parse(text).booleans == nil, "\(text)")
    }
  }

  /// Pools and nodes are two ways to the same answers: each array is parsed once as numbers alone and
  /// once with a null at the end, and every accessor is compared.
  @Test func poolsAnswerAsNodesDo() throws {
    var generator = SeededGenerator(seed: 5)
    let words = [
      "0", "1", "-1", "7", "-0", "12", "1234567", "12345678", "9007199254740993", "0.5", "-0.25",
      "1.0", "-0.0", "1e3", "1e400", "1e-7", "18446744073709551615", "9223372036854775807", "3.0e0",
      "123456789.125", "1e16",
    ]
    for round in 0..<600 {
      let pool = round % 3 == 0 ? words : Array(words.shuffled(using: &generator).prefix(4))
      let count = Int.random(in: 1...40, using: &generator)
      let list = (0..<count).map { _ in pool.randomElement(using: &generator) ?? "0" }
      let separator = [",", ", ", " ,", " , ", ",  "][round % 5]
      let text = list.joined(separator: separator)
      let padding = round % 2 == 0 ? "" : String(repeating: " ", count: 80)
      let plain = try parse("[\(text)]\(padding)")
      let nodes = try parse("[\(text),null]\(padding)")
      for (i, (a, b)) in zip(plain.elements, nodes.elements).enumerated() {
        #expect(a.double?.bitPattern == b.double?.bitPattern)
        #expect(a.int64 == b.int64 && a.uint64 == b.uint64)
        #expect(a.isIntegerText == b.isIntegerText && a.isOverflow == b.isOverflow)
        #expect(a.rawText == b.rawText && String(decoding: a.rawText, as: UTF8.self) == list[i])
        #expect(plain[i]?.double?.bitPattern == a.double?.bitPattern)
      }
      #expect(plain.count == count)
    }
  }
}
