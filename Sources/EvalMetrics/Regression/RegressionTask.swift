/// A number predicted for a number, for one output or several.
public struct RegressionTask: EvaluationTask {
  public static let name = "regression"

  public static let columns = [
    ColumnSpec("predictions", "[n] or [n, outputs], finite numbers"),
    ColumnSpec("targets", "the numbers that are right, of the same shape"),
  ]

  public static let options = [
    OptionSpec(
      "multioutput", .choice(["uniform_average", "raw_values"]),
      default: .text("uniform_average"),
      "what is answered of several outputs: the mean of their values, or a list of them")
  ]

  public static let catalogue = Catalogue<RegressionState>(metrics: [
    .mae,
    .mse,
    .rmse,
    .r2,
    .adjustedR2,
    .explainedVariance,
    .mape,
    .smape,
    .medianAbsoluteError,
    .maxError,
    .msle,
    .pearson,
    .spearman,
    .concordanceCorrelation,
    .concordance,
    .meanError,
    .pinballLoss,
    .poissonDeviance,
    .gammaDeviance,
    .huber,
    .residualQuantile,
    .targetQuantile,
  ])

  public static let defaultMetrics = ["mae", "mse", "rmse", "r2", "mean_error"]

  /// The most outputs that a stream may have.
  static let outputLimit = 10_000

  public let configuration: RegressionState.Configuration
  private let skipsNonFinite: Bool
  /// Settled by the first batch that has rows.
  private var outputs: Int?

  public init(_ options: Arguments, metrics: [MetricRequest]) throws(InputError) {
    configuration = RegressionState.Configuration(
      averagesOutputs: options.text("multioutput") == "uniform_average")
    skipsNonFinite = options.text("non_finite") == "skip"
  }

  public mutating func read(
    _ columns: Columns, notes: inout ReadNotes
  ) throws(InputError) -> RegressionBatch {
    let weights = try columns.weights()
    if columns.rows == 0 { return RegressionBatch(count: 0, outputs: [], weights: nil) }
    var predictions = try numbers("predictions", of: columns)
    var targets = try numbers("targets", of: columns)
    guard predictions.outputs == targets.outputs else {
      throw .batch(
        "targets",
        "targets has \(targets.outputs) outputs and predictions \(predictions.outputs)",
        hint: "both are [n], or both are [n, outputs]")
    }
    try settle(outputs: predictions.outputs)
    var dropped = Set<Int>()
    try predictions.drop(&dropped, skipping: skipsNonFinite)
    try targets.drop(&dropped, skipping: skipsNonFinite)
    notes.dropped += dropped.sorted()
    return RegressionBatch(
      count: columns.rows, outputs: Self.pairs(predictions, targets), weights: weights)
  }

  public var settled: Value { outputs.map { .integer(Int64($0)) } ?? .null }

  public mutating func settle(as other: Value) throws(InputError) {
    if let outputs = other.exactInteger { try settle(outputs: outputs) }
  }

  private mutating func settle(outputs given: Int) throws(InputError) {
    if let outputs, outputs != given {
      throw .batch(
        "predictions", "this stream has \(outputs) outputs, so it cannot take \(given)",
        hint: "the first batch settles how many; open another stream for others")
    }
    outputs = given
  }

  private func numbers(
    _ name: String, of columns: Columns
  ) throws(InputError) -> OutputColumn {
    let column = try columns.numbers(name)
    guard column.shape.count <= 2, column.width > 0 else {
      throw .batch(
        name, "\(name) has the shape \(column.shape), and one number for each output is wanted",
        hint: "send [n] or [n, outputs]")
    }
    guard column.width <= Self.outputLimit else {
      throw .batch(
        name, "\(name) has \(column.width) outputs", hint: "at most \(Self.outputLimit) outputs")
    }
    if let singles = column.floats {
      return OutputColumn(name: name, outputs: column.width, singles: singles, doubles: [])
    }
    return OutputColumn(
      name: name, outputs: column.width, singles: nil, doubles: try columns.doubles(name).values)
  }

  /// The columns of each output, in the narrower type only where both have it.
  private static func pairs(_ predictions: OutputColumn, _ targets: OutputColumn) -> [PairColumn] {
    (0..<predictions.outputs).map { output in
      if let p = predictions.singles, let t = targets.singles {
        return .single(
          predictions: every(predictions.outputs, of: p, from: output),
          targets: every(predictions.outputs, of: t, from: output))
      }
      return .double(
        predictions: every(predictions.outputs, of: predictions.widened, from: output),
        targets: every(predictions.outputs, of: targets.widened, from: output))
    }
  }

  private static func every<T>(_ step: Int, of values: [T], from start: Int) -> [T] {
    step == 1 ? values : stride(from: start, to: values.count, by: step).map { values[$0] }
  }
}

/// A column of numbers for each output, as floats or as doubles.
private struct OutputColumn {
  let name: String
  let outputs: Int
  var singles: [Float]?
  var doubles: [Double]

  var widened: [Double] { singles.map { $0.map(Double.init) } ?? doubles }

  /// Refuses numbers that are not finite, or notes their rows and makes them zero.
  mutating func drop(_ rows: inout Set<Int>, skipping skips: Bool) throws(InputError) {
    let first = singles.map(Kernels.firstNonFinite) ?? Kernels.firstNonFinite(doubles)
    guard let first else { return }
    for (place, value) in widened.enumerated().dropFirst(first) where !value.isFinite {
      guard skips else {
        throw .batch(
          name, row: place / outputs, "\(name) holds \(Value.wireText(value))",
          hint: "open the stream with non_finite \"skip\" to leave such rows out")
      }
      rows.insert(place / outputs)
      if singles == nil { doubles[place] = 0 } else { singles?[place] = 0 }
    }
  }
}

extension NumericColumn {
  /// Every element as a float, where the type is one that floats hold.
  fileprivate var floats: [Float]? {
    switch storage {
    case .bool(let x), .uint8(let x): x.map(Float.init)
    case .int8(let x): x.map(Float.init)
    case .int16(let x): x.map(Float.init)
    case .uint16(let x): x.map(Float.init)
    case .float16(let x): Kernels.floats(half: x)
    case .bfloat16(let x): Kernels.floats(bfloat16: x)
    case .float32(let x): x
    default: nil
    }
  }
}
