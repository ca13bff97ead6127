import EvalMetrics

extension TokenClassificationTask: LawTask {
  public static func hazards() throws -> [Hazard] {
    let iob = ["O", "O", "O", "B-PER", "I-PER", "B-LOC", "I-LOC", "I-MISC"]
    let iobes = ["O", "O", "B-PER", "I-PER", "E-PER", "S-PER", "S-LOC", "E-LOC"]
    let bilou = ["O", "O", "B-PER", "I-PER", "L-PER", "U-PER", "U-LOC", "L-LOC"]
    let odd = [
      "O", "B", "I", "E-", "S--X", ".", "X", "U-PER", "O-PER", "B-a-b", "日-本", "I-e\u{301}",
    ]
    func strict(_ scheme: TagScheme) -> [Value.Field] {
      [.init("mode", .text("strict")), .init("scheme", .text(scheme.rawValue))]
    }
    let tags: [Value.Field] = [
      .init("tags", .list((iob[2...] + ["B-MISC"]).map(Value.text))),
      .init("ignore_index", .integer(-100)), .init("average_over", .text("declared")),
    ]
    var generator = LawGenerator(20)
    let weights = (0..<60).map { _ in
      generator.chance(0.3) ? 1 : generator.chance(0.2) ? 0 : generator.unit() * 4
    }
    let extremes = (0..<60).map { _ in [1e300, 1, 1e-300, 0x1p-1074][generator.integer(0..<4)] }
    return try [
      Hazard("IOB2", pieces: [sequences(60, iob, seed: 1), sequences(30, iobes, seed: 2)]),
      Hazard("one row", pieces: [sequences(1, iob, seed: 3)]),
      Hazard("no rows", pieces: [Columns([])]),
      Hazard("rows without tokens", pieces: [sequences(8, iob, seed: 4, upTo: 0)]),
      Hazard("nothing but O", pieces: [sequences(8, ["O"], seed: 5)]),
      Hazard("tags of no scheme", pieces: [sequences(60, odd, seed: 6)]),
      Hazard("strict IOB1", options: strict(.iob1), pieces: [sequences(60, iob, seed: 7)]),
      Hazard("strict IOBES", options: strict(.iobes), pieces: [sequences(60, iobes, seed: 8)]),
      Hazard("strict BILOU", options: strict(.bilou), pieces: [sequences(60, bilou, seed: 9)]),
      Hazard(
        "integers, some to be ignored", options: tags,
        pieces: [integers(40, 6, seed: 10), integers(20, 6, seed: 11)]),
      Hazard("weights", pieces: [sequences(60, iob, seed: 12, weights: weights)]),
      Hazard(
        "huge weights beside tiny ones", pieces: [sequences(60, iob, seed: 13, weights: extremes)]),
      Hazard(
        "weights all zero", options: [.init("zero_division", .integer(1))],
        pieces: [sequences(20, iob, seed: 14, weights: Array(repeating: 0, count: 20))]),
    ]
  }

  /// Predictions are the reference with some tags changed.
  private static func sequences(
    _ count: Int, _ tags: [String], seed: UInt64, upTo longest: Int = 9, weights: [Double]? = nil
  ) throws -> Columns {
    var generator = LawGenerator(seed)
    var predictions = TextLists()
    var references = TextLists()
    for _ in 0..<count {
      for _ in 0..<generator.integer(0..<longest + 1) {
        let tag = tags[generator.integer(0..<tags.count)]
        references.texts.append(tag)
        predictions.texts.append(
          generator.chance(0.7) ? tag : tags[generator.integer(0..<tags.count)])
      }
      references.ends.append(references.texts.count)
      predictions.ends.append(predictions.texts.count)
    }
    return try Columns(
      [
        ("predictions", .lists(.text(predictions.texts), ends: predictions.ends)),
        ("references", .lists(.text(references.texts), ends: references.ends)),
      ] + (weights.map { [("weights", FloatType.float64.column($0))] } ?? []))
  }

  /// Rows of so many integers, places among seven tags, and -100 where nothing is to be counted.
  private static func integers(_ count: Int, _ width: Int, seed: UInt64) throws -> Columns {
    var generator = LawGenerator(seed)
    let references = (0..<count * width).map { _ in
      generator.chance(0.2) ? -100 : Int64(generator.integer(0..<7))
    }
    let predictions = references.map { tag in
      generator.chance(0.7) && tag >= 0 ? tag : Int64(generator.integer(0..<7))
    }
    func column(_ values: [Int64]) -> Column {
      .numeric(NumericColumn(storage: .int64(values), shape: [count, width]))
    }
    return try Columns([
      ("predictions", column(predictions)), ("references", column(references)),
    ])
  }
}
