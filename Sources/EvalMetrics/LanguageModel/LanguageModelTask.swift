/// Probabilities of text: of each token, or of whole sequences.
public struct LanguageModelTask: EvaluationTask {
  public static let name = "language_model"

  public static let columns = [
    ColumnSpec("log_probs", "the natural logarithm of each token's probability, a token a row"),
    ColumnSpec("correct", "whether the token was the likeliest"),
    ColumnSpec("negative_log_likelihoods", "of whole sequences instead, in nats"),
    ColumnSpec("tokens", "how many tokens the sequence has"),
    ColumnSpec("bytes", "how many bytes of text the row stands for"),
    ColumnSpec("words", "how many words the sequence has"),
  ]

  public static let options: [OptionSpec] = []

  public static let catalogue = Catalogue<LanguageModelState>(metrics: [
    .negativeLogLikelihood,
    .crossEntropy,
    .perplexity,
    .bitsPerByte,
    .bytePerplexity,
    .wordPerplexity,
    .tokenAccuracy,
  ])

  public static let defaultMetrics = ["negative_log_likelihood", "perplexity"]

  public let configuration = LanguageModelState.Configuration()
  private let skipsNonFinite: Bool
  /// The columns of a batch, weights and the like aside: settled by the first one that has rows.
  private var present: [String]?

  public init(_ options: Arguments, metrics: [MetricRequest]) throws(InputError) {
    skipsNonFinite = options.text("non_finite") == "skip"
  }

  public var settled: Value { present.map { .list($0.map(Value.text)) } ?? .null }

  public mutating func settle(as other: Value) throws(InputError) {
    if case .list(let names) = other { try settle(names.compactMap(\.string)) }
  }

  public mutating func read(
    _ columns: Columns, notes: inout ReadNotes
  ) throws(InputError) -> LanguageModelBatch {
    let weights = try columns.weights()
    if columns.rows == 0 { return LanguageModelBatch(losses: []) }
    let perToken = columns.has("log_probs")
    if perToken || !columns.has("negative_log_likelihoods") {
      _ = try columns.require("log_probs")
      try Self.refuse(
        ["negative_log_likelihoods", "tokens", "words"], beside: "log_probs", columns)
    } else {
      try Self.refuse(["correct"], beside: "negative_log_likelihoods", columns)
    }
    try settle(Self.columns.map(\.name).filter(columns.has))
    func optional(_ name: String) throws(InputError) -> [Int]? {
      columns.has(name) ? try columns.counts(name) : nil
    }
    return LanguageModelBatch(
      losses: try perToken ? tokenLosses(columns, &notes) : sequenceLosses(columns, &notes),
      tokens: perToken ? nil : try columns.counts("tokens"),
      correct: columns.has("correct") ? try columns.flags("correct") : nil,
      bytes: try optional("bytes"), words: try optional("words"), weights: weights)
  }

  private static func refuse(
    _ names: [String], beside other: String, _ columns: Columns
  ) throws(InputError) {
    for name in names where columns.has(name) {
      throw .batch(
        name, "\(name) does not go with \(other)",
        hint: other == "log_probs"
          ? "with log_probs a row is one token; sequences have negative_log_likelihoods and tokens"
          : "correct belongs to log_probs, where a row is one token")
    }
  }

  /// Rows without a column that others have would make a quotient of different texts.
  private mutating func settle(_ names: [String]) throws(InputError) {
    if let present, present != names {
      let extra = names.first { !present.contains($0) }
      let missing = present.first { !names.contains($0) }
      throw InputError(
        .invalidBatch, extra.map { [.key($0)] } ?? [],
        extra.map { "this stream has no \($0), so it cannot take them" }
          ?? "this stream has \(missing ?? ""), and the batch has none",
        hint: "the first batch settles which columns there are: " + present.joined(separator: ", "))
    }
    present = names
  }

  private func tokenLosses(
    _ columns: Columns, _ notes: inout ReadNotes
  ) throws(InputError) -> [Double] {
    let numbers = try columns.finiteDoubles("log_probs", skipping: skipsNonFinite, notes: &notes)
    if let row = Kernels.firstOutside(numbers, -.greatestFiniteMagnitude, 0) {
      throw .batch(
        "log_probs", row: row, "a log-probability is \(numbers[row])",
        hint: "natural logarithms of probabilities are at most 0; take log_softmax of logits first")
    }
    return numbers.map { 0 - $0 }
  }

  private func sequenceLosses(
    _ columns: Columns, _ notes: inout ReadNotes
  ) throws(InputError) -> [Double] {
    let name = "negative_log_likelihoods"
    let numbers = try columns.finiteDoubles(name, skipping: skipsNonFinite, notes: &notes)
    if let row = Kernels.firstOutside(numbers, 0, .greatestFiniteMagnitude) {
      throw .batch(
        name, row: row, "a negative log-likelihood is \(numbers[row])",
        hint: "minus the sum of the log-probabilities of a sequence's tokens, so at least 0")
    }
    return numbers
  }
}
