/// One of several classes: scores of all classes or a prediction, and a label, a row.
public struct MulticlassTask: EvaluationTask {
  public static let name = "multiclass"

  public static let columns = [
    ColumnSpec("scores", "[n, k]: a score of each class"),
    ColumnSpec("predictions", "a class a row instead of scores; null abstains"),
    ColumnSpec("labels", "a class a row: an integer or a string"),
  ]

  public static let options = [
    DeclaredClasses.option,
    OptionSpec(
      "score_kind", .choice(ScoreKind.allCases.map(\.rawValue)), default: .text("probability"),
      "what a score is; probabilities of logits are their softmax"),
    OptionSpec(
      "ignore_index", .label, default: .null, "rows with this label are left out and counted"),
    OptionSpec(
      "one_vs_rest", .boolean, default: .null,
      "keep every score, for roc_auc and average_precision; unless given, true up to 128 classes, or where metrics name one of those"
    ),
  ]

  /// Up to so many classes every score is kept unless the options say otherwise.
  static let oneVersusRestLimit = 128

  public let configuration: MulticlassState.Configuration
  let ignored: ClassName?
  let skipsNonFinite: Bool
  private let oneVersusRest: Bool?
  /// The classes so far.
  private(set) var classes: ClassTable
  /// Settled by the first batch that has rows.
  private var hasScores: Bool?
  /// How many scores a row has; settled by the first batch with scores.
  private var width: Int?

  public init(_ options: Arguments, metrics: [MetricRequest]) throws(InputError) {
    classes = ClassTable(try DeclaredClasses(options["classes"]))
    configuration = MulticlassState.Configuration(
      classes: classes, kind: ScoreKind(rawValue: options.text("score_kind")) ?? .probability,
      zeroDivision: ZeroDivision(options),
      overDeclared: options.text("average_over") == "declared")
    skipsNonFinite = options.text("non_finite") == "skip"
    ignored = ClassName(options["ignore_index"])
    oneVersusRest =
      options["one_vs_rest"] != .null
      ? options.flag("one_vs_rest")
      : metrics.contains { Self.catalogue.metrics[$0.index].undefined.contains(.notKept) }
        ? true : nil
    if !classes.grows { width = classes.count }
  }

  public mutating func read(
    _ columns: Columns, notes: inout ReadNotes
  ) throws(InputError) -> MulticlassBatch {
    hasScores = try columns.settleOutput(hasScores)
    let weights = try columns.weights()
    if columns.rows == 0 {
      return MulticlassBatch(
        labels: [], predictions: [], classes: classes, weights: nil, scored: nil)
    }
    if hasScores == false { return try readPredictions(columns, weights, &notes) }
    let scores = try columns.classScores("scores", width: width, classes: classes)
    width = scores.width
    var known = classes.grows ? ClassTable(.count(scores.width)) : classes
    let labels = try columns.classCodes("labels", in: &known, ClassReading(ignored: ignored))
    classes.extend(to: scores.width)
    for (row, label) in labels.enumerated() where label < 0 { notes.dropped.append(row) }
    let reader = ClassScoreReader(
      kind: configuration.kind, skipsNonFinite: skipsNonFinite,
      keepsAll: keepsScores(of: scores.width))
    let (predictions, scored) = try reader.read(scores, labels: labels, notes: &notes)
    return MulticlassBatch(
      labels: labels, predictions: predictions, classes: classes, weights: weights, scored: scored)
  }

  /// Whether every score is kept, of rows of so many classes.
  private func keepsScores(of classes: Int) -> Bool {
    oneVersusRest ?? (classes <= Self.oneVersusRestLimit)
  }

  public func bytesPerElement(of column: ColumnSpec) -> Int {
    isPassing(column) ? ColumnSpec.bytesPassing : column.bytesPerElement
  }

  public func readsByRow(_ column: ColumnSpec) -> Bool { isPassing(column) }

  /// Whether what is in a column goes by and is not kept.
  private func isPassing(_ column: ColumnSpec) -> Bool {
    // Before the first batch the width may not be known, and scores are taken to be kept.
    column.name == "scores" && !(width.map(keepsScores) ?? oneVersusRest ?? true)
  }

  public var settled: Value {
    guard let hasScores else { return .null }
    return .record([
      Value.Field("scores", .bool(hasScores)),
      Value.Field("width", width.map { .integer(Int64($0)) } ?? .null),
    ])
  }

  public mutating func settle(as other: Value) throws(InputError) {
    guard case .record(let fields) = other, case .bool(let given)? = fields.first?.value else {
      return
    }
    hasScores = try Columns.settle(hasScores, given: given)
    guard let theirs = fields.last?.value.exactInteger else { return }
    if let width, width != theirs {
      throw .batch(
        "scores", "rows of \(theirs) classes do not go with rows of \(width)",
        hint: "a stream has one number of classes")
    }
    width = theirs
  }

  private mutating func readPredictions(
    _ columns: Columns, _ weights: [Double]?, _ notes: inout ReadNotes
  ) throws(InputError) -> MulticlassBatch {
    let labels = try columns.classCodes("labels", in: &classes, ClassReading(ignored: ignored))
    let predictions = try columns.classCodes(
      "predictions", in: &classes, ClassReading(allowsNull: true))
    for (row, label) in labels.enumerated() where label < 0 { notes.dropped.append(row) }
    return MulticlassBatch(
      labels: labels, predictions: predictions, classes: classes, weights: weights, scored: nil)
  }
}
