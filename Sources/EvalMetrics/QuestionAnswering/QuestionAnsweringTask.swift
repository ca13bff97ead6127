/// Answers in words against references, as SQuAD scores them.
public struct QuestionAnsweringTask: EvaluationTask {
  public static let name = "question_answering"

  public static let columns = [
    ColumnSpec("predictions", "a text a row; the empty one says that there is no answer"),
    ColumnSpec("references", "a list of texts a row, empty where there is no answer (squad2)"),
    ColumnSpec("no_answer_probabilities", "a probability a row that there is no answer"),
  ]

  public static let options = [
    OptionSpec(
      "compat", .choice(AnswerRules.allCases.map(\.rawValue)), default: .text("squad1"),
      "whose rules hold: the script of SQuAD 1.1 or that of 2.0"),
    OptionSpec(
      "normalize", .choice(["squad", "none"]), default: .text("squad"),
      "how answers are compared: lower case, without punctuation and articles (squad), or as they are"
    ),
  ]

  public static let catalogue = Catalogue<QuestionAnsweringState>(metrics: [
    .exactMatch,
    .f1,
    .precision,
    .recall,
    .hasAnswerExactMatch,
    .hasAnswerF1,
    .noAnswerExactMatch,
    .noAnswerF1,
    .bestExact,
    .bestExactThreshold,
    .bestF1,
    .bestF1Threshold,
  ])

  public static let defaultMetrics = ["exact_match", "f1"]

  public let configuration: QuestionAnsweringState.Configuration
  private let skipsNonFinite: Bool
  /// Whether rows have a probability of no answer: settled by the first batch that has rows.
  private var hasProbabilities: Bool?

  public init(_ options: Arguments, metrics: [MetricRequest]) throws(InputError) {
    configuration = QuestionAnsweringState.Configuration(
      rules: AnswerRules(rawValue: options.text("compat")) ?? .squad1,
      normalizes: options.text("normalize") != "none", zeroDivision: ZeroDivision(options))
    skipsNonFinite = options.text("non_finite") == "skip"
  }

  public mutating func read(
    _ columns: Columns, notes: inout ReadNotes
  ) throws(InputError) -> QuestionAnsweringBatch {
    let weights = try columns.weights()
    if columns.rows == 0 { return QuestionAnsweringBatch(questions: []) }
    try settle(hasProbabilities: columns.has("no_answer_probabilities"))
    let predictions = try columns.texts("predictions")
    let references = try columns.textLists("references", wrapsSingle: true)
    if configuration.rules == .squad1,
      let row = (0..<references.count).first(where: { references.range($0).isEmpty })
    {
      throw .batch(
        "references", row: row, "references holds an empty list",
        hint: "questions without an answer need the option compat \"squad2\"")
    }
    let probabilities = try readProbabilities(columns, &notes)
    var scorer = AnswerScorer(
      rules: configuration.rules, normalizes: configuration.normalizes)
    var batch = QuestionAnsweringBatch(
      questions: [], noAnswerProbabilities: probabilities, weights: weights)
    batch.questions.reserveCapacity(columns.rows)
    for row in 0..<columns.rows {
      batch.questions.append(
        scorer.score(
          predictions.bytes, predictions.range(row), references: references.texts,
          references.range(row)))
    }
    return batch
  }

  public var settled: Value { hasProbabilities.map(Value.bool) ?? .null }

  public mutating func settle(as other: Value) throws(InputError) {
    guard case .bool(let given) = other else { return }
    try settle(hasProbabilities: given)
  }

  private mutating func settle(hasProbabilities given: Bool) throws(InputError) {
    if let hasProbabilities, hasProbabilities != given {
      throw .batch(
        "no_answer_probabilities",
        given
          ? "this stream has rows without no_answer_probabilities, so it cannot take them"
          : "this stream has no_answer_probabilities, and these rows have none",
        hint: "the first batch settles whether they come; open another stream for other rows")
    }
    hasProbabilities = given
  }

  private func readProbabilities(
    _ columns: Columns, _ notes: inout ReadNotes
  ) throws(InputError) -> [Double]? {
    let name = "no_answer_probabilities"
    guard columns.has(name) else { return nil }
    var values = try columns.flatDoubles(name)
    for (row, x) in values.enumerated() where !(x >= 0 && x <= 1) {
      if !x.isFinite {
        guard skipsNonFinite else {
          throw .batch(
            name, row: row, "\(name) holds \(Value.wireText(x))",
            hint: "open the stream with non_finite \"skip\" to leave such rows out")
        }
        notes.dropped.append(row)
        values[row] = 0
      } else if x < -1e-6 || x > 1 + 1e-6 {
        throw .batch(
          name, row: row, "a probability is \(x)",
          hint:
            "probabilities are in [0, 1]; any increasing map of a score into it serves a threshold")
      } else {
        notes.clamped += 1
        values[row] = min(max(x, 0), 1)
      }
    }
    return values.map { $0 + 0 }
  }
}
