/// BERTScore: embeddings of the tokens of a prediction and its references, matched greedily by cosine.
public struct EmbeddingSimilarityTask: EvaluationTask {
  public static let name = "embedding_similarity"

  public static let columns = [
    ColumnSpec(
      "prediction_embeddings", "[all tokens, dimension], those of the first row first",
      isPerRow: false, bytesPerElement: ColumnSpec.bytesPassing),
    ColumnSpec(
      "reference_embeddings", "[all tokens, dimension], those of the first row first",
      isPerRow: false, bytesPerElement: ColumnSpec.bytesPassing),
    ColumnSpec("prediction_lengths", "how many tokens the prediction of each row has"),
    ColumnSpec("reference_lengths", "how many tokens the reference has; a list of several"),
    ColumnSpec(
      "prediction_tokens", "an id for each token, which idf goes by", isPerRow: false),
    ColumnSpec("reference_tokens", "an id for each token, which idf goes by", isPerRow: false),
    ColumnSpec(
      "prediction_token_weights", "how much each token counts; 0: it is only matched with",
      isPerRow: false),
    ColumnSpec(
      "reference_token_weights", "how much each token counts; 0: it is only matched with",
      isPerRow: false),
  ]

  public static let options = [
    OptionSpec(
      "dimension", .integer(1...EmbeddingReader.mostDimensions), default: .null,
      "numbers in an embedding; the first batch settles it"),
    OptionSpec(
      "idf", .boolean, default: .bool(false),
      "weigh tokens by how few references have them, which needs their ids"),
    OptionSpec(
      "rescale_baseline", .custom("a number, or {precision, recall, f1}"), default: .null,
      "scores become (x - baseline) / (1 - baseline)"),
    ModelName.option,
  ]

  public static let catalogue = Catalogue<EmbeddingState>(metrics: [
    .bertscorePrecision,
    .bertscoreRecall,
    .bertscoreF1,
  ])
  public static let defaultMetrics = [
    "bertscore_precision", "bertscore_recall", "bertscore_f1",
  ]

  public let configuration: EmbeddingState.Configuration
  private let skipsNonFinite: Bool
  /// Settled by the option or the first batch that has tokens.
  private var dimension: Int?

  public init(_ options: Arguments, metrics: [MetricRequest]) throws(InputError) {
    configuration = EmbeddingState.Configuration(
      hasIDF: options.flag("idf"), baseline: try RescaleBaseline(options["rescale_baseline"]),
      zeroDivision: ZeroDivision(options), model: try ModelName.read(options))
    skipsNonFinite = options.text("non_finite") == "skip"
    dimension = options["dimension"].exactInteger
  }

  public mutating func read(
    _ columns: Columns, notes: inout ReadNotes
  ) throws(InputError) -> EmbeddingBatch {
    let weights = try columns.weights()
    var reader = EmbeddingReader(
      hasIDF: configuration.hasIDF, skipsNonFinite: skipsNonFinite, dimension: dimension)
    let rows = try reader.read(columns, notes: &notes)
    dimension = reader.dimension
    return EmbeddingBatch(rows: rows, weights: weights)
  }

  public var settled: Value { dimension.map { .integer(Int64($0)) } ?? .null }

  public mutating func settle(as other: Value) throws(InputError) {
    guard let other = other.exactInteger, (1...EmbeddingReader.mostDimensions).contains(other)
    else { return }
    if let dimension, dimension != other {
      throw .batch(
        "prediction_embeddings",
        "the embeddings of this stream have \(dimension) numbers, and others have \(other)",
        hint: "all embeddings of a stream have one dimension")
    }
    dimension = other
  }

  public static func rowState(
    of batch: EmbeddingBatch, _ configuration: EmbeddingState.Configuration
  ) -> EmbeddingState {
    EmbeddingState(configuration, besides: batch)
  }
}
