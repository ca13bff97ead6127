import EvalTestSupport
import Testing

@testable import EvalMetrics

/// Bounds whose ends are only rounding away from the true value.
@Suite struct RoundedBoundsTests {
  /// Half of an odd denormal is rounded, so that halves and the half of a sum differ.
  @Test func holdMediansOfDenormals() throws {
    for low in 1...6 {
      for high in low + 1...low + 6 {
        let scores = [low, low, low, high].map { Double($0) * .leastNonzeroMagnitude }
        for signed in [scores, scores.map { -$0 }] {
          var exact = ScalarState(.init(model: nil))
          var bounded = Budgeted<ScalarState>(.init(base: .init(model: nil), bytes: 8))
          for score in signed {
            let batch = ScalarBatch(values: .double([score]), weights: nil)
            exact.update(batch)
            bounded.update(batch)
          }
          exact.prepare()
          bounded.prepare()
          let truth = try #require(exact.ordered?.median)
          let bounds = try #require(bounded.base.ordered?.medianBounds)
          #expect(bounds.contains(truth), "\(signed): \(truth) is not in \(bounds)")
        }
      }
    }
  }

  /// Whatever last bit the exponential of a score in the bucket has.
  @Test func holdProbabilitiesOfLogits() {
    var g = LawGenerator(1)
    for _ in 0..<2000 {
      let low = g.normal() * 20
      let bucket = Bucket(low: low, high: low.nextUp, positives: 1, negatives: 1)
      let ends = ScoreKind.logit.ends(bucket)
      for score in [bucket.low, bucket.high] {
        let tail = Elementary.exp(-abs(score))
        for t in [tail.nextDown, tail, tail.nextUp] {
          let (more, less) = (1 / (1 + t), t / (1 + t))
          let (p, q) = score >= 0 ? (more, less) : (less, more)
          #expect(ends.low.positive <= p && p <= ends.high.positive)
          #expect(ends.high.negative <= q && q <= ends.low.negative)
        }
      }
    }
  }

  /// Whatever last bit the log-odds have: a steep map makes much of it.
  @Test(arguments: [
    CalibrationMap.platt(slope: 1e13, intercept: 3), .platt(slope: -4e14, intercept: 0),
    .temperature(1e-14),
  ])
  func holdSteepMaps(_ map: CalibrationMap) {
    var g = LawGenerator(2)
    for _ in 0..<2000 {
      // Where the log-odds are near zero, a steep map is not yet at an end.
      let low = 0.5 + (g.unit() - 0.5) * 1e-13
      let bucket = Bucket(low: low, high: low.nextUp, positives: 1, negatives: 1)
      let ends = map.ends(bucket, .probability)
      for score in [bucket.low, bucket.high] {
        let odds = ScoreKind.probability.logOdds(score)
        for error in [-0x1p-54, 0, 0x1p-54] {
          let (p, q) = map.function(of: .logit)(odds + error)
          #expect(ends.low.positive <= p && p <= ends.high.positive)
          #expect(ends.high.negative <= q && q <= ends.low.negative)
        }
      }
    }
  }
}
