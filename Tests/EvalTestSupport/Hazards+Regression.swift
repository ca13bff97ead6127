import EvalMetrics

extension RegressionTask: LawTask {
  public static func hazards() throws -> [Hazard] {
    try plainHazards() + extremeHazards() + weightHazards() + outputHazards()
  }

  private static func plainHazards() throws -> [Hazard] {
    let model = pairs(90, 1) { g in
      let target = g.unit() * 4
      return (target + g.normal() / 3, target)
    }
    let ties = pairs(80, 2) { g in (Double(g.integer(0..<4)), Double(g.integer(0..<4)) / 2) }
    let offset = pairs(80, 3) { g in
      let target = 1e9 + g.normal()
      return (target + g.normal() / 8, target)
    }
    let perfect = pairs(30, 4) { g in
      let x = g.normal()
      return (x, x)
    }
    return [
      Hazard("a model", pieces: [try batch(model, .float64), try batch(model, .float32)]),
      Hazard("ties in every type", pieces: try FloatType.allCases.map { try batch(ties, $0) }),
      Hazard("one row", pieces: [try batch(Array(model.prefix(1)), .float32)]),
      Hazard("no rows", pieces: [try Columns([])]),
      Hazard("offsets of 1e9", pieces: [try batch(offset, .float64)]),
      Hazard("perfect", pieces: [try batch(perfect, .float64)]),
      Hazard("constant target", pieces: [try batch(model.map { ($0.0, 0.1) }, .float64)]),
      Hazard("constant prediction", pieces: [try batch(model.map { (0.1, $0.1) }, .float64)]),
      Hazard("both constant", pieces: [try batch(model.map { _ in (0.1, 0.3) }, .float64)]),
      Hazard(
        "numbers that are not finite, skipped", options: [.init("non_finite", .text("skip"))],
        pieces: [
          try batch([(1, .nan), (2, 3), (.infinity, 4), (5, 4.5), (-.infinity, .nan)], .float32)
        ]),
    ]
  }

  private static func extremeHazards() throws -> [Hazard] {
    let cancelling = pairs(80, 5) { g in
      ([1e16, 1, -1e16, 1e-16][g.integer(0..<4)], [1e16, -1, 3, 1e-16][g.integer(0..<4)])
    }
    let tiny = pairs(60, 6) { g in
      ([0, -0.0, 0x1p-1074, -0x1p-1030][g.integer(0..<4)], [0x1p-1070, -0.0, 1][g.integer(0..<3)])
    }
    let ends = pairs(60, 7) { g in
      (
        [1.7e308, -1.7e308, 1e-300, 3][g.integer(0..<4)],
        [1.7e308, -1.7e308, 1e-300, 1][g.integer(0..<4)]
      )
    }
    let near = pairs(60, 8) { g in
      let target = 1 + g.unit()
      return (target * (1 + Double(g.integer(-3..<4)) * 0x1p-52), target)
    }
    return [
      Hazard("cancellation", pieces: [try batch(cancelling, .float64)]),
      Hazard("denormals and both zeros", pieces: [try batch(tiny, .float64)]),
      Hazard(
        "the ends of the doubles", mayOverflow: true, pieces: [try batch(ends, .float64)]),
      Hazard("predictions that differ in the last bits", pieces: [try batch(near, .float64)]),
      Hazard(
        "floats of every exponent",
        pieces: [
          try batch(
            pairs(120, 9) { g in
              (
                Double(sign: .plus, exponent: g.integer(-148..<120), significand: 1 + g.unit()),
                Double(sign: .minus, exponent: g.integer(-148..<120), significand: 1 + g.unit())
              )
            }, .float32)
        ]),
    ]
  }

  private static func weightHazards() throws -> [Hazard] {
    func weighted(_ seed: UInt64, _ weight: (inout LawGenerator) -> Double) throws -> Columns {
      var generator = LawGenerator(seed)
      let rows = pairs(80, seed &+ 100) { g in (g.unit() * 3, Double(g.integer(1..<7)) / 2) }
      return try batch(rows, .float64, weights: rows.map { _ in weight(&generator) })
    }
    return [
      Hazard(
        "weights", pieces: [try weighted(11) { g in g.chance(0.3) ? 1 : g.unit() * 3 }]),
      Hazard(
        "weights of halves",
        pieces: [try weighted(12) { g in Double(g.integer(0..<5)) / 2 }]),
      Hazard("weights all zero", pieces: [try weighted(13) { _ in 0 }]),
      Hazard(
        "huge weights beside tiny ones",
        pieces: [try weighted(14) { g in [1e300, 1, 1e-300, 0x1p-1074][g.integer(0..<4)] }]),
      Hazard(
        "weights that round by their order",
        pieces: [
          try weighted(15) { g in g.chance(0.1) ? 1.5 : g.chance(0.5) ? 0x1p-53 : 0x1p-107 }
        ]),
      Hazard(
        "batches with and without weights",
        pieces: [
          try weighted(16) { g in g.unit() * 2 },
          try batch(pairs(40, 17) { g in (g.unit(), g.unit()) }, .float32),
        ]),
    ]
  }

  private static func outputHazards() throws -> [Hazard] {
    var generator = LawGenerator(21)
    func column(_ rows: Int, _ value: (inout LawGenerator) -> Double) -> Column {
      let numbers = (0..<3 * rows).map { _ in value(&generator) }
      return .numeric(NumericColumn(storage: .float64(numbers), shape: [rows, 3]))
    }
    let outputs = try Columns([
      ("predictions", column(50) { $0.normal() }), ("targets", column(50) { $0.normal() }),
    ])
    let weighted = try Columns([
      ("predictions", column(50) { $0.unit() }), ("targets", column(50) { $0.unit() }),
      ("weights", FloatType.float64.column((0..<50).map { _ in generator.unit() * 2 })),
    ])
    let ragged = try Columns([
      ("predictions", .numeric(.init(storage: .float32([1, 2, 3, 4, 5, 6]), shape: [3, 2]))),
      ("targets", .numeric(.init(storage: .float32([1, 7, 3, 7, 5, 7]), shape: [3, 2]))),
    ])
    return [
      Hazard("three outputs", pieces: [outputs, weighted]),
      Hazard(
        "three outputs one by one", options: [.init("multioutput", .text("raw_values"))],
        pieces: [outputs, weighted]),
      Hazard(
        "an output without variation", options: [.init("multioutput", .text("raw_values"))],
        pieces: [ragged]),
    ]
  }
}

private func pairs(
  _ count: Int, _ seed: UInt64, _ pair: (inout LawGenerator) -> (Double, Double)
) -> [(Double, Double)] {
  var generator = LawGenerator(seed)
  return (0..<count).map { _ in pair(&generator) }
}

/// Predictions and targets as one batch in a float type.
private func batch(
  _ rows: [(Double, Double)], _ type: FloatType, weights: [Double]? = nil
) throws -> Columns {
  try Columns(
    [
      ("predictions", type.column(rows.map(\.0))), ("targets", type.column(rows.map(\.1))),
    ] + (weights.map { [("weights", FloatType.float64.column($0))] } ?? []))
}
