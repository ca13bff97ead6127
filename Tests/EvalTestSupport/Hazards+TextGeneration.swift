import EvalMetrics

extension TextGenerationTask: LawTask {
  public static func hazards() throws -> [Hazard] {
    let plain = pairs(40, 1)
    var generator = LawGenerator(2)
    let weights = plain.map { _ in
      generator.chance(0.3) ? 1 : generator.chance(0.2) ? 0 : generator.unit() * 4
    }
    let options = [
      Value.Field("tokenizer", .text("intl")), .init("smoothing", .text("floor")),
      .init("lowercase", .bool(true)), .init("stemmer", .bool(true)),
    ]
    return [
      Hazard("sentences", pieces: [try texts(plain), try texts(pairs(20, 3))]),
      Hazard("options of the stream", options: options, pieces: [try texts(plain)]),
      Hazard(
        "metrics with options",
        metrics: [
          metric("bleu", "tokenizer", .text("zh")), metric("bleu", "lowercase", .bool(true)),
          metric("chrf", "whitespace", .bool(true)), metric("ter", "normalized", .bool(true)),
          metric("rougeL", "tokenizer", .text("unicode")), .text("wer"),
        ],
        pieces: [try texts(plain)]),
      Hazard("several references", pieces: [try texts(pairs(30, 4), references: 3)]),
      Hazard("weights", pieces: [try texts(plain, weights: weights)]),
      Hazard("weights all zero", pieces: [try texts(plain, weights: plain.map { _ in 0 })]),
      Hazard(
        "huge weights beside tiny ones", mayOverflow: true,
        pieces: [
          try texts(
            plain, weights: plain.indices.map { [1e300, 1, 1e-300, 0x1p-1074][$0 % 4] })
        ]),
      Hazard("no rows", pieces: [try Columns([])]),
      Hazard("one row", pieces: [try texts([("the cat", "the cat")])]),
      Hazard(
        "empty texts", pieces: [try texts([("", ""), ("", "a"), ("a", ""), (" ", "\u{3000}")])]),
      Hazard(
        "one word many times",
        pieces: [
          try texts([
            (String(repeating: "the ", count: 300), String(repeating: "the ", count: 200)),
            (String(repeating: "e\u{301}", count: 300), String(repeating: "\u{301}", count: 200)),
          ])
        ]),
      Hazard(
        "scripts and marks",
        pieces: [
          try texts([
            ("你好，世界。", "你好世界！"), ("ΟΔΟΣ ΣΑΣ.", "οδος σας"), ("שלום \u{202E}עולם", "שלום עולם"),
            ("👩‍👩‍👧 👍🏽", "👍🏽 👩‍👩‍👧"), ("\0\u{1F}\u{FFFD}\u{10FFFF}", "\u{FEFF}a\u{200D}"),
            ("5...6 &amp;lt; -\n <skipped>", "5 ... 6 < -"),
          ])
        ]),
    ]
  }
}

private func metric(_ name: String, _ option: String, _ value: Value) -> Value {
  .record([.init("metric", .text(name)), .init(option, value)])
}

/// Sentences of few words, so that they have much in common.
private func pairs(_ count: Int, _ seed: UInt64) -> [(String, String)] {
  let words = [
    "the", "The", "cat", "cats", "sat", "on", "a", "mat.", "ran,", "3.5", "x-ray", "naïve",
  ]
  var generator = LawGenerator(seed)
  func sentence() -> String {
    (0..<generator.integer(0..<9)).map { _ in words[generator.integer(0..<words.count)] }
      .joined(separator: generator.chance(0.1) ? "\n" : " ")
  }
  return (0..<count).map { _ in (sentence(), sentence()) }
}

/// Pairs as a batch; further references of a row are those of the rows before it.
private func texts(
  _ pairs: [(String, String)], references: Int = 1, weights: [Double]? = nil
) throws -> Columns {
  let lists = pairs.indices.map { row in
    Value.list((0...min(row, references - 1)).map { .text(pairs[row - $0].1) })
  }
  var columns: [(String, Column)] = [
    ("predictions", .values(pairs.map { .text($0.0) })), ("references", .values(lists)),
  ]
  if let weights { columns.append(("weights", FloatType.float64.column(weights))) }
  return try Columns(columns)
}
