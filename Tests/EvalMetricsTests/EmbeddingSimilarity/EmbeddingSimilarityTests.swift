import EvalTestSupport
import Testing

@testable import EvalMetrics

/// What is peculiar to the task `embedding_similarity`: texts, references, idf, rescaling, and its refusals.
@Suite struct EmbeddingSimilarityTests {
  private typealias Text = EmbeddingRow.Text

  private static func bench(
    _ rows: [EmbeddingRow], _ options: [String: Value] = [:], _ type: FloatType = .float64
  ) throws -> Bench {
    var bench = try Bench("embedding_similarity", options)
    _ = try bench.engine.push(Columns(embeddings: rows, type))
    return bench
  }

  private static func scores(_ bench: Bench) throws -> [Double?] {
    var bench = bench
    return try ["precision", "recall", "f1"].map {
      try bench.ask(Value.text("bertscore_\($0)")).number
    }
  }

  private static let east = [1.0, 0], north = [0.0, 1], west = [-1.0, 0]

  @Test func precisionGoesOverThePredictionAndRecallOverTheReference() throws {
    let row = EmbeddingRow(
      Text([Self.east, Self.north, Self.east]), [Text([Self.east, Self.east])])
    #expect(try Self.scores(Self.bench([row])) == [2 / 3, 1, 0.8])
  }

  @Test func theMeanIsOfRows() throws {
    let rows = [
      EmbeddingRow(Text([Self.east]), [Text([Self.east])]),
      EmbeddingRow(Text([Self.east, Self.north]), [Text([Self.north])]),
    ]
    #expect(try Self.scores(Self.bench(rows)) == [0.75, 1, (1 + 2.0 / 3) / 2])
  }

  /// The best precision and the best recall may be of two references.
  @Test func eachScoreIsOfItsBestReference() throws {
    let row = EmbeddingRow(
      Text([Self.east, Self.north]),
      [Text([Self.east, Self.north, Self.west]), Text([Self.east])])
    // Of the first: 1, 2/3 and 0.8. Of the second: 1/2, 1 and 2/3.
    #expect(try Self.scores(Self.bench([row])) == [1, 1, 0.8])
  }

  @Test func textsWithoutTokensThatCountAreWorthNothing() throws {
    let full = Text([Self.east])
    let silent = Text([Self.east, Self.north], weights: [0, 0])
    for (prediction, reference) in [
      (Text([]), full), (full, Text([])), (Text([]), Text([])), (silent, full), (full, silent),
    ] {
      for idf in [false, true] {
        let rows = [EmbeddingRow(prediction, [reference])]
        #expect(try Self.scores(Self.bench(rows, ["idf": .bool(idf)])) == [0, 0, 0])
      }
    }
  }

  @Test func aTokenWithoutWeightIsMatchedWith() throws {
    let row = EmbeddingRow(
      Text([Self.east]), [Text([Self.east, Self.north], weights: [0, 1])])
    #expect(try Self.scores(Self.bench([row])) == [1, 0, 0])
    let weighed = EmbeddingRow(
      Text([Self.east, Self.north], weights: [3, 1]), [Text([Self.north])])
    #expect(try Self.scores(Self.bench([weighed])) == [0.25, 1, 0.4])
  }

  @Test func oppositeScoresHaveNoF1() throws {
    // P is 1/2, R the mean of 1/2 and -3/2 ... the nearest that angles allow: 0.5 and -0.5.
    let row = EmbeddingRow(Text([Self.east]), [Text([Self.west])])
    #expect(try Self.scores(Self.bench([row])) == [-1, -1, -1])
    let orthogonal = EmbeddingRow(Text([Self.east]), [Text([Self.north])])
    #expect(try Self.scores(Self.bench([orthogonal])) == [0, 0, 0])
  }

  @Test func idfWeighsByTheReferencesOfTheWindow() throws {
    // Token 1 is in both references, token 2 in one, token 3 in none.
    let rows = [
      EmbeddingRow(
        Text([Self.east, Self.north], ids: [1, 3]), [Text([Self.east, Self.east], ids: [1, 2])]),
      EmbeddingRow(Text([Self.east], ids: [2]), [Text([Self.east, Self.west], ids: [1, 1])]),
    ]
    var bench = try Self.bench(Array(rows.prefix(1)), ["idf": .bool(true)])
    // One reference: its tokens have the idf log(2/2), so recall is 0/0, and only token 3 counts.
    #expect(try Self.scores(bench) == [0, nil, nil])
    _ = try bench.engine.push(Columns(embeddings: [rows[1]], .float32))
    let (once, never) = (Elementary.log(1.5), Elementary.log(3))
    // Of the second row recall is 0/0, which inside a mean is 0.
    #expect(try Self.scores(bench) == [0.5, 0.5, 0])
    #expect(once > 0 && never > once)
    var skipping = try Self.bench(rows, ["idf": .bool(true), "zero_division": .text("skip")])
    #expect(try skipping.ask("bertscore_recall").number == 1)
  }

  @Test func idfIsLogOfTextsOverTextsWithIt() throws {
    let mixed = [0.6, 0.8]
    let rows = [
      EmbeddingRow(
        Text([Self.east, mixed, Self.north], ids: [1, 2, 3]), [Text([Self.east], ids: [1])]),
      EmbeddingRow(
        Text([Self.east], ids: [9]), [Text([Self.east], ids: [1]), Text([mixed], ids: [2])]),
    ]
    var bench = try Self.bench(rows, ["idf": .bool(true), "zero_division": .text("skip")])
    // Three references; token 1 is in two, 2 in one, 3 in none.
    let (w1, w2, w3) = (Elementary.log(4.0 / 3), Elementary.log(2), Elementary.log(4))
    let first = (w1 * 1 + w2 * 0.6 + w3 * 0) / (w1 + w2 + w3)
    let found = try #require(try bench.ask("bertscore_precision").number)
    #expect(abs(found - (first + 1) / 2) < 1e-15)
  }

  @Test func rowsByThemselvesTakeIdfFromTheirBatch() throws {
    let rows = [
      EmbeddingRow(Text([Self.east, Self.north], ids: [1, 2]), [Text([Self.east], ids: [1])]),
      EmbeddingRow(Text([Self.east], ids: [5]), [Text([Self.north, Self.east], ids: [2, 4])]),
    ]
    var bench = try Bench("embedding_similarity", ["idf": .bool(true)])
    let request = try Tasks.resolve(.text("bertscore_recall"), task: "embedding_similarity")
    let report = try bench.engine.push(
      Columns(embeddings: rows, .float64), rowMetrics: [request])
    let values = report.rowAnswers[0].map(\.number)
    #expect(values == [1, 0.5])
    let mean = try #require(try bench.ask("bertscore_recall").number)
    #expect(mean == 0.75)
  }

  @Test func rescalingMovesTheBaselineToZero() throws {
    let row = EmbeddingRow(
      Text([Self.east, Self.north, Self.east]), [Text([Self.east, Self.east])])
    #expect(
      try Self.scores(Self.bench([row], ["rescale_baseline": .number(0.5)]))
        == [(2.0 / 3 - 0.5) / 0.5, 1, (0.8 - 0.5) / 0.5])
    let three = Value.record([
      .init("recall", .number(-1)), .init("f1", .integer(0)), .init("precision", .number(0.5)),
    ])
    #expect(
      try Self.scores(Self.bench([row], ["rescale_baseline": three]))
        == [(2.0 / 3 - 0.5) / 0.5, 1, 0.8])
  }

  @Test func theSignatureTellsTheModelAndTheOptions() throws {
    let bench = try Bench(
      "embedding_similarity",
      [
        "model": .text("roberta-large, layer 17"), "idf": .bool(true),
        "rescale_baseline": .number(0.83),
      ])
    let request = try Tasks.resolve(.text("bertscore_f1"), task: "embedding_similarity")
    #expect(
      bench.engine.signature(of: request, threshold: nil)
        == "bertscore_f1|task:embedding_similarity|model:roberta-large, layer 17|idf:yes|rescale:0.83|references:best|zero_division:report|v:1"
    )
  }

  @Test(arguments: ["", "a|b", "a\nb", String(repeating: "x", count: 201)])
  func aModelThatBreaksASignatureIsRefused(_ name: String) {
    for task in ["embedding_similarity", "scalar"] {
      let error = inputError { _ = try Bench(task, ["model": .text(name)]) }
      #expect(error?.path == [.key("options"), .key("model")])
    }
  }

  @Test func aScalarStreamTellsItsModel() throws {
    let bench = try Bench("scalar", ["model": .text("bleurt-20-d3")])
    let request = try Tasks.resolve(.text("mean"), task: "scalar")
    #expect(
      bench.engine.signature(of: request, threshold: nil)
        == "mean|task:scalar|model:bleurt-20-d3|v:1")
  }

  @Test(arguments: [
    Value.number(1), .number(1.5), .number(-1.5), .text("0.8"), .list([.number(0.5)]),
    .record([.init("precision", .number(0.5)), .init("recall", .number(0.5))]),
    .record([
      .init("precision", .number(0.5)), .init("recall", .number(0.5)), .init("f1", .text("x")),
    ]),
  ])
  func aBaselineIsBelowOne(_ baseline: Value) {
    let error = inputError {
      _ = try Bench("embedding_similarity", ["rescale_baseline": baseline])
    }
    #expect(error?.path.prefix(2) == [.key("options"), .key("rescale_baseline")])
  }

  @Test func theDimensionIsSettledByTheFirstBatchOrTheOption() throws {
    let two = EmbeddingRow(Text([Self.east]), [Text([Self.north])])
    let three = EmbeddingRow(Text([[1, 2, 3]]), [Text([[1, 2, 4]])])
    var bench = try Self.bench([two])
    let error = inputError { _ = try bench.engine.push(Columns(embeddings: [three], .float64)) }
    #expect(error?.path == [.key("prediction_embeddings")])
    #expect(error?.message.contains("[tokens, 2]") == true)
    #expect(bench.engine.totalCount == 1)
    #expect(inputError { _ = try Self.bench([two], ["dimension": .integer(3)]) } != nil)
    bench.engine.reset()
    _ = try bench.engine.push(Columns(embeddings: [three], .float64))
    // A stream that was encoded still knows it.
    var writer = StateWriter()
    try Self.bench([two]).engine.encode(into: &writer)
    var reader = StateReader(writer.bytes)
    var decoded = try Bench("embedding_similarity").engine
    try decoded.decode(from: &reader)
    #expect(inputError { _ = try decoded.push(Columns(embeddings: [three], .float64)) } != nil)
    #expect(try decoded.push(Columns(embeddings: [two], .float32)).applied == 1)
    // A batch without tokens says nothing of it.
    var other = try Self.bench([EmbeddingRow(Text([]), [Text([])])])
    _ = try other.engine.push(Columns(embeddings: [three], .float64))
  }
}
