import EvalMetrics

extension LanguageModelTask: LawTask {
  public static func hazards() throws -> [Hazard] {
    var generator = LawGenerator(31)
    let n = 60
    func column(_ value: (inout LawGenerator) -> Double) -> Column {
      FloatType.float64.column((0..<n).map { _ in value(&generator) })
    }
    let tokens = try Columns([
      ("log_probs", column { -$0.unit() * 9 }), ("correct", column { $0.chance(0.4) ? 1 : 0 }),
      ("bytes", column { Double($0.integer(0..<6)) }),
    ])
    let weighted = try Columns([
      ("log_probs", column { -$0.unit() * 9 }), ("correct", column { $0.chance(0.4) ? 1 : 0 }),
      ("bytes", column { Double($0.integer(0..<6)) }),
      ("weights", column { $0.chance(0.3) ? 1 : $0.unit() * 2 }),
    ])
    let sequences = try Columns([
      ("negative_log_likelihoods", column { $0.unit() * 900 }),
      ("tokens", column { Double($0.integer(1..<500)) }),
      ("bytes", column { Double($0.integer(1..<2000)) }),
      ("words", column { Double($0.integer(0..<300)) }),
    ])
    let zeros = try Columns([
      ("negative_log_likelihoods", column { _ in 0 }), ("tokens", column { _ in 0 }),
      ("weights", column { [1e300, 0x1p-1074, 1][$0.integer(0..<3)] }),
    ])
    let hopeless = try Columns([
      ("log_probs", column { [-1e308, -0.0, -1e-308, -40][$0.integer(0..<4)] })
    ])
    let gaps = try Columns([
      ("log_probs", FloatType.float32.column([-1, .nan, -2.5, -.infinity, -0.25]))
    ])
    return [
      Hazard("tokens", pieces: [tokens]),
      Hazard("tokens with and without weights", pieces: [tokens, weighted]),
      Hazard("sequences", pieces: [sequences]),
      Hazard("no tokens in any sequence", pieces: [zeros]),
      Hazard("perplexities that overflow", mayOverflow: true, pieces: [hopeless]),
      Hazard("no rows", pieces: [try Columns([])]),
      Hazard(
        "probabilities of zero, skipped", options: [.init("non_finite", .text("skip"))],
        pieces: [gaps]),
    ]
  }
}

extension MultipleChoiceTask: LawTask {
  public static func hazards() throws -> [Hazard] {
    var generator = LawGenerator(32)
    func lists(_ sizes: [Int], _ value: (inout LawGenerator) -> Double) -> Column {
      .values(sizes.map { size in .list((0..<size).map { _ in .number(value(&generator)) }) })
    }
    var sizeGenerator = LawGenerator(33)
    let sizes = (0..<60).map { _ in sizeGenerator.integer(1..<6) }
    let labels = Column.values(
      sizes.map { .integer(Int64(sizeGenerator.integer(0..<$0))) })
    let weights = FloatType.float64.column(
      sizes.map { _ in sizeGenerator.chance(0.2) ? 0 : sizeGenerator.unit() * 3 })
    func batch(
      _ value: (inout LawGenerator) -> Double, lengths: Bool, weighted: Bool = false
    ) throws -> Columns {
      var columns = [("choice_scores", lists(sizes, value)), ("labels", labels)]
      if lengths { columns.append(("choice_lengths", lists(sizes) { Double($0.integer(1..<90)) })) }
      if weighted { columns.append(("weights", weights)) }
      return try Columns(columns)
    }
    let far: (inout LawGenerator) -> Double = { g in [1.7e308, -1.7e308, 0, 750][g.integer(0..<4)] }
    return [
      Hazard("choices with lengths", pieces: [try batch({ $0.normal() * 9 }, lengths: true)]),
      Hazard(
        "weights",
        pieces: [
          try batch({ $0.normal() }, lengths: false, weighted: true),
          try batch({ $0.normal() }, lengths: false),
        ]),
      Hazard("ties", pieces: [try batch({ Double($0.integer(0..<2)) }, lengths: true)]),
      Hazard("the ends of the doubles", pieces: [try batch(far, lengths: true)]),
      Hazard("no rows", pieces: [try Columns([])]),
      Hazard(
        "scores that are not finite, skipped", options: [.init("non_finite", .text("skip"))],
        pieces: [try batch({ $0.chance(0.1) ? .nan : $0.normal() }, lengths: false)]),
    ]
  }
}
