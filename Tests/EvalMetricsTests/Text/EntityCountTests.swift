import EvalTestSupport
import Testing

@testable import EvalMetrics

/// Entities of many tokens, which are read by a table of steps, beside those of single rows, which are read tag by tag.
@Suite struct EntityCountTests {
  /// In any scheme and in none: what ends may never have started.
  private static let tags = [
    "O", "B-PER", "I-PER", "I-LOC", "B-LOC", "E-PER", "S-LOC", "U", "L-PER", "X-PER", "X-LOC", ".",
    ".-PER", "O-LOC", "B", "B-A", "I-A", "S-A", "E-LOC", "U-PER",
  ]

  /// What a row has: its tokens, and for each type how many entities of either column and of both.
  private struct Found: Equatable {
    var row: TokenClassificationBatch.Row
    var types: [String: [Int]]
  }

  private func count(_ said: [[Int32]], _ truth: [[Int32]]) throws -> [Found] {
    let table = try TagTable(scheme: nil, declared: Self.tags, ignoring: nil)
    var counter = SequenceCounter(
      table, .conlleval, said.flatMap { $0 }, truth.flatMap { $0 })
    var start = 0
    for row in truth {
      counter.add(start..<start + row.count)
      start += row.count
    }
    var classes = ClassTable()
    let batch = try counter.finish(&classes)
    return batch.rows.indices.map { row in
      var found = Found(row: batch.rows[row], types: [:])
      found.row.end = 0
      for record in batch.types[batch.typeRange(row)] {
        let name = "\(classes.name(record.type).value)"
        #expect(found.types[name] == nil, "a type has one record a row")
        found.types[name] = [record.labelled, record.predicted, record.hits]
      }
      return found
    }
  }

  /// A sequence of tags of which some are rare, and one that differs from it here and there, or not at all.
  private func pair(_ random: inout LawGenerator, kinds: Int) -> (said: [Int32], truth: [Int32]) {
    func tag() -> Int32 {
      random.chance(0.5) ? 0 : Int32(random.integer(0..<1 + random.integer(0..<kinds)))
    }
    // Blocks of 32, and what is beside their ends.
    let lengths = [0, 1, 2, 5, 25, 30, 31, 32, 33, 62, 63, 64, 65, 100, 300]
    let truth = (0..<lengths[random.integer(0..<lengths.count)]).map { _ in tag() }
    let wrong = [0, 0, 1, 5, 20, 100][random.integer(0..<6)]
    return (truth.map { random.integer(0..<100) < wrong ? tag() : $0 }, truth)
  }

  @Test(arguments: 0..<12) func manyRowsAreAsEachByItself(seed: UInt64) throws {
    var random = LawGenerator(seed)
    // Few kinds are well-formed now and then, which is read by the quick way.
    let kinds = [3, 5, 7, Self.tags.count][Int(seed) % 4]
    let rows = (0..<400).map { _ in pair(&random, kinds: kinds) }
    let all = try count(rows.map(\.said), rows.map(\.truth))
    for (row, together) in zip(rows, all) {
      let alone = try count([row.said], [row.truth])
      #expect([together] == alone, "\(row)")
      #expect(together.row.tokens == row.truth.count)
      #expect(together.row.right == zip(row.said, row.truth).count { $0 == $1 })
    }
  }
}
