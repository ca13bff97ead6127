import EvalMetrics

extension QuestionAnsweringTask: LawTask {
  public static func hazards() throws -> [Hazard] {
    let plain = try questions(90, seed: 1)
    let ties = try questions(90, seed: 2, probabilities: [0, 0.25, 0.5, 1])
    let squad2: [Value.Field] = [.init("compat", .text("squad2"))]
    let weights = weights(90, seed: 3) { g in g.chance(0.3) ? 1 : g.chance(0.2) ? 0 : g.unit() * 4 }
    let extremes = self.weights(90, seed: 4) { g in
      [1e300, 1, 1e-300, 0x1p-1074][g.integer(0..<4)]
    }
    return [
      Hazard("texts of every kind", pieces: [plain, try questions(40, seed: 5)]),
      Hazard("one row", pieces: [try questions(1, seed: 6)]),
      Hazard("no rows", pieces: [try Columns([])]),
      Hazard("nothing normalised", options: [.init("normalize", .text("none"))], pieces: [plain]),
      Hazard(
        "no answers", options: squad2, pieces: [try questions(90, seed: 7, mayHaveNoAnswer: true)]),
      Hazard("equal probabilities", pieces: [ties]),
      Hazard(
        "probabilities and no answers", options: squad2,
        pieces: [
          try questions(90, seed: 8, mayHaveNoAnswer: true, probabilities: []),
          try questions(60, seed: 9, mayHaveNoAnswer: true, probabilities: [0, 0.1, 1]),
        ]),
      Hazard(
        "weights", options: squad2,
        pieces: [
          try questions(
            90, seed: 10, mayHaveNoAnswer: true, probabilities: [0, 0.5], weights: weights)
        ]),
      Hazard(
        "huge weights beside tiny ones", options: squad2,
        pieces: [
          try questions(
            90, seed: 11, mayHaveNoAnswer: true, probabilities: [0.5, 1], weights: extremes)
        ]),
      Hazard(
        "weights all zero", options: [.init("zero_division", .integer(1))],
        pieces: [
          try questions(20, seed: 12, probabilities: [], weights: Array(repeating: 0, count: 20))
        ]),
    ]
  }

  private static func weights(
    _ count: Int, seed: UInt64, _ weight: (inout LawGenerator) -> Double
  ) -> [Double] {
    var generator = LawGenerator(seed)
    return (0..<count).map { _ in weight(&generator) }
  }

  /// Rows whose predictions are often a reference, or share words with one. `probabilities` that are an
  /// empty list are any; otherwise those of the list.
  private static func questions(
    _ count: Int, seed: UInt64, mayHaveNoAnswer: Bool = false, probabilities: [Double]? = nil,
    weights: [Double]? = nil
  ) throws -> Columns {
    var generator = LawGenerator(seed)
    var predictions = TextColumn()
    var references = TextLists()
    var doubts: [Double] = []
    for _ in 0..<count {
      let answers = (0..<generator.integer((mayHaveNoAnswer ? 0 : 1)..<4)).map { _ in
        HazardTexts.text(&generator, upTo: 5)
      }
      for answer in answers { references.texts.append(answer) }
      references.ends.append(references.texts.count)
      predictions.append(
        generator.chance(0.3)
          ? answers.first ?? "" : HazardTexts.text(&generator, upTo: 6))
      guard let probabilities else { continue }
      doubts.append(
        probabilities.isEmpty
          ? generator.unit() : probabilities[generator.integer(0..<probabilities.count)])
    }
    var columns: [(String, Column)] = [
      ("predictions", .text(predictions)),
      ("references", .lists(.text(references.texts), ends: references.ends)),
    ]
    if probabilities != nil {
      columns.append(("no_answer_probabilities", FloatType.float64.column(doubts)))
    }
    if let weights { columns.append(("weights", FloatType.float64.column(weights))) }
    return try Columns(columns)
  }
}
