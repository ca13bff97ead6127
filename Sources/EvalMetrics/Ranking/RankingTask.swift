/// Queries and documents: what was found for each query, and what of it is relevant.
public struct RankingTask: EvaluationTask {
  public static let name = "ranking"

  public static let columns = [
    ColumnSpec("queries", "the query of each row: a string or a 64-bit integer"),
    ColumnSpec("scores", "what the model gives the row's document; null: not retrieved"),
    ColumnSpec("relevances", "how relevant the document is; null: not judged"),
    ColumnSpec("documents", "the document's name, which settles ties; within a query each is once"),
    ColumnSpec("relevant_totals", "how many documents are relevant to the row's query"),
    ColumnSpec("retrieved", "instead of scores: a list of documents a row, the best first"),
    ColumnSpec("relevant", "for retrieved: the relevant documents, or {document: relevance}"),
  ]

  public static let options = [
    OptionSpec(
      "gain", .choice(RankingGain.allCases.map(\.rawValue)), default: .text("linear"),
      "what a relevance adds to ndcg: itself (linear), or 2^relevance - 1 (exponential)"),
    OptionSpec(
      "compat", .choice(RankingCompat.allCases.map(\.rawValue)), default: .text("trec_eval"),
      "whose definitions of ndcg and map are taken"),
    OptionSpec(
      "relevance_level", .number(1e-6...1e9), default: .number(1),
      "documents of at least this relevance are relevant; ndcg does not ask"),
  ]

  /// The most documents that may be relevant to a query by their number alone.
  static let mostRelevant = 1_000_000
  /// What a relevance may be.
  static let relevances = -1e9...1e9

  public let configuration: RankingState.Configuration
  private let skipsNonFinite: Bool
  /// Settled by the first batch that has rows: whether lists come, and whether documents have names.
  private var form: Form?
  /// How many windows were closed.
  private(set) var window: Int32 = 0

  private enum Form: String {
    case lists
    case named
    case nameless
  }

  public init(_ options: Arguments, metrics: [MetricRequest]) throws(InputError) {
    configuration = RankingState.Configuration(
      gain: RankingGain(rawValue: options.text("gain")) ?? .linear,
      compat: RankingCompat(rawValue: options.text("compat")) ?? .trecEval,
      relevanceLevel: options.number("relevance_level"), zeroDivision: ZeroDivision(options))
    skipsNonFinite = options.text("non_finite") == "skip"
  }

  public mutating func read(
    _ columns: Columns, notes: inout ReadNotes
  ) throws(InputError) -> RankingBatch {
    if columns.rows == 0 { return RankingBatch(rows: .documents(DocumentRows())) }
    let form = try form(of: columns)
    try settle(form)
    let weights = try columns.weights()
    if form == .lists {
      return RankingBatch(
        rows: .lists(try columns.rankedLists(configuration, weights: weights, window: window)))
    }
    var reader = DocumentReader(columns, configuration, skipsNonFinite: skipsNonFinite)
    return RankingBatch(
      rows: .documents(try reader.read(window: window, weights: weights, notes: &notes)))
  }

  /// Rows of a query, in the order in which queries begin; a list is a row.
  public static func units(of batch: RankingBatch) -> [[Int]]? {
    guard case .documents(let rows) = batch.rows else { return nil }
    var units = Array(repeating: [Int](), count: rows.queries.count)
    for (row, code) in rows.codes.enumerated() { units[Int(code)].append(row) }
    return units
  }
}

extension RankingTask {
  /// The columns of the other form, each of which would say something that has no meaning in this one.
  private func form(of columns: Columns) throws(InputError) -> Form {
    guard columns.has("retrieved") || columns.has("relevant") else {
      return columns.has("documents") ? .named : .nameless
    }
    for name in ["scores", "relevances", "documents", "relevant_totals"] where columns.has(name) {
      throw .batch(
        name, "a batch with retrieved has no \(name)",
        hint:
          "send retrieved and relevant, a list a query; or scores and relevances, a row a document")
    }
    return .lists
  }

  private mutating func settle(_ form: Form) throws(InputError) {
    if let settled = self.form, settled != form { throw Self.otherForm(settled, form) }
    self.form = form
  }

  private static func otherForm(_ settled: Form, _ form: Form) -> InputError {
    switch (settled, form) {
    case (.lists, _):
      .batch(
        "scores", "this stream has lists of results, so it cannot take scores",
        hint: "the first batch settles which; open another stream for the other")
    case (_, .lists):
      .batch(
        "retrieved", "this stream has scores, so it cannot take lists of results",
        hint: "the first batch settles which; open another stream for the other")
    default:
      .batch(
        "documents",
        "this stream \(settled == .named ? "names its documents" : "has documents without names")",
        hint: "the first batch settles whether documents are sent")
    }
  }
}

// MARK: - Windows and merged streams

extension RankingTask {
  /// What comes belongs to the next window: a query that is asked in every epoch is another one each time.
  public mutating func mark() { window &+= 1 }

  public var settled: Value { settled(before: 0) }

  public func settled(before marks: Int) -> Value {
    let window = window &- Int32(truncatingIfNeeded: marks)
    if form == nil && window == 0 { return .null }
    return .list([form.map { .text($0.rawValue) } ?? .null, .integer(Int64(window))])
  }

  public mutating func settle(as other: Value) throws(InputError) {
    guard case .list(let values) = other, values.count == 2 else { return }
    // A stream in which nothing happened yet goes on where the other was.
    if form == nil && window == 0 { window = Self.window(of: other) }
    if let form = values[0].string.flatMap(Form.init) { try settle(form) }
  }

  /// The other's latest window becomes the one that is current here, and those before it stay before.
  public func adopt(_ state: inout RankingState, of other: Value) {
    state.moveWindows(by: window &- Self.window(of: other))
  }

  private static func window(of settled: Value) -> Int32 {
    guard case .list(let values) = settled, values.count == 2 else { return 0 }
    return Int32(clamping: values[1].exactInteger ?? 0)
  }
}
