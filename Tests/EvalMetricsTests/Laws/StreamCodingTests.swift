import EvalMetrics
import EvalTestSupport
import Testing

/// Streams as bytes, of every task: what is exported and merged, or written and read, answers as what was pushed.
@Suite struct StreamCodingTests {
  /// A task with rows that were trouble for somebody.
  struct Case: Sendable, CustomStringConvertible {
    var task: String
    var hazard: Hazard
    var description: String { "\(task): \(hazard.name)" }
  }

  /// Every hazard as it is, and within a budget that it is likely to exceed.
  static func cases() throws -> [Case] {
    try LawTasks.all.flatMap { task in
      try task.hazards().flatMap { hazard in
        var tight = hazard
        tight.name += ", within a budget"
        tight.options.removeAll { $0.key == "memory_budget_bytes" }
        tight.options.append(Value.Field("memory_budget_bytes", .integer(300)))
        return [Case(task: task.name, hazard: hazard), Case(task: task.name, hazard: tight)]
      }
    }
  }

  private static func engine(
    _ one: Case, _ options: [Value.Field] = []
  ) throws -> any TaskEngine {
    try Tasks.engine(task: one.task, options: one.hazard.options + options, keepWindows: 2)
  }

  /// Answers to everything that can be asked by name.
  private static func answers(
    _ engine: inout any TaskEngine, _ one: Case, _ window: Window = .current
  ) throws -> [Answer] {
    let requests = try Tasks.metrics(of: one.task).map { metric in
      // Numbers without a default, such as a rank, have to be given.
      var fields = [Value.Field("metric", .text(metric.name))]
      for option in metric.options where option.standard == .null {
        if case .integer = option.kind { fields.append(Value.Field(option.name, .integer(3))) }
      }
      return try Tasks.resolve(.record(fields), task: one.task)
    }
    return try engine.answers(requests, in: Scope(window: window), threshold: nil).answers
  }

  @Test(arguments: try cases())
  func `merged exports answer as one stream, in either order`(one: Case) throws {
    var whole = try Self.engine(one)
    var parts = [try Self.engine(one), try Self.engine(one)]
    for (place, piece) in one.hazard.pieces.enumerated() {
      // Some hazards are of merged states, and no stream would take them as rows.
      guard (try? whole.push(piece)) != nil else { return }
      _ = try parts[place % 2].push(piece)
    }
    let expected = try Self.answers(&whole, one)
    for order in [[0, 1], [1, 0]] {
      var merged = try Self.engine(one)
      for place in order {
        var writer = StateWriter()
        let count = try parts[place].exportRows(of: .current, into: &writer)
        var reader = StateReader(writer.bytes)
        #expect(try merged.mergeRows(from: &reader) == count)
      }
      #expect(merged.count == whole.count)
      #expect(merged.totalCount == whole.totalCount)
      #expect(try Self.answers(&merged, one) == expected)
    }
  }

  @Test(arguments: try cases())
  func `a stream that was written and read goes on as if nothing had been`(one: Case) throws {
    let options = [Value.Field("window_rows", .integer(5))]
    var kept = try Self.engine(one, options)
    var read = try Self.engine(one, options)
    for (place, piece) in one.hazard.pieces.enumerated() {
      guard (try? kept.push(piece)) != nil else { return }
      if place % 2 == 1 { kept.mark("epoch \(place)") }
      if place == one.hazard.pieces.count / 2 {
        var writer = StateWriter()
        kept.encode(into: &writer)
        var reader = StateReader(writer.bytes)
        try read.decode(from: &reader)
        #expect(reader.remaining == 0)
      } else if place > one.hazard.pieces.count / 2 {
        _ = try read.push(piece)
        if place % 2 == 1 { read.mark("epoch \(place)") }
      }
    }
    #expect(read.keptMarks == kept.keptMarks)
    #expect(read.totalCount == kept.totalCount)
    let windows: [Window] = [.current, .all, .rows(5)] + kept.keptMarks.map(Window.mark)
    for window in windows {
      #expect(
        try Self.answers(&read, one, window) == Self.answers(&kept, one, window), "\(window)")
    }
    var (mine, theirs) = (StateWriter(), StateWriter())
    kept.encode(into: &mine)
    read.encode(into: &theirs)
    #expect(mine.bytes.count == theirs.bytes.count)
  }

  @Test(arguments: try cases())
  func `damaged bytes are refused or read, and change nothing when refused`(one: Case) throws {
    var source = try Self.engine(one)
    for piece in one.hazard.pieces.prefix(2) { _ = try? source.push(piece) }
    var writer = StateWriter()
    _ = try source.exportRows(of: .current, into: &writer)
    var generator = LawGenerator(20_261_121)
    for round in 0..<40 {
      var bytes = writer.bytes
      if round % 2 == 0 {
        bytes.removeLast(generator.integer(1..<bytes.count + 1))
      } else {
        bytes[generator.integer(0..<bytes.count)] ^= UInt8(1 << generator.integer(0..<8))
      }
      var target = try Self.engine(one)
      var reader = StateReader(bytes)
      do throws(InputError) {
        _ = try target.mergeRows(from: &reader)
        #expect(round % 2 == 1, "a state that was cut short was taken")
      } catch {
        #expect(target.totalCount == 0)
      }
    }
  }
}
