import EvalMetrics
import EvalTestSupport
import Testing

@Suite struct UniqueIDTests {
  private func bench() throws -> Bench { try Bench("scalar", ["unique_ids": .bool(true)]) }

  @Test func aRowWhoseIDWasSeenIsDroppedAndCounted() throws {
    var bench = try bench()
    let first = try bench.push(["values": .doubles([1, 2, 4]), "ids": .integers([1, 2, 1])])
    #expect(first.applied == 2)
    #expect(first.duplicates == 1)
    #expect(first.conflicting == 1)
    let second = try bench.push(["values": .doubles([2, 8]), "ids": .integers([2, 3])])
    #expect(second.applied == 1)
    #expect(second.duplicates == 1)
    #expect(second.conflicting == 0)
    #expect(try bench.ask("sum").number == 11)
    #expect(bench.engine.count == 3)
  }

  @Test func anotherWindowBeginsAnew() throws {
    var bench = try bench()
    for epoch in 0..<3 {
      let report = try bench.push(["values": .doubles([1, 2]), "ids": .texts(["a", "b"])])
      #expect(report.duplicates == 0)
      bench.engine.mark("\(epoch)")
    }
    #expect(bench.engine.totalCount == 6)
    try bench.push(["values": .doubles([1]), "ids": .texts(["a"])])
    bench.engine.reset()
    #expect(try bench.push(["values": .doubles([1]), "ids": .texts(["a"])]).duplicates == 0)
  }

  @Test func sevenIsNotTheTextSeven() throws {
    var bench = try bench()
    let ids: [Value] = [
      .integer(7), .text("7"), .unsigned(.max), .integer(-1), .text("\u{E9}"), .text("e\u{301}"),
      .unsigned(7),
    ]
    let report = try bench.push(["values": .doubles(ids.map { _ in 1 }), "ids": .values(ids)])
    #expect(report.applied == 6)
    #expect(report.duplicates == 1)
  }

  @Test func theSameRowIsTheSameInEveryEncoding() throws {
    var bench = try Bench("binary", ["unique_ids": .bool(true)])
    let ids = Column.integers([1, 2])
    try bench.push(["scores": .doubles([0, 0.5]), "labels": .integers([0, 1]), "ids": ids])
    for (scores, labels) in [
      (FloatType.float32.column([0, 0.5]), Column.values([.bool(false), .bool(true)])),
      (.values([.number(-0.0), .number(0.5)]), .doubles([0, 1])),
      (
        .dictionary(values: [.number(0.5), .integer(0)], codes: [1, 0]),
        FloatType.uint8.column([0, 1])
      ),
    ] {
      let report = try bench.push(["scores": scores, "labels": labels, "ids": ids])
      #expect(report.duplicates == 2)
      #expect(report.conflicting == 0)
    }
  }

  @Test func anotherSliceIsOtherContent() throws {
    var bench = try Bench(
      "scalar", ["unique_ids": .bool(true)], slices: [SliceDimension(name: "language")])
    for (word, conflicting) in [("en", 0), ("en", 0), ("fr", 1)] {
      let report = try bench.push(
        ["values": .doubles([1]), "ids": .integers([1])],
        slices: ["language": .texts([word])])
      #expect(report.conflicting == conflicting)
    }
  }

  @Test func idsAreThereAndOneARow() throws {
    var bench = try bench()
    #expect(inputError { try bench.push(["values": .doubles([1])]) }?.kind == .invalidBatch)
    for odd in [Value.null, .number(1.5), .bool(true), .list([])] {
      let error = inputError {
        try bench.push(["values": .doubles([1, 2]), "ids": .values([.integer(1), odd])])
      }
      #expect(error?.path == [.key("ids"), .index(1)])
    }
    for shape in [[2, 0], [2, 2]] {
      let ids = Column.numeric(
        NumericColumn(
          storage: .int64(Array(repeating: 1, count: shape[0] * shape[1])), shape: shape))
      #expect(
        inputError { try bench.push(["values": .doubles([1, 2]), "ids": ids]) }?.path
          == [.key("ids")])
    }
    // A batch without rows has no ids to lack.
    #expect(try bench.push([:]).applied == 0)
    #expect(try bench.push(["values": .doubles([])]).applied == 0)
  }

  @Test func aRefusedBatchUsesUpNoIDs() throws {
    var bench = try bench()
    let refused = inputError {
      try bench.push(["values": .doubles([1, .nan]), "ids": .integers([1, 2])])
    }
    #expect(refused?.path == [.key("values"), .index(1)])
    #expect(try bench.push(["values": .doubles([1, 2]), "ids": .integers([1, 2])]).applied == 2)
  }

  @Test func aSkippedRowUsesUpNoID() throws {
    var bench = try Bench(
      "scalar", ["unique_ids": .bool(true), "non_finite": .text("skip")])
    let report = try bench.push(["values": .doubles([.nan, 1]), "ids": .integers([1, 2])])
    #expect(report.dropped == 1)
    #expect(report.applied == 1)
    #expect(try bench.push(["values": .doubles([5]), "ids": .integers([1])]).applied == 1)
    #expect(try bench.ask("sum").number == 6)
  }

  /// What ids take grows with their texts, so that a limit of memory means something.
  @Test func textsOfIDsAreAccounted() throws {
    var bench = try bench()
    let before = bench.engine.byteCount
    let long = String(repeating: "x", count: 10_000)
    try bench.push(["values": .doubles([1, 2]), "ids": .texts([long + "1", long + "2"])])
    #expect(bench.engine.byteCount - before > 20_000)
  }

  /// Ids that no stream checks are still checked for what they are.
  @Test func withoutTheOptionIDsMayRepeat() throws {
    var bench = try Bench("scalar")
    #expect(try bench.push(["values": .doubles([1, 2]), "ids": .integers([1, 1])]).applied == 2)
    #expect(
      inputError { try bench.push(["values": .doubles([1]), "ids": .values([.null])]) } != nil)
  }
}
