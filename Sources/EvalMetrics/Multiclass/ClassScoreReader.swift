import RowLoops

/// Reads rows of scores: the decision, the rank of the label, and the losses of each.
struct ClassScoreReader {
  var kind: ScoreKind
  var skipsNonFinite: Bool
  /// Whether the scores themselves are kept.
  var keepsAll: Bool

  /// One pass over rows whose labels are classes; a negative label is that of a row that is left out.
  func read(
    _ scores: ClassScores, labels: [Int32], notes: inout ReadNotes
  ) throws(InputError) -> ([Int32], ScoredClasses) {
    // What is kept, and what is wrong somewhere, has to be there as a whole.
    if case .unread(let column) = scores, !keepsAll, let found = read(column, labels) {
      return found
    }
    let matrix = try scores.matrix("scores")
    if let found = read(matrix, labels) { return found }
    let checked = try matrix.checked(
      "scores", kind, skippingNonFinite: skipsNonFinite, notes: &notes)
    // There always is something: what was checked is finite, and in [0, 1] where it has to be.
    return read(checked, labels) ?? (labels, ScoredClasses(ranks: labels))
  }

  /// Nil where a score is not what it should be, or not there any more.
  private func read(_ column: UnreadColumn, _ labels: [Int32]) -> ([Int32], ScoredClasses)? {
    switch column.type {
    case .float32: read(UnreadColumn.Rows<Float>(column: column), column.width, labels)
    case .float64: read(UnreadColumn.Rows<Double>(column: column), column.width, labels)
    }
  }

  /// Nil where a score is not what it should be.
  private func read(_ matrix: ScoreMatrix, _ labels: [Int32]) -> ([Int32], ScoredClasses)? {
    let found =
      switch matrix.storage {
      case .single(let x): read(x, matrix.width, labels)
      case .double(let x): read(x, matrix.width, labels)
      }
    guard keepsAll, case (let best, var scored)? = found else { return found }
    scored.kept = kind == .logit ? matrix.softmax(best: best) : matrix
    return (best, scored)
  }

  private func read<Rows: RowSource>(
    _ rows: Rows, _ width: Int, _ labels: [Int32]
  ) -> ([Int32], ScoredClasses)? where Rows.Number: RowScore {
    switch kind {
    case .logit:
      let (found, sums) = Kernels.logitRows(rows, width: width, labels: labels)
      return found.isFinite
        ? (found.best, ScoredClasses(ranks: found.ranks, losses: losses(found, sums))) : nil
    case .probability:
      guard let (found, squares) = Kernels.probabilityRows(rows, width: width, labels: labels)
      else { return nil }
      return (found.best, ScoredClasses(ranks: found.ranks, losses: losses(found, squares)))
    case .score:
      let found = Kernels.rankRows(rows, width: width, labels: labels)
      return found.isFinite ? (found.best, ScoredClasses(ranks: found.ranks)) : nil
    }
  }

  /// Of probabilities, with the sum of the squares of all but the label's.
  private func losses<Score: RowScore>(
    _ found: Kernels.Ranks<Score>, _ squares: [Double]
  ) -> ClassLosses {
    var logLosses: [Double] = []
    var errors: [Double] = []
    logLosses.reserveCapacity(squares.count)
    errors.reserveCapacity(squares.count)
    for (row, square) in squares.enumerated() {
      let p = Double(found.own[row])
      logLosses.append(-Elementary.log(LogLoss.clip(p)))
      errors.append(square + (1 - p) * (1 - p))
    }
    return ClassLosses(
      logLosses: logLosses, squaredErrors: errors,
      confidences: (found.greatest as? [Float]).map(ScoreColumn.single)
        ?? .double(found.greatest.map(Double.init)))
  }

  /// Of logits, with the sums over all classes but the label's.
  private func losses<Score: RowScore>(
    _ found: Kernels.Ranks<Score>, _ sums: [ExponentialSums]
  ) -> ClassLosses {
    var logLosses: [Double] = []
    var errors: [Double] = []
    var confidences: [Double] = []
    logLosses.reserveCapacity(sums.count)
    errors.reserveCapacity(sums.count)
    confidences.reserveCapacity(sums.count)
    for (row, sums) in sums.enumerated() {
      let below = Double(found.greatest[row]) - Double(found.own[row])
      // The sums leave the label out, so that what is small beside it is not lost: log(1 + rest), (1 - p)^2.
      let (rest, own) = (sums.sum, below == 0 ? 1 : Elementary.exp(-below))
      let whole = rest + own
      let loss = below == 0 ? Elementary.log1p(rest) : below + Elementary.log(whole)
      logLosses.append(LogLoss.clipped(loss))
      errors.append((sums.squares + rest * rest) / (whole * whole))
      confidences.append(1 / whole)
    }
    return ClassLosses(
      logLosses: logLosses, squaredErrors: errors, confidences: .double(confidences))
  }
}

extension ScoreMatrix {
  /// The probabilities of logits, with the class of the greatest in each row.
  fileprivate func softmax(best: [Int32]) -> ScoreMatrix {
    let shares =
      switch storage {
      case .single(let x): Kernels.softmaxRows(x, width: width, best: best)
      case .double(let x): Kernels.softmaxRows(x, width: width, best: best)
      }
    return ScoreMatrix(storage: .double(shares), width: width)
  }
}
