import RowLoops

extension Columns {
  /// Whether a batch has scores or predictions. The first one that has rows settles it; the other kind is refused later.
  func settleOutput(_ settled: Bool?) throws(InputError) -> Bool? {
    if has("scores") && has("predictions") {
      throw .batch(
        "predictions", "a batch has scores or predictions, not both",
        hint: "decisions are made of scores")
    }
    if rows == 0 { return settled }
    let given = has("scores")
    if !given && !has("predictions") { _ = try require("scores") }
    return try Self.settle(settled, given: given)
  }

  /// What a stream has from now on; an error where it has the other.
  static func settle(_ settled: Bool?, given: Bool) throws(InputError) -> Bool {
    if let settled, settled != given {
      let (now, before) = given ? ("scores", "predictions") : ("predictions", "scores")
      throw .batch(
        now, "this stream has \(before), so it cannot take \(now)",
        hint: "the first batch settles which; open another stream for the other")
    }
    return given
  }

  /// A column with a score of each class a row, in its own type. `width` is how many there must be; nil while
  /// that is open.
  func scoreMatrix(
    _ name: String, width: Int?, classes: ClassTable
  ) throws(InputError) -> ScoreMatrix {
    let column = try numbers(name)
    guard column.shape.count == 2, column.width > 0 else {
      throw .batch(
        name, "\(name) has the shape \(column.shape), and a score of each class is wanted",
        hint: "send [n, classes]")
    }
    if let width, column.width != width {
      throw .batch(
        name, "\(name) has \(column.width) scores a row, and the stream has \(width) classes",
        hint: classes.grows ? "the first batch settles how many" : classes.hint)
    }
    guard column.width <= DeclaredClasses.limit else {
      throw InputError(
        .tooManyValues, [.key(name)], "\(name) has \(column.width) scores a row",
        hint: "at most \(DeclaredClasses.limit) classes")
    }
    switch column.storage {
    case .float32(let x): return ScoreMatrix(storage: .single(x), width: column.width)
    case .float16(let x):
      return ScoreMatrix(storage: .single(Kernels.floats(half: x)), width: column.width)
    case .bfloat16(let x):
      return ScoreMatrix(storage: .single(Kernels.floats(bfloat16: x)), width: column.width)
    case .float64(let x): return ScoreMatrix(storage: .double(x), width: column.width)
    default: return ScoreMatrix(storage: .double(try doubles(name).values), width: column.width)
    }
  }
}

extension ScoreMatrix {
  var doubles: [Double] {
    switch storage {
    case .single(let x): x.map(Double.init)
    case .double(let x): x
    }
  }

  /// The scores checked and made fit: finite, and probabilities in [0, 1], where one outside by at most 1e-6 is
  /// set to the nearest and counted. Rows that are left out are noted, once, with zeros for scores.
  func checked(
    _ name: String, _ kind: ScoreKind, skippingNonFinite skips: Bool, notes: inout ReadNotes
  ) throws(InputError) -> ScoreMatrix {
    let gone = Set(notes.dropped)
    var values = doubles
    for row in 0..<values.count / width {
      let places = row * width..<(row + 1) * width
      if gone.contains(row) {
        for place in places { values[place] = 0 }
        continue
      }
      if let place = places.first(where: { !values[$0].isFinite }) {
        guard skips else {
          throw .batch(
            name, row: row, "\(name) holds \(Value.wireText(values[place]))",
            hint: "open the stream with non_finite \"skip\" to leave such rows out")
        }
        notes.dropped.append(row)
        for place in places { values[place] = 0 }
      } else if kind == .probability {
        try Self.clamp(&values, places, name, row, &notes)
      }
    }
    notes.dropped.sort()
    return ScoreMatrix(storage: .double(values), width: width)
  }

  private static func clamp(
    _ values: inout [Double], _ places: Range<Int>, _ name: String, _ row: Int,
    _ notes: inout ReadNotes
  ) throws(InputError) {
    for place in places where !(values[place] >= 0 && values[place] <= 1) {
      let x = values[place]
      guard x >= -1e-6 && x <= 1 + 1e-6 else {
        throw .batch(
          name, row: row, "a probability is \(x)",
          hint:
            "probabilities are in [0, 1]; say score_kind \"logit\" or \"score\" at stream/open for other scores"
        )
      }
      notes.clamped += 1
      values[place] = min(max(x, 0), 1)
    }
  }
}

/// Reads rows of scores: the decision, the rank of the label, and the losses of each.
struct ClassScoreReader {
  var kind: ScoreKind
  var skipsNonFinite: Bool
  /// Whether the scores themselves are kept.
  var keepsAll: Bool

  /// One pass over rows whose labels are classes; a negative label is that of a row that is left out.
  func read(
    _ matrix: ScoreMatrix, labels: [Int32], notes: inout ReadNotes
  ) throws(InputError) -> ([Int32], ScoredClasses) {
    switch matrix.storage {
    case .single(let x):
      if let found = read(x, matrix, labels) { return found }
    case .double(let x):
      if let found = read(x, matrix, labels) { return found }
    }
    let checked = try matrix.checked(
      "scores", kind, skippingNonFinite: skipsNonFinite, notes: &notes)
    guard case .double(let x) = checked.storage, let found = read(x, checked, labels) else {
      // Never so: what was checked is finite, and in [0, 1] where it has to be.
      return (labels, ScoredClasses(ranks: labels))
    }
    return found
  }

  /// Nil where a score is not what it should be.
  private func read<Score: RowScore>(
    _ scores: [Score], _ matrix: ScoreMatrix, _ labels: [Int32]
  ) -> ([Int32], ScoredClasses)? {
    let width = matrix.width
    if kind == .logit {
      let (found, sums) = Kernels.logitRows(scores, width: width, labels: labels)
      guard found.isFinite else { return nil }
      var scored = ScoredClasses(ranks: found.ranks)
      scored.losses = losses(logits: scores, width, labels, found.best, sums)
      if keepsAll {
        scored.kept = ScoreMatrix(
          storage: .double(Kernels.softmaxRows(scores, width: width, best: found.best)),
          width: width)
      }
      return (found.best, scored)
    }
    let found = Kernels.rankRows(scores, width: width, labels: labels)
    guard found.isFinite, kind != .probability || Kernels.areProbabilities(scores) else {
      return nil
    }
    var scored = ScoredClasses(ranks: found.ranks)
    if kind == .probability {
      scored.losses = losses(probabilities: scores, width, labels, found.best)
    }
    if keepsAll { scored.kept = matrix }
    return (found.best, scored)
  }

  private func losses<Score: RowScore>(
    probabilities scores: [Score], _ width: Int, _ labels: [Int32], _ best: [Int32]
  ) -> ClassLosses {
    let squares = Kernels.squareRows(scores, width: width, labels: labels)
    var logLosses: [Double] = []
    var errors: [Double] = []
    logLosses.reserveCapacity(labels.count)
    errors.reserveCapacity(labels.count)
    for row in labels.indices {
      let p = Double(scores[row * width + max(0, Int(labels[row]))])
      logLosses.append(-Elementary.log(LogLoss.clip(p)))
      errors.append(squares[row] + (1 - p) * (1 - p))
    }
    let confidences = best.indices.map { scores[$0 * width + Int(best[$0])] }
    return ClassLosses(
      logLosses: logLosses, squaredErrors: errors,
      confidences: (confidences as? [Float]).map(ScoreColumn.single)
        ?? .double(confidences.map(Double.init)))
  }

  private func losses<Score: RowScore>(
    logits scores: [Score], _ width: Int, _ labels: [Int32], _ best: [Int32],
    _ sums: [ExponentialSums]
  ) -> ClassLosses {
    var logLosses: [Double] = []
    var errors: [Double] = []
    var confidences: [Double] = []
    logLosses.reserveCapacity(labels.count)
    errors.reserveCapacity(labels.count)
    confidences.reserveCapacity(labels.count)
    for row in labels.indices {
      let label = max(0, Int(labels[row]))
      let below =
        Double(scores[row * width + Int(best[row])]) - Double(scores[row * width + label])
      // The sums leave the label out, so that what is small beside it is not lost: log(1 + rest), (1 - p)^2.
      let (rest, own) = (sums[row].sum, below == 0 ? 1 : Elementary.exp(-below))
      let whole = rest + own
      let loss = below == 0 ? Elementary.log1p(rest) : below + Elementary.log(whole)
      logLosses.append(LogLoss.clipped(loss))
      errors.append((sums[row].squares + rest * rest) / (whole * whole))
      confidences.append(1 / whole)
    }
    return ClassLosses(
      logLosses: logLosses, squaredErrors: errors, confidences: .double(confidences))
  }
}
