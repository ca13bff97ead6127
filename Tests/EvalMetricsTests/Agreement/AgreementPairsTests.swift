import EvalTestSupport
import Testing

@testable import EvalMetrics

/// Pairs of labels are what a stream of raters keeps, and a batch may bring very many.
@Suite struct AgreementPairsTests {
  private static func batch(
    _ rows: [[Int?]], _ labels: [Value], raters: Int
  ) -> AgreementBatch {
    AgreementBatch(
      count: rows.count, raters: raters, labels: labels,
      codes: rows.flatMap { $0.map { Int32($0 ?? -1) } }, weights: nil)
  }

  @Test func `new pairs are those that an update adds`() {
    var generator = LawGenerator(11)
    var state = AgreementState(.init(level: .nominal))
    for _ in 0..<20 {
      // Each batch has its own order of labels, some of them known.
      let labels = Set((0..<9).map { _ in generator.integer(0..<30) }).map {
        Value.integer(Int64($0))
      }
      let rows = (0..<6).map { _ in
        (0..<4).map { _ in generator.chance(0.2) ? nil : generator.integer(0..<labels.count) }
      }
      let batch = Self.batch(rows, labels, raters: 4)
      let before = state.itemPairs.count
      let new = state.newPairs(of: batch, upTo: 10_000)
      #expect(state.newPairs(of: batch, upTo: 3) == min(3, new))
      #expect(new <= batch.mostPairs)
      state.update(batch)
      #expect(state.itemPairs.count == before + new)
    }
  }

  @Test func `the bound is of the rows or of the labels`() {
    let labels = (0..<3).map { Value.integer(Int64($0)) }
    #expect(Self.batch([[0, 1, 2]], labels, raters: 3).mostPairs == 3)
    let many = Array(repeating: [0, 1, 2] as [Int?], count: 1000)
    #expect(Self.batch(many, labels, raters: 3).mostPairs == 18)
    #expect(Self.batch([], [], raters: 0).mostPairs == 0)
  }
}
