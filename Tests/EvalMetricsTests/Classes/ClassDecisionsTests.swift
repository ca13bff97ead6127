import EvalMetrics
import EvalTestSupport
import Testing

@Suite struct ClassDecisionsTests {
  private typealias Row = (label: String, prediction: String?, weight: Double)

  /// The decisions of rows whose classes are numbered as they come.
  private func decisions(_ rows: [Row]) -> ClassDecisions {
    var table = ClassTable()
    table.add(rows.flatMap { [.text($0.label)] + ($0.prediction.map { [.text($0)] } ?? []) })
    func code(_ name: String?) -> Int32 {
      name.flatMap { table.code(.text($0)) }.map { Int32($0) } ?? ClassCode.none
    }
    var decisions = ClassDecisions(ClassTable())
    decisions.update(
      labels: rows.map { code($0.label) }, predictions: rows.map { code($0.prediction) },
      of: table, weights: rows.map(\.weight))
    return decisions
  }

  private func rows(_ count: Int, _ generator: inout LawGenerator) -> [Row] {
    let names = ["a", "b", "c", "dd", "e"]
    return (0..<count).map { _ in
      let prediction = generator.chance(0.1) ? nil : names[generator.integer(0..<5)]
      let weight = generator.chance(0.3) ? [0, 0.1, 0.25, 3][generator.integer(0..<4)] : 1
      return (names[generator.integer(0..<4)], prediction, weight)
    }
  }

  private func bytes(_ decisions: ClassDecisions) -> [UInt8] {
    var writer = StateWriter()
    decisions.encode(into: &writer)
    return writer.bytes
  }

  @Test func anyOrderAndAnySplitGiveTheSameBytes() throws {
    var generator = LawGenerator(5)
    for _ in 0..<20 {
      let rows = rows(60, &generator)
      let whole = decisions(rows)
      let shuffled = rows.shuffled(using: &generator)
      var merged = decisions(Array(shuffled[..<20]))
      merged.merge(decisions(Array(shuffled[20...])))
      #expect(bytes(merged) == bytes(whole))
      var reader = StateReader(bytes(whole))
      let copy = try ClassDecisions(ClassTable(), from: &reader)
      #expect(reader.remaining == 0)
      #expect(bytes(copy) == bytes(whole))
    }
  }

  @Test func errorsAreTheOffDiagonalOfTheConfusionMatrix() {
    var decisions = ClassDecisions(ClassTable(.count(300)))
    for label in 0..<300 {
      for step in 0..<40 { decisions.add(1, label: label, prediction: (label + step) % 300) }
    }
    decisions.add([(3, 5, 10), (4, 4, 2), (5, 3, 7)], of: ClassTable(.count(300)))
    let entries = decisions.errors.entries
    #expect(entries.count == 300 * 39 + 1)
    #expect(entries.first { $0.first == 3 && $0.second == 5 }?.tally.units == 11)
    #expect(entries.first { $0.first == 5 && $0.second == 3 }?.tally.units == 7)
    #expect(entries.allSatisfy { $0.first != $0.second })
    #expect(decisions.hits[4].units == 3)
    #expect(decisions.labelled.total.units == 300 * 40 + 19)
    #expect(decisions.predicted.total.units == 300 * 40 + 19)
  }

  @Test func averagesAreScikitLearns() {
    // y_true [0,1,2,0,1,2], y_pred [0,2,1,0,0,1]
    var decisions = ClassDecisions(ClassTable(.count(4)))
    decisions.update(
      labels: [0, 1, 2, 0, 1, 2], predictions: [0, 2, 1, 0, 0, 1], of: decisions.classes,
      weights: nil)
    let seen = decisions.averages(.report, overDeclared: false)
    #expect(seen.answer(.precision, .micro).number == 1.0 / 3)
    #expect(seen.answer(.precision, .macro).number == 2.0 / 9)
    #expect(seen.answer(.f1, .weighted).number == 0.8 / 3)
    let declared = decisions.averages(.report, overDeclared: true)
    #expect(declared.answer(.f1, .macro).number == 0.2)
    #expect(decisions.averages(.skip, overDeclared: true).answer(.f1, .macro).number == 0.8 / 3)
    #expect(decisions.averages(.value(1), overDeclared: true).answer(.f1, .macro).number == 0.45)
  }

  @Test func aClassWithoutRowsIsNotSeen() {
    let decisions = decisions([("a", "b", 1), ("a", nil, 1), ("b", "c", 0)])
    #expect(decisions.seen.map(decisions.classes.name) == [.text("a"), .text("b")])
    #expect(decisions.abstained[0].units == 1)
  }
}
