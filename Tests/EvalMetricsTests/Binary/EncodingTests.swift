import EvalTestSupport
import Testing

@testable import EvalMetrics

/// One set of rows in every form that a batch can have gives the same bits.
@Suite struct EncodingTests {
  private static let scores = [0, 0.25, 0.5, 0.75, 1, 0.5, 0.125, 0.875, -0.0, 1]
  private static let labels = [0, 0, 1, 1, 1, 0, 0, 1, 0, 0]

  private func answers(_ scores: Column, _ labels: Column, _ options: [String: Value] = [:]) throws
    -> [Answer]
  {
    var bench = try Bench("binary", options)
    try bench.push(["scores": scores, "labels": labels])
    return try Tasks.metrics(of: "binary").map { try bench.ask($0.name) }
  }

  @Test(arguments: [FloatType.float16, .bfloat16, .float32, .float64]) func everyFloatType(
    _ type: FloatType
  ) throws {
    let plain = try answers(.doubles(Self.scores), .integers(Self.labels))
    #expect(try answers(type.column(Self.scores), .integers(Self.labels)) == plain)
    // [n, 1] is [n], and of [n, 2] the second column counts.
    guard case .numeric(var column) = type.column(Self.scores) else { return }
    column.shape = [Self.scores.count, 1]
    #expect(try answers(.numeric(column), .integers(Self.labels)) == plain)
    guard case .numeric(var pairs) = type.column(Self.scores.flatMap { [0.3, $0] }) else { return }
    pairs.shape = [Self.scores.count, 2]
    #expect(try answers(.numeric(pairs), .integers(Self.labels)) == plain)
  }

  @Test(arguments: [FloatType.float16, .bfloat16, .float32, .float64])
  func bothZerosAreOneScore(_ type: FloatType) throws {
    let signed = [0, -0.0, -0.0, 0, 0.5, -0.0]
    let labels = Column.integers([1, 0, 1, 0, 1, 0])
    let options: [String: Value] = ["score_kind": .text("logit"), "threshold": .number(-0.0)]
    let plain = try answers(.doubles(signed.map { abs($0) }), labels, options)
    #expect(try answers(type.column(signed), labels, options) == plain)
    var weighted = try Bench("binary", options)
    try weighted.push(
      ["scores": type.column([0, -0.0, -0.0, 0]), "labels": .integers([1, 1, 0, 0])],
      [0.5, 0.5, 0.5, 0.5])
    #expect(try weighted.ask("roc_auc").number == 0.5)
    #expect(try weighted.ask("optimal_threshold").number?.sign == .plus)
  }

  @Test func listsDictionariesAndConstants() throws {
    let plain = try answers(.doubles(Self.scores), .integers(Self.labels))
    let distinct = Array(Set(Self.scores))
    let dictionary = Column.dictionary(
      values: distinct.map(Value.number) + [.integer(7)],
      codes: Self.scores.map { Int32(distinct.firstIndex(of: $0) ?? 0) })
    let list = Column.values(
      Self.scores.map { $0 == 1 ? .integer(1) : .number($0) })
    for scores in [dictionary, list] {
      #expect(try answers(scores, .integers(Self.labels)) == plain)
    }
    let ones = Column.doubles(Self.scores.map { _ in 1 })
    let all = try answers(ones, .integers(Self.labels))
    #expect(try answers(.constant(.integer(1)), .integers(Self.labels)) == all)
    #expect(
      try answers(FloatType.uint8.column(Self.scores.map { _ in 1 }), .integers(Self.labels)) == all
    )
  }

  @Test func everyFormOfALabel() throws {
    let plain = try answers(.doubles(Self.scores), .integers(Self.labels))
    func storage(_ storage: NumericColumn.Storage) -> Column {
      .numeric(NumericColumn(storage: storage, shape: [Self.labels.count, 1]))
    }
    let forms: [Column] = [
      storage(.bool(Self.labels.map(UInt8.init))), storage(.int8(Self.labels.map(Int8.init))),
      storage(.int16(Self.labels.map(Int16.init))), storage(.int32(Self.labels.map(Int32.init))),
      storage(.uint8(Self.labels.map(UInt8.init))), storage(.uint16(Self.labels.map(UInt16.init))),
      storage(.uint32(Self.labels.map(UInt32.init))),
      storage(.uint64(Self.labels.map(UInt64.init))),
      storage(.float16(Self.labels.map { $0 == 1 ? 0x3C00 : 0 })),
      storage(.bfloat16(Self.labels.map { $0 == 1 ? 0x3F80 : 0x8000 })),
      storage(.float32(Self.labels.map(Float.init))), .doubles(Self.labels.map(Double.init)),
      .values(Self.labels.map { .bool($0 == 1) }),
      .values(Self.labels.map { $0 == 1 ? .number(1) : .number(-0.0) }),
      .dictionary(values: [.bool(true), .integer(0)], codes: Self.labels.map { $0 == 1 ? 0 : 1 }),
    ]
    for form in forms { #expect(try answers(.doubles(Self.scores), form) == plain) }
    let words = Column.texts(Self.labels.map { $0 == 1 ? "cat" : "dog" })
    #expect(
      try answers(.doubles(Self.scores), words, ["positive_label": .text("cat")]) == plain)
    for labels in [
      Column.integers(Self.labels.map { $0 * 5 }), .doubles(Self.labels.map { Double($0) * 5 }),
    ] {
      for label in [Value.integer(5), .number(5)] {
        #expect(try answers(.doubles(Self.scores), labels, ["positive_label": label]) == plain)
      }
    }
  }

  @Test func labelsThatAreNone() throws {
    let scores = Column.doubles([0.5, 0.5])
    for odd in [
      Value.integer(2), .integer(-1), .number(0.5), .number(.nan), .null, .text("1"), .text("cat"),
      .list([]), .unsigned(.max), .integer(256), .integer(1 << 32),
    ] {
      let error = inputError {
        _ = try answers(scores, .values([.integer(1), odd]))
      }
      #expect(error?.path == [.key("labels"), .index(1)], "\(odd)")
    }
    for storage in [
      NumericColumn.Storage.int8([1, -1]), .int32([1, 256]), .int64([1, 1 << 32]),
      .uint8([1, 2]), .uint16([1, 256]), .uint64([1, .max]), .float32([1, 0.5]),
      .float64([1, .nan]),
      .float16([0x3C00, 0x4000]),
    ] {
      let error = inputError {
        _ = try answers(scores, .numeric(NumericColumn(storage: storage, shape: [2])))
      }
      #expect(error?.path == [.key("labels"), .index(1)], "\(storage)")
    }
    for odd in [Value.number(0.5), .null, .list([])] {
      let error = inputError {
        _ = try answers(scores, .values([.integer(1), odd]), ["positive_label": .integer(1)])
      }
      #expect(error?.path == [.key("labels"), .index(1)], "\(odd)")
    }
  }

  @Test func logitsOfTwoColumnsAreTheirDifference() throws {
    let pairs: [Double] = [1, 3, -2, 0.5, 4, 4, 0, -7]
    let labels = Column.integers([1, 1, 0, 0])
    let options: [String: Value] = ["score_kind": .text("logit")]
    let wanted = try answers(.doubles([2, 2.5, 0, -7]), labels, options)
    for type in [FloatType.float16, .bfloat16, .float32, .float64] {
      guard case .numeric(var column) = type.column(pairs) else { continue }
      column.shape = [4, 2]
      #expect(try answers(.numeric(column), labels, options) == wanted)
    }
  }

  @Test func shapesThatAreNoColumnOfScores() throws {
    for shape in [[2, 3], [2, 0], [2, 2, 1], [2, 1, 2]] {
      let count = shape.reduce(1, *)
      let column = Column.numeric(
        NumericColumn(storage: .float32(Array(repeating: 0.5, count: count)), shape: shape))
      let error = inputError { _ = try answers(column, .integers([0, 1])) }
      #expect(error?.path == [.key("scores")], "\(shape)")
    }
  }

  @Test func probabilitiesALittleOutsideAreClampedAndCounted() throws {
    var bench = try Bench("binary")
    let report = try bench.push([
      "scores": .doubles([-1e-6, 1.000001, 0.5, 1 + 1e-7]), "labels": .integers([0, 1, 1, 1]),
    ])
    #expect(report.clamped == 3)
    #expect(try bench.ask("brier").number == 0.0625)
    #expect(try bench.ask("optimal_threshold").number == 0.5)
    for far in [-1.1e-6, 1.0000011, -1, 2, 1e300] {
      let error = inputError {
        try bench.push(["scores": .doubles([0.5, far]), "labels": .integers([0, 1])])
      }
      #expect(error?.path == [.key("scores"), .index(1)])
    }
    // A softmax in float32 ends a little outside.
    #expect(
      try bench.push([
        "scores": FloatType.float32.column([Double(Float(1).nextUp)]), "labels": .integers([1]),
      ]).clamped == 1)
  }

  @Test func scoresThatAreNotFiniteAreRefusedOrSkipped() throws {
    for type in [FloatType.float16, .bfloat16, .float32, .float64] {
      for odd in [Double.nan, .infinity, -.infinity] {
        for kind in ["probability", "logit", "score"] {
          let columns = ["scores": type.column([0.5, odd]), "labels": Column.integers([1, 0])]
          var strict = try Bench("binary", ["score_kind": .text(kind)])
          let error = inputError { try strict.push(columns) }
          #expect(error?.path == [.key("scores"), .index(1)])
          var lenient = try Bench(
            "binary", ["score_kind": .text(kind), "non_finite": .text("skip")])
          let report = try lenient.push(columns)
          #expect(report.applied == 1 && report.dropped == 1 && report.clamped == 0)
          #expect(try lenient.ask("prevalence").number == 1)
        }
      }
    }
    let texts = Column.values([.text("NaN"), .text("Infinity"), .text("-Infinity"), .number(0.25)])
    var bench = try Bench("binary", ["non_finite": .text("skip")])
    #expect(try bench.push(["scores": texts, "labels": .integers([0, 0, 0, 1])]).dropped == 3)
  }

  /// From a number of rows on 16-bit scores are counted in tables; before, and beside other types, they are keys.
  @Test func tablesOfSixteenBitScoresAnswerAsKeysDo() throws {
    var generator = LawGenerator(41)
    let count = 140_000
    let scores = (0..<count).map { _ in Double(generator.integer(0..<129)) / 128 }
    let labels = scores.map { generator.chance($0) ? 1 : 0 }
    var plain = try Bench.binary(scores, labels)
    let cut = 131_000
    for first in [FloatType.float16, .bfloat16] {
      var bench = try Bench("binary")
      for (range, type) in [
        (0..<cut, first), (cut..<count - 50, .bfloat16), (count - 50..<count, .float32),
      ] {
        try bench.push([
          "scores": type.column(Array(scores[range])), "labels": .integers(Array(labels[range])),
        ])
      }
      for name in ["roc_auc", "average_precision", "ece", "ace", "log_loss", "optimal_threshold"] {
        #expect(try bench.ask(name) == plain.ask(name), "\(name)")
      }
    }
  }
}
