/// Any number computed elsewhere: a loss, a judge's mark.
public struct ScalarTask: EvaluationTask {
  public static let name = "scalar"
  public static let columns = [ColumnSpec("values", "a number a row")]
  public static let options = [ModelName.option]
  public static let catalogue = Catalogue<ScalarState>(metrics: [
    .mean,
    .std,
    .sum,
    .minimum,
    .maximum,
    .sem,
    .median,
    .quantile,
  ])
  public static let defaultMetrics = ["mean", "std", "min", "max", "median"]

  public let configuration: ScalarState.Configuration
  private let skipsNonFinite: Bool

  public init(_ options: Arguments, metrics: [MetricRequest]) throws(InputError) {
    configuration = ScalarState.Configuration(model: try ModelName.read(options))
    skipsNonFinite = options.text("non_finite") == "skip"
  }

  public func read(
    _ columns: Columns, notes: inout ReadNotes
  ) throws(InputError) -> ScalarBatch {
    let weights = try columns.weights()
    if columns.rows == 0 { return ScalarBatch(values: .double([]), weights: nil) }
    let values = try columns.scores(
      "values", kind: .score, hasPairs: false, skippingNonFinite: skipsNonFinite, notes: &notes)
    return ScalarBatch(values: values, weights: weights)
  }
}
