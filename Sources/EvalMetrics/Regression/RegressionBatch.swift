/// Predictions and targets of one output, both in one type that holds them exactly.
public enum PairColumn: Sendable {
  case single(predictions: [Float], targets: [Float])
  case double(predictions: [Double], targets: [Double])

  public var count: Int {
    switch self {
    case .single(let predictions, _): predictions.count
    case .double(let predictions, _): predictions.count
    }
  }

  public func selecting(_ rows: [Int]) -> PairColumn {
    switch self {
    case .single(let p, let t):
      .single(predictions: rows.map { p[$0] }, targets: rows.map { t[$0] })
    case .double(let p, let t):
      .double(predictions: rows.map { p[$0] }, targets: rows.map { t[$0] })
    }
  }

  /// Both columns as doubles, exactly.
  var doubles: (predictions: [Double], targets: [Double]) {
    switch self {
    case .single(let p, let t): (p.map(Double.init), t.map(Double.init))
    case .double(let p, let t): (p, t)
    }
  }
}

/// Rows of a regression task: a finite prediction and a finite target for each output.
public struct RegressionBatch: RowBatch {
  public var count: Int
  /// One for each output; empty only in a batch without rows.
  public var outputs: [PairColumn]
  public var weights: [Double]?

  public func selecting(_ rows: [Int]) -> RegressionBatch {
    RegressionBatch(
      count: rows.count, outputs: outputs.map { $0.selecting(rows) },
      weights: weights.map { w in rows.map { w[$0] } })
  }
}
