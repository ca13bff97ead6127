import EvalTestSupport
import Testing

@testable import EvalMetrics

@Suite struct CalibrationTests {
  /// The bin of a probability by definition: right-closed, the first one holds 0 too.
  private func bin(of p: Double, _ edges: [Double]) -> Int {
    for index in 1..<edges.count - 1 where p <= edges[index] { return index - 1 }
    return edges.count - 2
  }

  @Test(arguments: [1, 2, 3, 5, 7, 10, 15, 20, 100]) func scoresOnAnEdgeGoIntoTheBinBelow(
    _ count: Int
  ) throws {
    // linspace, not k / count: 3 / 10 is below 0.30000000000000004, and so is the score 0.3.
    let edges = (0..<count).map { Double($0) * (1 / Double(count)) } + [1]
    let scores =
      (0...100).map { Double($0) / 100 } + edges + edges.map(\.nextDown).filter { $0 >= 0 }
      + edges.map(\.nextUp).filter { $0 <= 1 }
    var generator = LawGenerator(3)
    let labels = scores.map { _ in generator.chance(0.5) ? 1 : 0 }
    var bench = try Bench.binary(scores, labels)
    let bins = try bench.bins(count, .uniform)
    #expect(bins.map(\.low) == Array(edges.dropLast()))
    #expect(bins.map(\.high) == Array(edges.dropFirst()))
    for (index, found) in bins.enumerated() {
      let rows = scores.indices.filter { bin(of: scores[$0], edges) == index }
      #expect(found.weight == Double(rows.count))
      if rows.isEmpty {
        #expect(found.meanScore == nil && found.positiveRate == nil && found.gap == nil)
      } else {
        let rate = Double(rows.count { labels[$0] == 1 }) / Double(rows.count)
        #expect(found.positiveRate == rate)
        let mean = rows.map { scores[$0] }.reduce(0, +) / Double(rows.count)
        #expect(abs((found.meanScore ?? -1) - mean) < 1e-14)
      }
    }
  }

  @Test func twoDigitScoresInTenBins() throws {
    var bench = try Bench.binary([0, 0.1, 0.3, 0.6, 0.7, 1], [0, 1, 0, 1, 0, 1])
    let bins = try bench.bins(10, .uniform)
    #expect(bins.map(\.weight) == [2, 0, 1, 0, 0, 1, 1, 0, 0, 1])
  }

  @Test func equalScoresStayInOneQuantileBin() throws {
    var generator = LawGenerator(11)
    for count in [1, 2, 4, 15] {
      let scores = (0..<200).map { _ in Double(generator.integer(0..<8)) / 8 }
      let labels = scores.map { generator.chance($0) ? 1 : 0 }
      var bench = try Bench.binary(scores, labels)
      let bins = try bench.bins(count, .quantile)
      #expect(bins.count == count)
      #expect(bins.map(\.weight).reduce(0, +) == 200)
      #expect(bins.first?.low == scores.min() && bins.last?.high == scores.max())
      for (left, right) in zip(bins, bins.dropFirst()) { #expect(left.high == right.low) }
      for score in Set(scores) {
        let edges = bins.map(\.low) + [bins[count - 1].high]
        let place = bin(of: score, edges)
        #expect(bins[place].weight >= Double(scores.count { $0 == score }))
      }
    }
  }

  @Test(arguments: BinStrategy.allCases) func thePartsOfTheBrierScoreAddUp(
    _ strategy: BinStrategy
  ) throws {
    let some = rows(300, seed: 21, weight: { Double($0.integer(0..<4)) / 2 }) { $0.unit() }
    var bench = try Bench("binary")
    try _ = bench.engine.push(batch(some, .float64))
    for count in [1, 5, 15] {
      let report = try #require(
        try bench.inspect { rows throws(InputError) in try rows.calibration(bins: count, strategy) }
      )
      let brier = try #require(report.brier)
      let parts = try #require(report.calibration.decomposition(ofBrier: brier))
      let sum = parts.reliability - parts.resolution + parts.uncertainty + parts.withinBin
      #expect(abs(sum - brier) < 1e-15)
      #expect(try bench.ask("brier").number == brier)
      // Within-bin parts by their definition: variance less twice the covariance.
      var within = 0.0
      let total = some.reduce(0) { $0 + $1.weight }
      let edges = report.calibration.bins.map(\.low) + [report.calibration.bins[count - 1].high]
      for (index, found) in report.calibration.bins.enumerated() {
        guard let mean = found.meanScore, let rate = found.positiveRate else { continue }
        for row in some where bin(of: row.score, edges) == index {
          let (p, y) = (row.score - mean, (row.label ? 1 : 0) - rate)
          within += row.weight * (p * p - 2 * p * y) / total
        }
      }
      #expect(abs(within - parts.withinBin) < 1e-14)
    }
  }

  @Test func withoutRowsThereIsNothing() throws {
    var bench = try Bench("binary")
    let report = try #require(
      try bench.inspect { rows throws(InputError) in try rows.calibration(bins: 3, .quantile) })
    #expect(report.calibration.ece == nil && report.calibration.mce == nil && report.brier == nil)
    #expect(report.calibration.bins.count == 3)
    #expect(report.calibration.decomposition(ofBrier: 0) == nil)
  }

  @Test func rawScoresHaveNoCalibration() throws {
    var bench = try Bench("binary", ["score_kind": .text("score")])
    try bench.push(["scores": .doubles([0.5]), "labels": .integers([1])])
    let error = inputError { _ = try bench.bins(5, .uniform) }
    #expect(error?.kind == .notApplicable)
    for name in ["ece", "mce", "ace", "brier", "log_loss"] {
      #expect(try bench.ask(name).reason == .needsProbabilities)
    }
  }

  /// A logit knows more of a probability near 1 than the probability does.
  @Test func logitsKeepTheirSmallSide() throws {
    var bench = try Bench("binary", ["score_kind": .text("logit")])
    try bench.push(["scores": .doubles([30, -30]), "labels": .integers([0, 1])])
    let found = try #require(try bench.ask("log_loss").number)
    #expect(abs(found - 30) < 1e-11)
    var far = try Bench("binary", ["score_kind": .text("logit")])
    try far.push(["scores": .doubles([1e300, -1e300]), "labels": .integers([0, 1])])
    #expect(try far.ask("log_loss").number == 36.04365338911715)
    #expect(try far.ask("brier").number == 1)
  }
}
