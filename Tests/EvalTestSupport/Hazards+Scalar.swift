import EvalMetrics

extension ScalarTask: LawTask {
  public static func hazards() throws -> [Hazard] {
    func values(_ count: Int, _ seed: UInt64, _ value: (inout LawGenerator) -> Double)
      -> [Double]
    {
      var generator = LawGenerator(seed)
      return (0..<count).map { _ in value(&generator) }
    }
    let losses = values(90, 1) { $0.unit() * 3 }
    let weights = values(90, 2) { g in g.chance(0.3) ? 1 : g.chance(0.2) ? 0 : g.unit() * 4 }
    let few = values(40, 3) { ($0.unit() * 8).rounded() / 4 }
    return [
      Hazard("losses", pieces: [try scalars(losses, .float64), try scalars(losses, .float32)]),
      Hazard("one row", pieces: [try scalars([3.25], .float16)]),
      Hazard("no rows", pieces: [try Columns([])]),
      Hazard("all equal", pieces: [try scalars(Array(repeating: 0.1, count: 30), .float64)]),
      Hazard(
        "every float type", pieces: try FloatType.allCases.map { try scalars(few, $0) }),
      Hazard(
        "offsets of 1e9",
        pieces: [try scalars(values(80, 4) { 1e9 + $0.normal() }, .float64)]),
      Hazard(
        "cancellation",
        pieces: [
          try scalars(values(80, 5) { g in [1e16, 1, -1e16, 1e-16][g.integer(0..<4)] }, .float64)
        ]),
      Hazard(
        "denormals and both zeros",
        pieces: [
          try scalars(
            values(60, 6) { g in [0, -0.0, 0x1p-1074, -0x1p-1030][g.integer(0..<4)] }, .float64)
        ]),
      Hazard(
        "the ends of the doubles",
        pieces: [
          try scalars(
            values(60, 7) { g in [1.7e308, -1.7e308, 1e-300][g.integer(0..<3)] }, .float64)
        ]),
      Hazard("weights", pieces: [try scalars(losses, .float64, weights: weights)]),
      Hazard(
        "weights all zero",
        pieces: [try scalars(few, .float64, weights: few.map { _ in 0 })]),
      Hazard(
        "huge weights beside tiny ones",
        pieces: [
          try scalars(
            losses, .float64,
            weights: values(90, 8) { g in [1e300, 1, 1e-300, 0x1p-1074][g.integer(0..<4)] })
        ]),
      Hazard(
        "values that are not finite, skipped", options: [.init("non_finite", .text("skip"))],
        pieces: [try scalars([1, .nan, 2, .infinity, 4, -.infinity], .float32)]),
    ]
  }
}

/// Values as one batch in a float type.
private func scalars(
  _ values: [Double], _ type: FloatType, weights: [Double]? = nil
) throws -> Columns {
  try Columns(
    [("values", type.column(values))]
      + (weights.map { [("weights", FloatType.float64.column($0))] } ?? []))
}
