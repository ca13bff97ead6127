/// Questions with several choices, each with a score, such as the log-likelihood that a model gives it.
public struct MultipleChoiceTask: EvaluationTask {
  public static let name = "multiple_choice"

  public static let columns = [
    ColumnSpec("choice_scores", "a list of scores a row, one for each choice"),
    ColumnSpec("labels", "the place of the right choice, from 0"),
    ColumnSpec(
      "choice_lengths", "a list of lengths a row, one for each choice, such as its characters"),
  ]

  public static let options: [OptionSpec] = []

  public static let catalogue = Catalogue<MultipleChoiceState>(metrics: [
    .accuracy,
    .accuracyNorm,
    .logLoss,
  ])

  public static let defaultMetrics = ["accuracy"]

  public let configuration = MultipleChoiceState.Configuration()
  private let skipsNonFinite: Bool
  /// Settled by the first batch that has rows.
  private var hasLengths: Bool?

  public init(_ options: Arguments, metrics: [MetricRequest]) throws(InputError) {
    skipsNonFinite = options.text("non_finite") == "skip"
  }

  public var settled: Value { hasLengths.map(Value.bool) ?? .null }

  public mutating func settle(as other: Value) throws(InputError) {
    if case .bool(let given) = other { try settle(hasLengths: given) }
  }

  private mutating func settle(hasLengths given: Bool) throws(InputError) {
    if let hasLengths, hasLengths != given {
      throw InputError(
        .invalidBatch, given ? [.key("choice_lengths")] : [],
        given
          ? "this stream has no choice_lengths, so it cannot take them"
          : "this stream has choice_lengths, and the batch has none",
        hint: "the first batch settles whether there are any")
    }
    hasLengths = given
  }

  public mutating func read(
    _ columns: Columns, notes: inout ReadNotes
  ) throws(InputError) -> MultipleChoiceBatch {
    let weights = try columns.weights()
    if columns.rows == 0 { return MultipleChoiceBatch(right: [], losses: []) }
    let scores = try columns.numberLists("choice_scores")
    let labels = try columns.flatDoubles("labels")
    try settle(hasLengths: columns.has("choice_lengths"))
    let lengths =
      columns.has("choice_lengths") ? try Self.lengths(columns, of: scores) : nil
    var batch = MultipleChoiceBatch(right: [], losses: [], weights: weights)
    var byLength: [Bool] = []
    for row in 0..<scores.count {
      let choices = Array(scores.values[scores.range(row)])
      guard let label = Int(exactly: labels[row]), choices.indices.contains(label) else {
        throw .batch(
          "labels", row: row,
          "a label is \(Value.number(labels[row]).canonicalText) and there are \(choices.count) choices",
          hint: "labels are places in the list of choices, from 0")
      }
      if let place = Kernels.firstNonFinite(choices) {
        guard skipsNonFinite else {
          throw .batch(
            "choice_scores", row: row, "choice_scores holds \(Value.wireText(choices[place]))",
            hint: "open the stream with non_finite \"skip\" to leave such rows out")
        }
        notes.dropped.append(row)
      }
      batch.right.append(Self.first(choices) == label)
      batch.losses.append(Self.loss(choices, label))
      if let lengths {
        let scaled = zip(choices, lengths.values[lengths.range(row)]).map { $0 / $1 }
        byLength.append(Self.first(scaled) == label)
      }
    }
    if lengths != nil { batch.rightByLength = byLength }
    return batch
  }

  /// The lists of lengths: one above zero for each choice.
  private static func lengths(
    _ columns: Columns, of scores: NumberLists
  ) throws(InputError) -> NumberLists {
    let name = "choice_lengths"
    let lengths = try columns.numberLists(name)
    for row in 0..<scores.count {
      guard lengths.range(row).count == scores.range(row).count else {
        throw .batch(
          name, row: row,
          "\(name) holds \(lengths.range(row).count) for \(scores.range(row).count) choices",
          hint: "one length for each choice")
      }
      if let x = lengths.values[lengths.range(row)].first(where: { !($0 > 0 && $0 < .infinity) }) {
        throw .batch(
          name, row: row, "a length is \(Value.wireText(x))",
          hint: "characters or bytes of the choice, more than 0")
      }
    }
    return lengths
  }

  /// The place of the highest score, the first of equals.
  private static func first(_ scores: [Double]) -> Int {
    var best = 0
    for place in scores.indices where scores[place] > scores[best] { best = place }
    return best
  }

  /// log of the sum of exponentials less the score of the right choice, with nothing large subtracted, clipped.
  private static func loss(_ scores: [Double], _ label: Int) -> Double {
    let best = first(scores)
    var others = 0.0
    for place in scores.indices where place != best {
      others += Elementary.exp(scores[place] - scores[best])
    }
    return LogLoss.clipped(Elementary.log1p(others) + (scores[best] - scores[label]))
  }
}
