import EvalMetrics
import Testing

/// Weights and labels as large and as small as doubles are.
@Suite struct AgreementExtremesTests {
  private static let rows: [[Double?]] = [
    [1, 1, 1, nil, nil], [1, 2, 1, 2, nil], [3, 2, 2, 2, 2], [1, 3, nil, nil, nil],
    [2, 2, 3, 3, 1],
  ]

  private static func bench(
    _ level: String, labels factor: Double = 1, weight: Double? = nil
  ) throws -> Bench {
    var bench = try Bench("agreement", ["level": .text(level)])
    let values = rows.map { row in
      Value.list(row.map { $0.map { Value.number($0 * factor) } ?? .null })
    }
    try bench.push(["annotations": .values(values)], weight.map { w in rows.map { _ in w } })
    return bench
  }

  @Test(arguments: [0x1p-1074, 1e-300, 0x1p-1022, 0.25, 1, 8, 1e300, 0x1p1023])
  func oneWeightForAllChangesNothing(_ weight: Double) throws {
    var plain = try Self.bench("nominal")
    var weighted = try Self.bench("nominal", weight: weight)
    let expected = try #require(try plain.ask("percent_agreement").number)
    let found = try #require(try weighted.ask("percent_agreement").number)
    #expect(abs(found - expected) <= 1e-15)
    #expect(try weighted.ask("fleiss_kappa") == plain.ask("fleiss_kappa"))
  }

  @Test(arguments: [0x1p-1060, 0x1p-1000, 0x1p-500, 0x1p-200, 4, 0x1p500, 0x1p1000])
  func theUnitOfLabelsChangesNothing(_ factor: Double) throws {
    var plain = try Self.bench("interval")
    var scaled = try Self.bench("interval", labels: factor)
    let expected = try #require(try plain.ask("krippendorff_alpha").number)
    let found = try #require(try scaled.ask("krippendorff_alpha").number)
    #expect(abs(found - expected) <= 1e-15 && expected < 0.9)
  }

  @Test func smallAndLargeWeightsStandSideBySide() throws {
    var bench = try Bench("agreement")
    try bench.push(
      [
        "annotations": .values([
          .list([.text("a"), .text("a"), .null]), .list([.text("a"), .text("b"), .text("b")]),
        ])
      ], [0x1p-1070, 1e300])
    #expect(try bench.ask("percent_agreement").number == 1.0 / 3)
  }
}
