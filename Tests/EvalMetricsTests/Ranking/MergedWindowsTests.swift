import EvalMetrics
import EvalTestSupport
import Testing

/// Queries half of which come in an exported window: they join as if their rows had been pushed.
@Suite struct MergedWindowsTests {
  private typealias Row = (document: String, score: Double, relevance: Double)

  /// Rows of one query.
  private static func columns(_ rows: [Row]) -> [String: Column] {
    [
      "queries": .texts(rows.map { _ in "q" }), "documents": .texts(rows.map(\.document)),
      "scores": .doubles(rows.map(\.score)), "relevances": .doubles(rows.map(\.relevance)),
    ]
  }

  private static let half: [Row] = [("a", 3, 0), ("b", 1, 0)]
  private static let rest: [Row] = [("c", 0.5, 1)]

  private static func state(_ bench: inout Bench, _ window: Window) throws -> [UInt8] {
    var writer = StateWriter()
    _ = try bench.engine.exportRows(of: window, into: &writer)
    return writer.bytes
  }

  private static func merge(_ state: [UInt8], into bench: inout Bench) throws {
    var reader = StateReader(state)
    _ = try bench.engine.mergeRows(from: &reader)
  }

  @Test(arguments: [0, 1, 2, 5])
  func aClosedWindowJoinsTheCurrentOne(_ laterMarks: Int) throws {
    var source = try Bench("ranking", keepWindows: 9)
    try source.push(Self.columns(Self.half))
    source.engine.mark("e")
    for mark in 0..<laterMarks {
      try source.push(Self.columns([("a", 1, 1)]))
      source.engine.mark("later \(mark)")
    }
    let state = try Self.state(&source, .mark("e"))
    for marks in 0...1 {
      var first = try Bench("ranking")
      if marks == 1 { first.engine.mark("before") }
      try Self.merge(state, into: &first)
      try first.push(Self.columns(Self.rest))
      var last = try Bench("ranking")
      if marks == 1 { last.engine.mark("before") }
      try last.push(Self.columns(Self.rest))
      try Self.merge(state, into: &last)
      for metric in ["mrr", "map", "ndcg", "bpref"] {
        var pushed = try Bench("ranking")
        try pushed.push(Self.columns(Self.half + Self.rest))
        let answer = try pushed.ask(metric)
        #expect(try first.ask(metric) == answer, "\(metric), the state first")
        #expect(try last.ask(metric) == answer, "\(metric), the rows first")
      }
      // A document that came with the state stands in the query.
      #expect(inputError { try first.push(Self.columns([("a", 1, 1)])) } != nil)
    }
  }

  /// Of several windows the latest joins, and the query of each before it is one of its own.
  @Test func theLatestOfSeveralWindowsJoins() throws {
    var source = try Bench("ranking", keepWindows: 3)
    for (label, rows) in [("1", Self.rest), ("2", Self.rest), ("3", Self.half)] {
      try source.push(Self.columns(rows))
      source.engine.mark(Name(label))
    }
    try source.push(Self.columns([("a", 1, 1)]))
    var bench = try Bench("ranking")
    try bench.push(Self.columns(Self.rest))
    try Self.merge(Self.state(&source, .marks(3)), into: &bench)
    #expect(try bench.ask("mrr").number == (1 + 1 + 1.0 / 3) / 3)
    // With the current window that one is the latest, and empty windows are windows.
    var other = try Bench("ranking")
    try other.push(Self.columns(Self.half))
    source.engine.mark("4")
    try Self.merge(Self.state(&source, .all), into: &other)
    #expect(try other.ask("mrr").number == (0 + 1 + 1 + 0 + 1) / 5)
  }
}
