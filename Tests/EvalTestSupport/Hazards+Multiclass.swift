import EvalMetrics

extension MulticlassTask: LawTask {
  public static func hazards() throws -> [Hazard] {
    try probabilityHazards() + logitHazards() + weightHazards() + classHazards()
  }

  private static func probabilityHazards() throws -> [Hazard] {
    let random = scoredRows(40, 4, 1) { g in (g.unit() * 100).rounded() / 100 }
    let ends = scoredRows(24, 3, 2) { g in [0, -0.0, 1, 0.5, 0x1p-1074][g.integer(0..<5)] }
    let outside = scoredRows(16, 3, 3) { g in [-1e-6, -5e-7, 1 + 5e-7, 0.3][g.integer(0..<4)] }
    let gaps = scoredRows(16, 3, 4) { g in g.chance(0.1) ? .nan : g.unit() }
    return [
      Hazard("probabilities of two digits", pieces: try mixed(random)),
      Hazard("zeros, ones and ties", pieces: try mixed(ends)),
      Hazard("probabilities a little outside", pieces: [try batch(outside, .float64)]),
      Hazard("one row", pieces: try mixed(random.first(1))),
      Hazard("no rows", pieces: [try Columns([])]),
      Hazard("one class", pieces: [try batch(scoredRows(10, 1, 5) { $0.unit() }, .float32)]),
      Hazard(
        "one label of four", pieces: [try batch(random.labelled { _ in 2 }, .float64)]),
      Hazard(
        "an absent class, skipped", options: [.init("zero_division", .text("skip"))],
        pieces: try mixed(random.labelled { min($0, 2) })),
      Hazard(
        "an absent class, declared, counted as 1",
        options: [
          .init("zero_division", .integer(1)), .init("average_over", .text("declared")),
          .init("classes", .integer(4)),
        ], pieces: try mixed(random.labelled { min($0, 2) })),
      Hazard(
        "scores that are not kept", options: [.init("one_vs_rest", .bool(false))],
        pieces: try mixed(random)),
      Hazard(
        "values that are not finite and labels to ignore",
        options: [.init("non_finite", .text("skip")), .init("ignore_index", .integer(1))],
        pieces: [try batch(gaps, .float32), try batch(gaps, .float64)]),
    ]
  }

  private static func logitHazards() throws -> [Hazard] {
    let logit = [Value.Field("score_kind", .text("logit"))]
    let raw = [Value.Field("score_kind", .text("score"))]
    let plain = scoredRows(30, 4, 6) { ($0.normal() * 4).rounded() / 2 }
    let far = scoredRows(20, 3, 7) { g in g.chance(0.5) ? g.normal() * 400 : 1e300 * g.unit() }
    let ends = scoredRows(20, 3, 8) { g in [1.7e308, -1.7e308, 0, -0.0, 1e-300][g.integer(0..<5)] }
    let wide = scoredRows(8, 200, 9) { $0.normal() }
    return [
      Hazard("logits", options: logit, pieces: try mixed(plain)),
      Hazard("logits far apart", options: logit, pieces: [try batch(far, .float64)]),
      Hazard(
        "logits at the ends of the doubles", options: logit, pieces: [try batch(ends, .float64)]),
      Hazard("200 classes", options: logit, pieces: [try batch(wide, .float32)]),
      Hazard("raw scores", options: raw, pieces: try [batch(ends, .float64)] + mixed(ends.rounded)),
    ]
  }

  private static func weightHazards() throws -> [Hazard] {
    func rows(_ seed: UInt64, _ weight: (inout LawGenerator) -> Double) -> ClassRows {
      scoredRows(30, 3, seed, weight: weight) { g in (g.unit() * 20).rounded() / 20 }
    }
    let plain = rows(10) { g in g.chance(0.3) ? 1 : g.chance(0.2) ? 0 : g.unit() * 4 }
    let huge = rows(12) { g in [1e300, 1e280, 1, 1e-300][g.integer(0..<4)] }
    let small = rows(13) { g in [0x1p-1074, 0x1p-1030, 3e-300][g.integer(0..<3)] }
    return [
      Hazard("weights", pieces: try mixed(plain)),
      Hazard("weights all zero", pieces: try mixed(rows(11) { _ in 0 })),
      Hazard("huge weights beside tiny ones", pieces: try mixed(huge)),
      Hazard("denormal weights", pieces: try mixed(small)),
      Hazard(
        "batches with and without weights",
        pieces: try mixed(plain) + mixed(scoredRows(12, 3, 14) { $0.unit() })),
    ]
  }

  private static func classHazards() throws -> [Hazard] {
    let names: [Value] = ["b", "a", "\u{E9}", "e\u{301}", "a b"].map(Value.text)
    let numbers: [Value] = [
      .integer(-3), .integer(1 << 50), .integer(0), .integer(700), .bool(true),
    ]
    let mixture = names + numbers
    let weights: (inout LawGenerator) -> Double = { g in g.chance(0.5) ? 1 : g.unit() }
    return [
      Hazard("names as they come", pieces: try predicted(names, 15)),
      Hazard("numbers as they come", pieces: try predicted(numbers, 16)),
      Hazard("numbers and names", pieces: try predicted(mixture, 17, weight: weights)),
      Hazard(
        "declared names", options: [.init("classes", .list([.text("unseen")] + names))],
        pieces: try predicted(names, 18)),
      Hazard(
        "declared and averaged",
        options: [
          .init("classes", .list([.text("unseen")] + names)),
          .init("average_over", .text("declared")), .init("zero_division", .text("skip")),
        ], pieces: try predicted(names, 19)),
      Hazard("nothing but abstentions", pieces: try predicted(names, 20, abstaining: 1)),
      Hazard(
        "many classes", pieces: try predicted((0..<500).map { .integer($0 * 7) }, 21)),
    ]
  }
}

// MARK: - Making rows

/// Rows of scores before they are encoded.
private struct ClassRows {
  var width: Int
  var scores: [[Double]]
  var labels: [Int]
  var weights: [Double]

  func first(_ count: Int) -> ClassRows {
    ClassRows(
      width: width, scores: Array(scores.prefix(count)), labels: Array(labels.prefix(count)),
      weights: Array(weights.prefix(count)))
  }

  func labelled(_ label: (Int) -> Int) -> ClassRows {
    var copy = self
    copy.labels = labels.map(label)
    return copy
  }

  /// Small scores that every type has.
  var rounded: ClassRows {
    var copy = self
    copy.scores = scores.map { row in row.map { $0 > 1 ? 1 : $0 < -1 ? 0 : 0.5 } }
    return copy
  }
}

private func scoredRows(
  _ count: Int, _ width: Int, _ seed: UInt64, weight: (inout LawGenerator) -> Double = { _ in 1 },
  score: (inout LawGenerator) -> Double
) -> ClassRows {
  var generator = LawGenerator(seed)
  var rows = ClassRows(width: width, scores: [], labels: [], weights: [])
  for _ in 0..<count {
    let scores = (0..<width).map { _ in score(&generator) }
    // The best class is a little more often the label.
    let best = scores.indices.max { scores[$0] < scores[$1] } ?? 0
    rows.scores.append(scores)
    rows.labels.append(generator.chance(0.4) ? best : generator.integer(0..<width))
    rows.weights.append(weight(&generator))
  }
  return rows
}

private func batch(_ rows: ClassRows, _ type: FloatType) throws -> Columns {
  guard case .numeric(var scores) = type.column(rows.scores.flatMap { $0 }) else {
    return try Columns([])
  }
  scores.shape = [rows.scores.count, rows.width]
  var columns: [(String, Column)] = [
    ("scores", .numeric(scores)),
    (
      "labels",
      .numeric(.init(storage: .int32(rows.labels.map { Int32($0) }), shape: [rows.labels.count]))
    ),
  ]
  if rows.weights.contains(where: { $0 != 1 }) {
    columns.append(("weights", FloatType.float64.column(rows.weights)))
  }
  return try Columns(columns)
}

/// The rows in batches of every float type that holds their scores.
private func mixed(_ rows: ClassRows) throws -> [Columns] {
  var parts: [FloatType: ClassRows] = [:]
  for row in rows.scores.indices {
    let fitting = FloatType.allCases.filter { type in rows.scores[row].allSatisfy(type.holds) }
    let empty = ClassRows(width: rows.width, scores: [], labels: [], weights: [])
    parts[fitting[row % fitting.count], default: empty].scores.append(rows.scores[row])
    parts[fitting[row % fitting.count]]?.labels.append(rows.labels[row])
    parts[fitting[row % fitting.count]]?.weights.append(rows.weights[row])
  }
  return try FloatType.allCases.compactMap { type in try parts[type].map { try batch($0, type) } }
}

/// Labels and predictions of these classes, in plain columns and in one by dictionary.
private func predicted(
  _ classes: [Value], _ seed: UInt64, abstaining: Double = 0.1,
  weight: ((inout LawGenerator) -> Double)? = nil
) throws -> [Columns] {
  var generator = LawGenerator(seed)
  func rows(_ count: Int) throws -> [(String, Column)] {
    let labels = (0..<count).map { _ in classes[generator.integer(0..<classes.count)] }
    let predictions = labels.map { label in
      generator.chance(abstaining)
        ? .null : generator.chance(0.5) ? label : classes[generator.integer(0..<classes.count)]
    }
    var columns: [(String, Column)] = [
      ("labels", .values(labels)), ("predictions", .values(predictions)),
    ]
    if let weight {
      let weights = (0..<count).map { _ in weight(&generator) }
      columns.append(("weights", FloatType.float64.column(weights)))
    }
    return columns
  }
  let codes = (0..<12).map { _ in Int32(generator.integer(0..<classes.count)) }
  var coded = try rows(12)
  coded[0].1 = .dictionary(values: classes, codes: codes)
  return [try Columns(try rows(30)), try Columns(coded)]
}
