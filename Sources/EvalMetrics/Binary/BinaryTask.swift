/// Two classes: a score or a decision, and a label, a row.
public struct BinaryTask: EvaluationTask {
  public static let name = "binary"

  public static let columns = [
    ColumnSpec("scores", "[n], [n, 1] or [n, 2] (column 1; for logits z1 - z0)"),
    ColumnSpec("predictions", "a decision a row instead of scores; null abstains"),
    ColumnSpec("labels", "0 or 1, booleans, or anything with positive_label"),
  ]

  public static let options = [
    OptionSpec(
      "score_kind", .choice(ScoreKind.allCases.map(\.rawValue)), default: .text("probability"),
      "what a score is"),
    OptionSpec(
      "threshold", .number(-.greatestFiniteMagnitude ... .greatestFiniteMagnitude), default: .null,
      "a row is positive when its score is at least this; 0.5 for probabilities, 0 for others"),
    OptionSpec(
      "positive_label", .label, default: .null,
      "the label of the positive class; all others are negative"),
  ]

  public let configuration: BinaryState.Configuration
  private let positiveLabel: Value?
  private let skipsNonFinite: Bool
  /// Settled by the first batch that has rows.
  private var hasScores: Bool?

  public init(_ options: Arguments, metrics: [MetricRequest]) throws(InputError) {
    let kind = ScoreKind(rawValue: options.text("score_kind")) ?? .probability
    configuration = BinaryState.Configuration(
      kind: kind, threshold: options["threshold"].exactDouble ?? kind.defaultThreshold,
      zeroDivision: ZeroDivision(options))
    skipsNonFinite = options.text("non_finite") == "skip"
    positiveLabel = options["positive_label"] == .null ? nil : options["positive_label"]
  }

  public mutating func read(
    _ columns: Columns, notes: inout ReadNotes
  ) throws(InputError) -> BinaryBatch {
    if columns.has("scores") && columns.has("predictions") {
      throw .batch(
        "predictions", "a batch has scores or predictions, not both",
        hint: "decisions are made of scores at the threshold")
    }
    if columns.rows > 0 { try settle(columns) }
    let labels = try columns.rows == 0 ? [] : readLabels(columns, "labels")
    let weights = try columns.weights()
    if columns.rows == 0 {
      return BinaryBatch(output: .scores(.single([])), labels: [], weights: nil)
    }
    let output: BinaryBatch.Output =
      if hasScores == false {
        .predictions(try readPredictions(columns))
      } else {
        .scores(
          try columns.scores(
            "scores", kind: configuration.kind, skippingNonFinite: skipsNonFinite, notes: &notes))
      }
    return BinaryBatch(output: output, labels: labels, weights: weights)
  }
}

extension BinaryTask {
  public var settled: Value { hasScores.map(Value.bool) ?? .null }

  public mutating func settle(as other: Value) throws(InputError) {
    guard case .bool(let given) = other else { return }
    try settle(hasScores: given)
  }

  /// The first batch settles whether there are scores or predictions; the other kind is refused later.
  private mutating func settle(_ columns: Columns) throws(InputError) {
    let given = columns.has("scores")
    if !given && !columns.has("predictions") { _ = try columns.require("scores") }
    try settle(hasScores: given)
  }

  private mutating func settle(hasScores given: Bool) throws(InputError) {
    if let hasScores, hasScores != given {
      let (now, before) = given ? ("scores", "predictions") : ("predictions", "scores")
      throw .batch(
        now, "this stream has \(before), so it cannot take \(now)",
        hint: "the first batch settles which; open another stream for the other")
    }
    hasScores = given
  }

  /// Labels as 0 and 1.
  private func readLabels(_ columns: Columns, _ name: String) throws(InputError) -> [UInt8] {
    let column = try columns.require(name)
    if positiveLabel == nil, let quick = Self.quickLabels(column, rows: columns.rows) {
      return quick
    }
    try columns.requireFlat(name)
    var labels: [UInt8] = []
    labels.reserveCapacity(columns.rows)
    for row in 0..<columns.rows {
      labels.append(try label(columns.value(name, row: row), name, row))
    }
    return labels
  }

  /// The common case: small integers, all of them 0 or 1.
  private static func quickLabels(_ column: Column, rows: Int) -> [UInt8]? {
    guard case .numeric(let numbers) = column, numbers.width == 1, numbers.rows == rows else {
      return nil
    }
    switch numbers.storage {
    case .bool(let x), .uint8(let x): return Kernels.areBits(x) ? x : nil
    case .int64(let x): return x.allSatisfy { $0 & ~1 == 0 } ? x.map { UInt8($0) } : nil
    case .int32(let x): return x.allSatisfy { $0 & ~1 == 0 } ? x.map { UInt8($0) } : nil
    case .float32(let x): return x.allSatisfy { $0 == 0 || $0 == 1 } ? x.map { UInt8($0) } : nil
    default: return nil
    }
  }

  private func label(_ value: Value, _ name: String, _ row: Int) throws(InputError) -> UInt8 {
    if let positiveLabel {
      switch value {
      case .text, .bool, .integer, .unsigned: return value.isSameLabel(positiveLabel) ? 1 : 0
      case .number(let x) where x == x.rounded() && x.isFinite:
        return value.isSameLabel(positiveLabel) ? 1 : 0
      default: break
      }
      throw .batch(
        name, row: row, "\(name) holds \(value.brief)",
        hint: "with positive_label, labels are strings or integers")
    }
    if case .bool(let flag) = value { return flag ? 1 : 0 }
    if let x = value.exactInteger, x == 0 || x == 1 { return UInt8(x) }
    throw .batch(
      name, row: row, "\(name) holds \(value.brief) where 0 or 1 is wanted",
      hint: "set positive_label at stream/open for other labels")
  }

  /// Predictions as 0, 1, and 2 for an abstention.
  private func readPredictions(_ columns: Columns) throws(InputError) -> [UInt8] {
    let column = try columns.require("predictions")
    if positiveLabel == nil, let quick = Self.quickLabels(column, rows: columns.rows) {
      return quick
    }
    try columns.requireFlat("predictions")
    var predictions: [UInt8] = []
    predictions.reserveCapacity(columns.rows)
    for row in 0..<columns.rows {
      let value = columns.value("predictions", row: row)
      predictions.append(value == .null ? 2 : try label(value, "predictions", row))
    }
    return predictions
  }
}

extension Value {
  /// Whether two labels are the same: integers and integral floats by value, everything else as it is.
  func isSameLabel(_ other: Value) -> Bool {
    if let a = exactInteger, let b = other.exactInteger { return a == b }
    return self == other
  }
}
