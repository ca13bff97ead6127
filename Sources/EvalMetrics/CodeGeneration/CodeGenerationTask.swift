/// Programs that are sampled for problems, and whether they pass its tests.
public struct CodeGenerationTask: EvaluationTask {
  public static let name = "code_generation"

  public static let columns = [
    ColumnSpec("problems", "the problem that a row belongs to: a string or an integer"),
    ColumnSpec("passed", "whether the sample is correct, a sample a row"),
    ColumnSpec("samples", "how many samples the row stands for, instead of passed"),
    ColumnSpec("correct", "how many of them are correct"),
  ]

  public static let options: [OptionSpec] = []
  public static let catalogue = Catalogue<CodeGenerationState>(metrics: [.passAtK])
  public static let defaultMetrics = ["pass@1"]

  public let configuration = CodeGenerationState.Configuration()

  public init(_ options: Arguments, metrics: [MetricRequest]) throws(InputError) {}

  public mutating func read(
    _ columns: Columns, notes: inout ReadNotes
  ) throws(InputError) -> CodeGenerationBatch {
    let weights = try columns.weights()
    var batch = CodeGenerationBatch(
      names: [], problems: [], samples: [], correct: [], weights: weights)
    if columns.rows == 0 { return batch }
    (batch.names, batch.problems) = try Self.problems(columns)
    if columns.has("passed") {
      for name in ["samples", "correct"] where columns.has(name) {
        throw .batch(
          name, "\(name) does not go with passed", hint: "with passed, every row is one sample")
      }
      batch.correct = try columns.flags("passed").map { $0 ? 1 : 0 }
      batch.samples = Array(repeating: 1, count: batch.correct.count)
      return batch
    }
    guard columns.has("samples") || columns.has("correct") else {
      _ = try columns.require("passed")
      return batch
    }
    batch.samples = try columns.counts("samples")
    batch.correct = try columns.counts("correct")
    for row in batch.samples.indices where batch.correct[row] > batch.samples[row] {
      throw .batch(
        "correct", row: row,
        "\(batch.correct[row]) of \(batch.samples[row]) samples are correct",
        hint: "a row is a problem with its samples; correct counts those that pass")
    }
    return batch
  }

  public static func units(of batch: CodeGenerationBatch) -> [[Int]]? {
    var units: [[Int]] = []
    var places = [Int?](repeating: nil, count: batch.names.count)
    for (row, problem) in batch.problems.enumerated() {
      if let place = places[Int(problem)] {
        units[place].append(row)
      } else {
        places[Int(problem)] = units.count
        units.append([row])
      }
    }
    return units
  }

  /// The problems of a batch, each once, and that of every row.
  private static func problems(_ columns: Columns) throws(InputError) -> ([Value], [Int32]) {
    let column = try columns.require("problems")
    try columns.requireFlat("problems")
    var places: [Value: Int32] = [:]
    var names: [Value] = []
    var codes: [Int32] = []
    codes.reserveCapacity(columns.rows)
    for row in 0..<columns.rows {
      let value = column.value(at: row)
      guard let name = name(value) else {
        throw .batch(
          "problems", row: row, "problems holds \(value.brief)",
          hint: "a problem is a string or an integer")
      }
      if let code = places[name] {
        codes.append(code)
      } else {
        let code = Int32(truncatingIfNeeded: names.count)
        places[name] = code
        names.append(name)
        codes.append(code)
      }
    }
    return (names, codes)
  }

  /// Integers are the same whatever they were sent as; `7` is not `"7"`.
  private static func name(_ value: Value) -> Value? {
    switch value {
    case .text: value
    case .integer, .number: value.exactInteger.map { .integer(Int64($0)) }
    case .unsigned: value.exactInteger.map { .integer(Int64($0)) } ?? value
    default: nil
    }
  }
}
