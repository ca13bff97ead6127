import Testing

@testable import EvalMetrics

/// Sums over the points of the curves, against a walk over every distinct score.
@Suite struct KernelsRankTests {
  private static let shapes: [KeyShape] = [.probabilities, .logits, .tied, .grouped, .allEqual]

  @Test(arguments: shapes) func `sums by key have the bits of a walk over scores`(
    shape: KeyShape
  ) {
    var random = SeededGenerator(seed: 41)
    for (m, n) in [
      (0, 0), (0, 9), (9, 0), (1, 1), (3, 2), (7, 50), (2_047, 5_000), (2_048, 40), (2_049, 1),
      (6_000, 14_000), (30, 30_000), (9_000, 9_000),
    ] {
      let ones = shape.narrow(m, &random).sorted()
      let zeros = shape.narrow(n, &random).sorted()
      Self.check(.singles(positives: ones, negatives: zeros), "\(m) and \(n)")
      // Every score of one class has the other beside it, and positives lie above or below all others.
      Self.check(.singles(positives: ones, negatives: ones), "\(m) and the same")
      let above = ones.map { Kernels.key(Kernels.float($0) + 100) }
      Self.check(.singles(positives: above, negatives: zeros), "\(m) above \(n)")
      Self.check(.singles(positives: zeros, negatives: above), "\(n) below \(m)")
      let wide = shape.keys(m, &random).sorted()
      let wideZeros = (shape.keys(n, &random) + wide.suffix(n / 2)).sorted()
      Self.check(.doubles(positives: wide, negatives: wideZeros), "\(m) and \(n) wide")
    }
  }

  @Test func `scores in long runs are not cut apart`() {
    let run = { (score: Float, count: Int) in Array(repeating: Kernels.key(score), count: count) }
    let ones = run(0.1, 5_000) + run(0.2, 1) + run(0.3, 2_048) + run(0.4, 2_047) + run(0.5, 7_000)
    let zeros = run(0.1, 9_000) + run(0.3, 3) + run(0.35, 4) + run(0.5, 100_000) + run(0.6, 20_000)
    Self.check(.singles(positives: ones, negatives: zeros), "runs")
    Self.check(.singles(positives: zeros, negatives: ones), "runs the other way round")
    // The highest key of all, and scores that only one class has.
    let highest = ones + run(.infinity, 3)
    Self.check(.singles(positives: highest, negatives: zeros + run(.infinity, 9)), "infinities")
  }

  private static func check(_ storage: SortedScores.Storage, _ what: Comment) {
    let found = SortedScores(storage).rankSummary
    let expected = SortedScores(.groups(ScoreGroups(storage))).rankSummary
    #expect(found.areas.rocArea == expected.areas.rocArea, what)
    #expect(found.areas.averagePrecision == expected.areas.averagePrecision, what)
    #expect(found.precisionRecallArea == expected.precisionRecallArea, what)
    #expect(found.ksStatistic == expected.ksStatistic, what)
    #expect(found.areas.bestF1?.value == expected.areas.bestF1?.value, what)
    #expect(found.areas.bestF1?.threshold == expected.areas.bestF1?.threshold, what)
  }
}
