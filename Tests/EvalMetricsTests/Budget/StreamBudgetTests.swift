import EvalTestSupport
import Testing

@testable import EvalMetrics

/// A stream's memory budget: when precision goes, how much of it, and how much memory stays.
@Suite struct StreamBudgetTests {
  private static let budget = 65_536

  private static func options(_ more: [String: Value] = [:]) -> [String: Value] {
    more.merging(["memory_budget_bytes": .integer(Int64(budget))]) { a, _ in a }
  }

  /// Rows of Floats, a third of them positive.
  private static func rows(_ count: Int, seed: UInt64) -> [BinaryRow] {
    var g = LawGenerator(seed)
    return (0..<count).map { _ in
      BinaryRow(score: Double(Float(g.unit())), label: g.chance(0.3))
    }
  }

  private static func push(
    _ rows: [BinaryRow], to bench: inout Bench, as type: FloatType = .float32
  ) throws {
    _ = try bench.engine.push(batch(rows, type))
  }

  private static let everything = [
    "roc_auc", "partial_roc_auc", "average_precision", "pr_auc", "ks_statistic", "gini",
    "optimal_f1", "optimal_threshold", "brier", "log_loss", "ece", "mce", "ace", "f1",
  ]

  private static func answers(
    _ bench: inout Bench, in scope: Scope = Scope(), threshold: Double? = nil
  ) throws -> [String] {
    try everything.map {
      let request = try Tasks.resolve(.text($0), task: "binary")
      let found = try bench.engine.answers([request], in: scope, threshold: threshold)
      let signature = bench.engine.signature(
        of: request, threshold: threshold, droppedBits: found.droppedBits)
      return found.answers[0].bits + signature
    }
  }

  @Test func rowsThatFitAreExact() throws {
    let rows = Self.rows(Self.budget / 4 + 1, seed: 1)
    var bounded = try Bench("binary", Self.options())
    var exact = try Bench("binary")
    try Self.push(Array(rows.dropLast()), to: &bounded)
    try Self.push(Array(rows.dropLast()), to: &exact)
    #expect(try Self.answers(&bounded) == Self.answers(&exact))
    // One row more is one too many.
    try Self.push(rows.suffix(1), to: &bounded)
    let auc = try bounded.ask("roc_auc")
    #expect(auc.bounds != nil)
    #expect(try Self.answers(&bounded)[0].contains("index:bits-dropped="))
    // What is counted as rows come stays exact.
    #expect(try bounded.ask("f1").bounds == nil)
    #expect(try bounded.ask("f1", threshold: 0.5).bounds == nil)
    #expect(try bounded.ask("f1", threshold: 0.4).bounds != nil)
  }

  @Test func fewScoresAreExactHoweverManyRows() throws {
    var bounded = try Bench("binary", Self.options())
    var exact = try Bench("binary")
    var g = LawGenerator(2)
    for _ in 0..<20 {
      let rows = (0..<2500).map { _ in
        BinaryRow(score: Double(g.integer(0..<1000)) / 999, label: g.chance(0.5))
      }
      try Self.push(rows, to: &bounded, as: .float64)
      try Self.push(rows, to: &exact, as: .float64)
    }
    #expect(try Self.answers(&bounded, threshold: 0.25) == Self.answers(&exact, threshold: 0.25))
  }

  /// The level as the design has it, worked out the slow way.
  private static func level(_ states: [[Double]]) -> Int {
    let bytes = states.joined().reduce(0) { $0 + (Double(Float($1)) == $1 ? 4 : 8) }
    if bytes <= budget { return 0 }
    return (0...64).first { level in
      states.reduce(0) { bytes, scores in
        let groups = Set(scores.map { Kernels.key($0) >> UInt64(level) }).count
        return bytes + groups * 16 + (groups + 7) / 8
      } <= budget
    } ?? 64
  }

  @Test(arguments: [3, 4, 5, 6])
  func theLevelIsTheLeastThatFits(_ seed: UInt64) throws {
    var g = LawGenerator(seed)
    var bench = try Bench("binary", Self.options(), slices: [SliceDimension(name: "s")])
    var windows: [[Double]] = [[]]
    var cells: [[[Double]]] = [[[], []]]
    for push in 0..<30 {
      let scores = (0..<1000).map { _ in
        let x = seed % 2 == 0 ? g.unit() * g.unit() : 0.5 + g.normal() / 1000
        return g.chance(0.5) ? x : Double(Float(x))
      }
      let codes = scores.map { _ in Int32(g.integer(0..<2)) }
      let slices = Column.dictionary(values: [.text("a"), .text("b")], codes: codes)
      try bench.push(
        ["scores": .doubles(scores), "labels": .integers(scores.map { _ in g.integer(0..<2) })],
        slices: ["s": slices])
      windows[windows.count - 1] += scores
      for (score, code) in zip(scores, codes) { cells[cells.count - 1][Int(code)].append(score) }
      if push == 19 {
        bench.engine.mark("m")
        windows.append([])
        cells.append([[], []])
      }
    }
    let found = try bench.engine.answers(
      [Tasks.resolve(.text("roc_auc"), task: "binary")], in: Scope(), threshold: nil)
    #expect(found.droppedBits == Self.level(windows + cells.joined()))
    #expect(found.droppedBits > 0)
  }

  /// Windows, slices, merges of both, and the last rows answer alike for any batches and types.
  @Test func anyOrderBatchesAndTypesGiveTheSameBits() throws {
    let epochs = [Self.rows(15_000, seed: 7), Self.rows(20_000, seed: 8), Self.rows(9000, seed: 9)]
    var expected: [String]?
    for round in 0..<3 {
      var g = LawGenerator(UInt64(round))
      var bench = try Bench(
        "binary", Self.options(["window_rows": .integer(30_000)]),
        slices: [SliceDimension(name: "s")], keepWindows: 1)
      for (index, epoch) in epochs.enumerated() {
        let order = Array(epoch.indices)
        for range in g.cuts(of: order.count, upTo: round == 0 ? order.count : 4000) {
          let part = order[range].map { epoch[$0] }
          let slice = part.map { Value.text($0.score < 0.3 ? "low" : "high") }
          let columns = try batch(part, g.chance(0.5) ? .float32 : .float64).columns
          try bench.push(columns, slices: ["s": .values(slice)])
          if g.chance(0.02) { _ = try bench.ask("roc_auc") }
        }
        if index < 2 { bench.engine.mark("epoch \(index)") }
      }
      var answers: [String] = []
      for scope in [
        Scope(), Scope(window: .all), Scope(window: .mark("epoch 1")), Scope(window: .rows(12_000)),
        Scope(slice: [0: .text("low")]), Scope(window: .all, slice: [0: .text("high")]),
      ] {
        answers += try Self.answers(&bench, in: scope, threshold: 0.4)
      }
      expected = expected ?? answers
      for (a, b) in zip(expected ?? [], answers) { #expect(a == b) }
    }
  }

  /// Streams that were merged answer as one that was given all rows, and their budget holds at once.
  @Test func mergedStatesAnswerAsOneStream() throws {
    let rows = (0..<8).map { Self.rows(6000, seed: UInt64(20 + $0)) }
    var whole = try Bench("binary", Self.options())
    var merged = try Bench("binary", Self.options())
    for part in rows {
      try Self.push(part, to: &whole)
      var rank = try Bench("binary", Self.options())
      try Self.push(part, to: &rank)
      var writer = StateWriter()
      _ = try rank.engine.exportRows(of: .current, into: &writer)
      var reader = StateReader(writer.bytes)
      _ = try merged.engine.mergeRows(from: &reader)
      #expect(merged.engine.byteCount < Self.budget * 3 / 2)
    }
    #expect(try whole.ask("roc_auc").bounds != nil)
    #expect(try Self.answers(&merged, threshold: 0.4) == Self.answers(&whole, threshold: 0.4))
    var writer = StateWriter()
    merged.engine.encode(into: &writer)
    var again = try Bench("binary", Self.options())
    var reader = StateReader(writer.bytes)
    try again.engine.decode(from: &reader)
    #expect(try Self.answers(&again, threshold: 0.4) == Self.answers(&whole, threshold: 0.4))
  }

  /// The budget, a quarter for what is new, as much for what was merged for questions, and the counters.
  @Test(arguments: [0, 8])
  func memoryStaysWithinItsBound(_ sliceCount: Int) throws {
    var g = LawGenerator(10)
    var bench = try Bench(
      "binary", Self.options(), slices: sliceCount == 0 ? [] : [SliceDimension(name: "s")])
    var most = 0
    for push in 0..<300 {
      let rows = Self.rows(500, seed: UInt64(push)).map {
        BinaryRow(score: g.chance(0.5) ? $0.score : $0.score * 0.999, label: $0.label)
      }
      let slice = rows.map { _ in Value.integer(Int64(g.integer(0..<max(1, sliceCount)))) }
      try bench.push(
        try batch(rows, .float64).columns, slices: sliceCount == 0 ? [:] : ["s": .values(slice)])
      most = max(most, bench.engine.byteCount)
      if push % 50 == 49 {
        _ = try bench.ask("roc_auc")
        _ = try bench.ask("ece", in: Scope(window: .all))
        most = max(most, bench.engine.byteCount)
        bench.engine.mark("\(push)")
      }
    }
    // What states take beside scores: a few hundred bytes each, in three windows.
    let counters = 3 * (sliceCount + 1) * 1024
    // A batch is taken whole before room is made for it.
    let one = 500 * 8 * (sliceCount == 0 ? 2 : 4)
    #expect(most <= Self.budget * 3 / 2 + counters + one)
    #expect(most > Self.budget / 4)
  }

  @Test func sixteenBitScoresJoinTheSameBuckets() throws {
    var g = LawGenerator(11)
    var mixed = try Bench("binary", Self.options())
    var wide = try Bench("binary", Self.options())
    for type in [FloatType.float16, .bfloat16, .uint8, .float32, .float16] {
      let rows = (0..<30_000).map { _ in
        let x = type == .uint8 ? Double(g.integer(0..<2)) : g.unit()
        let half = FloatType.float16.column([x])
        return BinaryRow(
          score: type == .float32 ? x : (try? Columns([("x", half)]).doubles("x").values[0]) ?? 0,
          label: g.chance(0.4))
      }
      // A bfloat16 has fewer digits than a half, so those are sent as what they are.
      try Self.push(rows, to: &mixed, as: type == .bfloat16 ? .float16 : type)
      let same =
        type == .float32
        ? rows.map { row in
          BinaryRow(score: Double(Float(row.score)), label: row.label)
        } : rows
      try Self.push(same, to: &wide, as: .float64)
    }
    #expect(try Self.answers(&mixed, threshold: 0.3) == Self.answers(&wide, threshold: 0.3))
    #expect(try mixed.ask("roc_auc").bounds != nil)
  }
}
