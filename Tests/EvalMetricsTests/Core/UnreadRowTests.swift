import EvalTestSupport
import RowLoops
import Testing

@testable import EvalMetrics

/// Scores that are looked at where they lie.
@Suite struct UnreadRowTests {
  /// A column that lies in an array, and counts how often it is read.
  private final class Source: Sendable {
    let bytes: [UInt8]
    let isThere: Bool

    init<Number>(_ numbers: [Number], isThere: Bool = true) {
      bytes = numbers.withUnsafeBytes { Array($0) }
      self.isThere = isThere
    }

    func column(_ type: UnreadColumn.NumberType, _ shape: [Int]) -> UnreadColumn {
      UnreadColumn(
        type, shape: shape, gone: .batch("scores", "the scores are gone", hint: ""),
        copy: { [self] room in
          bytes.withUnsafeBytes { room.copyMemory(from: $0) }
          return isThere
        },
        look: { [self] body in
          _ = bytes.withUnsafeBytes { $0.baseAddress.map(body) }
          return isThere
        })
    }
  }

  private static func scores<Score: RowScore>(
    _ count: Int, _ random: inout SeededGenerator
  ) -> [Score] {
    (0..<count).map { _ in
      let x = Double.random(in: 0..<1, using: &random)
      // Many of them are equal, and some far from the others.
      return x < 0.5 ? Score(Int(x * 10)) : Score(x * 60 - 30)
    }
  }

  private static func check<Score: RowScore>(_ type: UnreadColumn.NumberType, _: Score.Type) {
    var random = SeededGenerator(seed: 5)
    for width in Array(1...50) + [127, 128, 1000, 1003] {
      let labels = (0..<4).map { Int32($0 * width / 4) } + [-1]
      let scores: [Score] = scores(5 * width, &random)
      let rows = UnreadColumn.Rows<Score>(column: Source(scores).column(type, [5, width]))
      let gone = UnreadColumn.Rows<Score>(
        column: Source(scores, isThere: false).column(type, [5, width]))
      for form in RowForm.usable {
        let (here, sums) = Kernels.logitRows(scores, width: width, labels: labels, form: form)
        let (there, others) = Kernels.logitRows(rows, width: width, labels: labels, form: form)
        #expect(there.isFinite && here.isFinite)
        #expect(there.best == here.best && there.ranks == here.ranks, "\(form), \(width)")
        #expect(there.greatest == here.greatest && there.own == here.own, "\(form), \(width)")
        #expect(others == sums, "\(form), \(width)")
        #expect(!Kernels.rankRows(gone, width: width, labels: labels, form: form).isFinite)
      }
      for place in [0, width - 1, 5 * width - 1] {
        var bad = scores
        bad[place] = .nan
        let rows = UnreadColumn.Rows<Score>(column: Source(bad).column(type, [5, width]))
        #expect(!Kernels.rankRows(rows, width: width, labels: labels).isFinite)
      }
    }
  }

  @Test func `floats are the same as those that were read`() { Self.check(.float32, Float.self) }

  @Test func `doubles are the same as those that were read`() { Self.check(.float64, Double.self) }

  /// The copy is written over scores that are yet to be looked at: so they change after their first look.
  private static func change<Score: RowScore>(_: Score.Type) {
    var random = SeededGenerator(seed: 6)
    var outcomes = (same: 0, changed: 0)
    for form in RowForm.usable {
      for width in [3, 15, 16, 17, 31, 40, 100, 1000] {
        for (shift, label) in [(1, 0), (3, 2), (8, width / 2), (16, width - 1), (17, width - 2)] {
          var memory: [Score] = scores(width + shift, &random)
          let (found, copy) = memory.withUnsafeMutableBufferPointer { room in
            guard let first = room.baseAddress else {
              return (nil, []) as (RowRank<Score>?, [Score])
            }
            let found = form.rank(
              UnsafePointer(first), width, label, copyingTo: first + shift)
            return (found, Array(room[shift...]))
          }
          guard let found, found.isFinite else {
            outcomes.changed += 1
            continue
          }
          let again = copy.withUnsafeBufferPointer { room in
            room.baseAddress.map { form.rank($0, width, label) }
          }
          outcomes.same += 1
          #expect(found.rank == again?.rank && found.best == again?.best, "\(width), \(shift)")
          #expect(found.greatest == again?.greatest, "\(width), \(shift)")
        }
      }
    }
    #expect(outcomes.same > 0 && outcomes.changed > 0)
  }

  @Test func `floats that change are those that were copied`() { Self.change(Float.self) }

  @Test func `doubles that change are those that were copied`() { Self.change(Double.self) }

  private static func bench(_ options: [String: Value] = [:]) throws -> Bench {
    try Bench(
      "multiclass",
      ["classes": .integer(200), "score_kind": .text("probability")]
        .merging(options) { $1 })
  }

  private static func bytes(_ bench: Bench) -> [UInt8] {
    var writer = StateWriter()
    bench.engine.encode(into: &writer)
    return writer.bytes
  }

  /// What is kept, is slightly or badly outside, or is skipped, is the same as if it had been read before.
  @Test(arguments: [false, true], ["probability", "logit", "score"])
  func `streams are the same`(keeps: Bool, kind: String) throws {
    var random = SeededGenerator(seed: 7)
    let plain = (0..<3 * 200).map { _ in Float.random(in: 0...1, using: &random) }
    let labels = Column.integers([0, 199, 50])
    let changes: [(Int, Float)] = [
      (0, 0.5), (599, -1e-7), (599, 1 + 1e-6), (300, -0.0), (599, .nan), (0, .infinity),
      (599, 1.5), (250, -1),
    ]
    for (place, x) in changes {
      for skips in [false, true] {
        var scores = plain
        scores[place] = x
        let options: [String: Value] = [
          "score_kind": .text(kind), "one_vs_rest": .bool(keeps),
          "non_finite": .text(skips ? "skip" : "reject"),
        ]
        var (one, other) = (try Self.bench(options), try Self.bench(options))
        let read = Column.numeric(NumericColumn(storage: .float32(scores), shape: [3, 200]))
        let unread = Column.unread(Source(scores).column(.float32, [3, 200]))
        let expected = Result { try one.push(["scores": read, "labels": labels]) }
        let found = Result { try other.push(["scores": unread, "labels": labels]) }
        switch (expected, found) {
        case (.success(let a), .success(let b)):
          #expect(a.clamped == b.clamped && a.dropped == b.dropped && a.applied == b.applied)
        case (.failure(let a), .failure(let b)):
          #expect(a as? InputError == b as? InputError)
        default: Issue.record("\(kind), \(x): \(expected) is not \(found)")
        }
        #expect(Self.bytes(one) == Self.bytes(other), "\(kind), \(x)")
      }
    }
  }

  @Test func `scores that are gone are refused`() throws {
    var bench = try Self.bench(["one_vs_rest": .bool(false)])
    let before = Self.bytes(bench)
    let gone = Source([Float](repeating: 0, count: 200), isThere: false)
    #expect(throws: InputError.batch("scores", "the scores are gone", hint: "")) {
      try bench.push([
        "scores": .unread(gone.column(.float32, [1, 200])), "labels": .integers([0]),
      ])
    }
    #expect(Self.bytes(bench) == before)
  }

  @Test func `other readers read them`() throws {
    let numbers: [Double] = [1, 2, 3]
    let column = Source(numbers).column(.float64, [3])
    let columns = try Columns([("values", .unread(column))])
    #expect(try columns.flatDoubles("values") == numbers)
    #expect((0..<3).map { columns.value("values", row: $0) } == numbers.map { .number($0) })
    #expect(column.value(at: 3) == .null && column.value(at: -1) == .null)
  }
}
