import EvalTestSupport
import Locks
import Testing

@testable import EvalMetrics

/// Batches, answers and streams as bytes, for every task and every hazard.
@Suite struct CodingTests {
  private struct Case: Sendable, CustomTestStringConvertible {
    var task: String
    var hazard: Hazard
    var testDescription: String { "\(task): \(hazard.name)" }
  }

  private static func cases() throws -> [Case] {
    try LawTasks.all.flatMap { task in
      try task.hazards().map { Case(task: task.name, hazard: $0) }
    }
  }

  private static func engine(_ test: Case) throws -> any TaskEngine {
    try Tasks.engine(
      task: test.task, options: test.hazard.options,
      metrics: test.hazard.metrics.map { try Tasks.resolve($0, task: test.task) })
  }

  /// Columns that were written and read again.
  private static func again(_ columns: Columns, _ engine: any TaskEngine) throws -> Columns {
    var writer = StateWriter()
    columns.encode(into: &writer)
    var reader = StateReader(writer.bytes)
    let again = try Columns(from: &reader, whole: engine.wholeColumns)
    #expect(reader.remaining == 0)
    var second = StateWriter()
    again.encode(into: &second)
    #expect(second.bytes == writer.bytes)
    #expect(again.rows == columns.rows)
    return again
  }

  private static func again(_ engine: any TaskEngine, _ test: Case) throws -> any TaskEngine {
    var writer = StateWriter()
    engine.encode(into: &writer)
    // In pieces, as a snapshot is written.
    let pieces = Pieces()
    var passing = StateWriter(passingTo: { pieces.add($0) })
    engine.encode(into: &passing)
    passing.finish()
    #expect(pieces.bytes == writer.bytes)
    var reader = StateReader(writer.bytes)
    var again = try Self.engine(test)
    try again.decode(from: &reader)
    #expect(reader.remaining == 0)
    return again
  }

  private static func answers(_ engine: inout any TaskEngine, _ test: Case) throws -> [String] {
    let names = try Tasks.metrics(of: test.task).map { $0.name.replacing("@k", with: "@2") }
    var requests = engine.defaultRequests
    for name in names {
      // One that needs an option is no question by its name.
      if let request = try? Tasks.resolve(.text(name), task: test.task) { requests.append(request) }
    }
    return try [Window.current, .all].flatMap { window in
      let found = try engine.answers(requests, in: Scope(window: window), threshold: nil)
      for answer in found.answers {
        var writer = StateWriter()
        answer.encode(into: &writer)
        var reader = StateReader(writer.bytes)
        let read = try Answer(from: &reader)
        #expect(read.bits == answer.bits && read.notes == answer.notes && reader.remaining == 0)
      }
      return ["\(found.count)"] + zip(requests, found.answers).map { "\($0.key) \($1.bits)" }
    }
  }

  @Test func `what is read back answers as what was written`() throws {
    for test in try Self.cases() {
      var plain = try Self.engine(test)
      var read = try Self.engine(test)
      for (place, columns) in test.hazard.pieces.enumerated() {
        let copy = try Self.again(columns, read)
        let first = Result { try plain.push(columns).applied }
        let second = Result { try read.push(copy).applied }
        #expect("\(first)" == "\(second)", "\(test.testDescription)")
        if place == test.hazard.pieces.count / 2 {
          plain.mark("half")
          read.mark("half")
          read = try Self.again(read, test)
        }
      }
      #expect(
        try Self.answers(&plain, test) == Self.answers(&read, test), "\(test.testDescription)")
    }
  }

  @Test func `bytes that are damaged are refused, or are other columns`() throws {
    var seed: UInt64 = 1
    for test in try Self.cases() {
      guard let columns = test.hazard.pieces.first else { continue }
      let engine = try Self.engine(test)
      var writer = StateWriter()
      columns.encode(into: &writer)
      for _ in 0..<60 {
        seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        var bytes = writer.bytes
        if bytes.isEmpty { continue }
        let place = Int(seed >> 33) % bytes.count
        if seed & 1 << 20 == 0 {
          bytes[place] ^= UInt8(truncatingIfNeeded: seed >> 24) | 1
        } else {
          bytes.removeLast(bytes.count - place)
        }
        var reader = StateReader(bytes)
        var copy = engine
        if let read = try? Columns(from: &reader, whole: engine.wholeColumns) {
          _ = try? copy.push(read)
        }
      }
    }
  }

  @Test func `a hook that throws leaves everything as it was`() throws {
    for test in try Self.cases() {
      var engine = try Self.engine(test)
      var other = try Self.engine(test)
      for columns in test.hazard.pieces {
        // First in vain.
        var called = 0
        let refused = Result {
          () throws(InputError) in
          try engine.push(columns, rowMetrics: []) { () throws(InputError) in
            called += 1
            throw InputError(.durabilityFailed, [], "no room", hint: "")
          }
        }
        let wanted = Result { try other.push(columns).applied }
        if case .success = refused { Issue.record("\(test.testDescription): it was applied") }
        #expect(called == ((try? wanted.get()) == nil ? 0 : 1), "\(test.testDescription)")
        _ = try? engine.push(columns)
      }
      #expect(
        try Self.answers(&engine, test) == Self.answers(&other, test), "\(test.testDescription)")
      #expect(engine.totalCount == other.totalCount)
    }
  }

  @Test func `numbers are the same bytes in bulk and one by one`() throws {
    var bulk = StateWriter()
    bulk.write([Int16.min, -1, 0, 1, .max])
    bulk.write([UInt64.max, 1])
    bulk.write([0.1, -0.0, .infinity])
    bulk.write([Int32]())
    var single = StateWriter()
    single.write(UInt64(5))
    for x in [Int16.min, -1, 0, 1, .max] { single.write(x) }
    single.write(UInt64(2))
    for x in [UInt64.max, 1] { single.write(x) }
    single.write(UInt64(3))
    for x in [0.1, -0.0, .infinity] { single.write(x) }
    single.write(UInt64(0))
    #expect(bulk.bytes == single.bytes)
    var reader = StateReader([9] + bulk.bytes + [9], in: 1..<bulk.bytes.count + 1)
    #expect(try reader.readArray(Int16.self) == [.min, -1, 0, 1, .max])
    #expect(try reader.readArray(UInt64.self) == [.max, 1])
    #expect(try reader.readDoubles().map(\.bitPattern) == [0.1, -0.0, .infinity].map(\.bitPattern))
    #expect(try reader.readArray(Int32.self) == [])
    #expect(reader.remaining == 0)
    #expect(throws: StateError.self) { try reader.read(UInt8.self) }
  }
}

/// Gathers what a writer passes on.
private final class Pieces: Sendable {
  private let state = Lock<[UInt8]>([])
  func add(_ piece: [UInt8]) { state.withLock { $0 += piece } }
  var bytes: [UInt8] { state.withLock(\.self) }
}
