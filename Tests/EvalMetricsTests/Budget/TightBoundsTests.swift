import EvalTestSupport
import Testing

@testable import EvalMetrics

/// Rows that lie just where a bound must let them, for bounds that random streams seldom reach.
@Suite struct TightBoundsTests {
  /// Rows of less than one: precision is lower at the first part of a row than at a whole one.
  @Test func holdAveragePrecisionOfLightRows() throws {
    var stream = AdversarialStream(seed: 0)
    stream.kind = .probability
    stream.budget = 8
    for parts in 2...8 {
      stream.rows = [BinaryRow(score: 0.9, label: false, weight: 1)]
      stream.rows += (1...parts).map {
        BinaryRow(score: 0.9 - 0.01 * Double($0), label: true, weight: 1 / Double(parts))
      }
      let pair = try Pair(stream)
      let truth = try #require(pair.exact.scores?.ranks.averagePrecision)
      let bounds = try #require(pair.bounded.scores?.rankBounds.averagePrecision)
      #expect(bounds.contains(truth), "\(parts) parts: \(truth) is not in \(bounds)")
    }
  }

  /// Two bins that an edge cuts both hold rows, two others do not: the least mean gap takes any number of them.
  @Test func holdMeanGapsOfBinsThatMayBeEmpty() throws {
    let edges = (0...20).map { Enclosure(Double($0) / 20, Double($0) / 20) }
    var walk = BinBoundsWalk(edges: edges, isWeighted: false)
    func visit(_ low: Double, _ high: Double, _ positives: Double, _ negatives: Double) {
      let bucket = Bucket(low: low, high: high, positives: positives, negatives: negatives)
      walk.visit(bucket, ScoreKind.probability.ends(bucket))
    }
    visit(0.52, 0.52, 82, 18)
    visit(0.24, 0.26, 0, 2)
    visit(0.04, 0.06, 0, 2)
    let bounds = try #require(walk.bounds(82, 22, brier: nil, unit: 1).meanGap)
    // The rows at 0.24 and 0.245 share a bin, those at 0.045 and 0.055 do not.
    let gaps = [0.82 - 0.52, (0.24 + 0.245) / 2, 0.045, 0.055]
    let truth = gaps.reduce(0, +) / 4
    #expect(bounds.contains(truth), "\(truth) is not in \(bounds)")
  }

  @Test func holdQuantilesAtEveryRank() throws {
    for seed in 0..<400 {
      let stream = AdversarialStream(seed: UInt64(seed))
      let isWeighted = stream.rows.contains { $0.weight != 1 }
      let batch = ScalarBatch(
        values: .double(stream.rows.map(\.score)),
        weights: isWeighted ? stream.rows.map(\.weight) : nil)
      var exact = ScalarState(.init(model: nil))
      var bounded = Budgeted<ScalarState>(
        .init(base: .init(model: nil), bytes: min(stream.budget, 2 * batch.count)))
      exact.update(batch)
      bounded.update(batch)
      exact.prepare()
      bounded.prepare()
      guard let rows = exact.ordered, let groups = bounded.base.ordered else { continue }
      for place in 0..<min(batch.count, 40) {
        let share = Double(place) / Double(min(batch.count, 40) - 1)
        let (truth, found) = (rows.quantile(share), groups.quantile(share))
        guard let truth, let found else { continue }
        let bounds = groups.quantileBounds(share) ?? found...found
        #expect(
          bounds.contains(truth) && bounds.contains(found),
          "\(stream.name): \(share): \(truth) is not in \(bounds), given \(found)")
      }
    }
  }

  /// Whether rows fit is asked of the scores, not of the columns that they came in.
  @Test func countsScoresInTheirSmallestForm() {
    var g = LawGenerator(3)
    let scores = (0..<100).map { _ in Float(g.unit()) }
    let labels = scores.map { UInt8($0 > 0.5 ? 1 : 0) }
    var found: Set<ScorePrecision> = []
    for column in [ScoreColumn.single(scores), .double(scores.map(Double.init))] {
      let configuration = BinaryState.Configuration(
        kind: .probability, threshold: 0.5, zeroDivision: .report)
      var state = Budgeted<BinaryState>(.init(base: configuration, bytes: 600))
      state.update(BinaryBatch(output: .scores(column), labels: labels, weights: nil))
      state.prepare()
      found.insert(state.budget.precision)
    }
    #expect(found == [.rows])
  }
}
