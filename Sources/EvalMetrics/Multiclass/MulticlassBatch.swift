/// Rows of a multiclass task in the types that its state reads.
public struct MulticlassBatch: RowBatch {
  /// Codes of `classes`.
  public var labels: [Int32]
  /// The class of the greatest score, or the prediction; `ClassCode.none` abstains.
  public var predictions: [Int32]
  public var classes: ClassTable
  public var weights: [Double]?
  /// What was found in the scores; nil for rows of predictions.
  public var scored: ScoredClasses?

  public var count: Int { labels.count }

  public var keptScores: Int {
    guard let scored else { return 0 }
    return count * ((scored.losses == nil ? 0 : 1) + (scored.kept?.width ?? 0))
  }

  public func selecting(_ rows: [Int]) -> MulticlassBatch {
    MulticlassBatch(
      labels: rows.map { labels[$0] }, predictions: rows.map { predictions[$0] }, classes: classes,
      weights: weights.map { w in rows.map { w[$0] } }, scored: scored?.selecting(rows))
  }
}

/// What one pass over the scores of each row finds.
public struct ScoredClasses: Sendable {
  /// How many classes come before the label by score, the first of equal scores first.
  public var ranks: [Int32]
  /// What is found in probabilities; nil for raw scores.
  public var losses: ClassLosses?
  /// The scores themselves, where they are kept for one class against the rest.
  public var kept: ScoreMatrix?

  func selecting(_ rows: [Int]) -> ScoredClasses {
    ScoredClasses(
      ranks: rows.map { ranks[$0] }, losses: losses?.selecting(rows), kept: kept?.selecting(rows))
  }
}

/// Losses of rows of probabilities.
public struct ClassLosses: Sendable {
  /// -log p(label), p clipped to [2^-52, 1 - 2^-52].
  public var logLosses: [Double]
  /// The sum over the classes of (p - y)^2.
  public var squaredErrors: [Double]
  /// The greatest probability.
  public var confidences: ScoreColumn

  func selecting(_ rows: [Int]) -> ClassLosses {
    ClassLosses(
      logLosses: rows.map { logLosses[$0] }, squaredErrors: rows.map { squaredErrors[$0] },
      confidences: confidences.selecting(rows))
  }
}

/// Scores in a rectangle, row by row.
public struct ScoreMatrix: Sendable {
  public enum Storage: Sendable {
    case single([Float])
    case double([Double])
  }

  public var storage: Storage
  public var width: Int

  /// The scores of a class.
  func column(_ place: Int) -> ScoreColumn {
    switch storage {
    case .single(let x): .single(stride(from: place, to: x.count, by: width).map { x[$0] })
    case .double(let x): .double(stride(from: place, to: x.count, by: width).map { x[$0] })
    }
  }

  func selecting(_ rows: [Int]) -> ScoreMatrix {
    func chosen<T>(_ x: [T]) -> [T] {
      var result: [T] = []
      result.reserveCapacity(rows.count * width)
      for row in rows { result += x[row * width..<(row + 1) * width] }
      return result
    }
    switch storage {
    case .single(let x): return ScoreMatrix(storage: .single(chosen(x)), width: width)
    case .double(let x): return ScoreMatrix(storage: .double(chosen(x)), width: width)
    }
  }
}
