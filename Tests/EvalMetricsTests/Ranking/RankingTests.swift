import EvalMetrics
import EvalTestSupport
import Testing

/// What is peculiar to rankings: rows that make up a query together, and what they may not say.
@Suite struct RankingTests {
  /// A batch of rows: query, document, score, relevance.
  private static func columns(
    _ rows: [(String, String, Double?, Double?)], more: [String: Column] = [:]
  ) -> [String: Column] {
    func numbers(_ xs: [Double?]) -> Column { .values(xs.map { $0.map(Value.number) ?? .null }) }
    return [
      "queries": .texts(rows.map(\.0)), "documents": .texts(rows.map(\.1)),
      "scores": numbers(rows.map(\.2)), "relevances": numbers(rows.map(\.3)),
    ].merging(more) { $1 }
  }

  private static let plain: [(String, String, Double?, Double?)] = [
    ("a", "x", 3, 0), ("a", "y", 2, 1), ("b", "x", 1, 1), ("a", "z", nil, 2),
  ]

  @Test func aQueryIsReadOfAllItsBatches() throws {
    var bench = try Bench("ranking")
    for row in Self.plain { try bench.push(Self.columns([row])) }
    // a: the second of two is relevant, and another was missed; b: all is well.
    #expect(try bench.ask("map").number == (0.25 + 1) / 2)
    #expect(try bench.ask("recall@1").number == (0 + 1.0) / 2)
    try bench.push(Self.columns([("b", "w", 9, 0)]))
    #expect(try bench.ask("mrr").number == 0.5)
  }

  /// More rows than are kept side by side, in one batch, in batches that cut queries, and merged.
  @Test func manyRowsAreThoseOfTheirQueries() throws {
    var generator = LawGenerator(41)
    let rows = (0..<70_000).map { row in
      (
        String(row / 100), "d\(row % 100)", Double(generator.integer(0..<100_000)) as Double?,
        (generator.chance(0.05) ? Double(generator.integer(1..<4)) : 0) as Double?
      )
    }
    var whole = try Bench("ranking")
    try whole.push(Self.columns(rows))
    var parts = try Bench("ranking")
    for start in stride(from: 0, to: rows.count, by: 30_050) {
      try parts.push(Self.columns(Array(rows[start..<min(start + 30_050, rows.count)])))
    }
    for metric in try Tasks.metrics(of: "ranking") {
      #expect(try whole.ask(metric.example) == parts.ask(metric.example), "\(metric.name)")
    }
    for (query, document) in [("0", "d7"), ("329", "d99"), ("699", "d99")] {
      #expect(throws: InputError.self) {
        try parts.push(Self.columns([(query, document, 1, 1)]))
      }
    }
    try parts.push(Self.columns([("329", "d100", 1, 1)]))
  }

  /// Names that are integers, in whatever type they come, are those that their digits are.
  @Test func integersAreNames() throws {
    let queries: [Int64] = [7, 7, -1, 7, -1, 300]
    let documents: [Int64] = [10, 9, 10, 11, -5, 300]
    let scores: [Double] = [1, 1, 2, 1, 2, 0]
    let relevances: [Double] = [0, 1, 0, 0, 1, 1]
    let rest: [String: Column] = ["scores": .doubles(scores), "relevances": .doubles(relevances)]
    func bench(_ queries: Column, _ documents: Column) throws -> Bench {
      var bench = try Bench("ranking")
      try bench.push(rest.merging(["queries": queries, "documents": documents]) { $1 })
      return bench
    }
    func packed(_ storage: NumericColumn.Storage) -> Column {
      .numeric(NumericColumn(storage: storage, shape: [6]))
    }
    var wanted = try bench(
      .texts(queries.map(String.init)), .texts(documents.map(String.init)))
    let forms = [
      (packed(.int64(queries)), packed(.int64(documents))),
      (packed(.int16(queries.map(Int16.init))), packed(.int32(documents.map(Int32.init)))),
      (
        .values(queries.map(Value.integer)),
        .dictionary(values: documents.map(Value.integer), codes: [0, 1, 2, 3, 4, 5])
      ),
    ]
    for (queries, documents) in forms {
      var found = try bench(queries, documents)
      for name in ["map", "mrr", "ndcg", "bpref"] {
        #expect(try found.ask(name) == wanted.ask(name), "\(name)")
      }
    }
    // Of equal scores the name that is greater by its bytes comes first: 9, 11, 10; and 10, -5.
    #expect(try wanted.ask("mrr").number == (1 + 0.5 + 1) / 3)
  }

  /// Documents of which only the number is known count as rows that were judged and not retrieved.
  @Test(arguments: ["trec_eval", "sklearn", "kaggle", "torchmetrics"])
  func totalsStandForMissedDocuments(_ compat: String) throws {
    let found: [(String, String, Double?, Double?)] = [
      ("a", "x", 3, 0), ("a", "y", 2, 3), ("a", "z", 1, 0.5), ("b", "x", 1, 1),
    ]
    let options: [String: Value] = ["compat": .text(compat)]
    var told = try Bench("ranking", options)
    try told.push(Self.columns(found, more: ["relevant_totals": .integers([4, 4, 4, 2])]))
    var rows = try Bench("ranking", options)
    try rows.push(
      Self.columns(found + ["m", "n", "o"].map { ("a", $0, nil, 1) } + [("b", "m", nil, 1)]))
    for metric in try Tasks.metrics(of: "ranking") {
      #expect(try told.ask(metric.example) == rows.ask(metric.example), "\(metric.name)")
    }
    #expect(try told.ask("recall@2").number == (0.25 + 0.5) / 2)
  }

  @Test func aDocumentStandsInAQueryOnce() throws {
    var bench = try Bench("ranking")
    let twice = inputError {
      try bench.push(Self.columns(Self.plain + [("c", "x", 1, 1), ("b", "x", 1, 1)]))
    }
    #expect(twice?.path == [.key("documents"), .index(5)])
    #expect(bench.engine.count == 0)
    try bench.push(Self.columns(Self.plain))
    let again = inputError {
      try bench.push(Self.columns([("c", "x", 1, 1), ("a", "w", 1, 1), ("a", "z", 1, 1)]))
    }
    #expect(again?.path == [.key("documents"), .index(2)])
    #expect(again?.message == #"the query "a" has the document "z" already"#)
    #expect(bench.engine.count == 4)
  }

  @Test func rowsThatUniqueIDsLeaveOutAreNotASecondTime() throws {
    var bench = try Bench("ranking", ["unique_ids": .bool(true)])
    func batch(_ rows: [(String, String, Double?, Double?)], _ ids: [Int]) -> [String: Column] {
      Self.columns(rows, more: ["ids": .integers(ids)])
    }
    try bench.push(batch(Self.plain, [1, 2, 3, 4]))
    let report = try bench.push(batch(Self.plain + [("c", "x", 1, 1)], [1, 2, 3, 4, 5]))
    #expect(report.duplicates == 4)
    #expect(bench.engine.count == 5)
    // The row of the fault is that of the batch as it was sent.
    let error = inputError {
      try bench.push(batch([("a", "x", 3, 0), ("d", "x", 1, 1), ("c", "x", 1, 1)], [1, 6, 7]))
    }
    #expect(error?.path == [.key("documents"), .index(2)])
  }

  @Test func queriesOfEveryWindowAreQueriesOfTheirOwn() throws {
    var bench = try Bench("ranking", keepWindows: 2)
    let falling = Self.columns([("a", "x", 3, 0), ("a", "y", 2, 1)])
    let rising = Self.columns([("a", "x", 2, 0), ("a", "y", 3, 1)])
    try bench.push(falling)
    bench.engine.mark("epoch 1")
    try bench.push(rising)
    #expect(try bench.ask("mrr").number == 1)
    #expect(try bench.ask("mrr", in: Scope(window: .mark("epoch 1"))).number == 0.5)
    #expect(try bench.ask("mrr", in: Scope(window: .all)).number == 0.75)
    // After a reset it is the first window again.
    bench.engine.reset()
    try bench.push(falling)
    #expect(try bench.ask("mrr").number == 0.5)
  }

  @Test func mergedQueriesBelongToTheCurrentWindow() throws {
    var leader = try Bench("ranking", keepWindows: 2)
    try leader.push(Self.columns([("a", "x", 1, 1)]))
    leader.engine.mark("epoch 1")
    try leader.push(Self.columns([("a", "x", 3, 0)]))
    var worker = try Bench("ranking")
    try worker.push(Self.columns([("a", "y", 2, 1)]))
    var writer = StateWriter()
    _ = try worker.engine.exportRows(of: .current, into: &writer)
    var reader = StateReader(writer.bytes)
    // One document here, the other there: together they are the query of this epoch.
    #expect(try leader.engine.mergeRows(from: &reader) == 1)
    #expect(try leader.ask("mrr").number == 0.5)
    #expect(try leader.ask("mrr", in: Scope(window: .all)).number == 0.75)
    #expect(
      inputError { try leader.push(Self.columns([("a", "y", 3, 0)])) }?.path
        == [.key("documents"), .index(0)])
    // A stream in which nothing happened goes on in the window of the other.
    var heir = try Bench("ranking", keepWindows: 2)
    writer = StateWriter()
    _ = try leader.engine.exportRows(of: .all, into: &writer)
    reader = StateReader(writer.bytes)
    #expect(try heir.engine.mergeRows(from: &reader) == 3)
    #expect(try heir.ask("mrr").number == 0.75)
    #expect(inputError { try heir.push(Self.columns([("a", "y", 3, 0)])) } != nil)
    try heir.push(Self.columns([("a", "z", 3, 0)]))
    #expect(try heir.ask("recall@2").number == 0.5)
  }

  @Test func weightsAndTotalsAgreeWithinAQuery() throws {
    var bench = try Bench("ranking")
    func push(_ name: String, _ values: [Int]) throws {
      let rows = values.indices.map { ("a", "\(name) \($0) \(bench.engine.count)", 1.0, 0.0) }
      try bench.push(Self.columns(rows, more: [name: .integers(values)]))
    }
    #expect(
      inputError { try push("weights", [2, 2, 3]) }?.path == [.key("weights"), .index(2)])
    #expect(
      inputError { try push("relevant_totals", [2, 3]) }?.path
        == [.key("relevant_totals"), .index(1)])
    try push("weights", [2, 2])
    #expect(inputError { try push("weights", [1]) }?.path == [.key("weights"), .index(0)])
    #expect(
      inputError { try push("relevant_totals", [1]) }?.path == [.key("weights"), .index(0)])
  }

  @Test func noMoreIsRelevantThanTold() throws {
    var bench = try Bench("ranking")
    func rows(_ names: [String], _ totals: [Int]) -> [String: Column] {
      Self.columns(
        names.map { ("a", $0, 1, 1) }, more: ["relevant_totals": .integers(totals)])
    }
    #expect(
      inputError { try bench.push(rows(["x", "y"], [1, 1])) }?.path
        == [.key("relevances"), .index(1)])
    try bench.push(rows(["x", "y"], [2, 2]))
    #expect(
      inputError { try bench.push(rows(["z"], [2])) }?.path == [.key("relevances"), .index(0)])
  }

  @Test func aQueryForWhichNothingWasFoundCounts() throws {
    var bench = try Bench("ranking")
    try bench.push(Self.columns([("a", "x", 1, 1)], more: ["relevant_totals": .integers([1])]))
    var none = Self.columns([("b", "", nil, nil)], more: ["relevant_totals": .integers([4])])
    none["documents"] = .values([.null])
    try bench.push(none)
    #expect(try bench.ask("map").number == 0.5)
    none["relevant_totals"] = nil
    #expect(inputError { try bench.push(none) }?.path == [.key("scores"), .index(0)])
  }

  @Test func listsHaveNamesOnce() throws {
    var bench = try Bench("ranking")
    func lists(_ names: [String]) -> [String: Column] {
      [
        "queries": .texts(names), "retrieved": .values(names.map { _ in .list([.text("x")]) }),
        "relevant": .values(names.map { _ in .record([.init("x", .integer(1))]) }),
      ]
    }
    try bench.push(lists(["a", "b"]))
    #expect(try bench.ask("map").number == 1)
    #expect(
      inputError { try bench.push(lists(["c", "a"])) }?.path == [.key("queries"), .index(1)])
    #expect(
      inputError { try bench.push(lists(["d", "d"])) }?.path == [.key("queries"), .index(1)])
    bench.engine.mark("epoch 1")
    try bench.push(lists(["a"]))
    #expect(bench.engine.count == 1)
  }

  @Test func theFirstBatchSettlesTheForm() throws {
    let named = Self.columns(Self.plain)
    let nameless = named.filter { $0.key != "documents" }
    let lists: [String: Column] = [
      "retrieved": .values([.list([])]), "relevant": .values([.list([.text("x")])]),
    ]
    let forms = [(named, "documents"), (nameless, "documents"), (lists, "retrieved")]
    for (first, _) in forms {
      for (second, column) in forms {
        var bench = try Bench("ranking")
        try bench.push(first)
        let error = inputError { try bench.push(second) }
        if first.keys == second.keys { continue }
        let wanted = first.keys.contains("retrieved") ? "scores" : column
        #expect(error?.path == [.key(wanted)])
      }
    }
  }

  /// Long lists, which sort in several passes, and whose ranks have no discount in the common table.
  @Test(arguments: [11, 12, 13, 25, 97, 4000]) func longListsAreInOrder(_ count: Int) throws {
    var generator = LawGenerator(UInt64(count))
    let scores = (0..<count).map { _ in (generator.normal() * 1000).rounded() }
    let relevances = (0..<count).map { _ in generator.chance(0.2) ? 1.0 : 0 }
    var bench = try Bench("ranking")
    try bench.push([
      "queries": .integers(Array(repeating: 1, count: count)), "scores": .doubles(scores),
      "relevances": .doubles(relevances),
    ])
    let order = (0..<count).sorted {
      (-scores[$0], relevances[$0], $0) < (-scores[$1], relevances[$1], $1)
    }
    var found = 0.0
    var sum = 0.0
    for (place, row) in order.enumerated() where relevances[row] > 0 {
      found += 1
      sum += found / Double(place + 1)
    }
    #expect(try bench.ask("map").number == (found > 0 ? sum / found : 0))
    let best = try bench.inspectCurve(.f1AtK)
    #expect(best.columns[0].values.count == count)
    for (name, value) in best.best where name == "f1" {
      #expect(value.exactDouble == best.columns[3].values.compactMap { $0 }.max())
    }
  }

  @Test func aCurveOfFewPointsHasTheBestOfAll() throws {
    var bench = try Bench("ranking")
    try bench.push([
      "queries": .integers(Array(repeating: 1, count: 1000)),
      "scores": .doubles((0..<1000).map { -Double($0) }),
      "relevances": .doubles((0..<1000).map { $0 < 37 ? 1 : 0 }),
    ])
    let curve = try bench.inspectCurve(.f1AtK, points: 5)
    #expect(curve.columns[0].values == [1, 251, 501, 750, 1000])
    #expect(curve.totalPoints == 1000)
    #expect(curve.best.map(\.value) == [.integer(37), .number(1)])
    #expect(inputError { _ = try bench.inspectCurve(.roc) }?.kind == .notApplicable)
  }

  @Test func askingBetweenBatchesKeepsNoRubbish() throws {
    var bench = try Bench("ranking")
    for row in 0..<3000 {
      try bench.push([
        "queries": .integers([row % 2]), "scores": .doubles([Double(row)]),
        "relevances": .doubles([1]),
      ])
      _ = try bench.ask("map")
    }
    // Some 60 bytes a row are kept, twice that while some hits are of lists that have grown since.
    #expect(bench.engine.byteCount < 3000 * 200)
    #expect(try bench.ask("map").number == 1)
  }
}

extension Bench {
  fileprivate mutating func inspectCurve(
    _ curve: Curve, points: Int = 10_000
  ) throws -> CurveReport {
    let found = try engine.inspect(Scope()) { state throws(InputError) in
      try (state as? any CurveState)?.curve(curve, points: points)
    }
    return try #require(found)
  }
}
