import EvalMetrics

/// A row of a ranking task before it is encoded. Nil is null.
private struct RankingRow {
  var query: Int
  var document: Int
  var score: Double?
  var relevance: Double?
}

extension RankingTask: LawTask {
  public static func hazards() throws -> [Hazard] {
    try documentHazards() + definitionHazards() + factHazards() + listHazards()
  }

  private static func documentHazards() throws -> [Hazard] {
    let plain = rankingRows(80, seed: 1) { ($0.unit() * 6).rounded() / 4 }
    let tied = rankingRows(60, seed: 2) { _ in 0.5 }
    let spread = rankingRows(60, seed: 3) { g in
      [1e9, 1e9 + 1, -0.0, 0, 0x1p-1050][g.integer(0..<5)]
    }
    let nothing = plain.map { row in
      var row = row
      row.relevance = row.relevance.map { _ in 0 }
      return row
    }
    let missed = plain.map { row in
      var row = row
      row.score = nil
      row.relevance = row.relevance ?? 1
      return row
    }
    return [
      Hazard("documents", pieces: [try batch(plain)]),
      Hazard("no rows", pieces: [try Columns([])]),
      Hazard("one row", pieces: [try batch(Array(plain.prefix(1)))]),
      Hazard("all scores tied", pieces: [try batch(tied)]),
      Hazard("all scores tied, documents without names", pieces: [try batch(tied, named: false)]),
      Hazard("offsets, denormals and both zeros", pieces: [try batch(spread)]),
      Hazard("nothing relevant", pieces: [try batch(nothing)]),
      Hazard("nothing retrieved", pieces: [try batch(missed)]),
      Hazard(
        "one query in several batches",
        pieces: [try batch(Array(plain.prefix(20))), try batch(Array(plain.dropFirst(20)))]),
      Hazard(
        "documents that stand twice, as in streams that were merged",
        pieces: [try batch(plain), try batch(Array(plain.prefix(30)))]),
    ]
  }

  private static func definitionHazards() throws -> [Hazard] {
    let rows = rankingRows(80, seed: 4) { ($0.unit() * 4).rounded() }
    func hazard(_ name: String, _ option: String, _ value: Value) throws -> Hazard {
      Hazard(name, options: [.init(option, value)], pieces: [try batch(rows)])
    }
    return [
      try hazard("gains that grow by powers", "gain", .text("exponential")),
      try hazard("the definitions of sklearn", "compat", .text("sklearn")),
      try hazard("the definitions of torchmetrics", "compat", .text("torchmetrics")),
      try hazard("the definitions of kaggle", "compat", .text("kaggle")),
      try hazard("only the best are relevant", "relevance_level", .number(3)),
      try hazard("halves are relevant", "relevance_level", .number(0.5)),
      try hazard("queries without anything relevant count 1", "zero_division", .integer(1)),
      try hazard("queries without anything relevant are left out", "zero_division", .text("skip")),
    ]
  }

  private static func factHazards() throws -> [Hazard] {
    let rows = rankingRows(70, seed: 5) { ($0.unit() * 4).rounded() }
    func totals(_ row: RankingRow) -> Value { row.query % 3 == 0 ? .null : .integer(40) }
    let weights = rows.map { Double($0.query % 3) * 0.1 }
    return [
      Hazard("totals", pieces: [try batch(rows, more: ["relevant_totals": rows.map(totals)])]),
      Hazard(
        "totals that disagree, as in streams that were merged",
        pieces: [
          try batch(
            rows,
            more: ["relevant_totals": rows.indices.map { .integer(Int64($0 % 5)) }])
        ]),
      Hazard("weights", pieces: [try batch(rows, more: ["weights": weights.map(Value.number)])]),
      Hazard(
        "weights all zero",
        pieces: [try batch(rows, more: ["weights": rows.map { _ in .integer(0) }])]),
      Hazard(
        "batches with and without weights",
        pieces: [
          try batch(rows, more: ["weights": weights.map(Value.number)]),
          try batch(rankingRows(30, seed: 6) { $0.unit() }),
        ]),
      Hazard(
        "scores that are not finite, skipped",
        options: [.init("non_finite", .text("skip"))],
        pieces: [
          try batch(
            rankingRows(40, seed: 7) { g in
              g.chance(0.2) ? .nan : g.chance(0.2) ? .infinity : g.unit()
            })
        ]),
    ]
  }

  private static func listHazards() throws -> [Hazard] {
    var generator = LawGenerator(8)
    var retrieved: [Value] = []
    var relevant: [Value] = []
    var graded: [Value] = []
    for _ in 0..<30 {
      let documents = Array(0..<12).shuffled(using: &generator).map { Value.text("d\($0)") }
      retrieved.append(.list(Array(documents.prefix(generator.integer(0..<9)))))
      let judged = documents.shuffled(using: &generator).prefix(generator.integer(0..<7))
      relevant.append(.list(Array(judged)))
      graded.append(
        .record(
          judged.compactMap(\.string).map {
            Value.Field($0, .integer(Int64(generator.integer(-1..<4))))
          }))
    }
    let weights = (0..<30).map { _ in Value.number((generator.unit() * 4).rounded() / 4) }
    func lists(_ relevant: [Value], _ more: [(String, Column)] = []) throws -> Columns {
      try Columns([("retrieved", .values(retrieved)), ("relevant", .values(relevant))] + more)
    }
    return [
      Hazard("lists", pieces: [try lists(relevant)]),
      Hazard("lists with grades", pieces: [try lists(graded), try lists(relevant)]),
      Hazard("lists with weights", pieces: [try lists(graded, [("weights", .values(weights))])]),
      Hazard(
        "lists with names",
        pieces: [try lists(graded, [("queries", .values((0..<30).map { .integer($0) }))])]),
      Hazard(
        "lists in the words of sklearn",
        options: [.init("compat", .text("sklearn")), .init("gain", .text("exponential"))],
        pieces: [try lists(graded)]),
    ]
  }
}

/// Rows of about one query for each ten of them; a document is in a query once.
private func rankingRows(
  _ count: Int, seed: UInt64, score: (inout LawGenerator) -> Double
) -> [RankingRow] {
  var generator = LawGenerator(seed)
  var seen: Set<Int> = []
  var rows: [RankingRow] = []
  while rows.count < count {
    let query = generator.integer(0..<max(1, count / 10))
    let document = generator.integer(0..<25)
    guard seen.insert(query * 100 + document).inserted else { continue }
    let relevance: Double? =
      generator.chance(0.1) ? nil : [-1, 0, 0, 0.5, 1, 2, 3][generator.integer(0..<7)]
    let isRetrieved = relevance == nil || generator.chance(0.8)
    rows.append(
      RankingRow(
        query: query, document: document, score: isRetrieved ? score(&generator) : nil,
        relevance: relevance))
  }
  return rows
}

/// The rows as one batch; queries are strings, or integers where documents have no names.
private func batch(
  _ rows: [RankingRow], named: Bool = true, more: [String: [Value]] = [:]
) throws -> Columns {
  var columns: [(String, Column)] = [
    ("scores", .values(rows.map { $0.score.map(Value.number) ?? .null })),
    ("relevances", .values(rows.map { $0.relevance.map(Value.number) ?? .null })),
  ]
  if named {
    columns.append(("queries", .values(rows.map { .text("query \($0.query)") })))
    columns.append(("documents", .values(rows.map { .text("d\($0.document)") })))
  } else {
    columns.append(("queries", .values(rows.map { .integer(Int64($0.query)) })))
  }
  return try Columns(columns + more.sorted { $0.key < $1.key }.map { ($0.key, .values($0.value)) })
}
