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
  func classScores(
    _ name: String, width: Int?, classes: ClassTable
  ) throws(InputError) -> ClassScores {
    if let column = unread(name) {
      try checkScores(name, column.shape, width: width, classes: classes)
      return .unread(column)
    }
    let column = try numbers(name)
    try checkScores(name, column.shape, width: width, classes: classes)
    return .matrix(try ScoreMatrix(column, name))
  }

  private func checkScores(
    _ name: String, _ shape: [Int], width: Int?, classes: ClassTable
  ) throws(InputError) {
    guard shape.count == 2, shape[1] > 0 else {
      throw .batch(
        name, "\(name) has the shape \(shape), and a score of each class is wanted",
        hint: "send [n, classes]")
    }
    if let width, shape[1] != width {
      throw .batch(
        name, "\(name) has \(shape[1]) scores a row, and the stream has \(width) classes",
        hint: classes.grows ? "the first batch settles how many" : classes.hint)
    }
    guard shape[1] <= DeclaredClasses.limit else {
      throw InputError(
        .tooManyValues, [.key(name)], "\(name) has \(shape[1]) scores a row",
        hint: "at most \(DeclaredClasses.limit) classes")
    }
  }
}

/// The scores of a batch, a row for each of its rows.
enum ClassScores {
  case matrix(ScoreMatrix)
  case unread(UnreadColumn)

  /// How many a row.
  var width: Int {
    switch self {
    case .matrix(let matrix): matrix.width
    case .unread(let column): column.width
    }
  }

  /// All of them.
  func matrix(_ name: String) throws(InputError) -> ScoreMatrix {
    switch self {
    case .matrix(let matrix): matrix
    case .unread(let column): try ScoreMatrix(column.numbers(), name)
    }
  }
}

extension ScoreMatrix {
  /// A column of numbers with two dimensions.
  init(_ column: NumericColumn, _ name: String) throws(InputError) {
    width = column.width
    switch column.storage {
    case .float32(let x): storage = .single(x)
    case .float16(let x): storage = .single(Kernels.floats(half: x))
    case .bfloat16(let x): storage = .single(Kernels.floats(bfloat16: x))
    case .float64(let x): storage = .double(x)
    default: storage = .double(try Columns.doubles(of: column, name))
    }
  }

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
