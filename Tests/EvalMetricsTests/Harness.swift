import EvalMetrics
import EvalTestSupport

/// A stream of one task, with short ways to push and ask.
struct Bench {
  let task: String
  var engine: any TaskEngine

  init(
    _ task: String, _ options: [String: Value] = [:], slices: [SliceDimension] = [],
    keepWindows: Int = 1, metrics: [MetricRequest] = []
  ) throws {
    self.task = task
    engine = try Tasks.engine(
      task: task, options: options.sorted { $0.key < $1.key }.map { Value.Field($0.key, $0.value) },
      metrics: metrics, dimensions: slices, keepWindows: keepWindows)
  }

  /// A binary stream of these scores and labels.
  static func binary(
    _ scores: [Double], _ labels: [Int], weights: [Double]? = nil, _ options: [String: Value] = [:]
  ) throws -> Bench {
    var bench = try Bench("binary", options)
    try bench.push(["scores": .doubles(scores), "labels": .integers(labels)], weights)
    return bench
  }

  /// A scalar stream of these values.
  static func scalar(_ values: [Double], weights: [Double]? = nil) throws -> Bench {
    var bench = try Bench("scalar")
    try bench.push(["values": .doubles(values)], weights)
    return bench
  }

  @discardableResult
  mutating func push(
    _ columns: [String: Column], _ weights: [Double]? = nil, slices: [String: Column] = [:]
  ) throws -> PushReport {
    var all = columns
    if let weights { all["weights"] = .doubles(weights) }
    return try engine.push(
      Columns(
        all.map { ($0.key, $0.value) }, slices: slices.map { (Name($0.key), $0.value) },
        whole: engine.wholeColumns))
  }

  mutating func ask(
    _ metric: Value, in scope: Scope = Scope(), threshold: Double? = nil
  ) throws -> Answer {
    try engine.answers([Tasks.resolve(metric, task: task)], in: scope, threshold: threshold)
      .answers[0]
  }

  mutating func ask(
    _ name: String, in scope: Scope = Scope(), threshold: Double? = nil
  ) throws -> Answer {
    try ask(.text(name), in: scope, threshold: threshold)
  }

  mutating func count(in scope: Scope) throws -> Int {
    try engine.answers([], in: scope, threshold: nil).count
  }

  /// What `threshold/optimize` answers.
  mutating func optimize(
    _ objective: Objective, _ constraints: ThresholdConstraints = ThresholdConstraints(),
    in scope: Scope = Scope()
  ) throws -> ThresholdReport? {
    try inspect(scope) { $0.optimize(objective, constraints) }
  }

  /// The bins of `calibration/query`.
  mutating func bins(_ count: Int, _ strategy: BinStrategy) throws -> [CalibrationBin] {
    try inspect { rows throws(InputError) in
      try rows.calibration(bins: count, strategy).calibration.bins
    } ?? []
  }

  /// Something of the prepared scores.
  mutating func inspect<R>(
    _ scope: Scope = Scope(), _ body: (ScoredRows) throws(InputError) -> R
  ) throws -> R? {
    try engine.inspect(scope) { state throws(InputError) in
      guard let state = state as? any ThresholdState else { return R?.none }
      return try body(try state.thresholdRows(class: nil))
    }
  }
}

extension MetricDescription {
  /// A way to ask for the metric, with a three for whatever it needs.
  var example: Value {
    if name.hasSuffix("@k") { return .text(name.dropLast() + "3") }
    let needed = options.filter(\.isRequired).map { Value.Field($0.name, .integer(3)) }
    return needed.isEmpty ? .text(name) : .record([Value.Field("metric", .text(name))] + needed)
  }
}

extension Column {
  static func doubles(_ xs: [Double]) -> Column { FloatType.float64.column(xs) }

  static func integers(_ xs: [Int]) -> Column {
    .numeric(NumericColumn(storage: .int64(xs.map(Int64.init)), shape: [xs.count]))
  }

  static func texts(_ xs: [String]) -> Column { .values(xs.map(Value.text)) }
}

/// The error that a push or a question gives; nil when it gives none.
func inputError(_ body: () throws -> Void) -> InputError? {
  do {
    try body()
    return nil
  } catch {
    return error as? InputError
  }
}

extension TaskEngine {
  /// The values of these dimensions that occur in a window, in order.
  func sliceKeys(by places: [Int], in window: Window) throws -> [SliceKey] {
    var copy = self
    return try copy.sliceAnswers([], by: places, in: window, minCount: 0).map(\.key)
  }
}
