import EvalTestSupport
import Testing

@testable import EvalMetrics

/// Batches of embeddings that are refused, each with its column and row.
@Suite struct EmbeddingRefusalTests {
  /// Two rows: one token against two, one against one.
  private static let sound: [String: Column] = [
    "prediction_embeddings": matrix([[1, 0], [0, 1]]),
    "reference_embeddings": matrix([[1, 0], [0, 1], [1, 1]]),
    "prediction_lengths": .integers([1, 1]),
    "reference_lengths": .values([.integer(2), .list([.integer(1)])]),
  ]

  private static func matrix(_ rows: [[Double]]) -> Column {
    .numeric(
      NumericColumn(storage: .float64(rows.flatMap { $0 }), shape: [rows.count, rows[0].count]))
  }

  private static func push(
    _ changes: [String: Column?], _ options: [String: Value] = [:]
  ) -> InputError? {
    inputError {
      var bench = try Bench("embedding_similarity", options)
      var columns = sound
      for (name, column) in changes { columns[name] = column }
      defer { #expect(bench.engine.totalCount == 0 || columns.count >= 4) }
      try bench.push(columns)
    }
  }

  @Test func theSoundBatchIsTaken() { #expect(Self.push([:]) == nil) }

  @Test(arguments: [
    ("prediction_lengths", [1, 2], 1), ("prediction_lengths", [3, 0], 0),
    ("prediction_lengths", [-1, 3], 0), ("reference_lengths", [2, 2], 1),
    ("reference_lengths", [1, 3_000_000_000], 1),
  ])
  func lengthsThatDoNotAddUpNameTheirRow(name: String, lengths: [Int], row: Int) {
    let error = Self.push([name: .integers(lengths)])
    #expect(error?.path == [.key(name), .index(row)])
    #expect(error?.kind == .invalidBatch)
  }

  @Test func lengthsThatAreTooFewNameTheirColumn() {
    let error = Self.push(["reference_lengths": .integers([1, 1])])
    #expect(error?.path == [.key("reference_lengths")])
    #expect(
      error?.message == "reference_lengths add up to 2, and reference_embeddings has 3 tokens")
  }

  @Test(arguments: [
    Value.number(1.5), .text("1"), .null, .bool(true), .list([.text("x")]), .list([]),
    .list([.list([.integer(1)])]),
  ])
  func whatIsNoLengthNamesItsRow(_ value: Value) {
    let error = Self.push(["reference_lengths": .values([.integer(2), value])])
    #expect(error?.path == [.key("reference_lengths"), .index(1)])
  }

  @Test func aPredictionHasOneLength() {
    for value in [Value.list([.integer(1)]), .null] {
      let error = Self.push(["prediction_lengths": .values([.integer(1), value])])
      #expect(error?.path == [.key("prediction_lengths"), .index(1)])
    }
  }

  @Test(arguments: [[Double.nan, 1], [0, 0], [1, -Double.infinity]])
  func aTokenWithoutDirectionIsNamed(vector: [Double]) {
    let rows = [[1, 0], vector]
    let error = Self.push(["prediction_embeddings": Self.matrix(rows)])
    #expect(error?.path == [.key("prediction_embeddings"), .index(1)])
    #expect(error?.message.hasPrefix("token 0 of row 1 has no direction") == true)
  }

  @Test func aSecondTokenOfAReferenceIsNamedByBothPlaces() {
    let error = Self.push(["reference_embeddings": Self.matrix([[1, 0], [0, 0], [1, 1]])])
    #expect(error?.path == [.key("reference_embeddings"), .index(1)])
    #expect(error?.message.hasPrefix("token 1 of row 0 has no direction") == true)
  }

  @Test func rowsWithoutDirectionCanBeLeftOut() throws {
    for idf in [false, true] {
      var bench = try Bench(
        "embedding_similarity", ["non_finite": .text("skip"), "idf": .bool(idf)])
      var columns = Self.sound
      columns["reference_embeddings"] = Self.matrix([[1, 0], [0, .nan], [1, 1]])
      columns["prediction_tokens"] = .integers([1, 2])
      columns["reference_tokens"] = .integers([3, 4, 5])
      let report = try bench.push(columns)
      #expect(report.applied == 1 && report.dropped == 1)
      let score = try bench.ask("bertscore_precision").number
      #expect(abs((score ?? 0) - 0.5.squareRoot()) < 1e-15)
    }
  }

  @Test func otherShapesAreRefused() {
    for (column, path) in [
      (
        Column.numeric(
          NumericColumn(storage: .float64(Array(repeating: 1, count: 8)), shape: [2, 2, 2])),
        [InputError.Step.key("prediction_embeddings")]
      ),
      (
        .values([.list([.number(1)]), .list([.number(1), .number(2)])]),
        [.key("prediction_embeddings"), .index(1)]
      ),
      (.values([.text("x"), .text("y")]), [.key("prediction_embeddings"), .index(0)]),
    ] {
      #expect(Self.push(["prediction_embeddings": column])?.path == path)
    }
    // The prediction settles the dimension for the reference.
    let error = Self.push(["reference_embeddings": Self.matrix([[1], [1], [1]])])
    #expect(error?.path == [.key("reference_embeddings")])
  }

  @Test(arguments: [
    "prediction_embeddings", "reference_embeddings", "prediction_lengths", "reference_lengths",
  ])
  func everyColumnIsNeeded(_ name: String) {
    let error = Self.push([name: Column?.none])
    #expect(error?.kind == .invalidBatch)
    #expect(error?.message.contains(name) == true)
  }

  @Test func idfNeedsTokens() {
    let ids = [
      "prediction_tokens": Column.integers([1, 2]), "reference_tokens": .integers([1, 2, 3]),
    ]
    #expect(Self.push(ids, ["idf": .bool(true)]) == nil)
    let error = Self.push(["prediction_tokens": .integers([1, 2])], ["idf": .bool(true)])
    #expect(error?.message == "the batch has no column \"reference_tokens\"")
  }

  @Test(arguments: [
    ("prediction_tokens", [1.0, 1.5], 1), ("prediction_tokens", [3e9, 1], 0),
    ("prediction_tokens", [.nan, 1], 0), ("prediction_token_weights", [1, -1], 1),
    ("prediction_token_weights", [.infinity, 1], 0), ("prediction_token_weights", [.nan, 1], 0),
  ])
  func idsAndWeightsAreChecked(name: String, values: [Double], row: Int) {
    let error = Self.push([name: .doubles(values)])
    #expect(error?.path == [.key(name), .index(row)])
  }

  @Test func idsAndWeightsAreAsManyAsTokens() {
    for name in ["reference_tokens", "reference_token_weights"] {
      #expect(Self.push([name: .integers([1, 0])])?.path == [.key(name)])
    }
  }

  @Test func withIdfATokenCountsOrNot() {
    let columns: [String: Column?] = [
      "prediction_tokens": .integers([1, 2]), "reference_tokens": .integers([1, 2, 3]),
      "reference_token_weights": .doubles([1, 0.5, 0]),
    ]
    let error = Self.push(columns, ["idf": .bool(true)])
    #expect(error?.path == [.key("reference_token_weights"), .index(1)])
    #expect(Self.push(columns) == nil)
  }

  @Test func aBatchThatWouldTakeMinutesIsRefused() {
    let tokens = 40_000
    let error = inputError {
      var bench = try Bench("embedding_similarity")
      let column = Column.numeric(
        NumericColumn(storage: .float32(Array(repeating: 1, count: tokens)), shape: [tokens, 1]))
      try bench.push([
        "prediction_embeddings": column, "reference_embeddings": column,
        "prediction_lengths": .integers([0, tokens]), "reference_lengths": .integers([0, tokens]),
      ])
    }
    #expect(error?.kind == .tooManyValues)
    #expect(error?.path == [.key("prediction_lengths"), .index(1)])
  }

  @Test func lengthsCanBeARectangle() throws {
    var columns = Self.sound
    columns["reference_lengths"] = .numeric(
      NumericColumn(storage: .uint8([1, 1, 1, 0]), shape: [2, 2]))
    var bench = try Bench("embedding_similarity")
    try bench.push(columns)
    #expect(try bench.ask("bertscore_precision").number == (1 + 0.5.squareRoot()) / 2)
  }
}
