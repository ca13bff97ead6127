import EvalMetrics

extension CodeGenerationTask: LawTask {
  public static func hazards() throws -> [Hazard] {
    var generator = LawGenerator(41)
    let rows = 90
    let names = (0..<rows).map { _ in Value.text("task \(generator.integer(0..<9))") }
    let numbers = (0..<rows).map { _ in Value.integer(Int64(generator.integer(0..<9))) }
    let passed = Column.values(names.map { _ in .bool(generator.chance(0.3)) })
    let samples = (0..<rows).map { _ in generator.integer(0..<40) }
    let correct = samples.map { generator.integer(0..<$0 + 1) }
    let weights = FloatType.float64.column(
      names.map { _ in generator.chance(0.1) ? 0 : generator.unit() })
    let counts: [(String, Column)] = [
      ("problems", .values(numbers)),
      ("samples", FloatType.float64.column(samples.map(Double.init))),
      ("correct", FloatType.float64.column(correct.map(Double.init))),
    ]
    let many = try Columns([
      ("problems", .values([.text("a"), .text("b")])),
      ("samples", FloatType.float64.column([0x1p40, 1e6])),
      ("correct", FloatType.float64.column([3, 999_999])),
    ])
    let sampled = try Columns([("problems", .values(names)), ("passed", passed)])
    return [
      Hazard("a sample a row", pieces: [sampled]),
      Hazard("counts", pieces: [try Columns(counts)]),
      Hazard("both forms", pieces: [sampled, try Columns(counts)]),
      Hazard("weights", pieces: [try Columns(counts + [("weights", weights)])]),
      Hazard("a million million samples", pieces: [many]),
      Hazard("no rows", pieces: [try Columns([])]),
    ]
  }
}

extension AgreementTask: LawTask {
  public static func hazards() throws -> [Hazard] {
    let words = ["cat", "dog", "Äpfel", "äpfel", ""]
    let four = items(60, 4, 51, missing: 0.3) { Value.integer(Int64($0.integer(0..<4))) }
    let named = items(60, 2, 52, missing: 0.1) { .text(words[$0.integer(0..<words.count)]) }
    let values = items(50, 3, 53, missing: 0.2) { .number(($0.normal() * 8).rounded() / 8) }
    let offset = items(40, 5, 54, missing: 0.2) { .number(1e9 + Double($0.integer(0..<9)) / 8) }
    let far = items(30, 3, 55, missing: 0) {
      .number([1e308, -1e308, 0x1p-1074][$0.integer(0..<3)])
    }
    let mixed = items(40, 3, 56, missing: 0.1) { g in
      g.chance(0.3) ? .text("7") : g.chance(0.5) ? .integer(7) : .number(7.5)
    }
    let same = items(20, 3, 57, missing: 0.2) { _ in .integer(1) }
    let alone = items(20, 3, 58, missing: 0.9) { .integer(Int64($0.integer(0..<3))) }
    var generator = LawGenerator(59)
    let weights = (0..<60).map { _ in generator.chance(0.2) ? 0 : generator.unit() * 3 }
    let huge = (0..<60).map { _ in [1e300, 1, 0x1p-1074][generator.integer(0..<3)] }
    let ordinal = [Value.Field("level", .text("ordinal"))]
    let interval = [Value.Field("level", .text("interval"))]
    let numbers = FloatType.float32.column([1, 2, .nan, 1, 1, 2, 2, .nan, 1, 1, 2, 2])
    var packed = try Columns([("annotations", numbers)])
    if case .numeric(let column) = numbers {
      packed = try Columns([
        ("annotations", .numeric(.init(storage: column.storage, shape: [6, 2])))
      ])
    }
    return [
      Hazard("four raters", pieces: [try batch(four)]),
      Hazard("words of two raters", pieces: [try batch(named)]),
      Hazard("ordinal", options: ordinal, pieces: [try batch(four)]),
      Hazard("interval", options: interval, pieces: [try batch(values)]),
      Hazard("offsets of 1e9", options: interval, pieces: [try batch(offset)]),
      Hazard("the ends of the doubles", options: interval, pieces: [try batch(far)]),
      Hazard("a text and a number are not the same", pieces: [try batch(mixed)]),
      Hazard("one opinion", pieces: [try batch(same)]),
      Hazard("hardly any pairs", pieces: [try batch(alone)]),
      Hazard("weights", options: ordinal, pieces: [try batch(four, weights), try batch(four)]),
      Hazard("huge weights beside tiny ones", pieces: [try batch(four, huge)]),
      Hazard("packed, NaN where missing", pieces: [packed]),
      Hazard("no rows", pieces: [try Columns([])]),
    ]
  }
}

private func items(
  _ count: Int, _ raters: Int, _ seed: UInt64, missing: Double,
  _ value: (inout LawGenerator) -> Value
) -> [Value] {
  var generator = LawGenerator(seed)
  return (0..<count).map { _ in
    .list((0..<raters).map { _ in generator.chance(missing) ? .null : value(&generator) })
  }
}

private func batch(_ items: [Value], _ weights: [Double]? = nil) throws -> Columns {
  try Columns(
    [("annotations", .values(items))]
      + (weights.map { [("weights", FloatType.float64.column($0))] } ?? []))
}
