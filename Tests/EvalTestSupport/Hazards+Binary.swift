import EvalMetrics

/// A row of a binary task before it is encoded.
public struct BinaryRow: Sendable {
  public var score: Double
  public var label: Bool
  public var weight = 1.0

  public init(score: Double, label: Bool, weight: Double = 1) {
    self.score = score
    self.label = label
    self.weight = weight
  }
}

extension BinaryTask: LawTask {
  public static func hazards() throws -> [Hazard] {
    try probabilityHazards() + scoreHazards() + weightHazards() + predictionHazards()
  }

  private static func probabilityHazards() throws -> [Hazard] {
    let random = rows(90, seed: 1) { ($0.unit() * 100).rounded() / 100 }
    let tied = rows(40, seed: 2) { _ in 0.5 }
    var rare = rows(1000, seed: 3) { $0.unit() }
    for index in rare.indices { rare[index].label = index == 17 || index == 500 }
    let tiny = rows(60, seed: 4) { g in
      [0, -0.0, 0x1p-1074, 0x1p-1030, 0x1.8p-1023, 1][g.integer(0..<6)]
    }
    let outside = rows(40, seed: 5) { g in
      [-1e-6, -5e-7, 1 + 5e-7, 1.000001, 0.3][g.integer(0..<5)]
    }
    return [
      Hazard("probabilities of two digits", thresholds: [0.25, 0.5], pieces: try mixed(random)),
      Hazard("all scores tied", thresholds: [0.5, 0.6], pieces: try mixed(tied)),
      Hazard("positives only", pieces: try mixed(random.map { labelled($0, true) })),
      Hazard("negatives only", pieces: try mixed(random.map { labelled($0, false) })),
      Hazard("no rows", thresholds: [0.5], pieces: [try Columns([])]),
      Hazard("one row", thresholds: [0.5], pieces: try mixed(Array(random.prefix(1)))),
      Hazard("0.2 % positives", thresholds: [0.9], pieces: try mixed(rare)),
      Hazard("denormals and both zeros", thresholds: [-0.0, 0x1p-1074], pieces: try mixed(tiny)),
      Hazard("probabilities a little outside", pieces: [try batch(outside, .float64)]),
      Hazard(
        "0/0 is 1", options: [.init("zero_division", .integer(1))],
        pieces: try mixed(random.map { labelled($0, $0.score > 2) })),
      Hazard(
        "0/0 is skipped", options: [.init("zero_division", .text("skip"))],
        pieces: try mixed(random.map { labelled($0, false) })),
    ]
  }

  private static func scoreHazards() throws -> [Hazard] {
    let raw = [Value.Field("score_kind", .text("score"))]
    let logit = [Value.Field("score_kind", .text("logit"))]
    let offset = rows(90, seed: 6) { 1e9 + ($0.normal() * 8).rounded() / 8 }
    let signs = rows(60, seed: 7) { g in
      [0, -0.0, 0x1p-1074, -0x1p-1074, 1e-40, -1e-40][g.integer(0..<6)]
    }
    let logits = rows(90, seed: 8) { g in
      g.chance(0.2) ? g.normal() * 400 : (g.normal() * 4).rounded() / 2
    }
    let far = rows(60, seed: 9) { g in [1, -1, 1.7e308, -1.7e308, 65504, 3e38][g.integer(0..<6)] }
    let gaps = rows(60, seed: 10) { g in
      g.chance(0.2) ? .nan : g.chance(0.1) ? .infinity : g.normal()
    }
    return [
      Hazard("offsets of 1e9", options: raw, thresholds: [1e9], pieces: try mixed(offset)),
      Hazard("-0.0 and 0.0", options: raw, thresholds: [0, -0.0], pieces: try mixed(signs)),
      Hazard("logits", options: logit, thresholds: [0, -1.5], pieces: try mixed(logits)),
      Hazard(
        "a threshold of its own", options: logit + [.init("threshold", .number(0.5))],
        thresholds: [0.5], pieces: try mixed(logits)),
      Hazard(
        "the ends of the doubles", options: raw, thresholds: [1.7e308, -1e300],
        pieces: [
          try batch(far, .float64)
        ]),
      Hazard(
        "scores that are not finite, skipped",
        options: raw + [.init("non_finite", .text("skip"))],
        pieces: [try batch(gaps, .float64), try batch(gaps, .float32)]),
    ]
  }

  private static func weightHazards() throws -> [Hazard] {
    func weighted(_ seed: UInt64, _ weight: (inout LawGenerator) -> Double) -> [BinaryRow] {
      rows(80, seed: seed, weight: weight) { ($0.unit() * 50).rounded() / 50 }
    }
    let plain = weighted(11) { g in g.chance(0.3) ? 1 : g.chance(0.2) ? 0 : g.unit() * 3 }
    let zeros = weighted(12) { _ in 0 }
    let huge = weighted(13) { g in [1e300, 1e280, 1, 1e-300][g.integer(0..<4)] }
    let small = weighted(14) { g in [0x1p-1074, 0x1p-1030, 3e-300][g.integer(0..<3)] }
    let large = weighted(15) { g in [1e16, 1, 0.1][g.integer(0..<3)] }
    // Whether 2^-107 counts depends on whether 2^-53 came before it, unless the order is that of the set.
    let fragile = rows(
      240, seed: 18,
      weight: { g in g.chance(0.1) ? 1.5 : g.chance(0.5) ? 0x1p-53 : 0x1p-107 },
      score: { Double($0.integer(0..<6)) / 4 - 0.25 }
    ).map { BinaryRow(score: min(max($0.score, 0), 1), label: $0.label, weight: $0.weight) }
    return [
      Hazard("weights that round by their order", thresholds: [0.5], pieces: try mixed(fragile)),
      Hazard("weights", thresholds: [0.3, 0.5], pieces: try mixed(plain)),
      Hazard("weights all zero", thresholds: [0.5], pieces: try mixed(zeros)),
      Hazard("huge weights beside tiny ones", thresholds: [0.5], pieces: try mixed(huge)),
      Hazard("denormal weights", thresholds: [0.5], pieces: try mixed(small)),
      Hazard("weights of 1e16 beside 0.1", thresholds: [0.5], pieces: try mixed(large)),
      Hazard(
        "batches with and without weights", thresholds: [0.5],
        pieces: try mixed(plain) + mixed(rows(40, seed: 16) { $0.unit() })),
    ]
  }

  private static func predictionHazards() throws -> [Hazard] {
    var generator = LawGenerator(17)
    var decided: [Value] = []
    var labels: [Value] = []
    for _ in 0..<80 {
      decided.append(generator.chance(0.2) ? .null : .integer(generator.chance(0.5) ? 1 : 0))
      labels.append(.bool(generator.chance(0.4)))
    }
    let columns = try Columns([("predictions", .values(decided)), ("labels", .values(labels))])
    let weights = (0..<80).map { _ in generator.unit() * 2 }
    let weighted = try Columns([
      ("predictions", .values(decided)), ("labels", .values(labels)),
      ("weights", .numeric(NumericColumn(storage: .float64(weights), shape: [80]))),
    ])
    let silent = try Columns([
      ("predictions", .values(decided.map { _ in .null })), ("labels", .values(labels)),
    ])
    return [
      Hazard("predictions with abstentions", thresholds: [0.5], pieces: [columns]),
      Hazard("weighted abstentions", pieces: [weighted, columns]),
      Hazard("nothing but abstentions", pieces: [silent]),
    ]
  }
}

// MARK: - Making rows and encoding them

/// Rows with random labels; higher scores are a little more often positive.
public func rows(
  _ count: Int, seed: UInt64, weight: (inout LawGenerator) -> Double = { _ in 1 },
  score: (inout LawGenerator) -> Double
) -> [BinaryRow] {
  var generator = LawGenerator(seed)
  return (0..<count).map { _ in
    let x = score(&generator)
    let label = generator.chance(x > 0.5 ? 0.6 : 0.3)
    return BinaryRow(score: x, label: label, weight: weight(&generator))
  }
}

private func labelled(_ row: BinaryRow, _ label: Bool) -> BinaryRow {
  BinaryRow(score: row.score, label: label, weight: row.weight)
}

/// The rows as one batch in a float type.
public func batch(_ rows: [BinaryRow], _ type: FloatType) throws -> Columns {
  var columns: [(String, Column)] = [
    ("scores", type.column(rows.map(\.score))),
    ("labels", .numeric(.init(storage: .bool(rows.map { $0.label ? 1 : 0 }), shape: [rows.count]))),
  ]
  if rows.contains(where: { $0.weight != 1 }) {
    columns.append(("weights", FloatType.float64.column(rows.map(\.weight))))
  }
  return try Columns(columns)
}

/// The rows in batches of every float type that holds their scores, so that mixtures are tried.
func mixed(_ rows: [BinaryRow]) throws -> [Columns] {
  var parts: [FloatType: [BinaryRow]] = [:]
  for (index, row) in rows.enumerated() {
    let fitting = FloatType.allCases.filter { $0.holds(row.score) }
    parts[fitting[index % fitting.count], default: []].append(row)
  }
  return try FloatType.allCases.compactMap { type in try parts[type].map { try batch($0, type) } }
}
