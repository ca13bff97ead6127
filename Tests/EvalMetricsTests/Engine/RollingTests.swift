import EvalMetrics
import EvalTestSupport
import Testing

/// Rows that are their ordinals, so that a state shows which it holds.
private struct Ordinals: RowBatch {
  var rows: Range<Int>
  var count: Int { rows.count }

  func selecting(_ indices: [Int]) -> Ordinals {
    guard let first = indices.first, let last = indices.last else { return Ordinals(rows: 0..<0) }
    return Ordinals(rows: rows.lowerBound + first..<rows.lowerBound + last + 1)
  }
}

private struct OrdinalState: State {
  static var version: UInt8 { 1 }
  typealias Batch = Ordinals
  struct Configuration: Sendable, Equatable {}

  var rows: [Int] = []
  var count: Int { rows.count }
  var byteCount: Int { rows.count * 8 }

  init(_: Configuration) {}
  init(_: Configuration, from reader: inout StateReader) throws(StateError) {
    rows = try reader.readArray()
  }
  mutating func update(_ batch: Ordinals) { rows += batch.rows }
  mutating func merge(_ other: OrdinalState) { rows += other.rows }
  func encode(into writer: inout StateWriter) { writer.write(rows) }
}

@Suite("Buckets of the last rows")
struct RollingTests {
  @Test(
    "whatever the batches, the newest buckets hold the last rows and no more than one bucket beyond",
    arguments: [1, 2, 62, 63, 64, 100, 126, 127, 1000])
  func holdsTheLastRows(window: Int) {
    var generator = SeededGenerator(seed: UInt64(window))
    var rolling = Rolling<OrdinalState>(.init(), rows: window)
    var whole = Rolling<OrdinalState>(.init(), rows: window)
    var next = 0
    for _ in 0..<60 {
      let size = Int.random(in: 0...3 * window, using: &generator)
      rolling.update(Ordinals(rows: next..<next + size))
      for row in next..<next + size { whole.update(Ordinals(rows: row..<row + 1)) }
      next += size
      // A bucket is a range of ordinals, so one row at a time makes the same.
      #expect(rolling.states.map(\.rows) == whole.states.map(\.rows))
      #expect(rolling.states.count <= Rolling<OrdinalState>.mostBuckets)
      #expect(rolling.byteCount == rolling.states.reduce(0) { $0 + $1.byteCount })
      let bucket = (window + 62) / 63
      for asked in [1, window / 2 + 1, window] {
        let rows = rolling.states[rolling.newest(asked)].flatMap(\.rows)
        #expect(rows == Array(next - rows.count..<next))
        #expect(rows.count >= min(asked, next))
        #expect(rows.count < asked + bucket)
      }
    }
  }

  @Test("an empty one has no buckets")
  func isEmptyAtFirst() {
    var rolling = Rolling<OrdinalState>(.init(), rows: 10)
    rolling.update(Ordinals(rows: 0..<0))
    #expect(rolling.newest(5).isEmpty)
    #expect(rolling.states.isEmpty)
  }
}
