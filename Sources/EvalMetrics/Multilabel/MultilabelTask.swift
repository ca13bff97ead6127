/// Any number of several classes: a score or a decision, and a label, for each class of each row.
public struct MultilabelTask: EvaluationTask {
  public static let name = "multilabel"

  public static let columns = [
    ColumnSpec("scores", "[n, classes]: a score of each class"),
    ColumnSpec("predictions", "[n, classes]: decisions, 0 or 1, instead of scores"),
    ColumnSpec("labels", "[n, classes]: whether the row has the class, 0 or 1"),
  ]

  public static let options = [
    DeclaredClasses.option,
    OptionSpec(
      "score_kind", .choice(ScoreKind.allCases.map(\.rawValue)), default: .text("probability"),
      "what a score is"),
    OptionSpec(
      "threshold", .number(-.greatestFiniteMagnitude ... .greatestFiniteMagnitude), default: .null,
      "a row has a class when its score is at least this; 0.5 for probabilities, 0 for others"),
    OptionSpec(
      "ignore_index", .label, default: .null,
      "labels equal to this count for nothing; a row of nothing else is left out"),
  ]

  public let configuration: MultilabelState.Configuration
  private let ignored: Double?
  private let skipsNonFinite: Bool
  /// Settled by the first batch that has rows.
  private var hasScores: Bool?
  /// How many classes a row has; settled by the first batch.
  private var width: Int?

  public init(_ options: Arguments, metrics: [MetricRequest]) throws(InputError) {
    let kind = ScoreKind(rawValue: options.text("score_kind")) ?? .probability
    let classes = ClassTable(try DeclaredClasses(options["classes"]))
    configuration = MultilabelState.Configuration(
      classes: classes, kind: kind,
      threshold: options["threshold"].exactDouble ?? kind.defaultThreshold,
      zeroDivision: ZeroDivision(options),
      overDeclared: options.text("average_over") == "declared")
    skipsNonFinite = options.text("non_finite") == "skip"
    ignored = options["ignore_index"].exactInteger.map(Double.init)
    if options["ignore_index"] != .null && (ignored == nil || ignored == 0 || ignored == 1) {
      throw InputError(
        .invalidParams, [.key("ignore_index")],
        "ignore_index is \(options["ignore_index"].brief)",
        hint: "labels are numbers; it is an integer other than 0 and 1")
    }
    if !classes.grows { width = classes.count }
  }

  public mutating func read(
    _ columns: Columns, notes: inout ReadNotes
  ) throws(InputError) -> MultilabelBatch {
    hasScores = try columns.settleOutput(hasScores)
    let weights = try columns.weights()
    if columns.rows == 0 {
      return MultilabelBatch(
        width: 0, classes: configuration.classes, labels: [], decisions: [], weights: nil,
        scores: nil, rows: [])
    }
    let labels = try readLabels(columns, &notes)
    guard let width else {
      // Never so: reading labels settles it.
      throw .batch("labels", "labels has no classes", hint: "send [n, classes]")
    }
    var scores: ScoreMatrix?
    let decisions: [UInt8]
    if hasScores == true {
      let matrix = try readScores(columns, width, labels, &notes)
      decisions = matrix.decisions(at: configuration.threshold)
      scores = matrix
    } else {
      decisions = try readPredictions(columns, width)
    }
    let rows = (0..<columns.rows).map { row in
      let places = row * width..<(row + 1) * width
      var found = LabelRow(labels: labels[places], decisions: decisions[places])
      if let scores { found.rank(scores, labels, places) }
      return found
    }
    return MultilabelBatch(
      width: width, classes: configuration.classes, labels: labels, decisions: decisions,
      weights: weights, scores: scores, rows: rows)
  }

  public var settled: Value {
    guard let hasScores, let width else { return .null }
    return .record([
      Value.Field("scores", .bool(hasScores)), Value.Field("width", .integer(Int64(width))),
    ])
  }

  public mutating func settle(as other: Value) throws(InputError) {
    guard case .record(let fields) = other, case .bool(let given)? = fields.first?.value,
      let theirs = fields.last?.value.exactInteger
    else { return }
    hasScores = try Columns.settle(hasScores, given: given)
    if let width, width != theirs {
      throw .batch(
        "labels", "rows of \(theirs) classes do not go with rows of \(width)",
        hint: "a stream has one number of classes")
    }
    width = theirs
  }
}

// MARK: - Columns

extension MultilabelTask {
  private mutating func readLabels(
    _ columns: Columns, _ notes: inout ReadNotes
  ) throws(InputError) -> [UInt8] {
    let (values, width) = try columns.labelMatrix(
      "labels", width: width, ignored: ignored, classes: configuration.classes)
    self.width = width
    guard ignored != nil else { return values }
    for row in 0..<values.count / width
    where values[row * width..<(row + 1) * width].allSatisfy({ $0 == LabelMatrix.ignored }) {
      notes.dropped.append(row)
    }
    return values
  }

  private func readPredictions(
    _ columns: Columns, _ width: Int
  ) throws(InputError) -> [UInt8] {
    try columns.labelMatrix(
      "predictions", width: width, ignored: nil, classes: configuration.classes
    ).values
  }

  private func readScores(
    _ columns: Columns, _ width: Int, _ labels: [UInt8], _ notes: inout ReadNotes
  ) throws(InputError) -> ScoreMatrix {
    var matrix = try columns.classScores(
      "scores", width: width, classes: configuration.classes
    ).matrix("scores")
    if matrix.isFit(configuration.kind) { return matrix }
    if ignored != nil {
      matrix.clear(where: labels)
      if matrix.isFit(configuration.kind) { return matrix }
    }
    return try matrix.checked(
      "scores", configuration.kind, skippingNonFinite: skipsNonFinite, notes: &notes)
  }
}

extension Columns {
  /// A matrix of zeros and ones, flat, as wide as it has to be; `ignored` is read as `LabelMatrix.ignored`.
  func labelMatrix(
    _ name: String, width: Int?, ignored: Double?, classes: ClassTable
  ) throws(InputError) -> (values: [UInt8], width: Int) {
    let column = try numbers(name)
    guard column.shape.count == 2, column.width > 0, column.width <= DeclaredClasses.limit else {
      throw .batch(
        name, "\(name) has the shape \(column.shape), and a value of each class is wanted",
        hint: "send [n, classes]")
    }
    if let width, column.width != width {
      throw .batch(
        name, "\(name) has \(column.width) values a row, and the stream has \(width) classes",
        hint: classes.grows ? "the first batch settles how many" : classes.hint)
    }
    switch column.storage {
    case .bool(let x), .uint8(let x):
      if x.allSatisfy({ $0 <= 1 }) { return (x, column.width) }
    default: break
    }
    let doubles = try self.doubles(name).values
    var values: [UInt8] = []
    values.reserveCapacity(doubles.count)
    for (index, x) in doubles.enumerated() {
      if x == 0 || x == 1 {
        values.append(x == 0 ? 0 : 1)
      } else if x == ignored {
        values.append(LabelMatrix.ignored)
      } else {
        throw .batch(
          name, row: index / column.width, "\(name) holds \(Value.wireText(x))",
          hint: "0 and 1 say whether a row has a class")
      }
    }
    return (values, column.width)
  }
}

extension ScoreMatrix {
  /// Whether every score is finite, and a probability in [0, 1].
  func isFit(_ kind: ScoreKind) -> Bool {
    switch storage {
    case .single(let x):
      kind == .probability
        ? Kernels.firstOutside(x, 0, 1) == nil : Kernels.firstNonFinite(x) == nil
    case .double(let x):
      kind == .probability
        ? Kernels.firstOutside(x, 0, 1) == nil : Kernels.firstNonFinite(x) == nil
    }
  }

  /// Sets the scores to zero that belong to ignored labels: what stands there does not matter.
  fileprivate mutating func clear(where labels: [UInt8]) {
    let places = labels.indices.filter { labels[$0] == LabelMatrix.ignored }
    switch storage {
    case .single(var x):
      for place in places where place < x.count { x[place] = 0 }
      self = ScoreMatrix(storage: .single(x), width: width)
    case .double(var x):
      for place in places where place < x.count { x[place] = 0 }
      self = ScoreMatrix(storage: .double(x), width: width)
    }
  }

  /// 1 for each score of at least a threshold, compared as float64.
  func decisions(at threshold: Double) -> [UInt8] {
    switch storage {
    case .single(let x):
      let least = Float.leastNotBelow(threshold)
      return x.map { $0 >= least ? 1 : 0 }
    case .double(let x): return x.map { $0 >= threshold ? 1 : 0 }
    }
  }
}

extension LabelRow {
  /// Reads the order of the scores of a row of a matrix.
  fileprivate mutating func rank(_ scores: ScoreMatrix, _ labels: [UInt8], _ places: Range<Int>) {
    var row: [(score: Double, isLabel: Bool)] = []
    row.reserveCapacity(places.count)
    for place in places where labels[place] != LabelMatrix.ignored {
      let score =
        switch scores.storage {
        case .single(let x): Double(x[place])
        case .double(let x): x[place]
        }
      row.append((score, labels[place] == 1))
    }
    rank(row)
  }
}
