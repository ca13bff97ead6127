import EvalMetrics

extension MultilabelTask: LawTask {
  public static func hazards() throws -> [Hazard] {
    let logit = [Value.Field("score_kind", .text("logit"))]
    let raw = [Value.Field("score_kind", .text("score"))]
    let plain = labelRows(24, 3, 1) { ($0.unit() * 20).rounded() / 20 }
    let sparse = labelRows(12, 3, 11) { $0.unit() * 0.6 }
    let ends = labelRows(16, 3, 2) { g in [0, -0.0, 1, 0.5, 0x1p-1074][g.integer(0..<5)] }
    let outside = labelRows(12, 2, 3) { g in [-1e-6, -5e-7, 1 + 5e-7, 0.3][g.integer(0..<4)] }
    let gaps = labelRows(16, 3, 4) { g in g.chance(0.1) ? .nan : g.unit() }
    let logits = labelRows(20, 4, 5) { g in g.chance(0.2) ? g.normal() * 400 : g.normal() }
    let far = labelRows(16, 3, 6) { g in [1.7e308, -1.7e308, 0, -0.0][g.integer(0..<4)] }
    let weighted = labelRows(24, 3, 7, weight: { g in g.chance(0.4) ? 1 : g.unit() * 3 }) {
      $0.unit()
    }
    let huge = labelRows(16, 2, 8, weight: { g in [1e300, 1, 1e-300, 0][g.integer(0..<4)] }) {
      ($0.unit() * 4).rounded() / 4
    }
    return [
      Hazard("probabilities", pieces: [try plain.batch(.float32), try plain.batch(.float64)]),
      Hazard(
        "zeros, ones and ties", pieces: [try ends.batch(.float64), try ends.batch(.float16)]),
      Hazard("probabilities a little outside", pieces: [try outside.batch(.float64)]),
      Hazard("one row", pieces: [try plain.first(1).batch(.float32)]),
      Hazard("no rows", pieces: [try Columns([])]),
      Hazard("one class", pieces: [try labelRows(10, 1, 9) { $0.unit() }.batch(.float32)]),
      Hazard(
        "rows without labels", options: [.init("zero_division", .text("skip"))],
        pieces: [try plain.labelled { _ in 0 }.batch(.float32)]),
      Hazard(
        "every label, 0/0 is 1",
        options: [.init("zero_division", .integer(1)), .init("average_over", .text("declared"))],
        pieces: [try plain.labelled { _ in 1 }.batch(.float32)]),
      Hazard(
        "rows of nothing beside others, 0/0 is 1", options: [.init("zero_division", .integer(1))],
        pieces: [try sparse.labelled { _ in 0 }.batch(.float32), try plain.batch(.float64)]),
      Hazard(
        "rows of nothing beside others, 0/0 is skipped",
        options: [.init("zero_division", .text("skip"))],
        pieces: [try sparse.labelled { _ in 0 }.batch(.float32), try plain.batch(.float64)]),
      Hazard(
        "labels to ignore and values that are not finite",
        options: [.init("non_finite", .text("skip")), .init("ignore_index", .integer(-1))],
        pieces: [try gaps.labelled { $0 == 0 ? -1 : 1 }.batch(.float64), try gaps.batch(.float32)]),
      Hazard("logits", options: logit, pieces: [try logits.batch(.float32)]),
      Hazard("raw scores", options: raw, pieces: [try far.batch(.float64)]),
      Hazard(
        "weights", options: [.init("classes", .list([.text("b"), .text("a"), .integer(7)]))],
        pieces: [try weighted.batch(.float64), try plain.batch(.float64)]),
      Hazard("huge weights beside tiny ones", pieces: [try huge.batch(.float64)]),
      Hazard(
        "weights all zero",
        pieces: [try labelRows(6, 2, 10, weight: { _ in 0 }) { $0.unit() }.batch(.float64)]),
      Hazard("decisions", pieces: [try plain.decided(), try plain.first(5).decided()]),
      Hazard("weighted decisions", pieces: [try weighted.decided()]),
    ]
  }
}

/// Rows of several labels before they are encoded.
private struct LabelRows {
  var scores: [[Double]]
  var labels: [[Int]]
  var weights: [Double]

  func first(_ count: Int) -> LabelRows {
    LabelRows(
      scores: Array(scores.prefix(count)), labels: Array(labels.prefix(count)),
      weights: Array(weights.prefix(count)))
  }

  func labelled(_ label: (Int) -> Int) -> LabelRows {
    var copy = self
    copy.labels = labels.map { $0.map(label) }
    return copy
  }

  private func columns(_ name: String, _ values: Column) throws -> Columns {
    let flat = labels.flatMap { $0.map { Int8($0) } }
    var columns: [(String, Column)] = [
      (name, values),
      (
        "labels",
        .numeric(.init(storage: .int8(flat), shape: [labels.count, labels.first?.count ?? 1]))
      ),
    ]
    if weights.contains(where: { $0 != 1 }) {
      columns.append(("weights", FloatType.float64.column(weights)))
    }
    return try Columns(columns)
  }

  func batch(_ type: FloatType) throws -> Columns {
    guard case .numeric(var column) = type.column(scores.flatMap { $0 }) else {
      return try Columns([])
    }
    column.shape = [scores.count, scores.first?.count ?? 1]
    return try columns("scores", .numeric(column))
  }

  func decided() throws -> Columns {
    let flat = scores.flatMap { $0.map { UInt8($0 >= 0.5 ? 1 : 0) } }
    return try columns(
      "predictions",
      .numeric(.init(storage: .bool(flat), shape: [scores.count, scores.first?.count ?? 1])))
  }
}

private func labelRows(
  _ count: Int, _ width: Int, _ seed: UInt64, weight: (inout LawGenerator) -> Double = { _ in 1 },
  score: (inout LawGenerator) -> Double
) -> LabelRows {
  var generator = LawGenerator(seed)
  var rows = LabelRows(scores: [], labels: [], weights: [])
  for _ in 0..<count {
    let scores = (0..<width).map { _ in score(&generator) }
    rows.scores.append(scores)
    rows.labels.append(scores.map { generator.chance($0 > 0.5 ? 0.7 : 0.3) ? 1 : 0 })
    rows.weights.append(weight(&generator))
  }
  return rows
}
