import EvalMetrics
import EvalTestSupport
import Testing

@Suite struct SliceTests {
  private static let language = SliceDimension(name: "language")
  private static let length = SliceDimension(name: "length", edges: [64, 512])

  private func bench(_ slices: [SliceDimension] = [language]) throws -> Bench {
    try Bench("scalar", slices: slices)
  }

  private func scope(_ slice: [Int: SliceValue], _ window: Window = .current) -> Scope {
    Scope(window: window, slice: slice)
  }

  @Test func everyFormOfASliceColumnIsTheSame() throws {
    let forms: [Column] = [
      .texts(["en", "fr", "en", "de"]),
      .dictionary(values: [.text("en"), .text("fr"), .text("de")], codes: [0, 1, 0, 2]),
      // The same word twice in a dictionary is one value, and a word that no row has is none.
      .dictionary(
        values: [.text("fr"), .text("en"), .text("xx"), .text("en"), .text("de")],
        codes: [1, 0, 3, 4]),
    ]
    for form in forms {
      var bench = try bench()
      try bench.push(["values": .doubles([1, 2, 4, 8])], slices: ["language": form])
      #expect(try bench.ask("sum", in: scope([0: .text("en")])).number == 5)
      #expect(try bench.ask("sum", in: scope([0: .text("fr")])).number == 2)
      #expect(try bench.ask("sum", in: scope([0: .text("xx")])).reason == .noRows)
      #expect(
        try bench.engine.sliceKeys(by: [0], in: .current)
          == [[.text("de")], [.text("en")], [.text("fr")]])
    }
  }

  @Test func oneValueForTheWholeBatchAndNullAreValues() throws {
    var bench = try bench()
    try bench.push(["values": .doubles([1, 2])], slices: ["language": .constant(.text("en"))])
    try bench.push(["values": .doubles([4])], slices: ["language": .constant(.null)])
    try bench.push(
      ["values": .doubles([8, 16])], slices: ["language": .values([.null, .text("en")])])
    #expect(try bench.ask("sum", in: scope([0: .text("en")])).number == 19)
    #expect(try bench.ask("sum", in: scope([0: .null])).number == 12)
    #expect(try bench.engine.sliceKeys(by: [0], in: .current) == [[.null], [.text("en")]])
  }

  @Test func numbersAreOneValueWhateverTheirType() throws {
    var bench = try bench()
    for column in [
      Column.integers([2, 3]), .doubles([2, 3]), .values([.integer(2), .number(3)]),
      FloatType.uint8.column([2, 3]), FloatType.float16.column([2, 3]),
    ] { try bench.push(["values": .doubles([1, 1])], slices: ["language": column]) }
    try bench.push(
      ["values": .doubles([1, 1, 1])],
      slices: ["language": .values([.text("2"), .bool(true), .number(2.5)])])
    #expect(try bench.count(in: scope([0: .integer(2)])) == 5)
    #expect(try bench.count(in: scope([0: .text("2")])) == 1)
    #expect(
      try bench.engine.sliceKeys(by: [0], in: .current)
        == [[.bool(true)], [.integer(2)], [.number(2.5)], [.integer(3)], [.text("2")]])
  }

  @Test func rangesAreClosedOnTheLeft() throws {
    var bench = try bench([Self.length])
    let lengths = [-1e300, 63.999, 64, 511, 512, 1e9, -.infinity, .infinity]
    try bench.push(
      ["values": .doubles(lengths.map { _ in 1 })], slices: ["length": .doubles(lengths)])
    // The names of infinities stand for them too; those of ranges only where a question names one.
    try bench.push(
      ["values": .doubles([1, 1, 1, 1])],
      slices: [
        "length": .values([.number(64.5), .text("Infinity"), .text("-Infinity"), .null])
      ])
    #expect(try bench.count(in: scope([0: .bucket(0)])) == 4)
    #expect(try bench.count(in: scope([0: .bucket(1)])) == 3)
    #expect(try bench.count(in: scope([0: .bucket(2)])) == 4)
    #expect(try bench.count(in: scope([0: .null])) == 1)
    #expect(
      (0...2).map(Self.length.label) == ["< 64", "[64, 512)", ">= 512"])
    for odd in [Value.text("NaN"), .text("long"), .bool(true), .number(.nan)] {
      let error = inputError {
        try bench.push(["values": .doubles([1])], slices: ["length": .values([odd])])
      }
      #expect(error?.path == [.key("slices"), .key("length"), .index(0)])
    }
  }

  @Test func crossesAndTheirMargins() throws {
    var generator = LawGenerator(4)
    var bench = try bench([Self.language, Self.length])
    var sums: [SliceKey: Double] = [:]
    for _ in 0..<20 {
      let count = generator.integer(1..<20)
      let words = (0..<count).map { _ in ["en", "fr", "de"][generator.integer(0..<3)] }
      let lengths = (0..<count).map { _ in [10.0, 100, 1000][generator.integer(0..<3)] }
      let values = (0..<count).map { _ in Double(generator.integer(0..<100)) }
      for row in 0..<count {
        let bucket = Self.length.bucket(of: lengths[row])
        sums[[.text(words[row]), .bucket(bucket)], default: 0] += values[row]
      }
      try bench.push(
        ["values": .doubles(values)],
        slices: ["language": .texts(words), "length": .doubles(lengths)])
    }
    for (key, sum) in sums {
      #expect(try bench.ask("sum", in: scope([0: key[0], 1: key[1]])).number == sum)
    }
    for word in ["en", "fr", "de"] {
      let wanted = sums.filter { $0.key[0] == .text(word) }.values.reduce(0, +)
      #expect(try bench.ask("sum", in: scope([0: .text(word)])).number == wanted)
    }
    for bucket in 0...2 {
      let wanted = sums.filter { $0.key[1] == .bucket(bucket) }.values.reduce(0, +)
      #expect(try bench.ask("sum", in: scope([1: .bucket(bucket)])).number == wanted)
    }
    #expect(try bench.ask("sum").number == sums.values.reduce(0, +))
  }

  @Test func slicesWithinWindows() throws {
    var bench = try Bench("scalar", slices: [Self.language], keepWindows: 2)
    for epoch in 0..<4 {
      try bench.push(
        ["values": .doubles([Double(epoch), 10])], slices: ["language": .texts(["en", "fr"])])
      bench.engine.mark("epoch \(epoch)")
    }
    try bench.push(["values": .doubles([100])], slices: ["language": .constant(.text("en"))])
    let en: [Int: SliceValue] = [0: .text("en")]
    #expect(try bench.ask("sum", in: scope(en)).number == 100)
    #expect(try bench.ask("sum", in: scope(en, .all)).number == 106)
    #expect(try bench.ask("sum", in: scope(en, .mark("epoch 2"))).number == 2)
    #expect(try bench.ask("sum", in: scope(en, .marks(2))).number == 5)
    #expect(try bench.ask("sum", in: scope([0: .text("fr")])).reason == .noRows)
    #expect(try bench.engine.sliceKeys(by: [0], in: .current) == [[.text("en")]])
    #expect(inputError { _ = try bench.ask("sum", in: scope(en, .mark("epoch 1"))) } != nil)
  }

  /// Texts that look alike are as many values as they have spellings.
  @Test func textsAreTheirBytes() throws {
    let (composed, decomposed) = ("caf\u{E9}", "cafe\u{301}")
    var bench = try bench()
    try bench.push(
      ["values": .doubles([1, 2])], slices: ["language": .texts([composed, decomposed])])
    #expect(try bench.ask("sum", in: scope([0: .text(composed)])).number == 1)
    #expect(try bench.ask("sum", in: scope([0: .text(decomposed)])).number == 2)
  }

  /// Integers that are one double are still two, and always in the same order.
  @Test func largeIntegersAreInOrder() throws {
    let large = (0..<40).map { (1 << 53) + $0 }
    for order in [large, large.reversed()] {
      var bench = try bench()
      try bench.push(
        ["values": .doubles(order.map { _ in 1 })], slices: ["language": .integers(order)])
      #expect(
        try bench.engine.sliceKeys(by: [0], in: .current) == large.map { [.integer(Int64($0))] })
    }
  }

  @Test func aSliceHasOneValueARow() throws {
    for shape in [[3, 0], [3, 2]] {
      var bench = try bench()
      let column = Column.numeric(
        NumericColumn(
          storage: .int64(Array(repeating: 1, count: shape[0] * shape[1])), shape: shape))
      let error = inputError {
        try bench.push(["values": .doubles([1, 2, 3])], slices: ["language": column])
      }
      #expect(error?.path == [.key("slices"), .key("language")])
      #expect(bench.engine.totalCount == 0)
    }
  }

  @Test func declaredSlicesAndNoOthersComeWithEveryBatch() throws {
    var bench = try bench()
    #expect(inputError { try bench.push(["values": .doubles([1])]) }?.path == [.key("slices")])
    let unknown = inputError {
      try bench.push(
        ["values": .doubles([1])],
        slices: ["language": .constant(.null), "lenght": .constant(.null)])
    }
    #expect(unknown?.unknown?.name == "lenght")
    try bench.push(["values": .doubles([])])
    #expect(bench.engine.totalCount == 0)
  }

  /// Values that no row has, and values that are there already, are no new cells.
  @Test func onlyCellsThatOccurCountTowardsTheirLimit() throws {
    let limit = StreamEngine<ScalarTask>.cellLimit
    var bench = try bench()
    try bench.push(
      ["values": .doubles(Array(repeating: 1, count: limit))],
      slices: ["language": .integers(Array(0..<limit))])
    try bench.push(["values": .doubles([1])], slices: ["language": .constant(.integer(5))])
    try bench.push(
      ["values": .doubles([1])],
      slices: ["language": .dictionary(values: [.text("never"), .integer(7)], codes: [1])])
    for column in [Column.constant(.text("new")), .texts(["new"])] {
      let error = inputError {
        try bench.push(["values": .doubles([1])], slices: ["language": column])
      }
      #expect(error?.kind == .tooManyValues)
    }
    #expect(bench.engine.totalCount == limit + 2)
  }
}
