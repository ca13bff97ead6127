import EvalMetrics

/// A row of embedding similarity before it is encoded: tokens by text, each with its embedding.
public struct EmbeddingRow {
  public struct Text {
    public var vectors: [[Double]]
    public var ids: [Int]
    public var weights: [Double]

    public init(_ vectors: [[Double]], ids: [Int]? = nil, weights: [Double]? = nil) {
      self.vectors = vectors
      self.ids = ids ?? Array(vectors.indices)
      self.weights = weights ?? vectors.map { _ in 1 }
    }
  }

  public var prediction: Text
  public var references: [Text]
  public var weight = 1.0

  public init(_ prediction: Text, _ references: [Text], weight: Double = 1) {
    self.prediction = prediction
    self.references = references
    self.weight = weight
  }
}

extension EmbeddingSimilarityTask: LawTask {
  public static func hazards() throws -> [Hazard] {
    try plainHazards() + idfHazards()
  }

  private static func plainHazards() throws -> [Hazard] {
    let usual = rows(24, dimension: 12, seed: 1) { $0.normal() }
    let grid = rows(24, dimension: 2, seed: 2) { Double($0.integer(-1..<2)) + 0.5 }
    let wide = rows(6, dimension: 37, seed: 3) { g in
      g.normal() * [1, 1e-200, 1e180][g.integer(0..<3)]
    }
    let tiny = rows(8, dimension: 3, seed: 4) { g in [0x1p-1074, -0x1p-1074][g.integer(0..<2)] }
    let gaps = rows(20, dimension: 2, seed: 5) { g in g.chance(0.05) ? .nan : g.chance(0.2) ? 0 : 1
    }
    return [
      Hazard("two float types", pieces: try pieces(usual, [.float32, .float64])),
      Hazard(
        "every float type", pieces: try pieces(grid, [.float16, .bfloat16, .float32, .float64])),
      Hazard("ties of few directions", pieces: try pieces(grid, [.float32])),
      Hazard("the ends of the doubles", pieces: try pieces(wide, [.float64])),
      Hazard("denormals", pieces: try pieces(tiny, [.float64])),
      Hazard("no rows", pieces: [try Columns([])]),
      Hazard("one row", pieces: try pieces(Array(usual.prefix(1)), [.float32])),
      Hazard("no tokens", pieces: try pieces(usual.map(emptied), [.float32])),
      Hazard(
        "rescaled", options: [.init("rescale_baseline", .number(0.83))],
        pieces: try pieces(usual, [.float32])),
      Hazard("weights", pieces: try pieces(weighted(usual), [.float64], weights: true)),
      Hazard(
        "weights all zero",
        pieces: try pieces(
          usual.map { r in EmbeddingRow(r.prediction, r.references, weight: 0) }, [.float64],
          weights: true)),
      Hazard(
        "directions that are not there, skipped", options: [.init("non_finite", .text("skip"))],
        pieces: try pieces(gaps, [.float32])),
    ]
  }

  private static func idfHazards() throws -> [Hazard] {
    let idf = [Value.Field("idf", .bool(true))]
    let usual = rows(24, dimension: 5, seed: 6) { $0.normal() }
    // The one token of every reference has an idf of zero.
    let same = usual.map { row in
      EmbeddingRow(
        row.prediction, row.references.map { .init($0.vectors, ids: $0.ids.map { _ in 7 }) })
    }
    var hazards = [
      Hazard("idf", options: idf, pieces: try pieces(usual, [.float32, .float64])),
      Hazard(
        "idf, weights", options: idf, pieces: try pieces(weighted(usual), [.float64], weights: true)
      ),
      Hazard(
        "idf, some rows with weights", options: idf,
        pieces: try pieces(usual, [.float32]) + pieces(weighted(usual), [.float64], weights: true)),
      Hazard(
        "idf of one row", options: idf, pieces: try pieces(Array(usual.prefix(1)), [.float32])),
      Hazard("idf, no tokens", options: idf, pieces: try pieces(usual.map(emptied), [.float32])),
      Hazard(
        "idf, rescaled",
        options: idf + [
          .init(
            "rescale_baseline",
            .record([
              .init("precision", .number(0.5)), .init("recall", .number(-1)),
              .init("f1", .integer(0)),
            ]))
        ], pieces: try pieces(usual, [.float32])),
    ]
    for zero in [Value.text("report"), .integer(0), .integer(1), .text("skip")] {
      hazards.append(
        Hazard(
          "idf of nothing, 0/0 is \(zero)", options: idf + [.init("zero_division", zero)],
          pieces: try pieces(same, [.float32])))
    }
    return hazards
  }

  private static func emptied(_ row: EmbeddingRow) -> EmbeddingRow {
    EmbeddingRow(.init([]), row.references.dropLast() + [.init([])])
  }

  private static func weighted(_ rows: [EmbeddingRow]) -> [EmbeddingRow] {
    var generator = LawGenerator(9)
    return rows.map { row in
      var row = row
      row.weight = generator.chance(0.2) ? 0 : generator.unit() * 3
      return row
    }
  }

  private static func rows(
    _ count: Int, dimension: Int, seed: UInt64, _ number: (inout LawGenerator) -> Double
  ) -> [EmbeddingRow] {
    var generator = LawGenerator(seed)
    func text() -> EmbeddingRow.Text {
      let length = generator.chance(0.1) ? 0 : generator.integer(1..<6)
      let vectors = (0..<length).map { _ in (0..<dimension).map { _ in number(&generator) } }
      return .init(
        vectors, ids: vectors.map { _ in generator.integer(0..<9) * generator.integer(0..<9) - 3 },
        weights: vectors.map { _ in generator.chance(0.2) ? 0 : 1 })
    }
    return (0..<count).map { _ in
      EmbeddingRow(text(), (0..<(generator.chance(0.3) ? 3 : 1)).map { _ in text() })
    }
  }

  /// The rows as one batch of each type.
  private static func pieces(
    _ rows: [EmbeddingRow], _ types: [FloatType], weights: Bool = false
  ) throws -> [Columns] {
    try types.map { try Columns(embeddings: rows, $0, weights: weights) }
  }
}

extension Columns {
  /// A batch of embedding similarity.
  public init(embeddings rows: [EmbeddingRow], _ type: FloatType, weights: Bool = false) throws {
    var columns: [(String, Column)] = []
    for (name, texts) in [
      ("prediction", rows.map { [$0.prediction] }), ("reference", rows.map(\.references)),
    ] {
      let tokens = texts.flatMap { $0 }
      let vectors = tokens.flatMap(\.vectors)
      let numbers = NumericColumn(
        storage: type.storage(vectors.flatMap { $0 }),
        shape: [vectors.count, vectors.first?.count ?? 1])
      columns.append(("\(name)_embeddings", .numeric(numbers)))
      columns.append(
        (
          "\(name)_lengths",
          .values(
            texts.map { texts in
              let lengths = texts.map { Value.integer(Int64($0.vectors.count)) }
              return lengths.count == 1 ? lengths[0] : .list(lengths)
            })
        ))
      columns.append(("\(name)_tokens", .values(tokens.flatMap(\.ids).map { .integer(Int64($0)) })))
      columns.append(
        ("\(name)_token_weights", .values(tokens.flatMap(\.weights).map(Value.number))))
    }
    if weights { columns.append(("weights", FloatType.float64.column(rows.map(\.weight)))) }
    try self.init(
      columns,
      whole: columns.map(\.0).filter { !$0.hasSuffix("lengths") && $0 != "weights" })
  }
}
