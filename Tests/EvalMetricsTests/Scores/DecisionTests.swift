import EvalTestSupport
import Testing

@testable import EvalMetrics

@Suite struct DecisionTests {
  /// The weight below a threshold is not what is left of the total, where a small weight is lost.
  @Test func aSmallWeightIsNotLostBesideALargeOne() throws {
    var bench = try Bench.binary([0.9, 0.1, 0.8, 0.2], [0, 0, 1, 1], weights: [1e17, 2, 1e17, 3])
    let found = try #require(try bench.inspect { $0.evaluate(at: 0.5).decisions })
    #expect(found.trueNegatives == 2)
    #expect(found.falseNegatives == 3)
    #expect(try bench.ask("specificity") == bench.ask("specificity", threshold: 0.5))
  }

  /// Asking at the stream's own threshold is asking for the stream's own decisions.
  @Test(arguments: [false, true]) func theOwnThresholdIsTheDefault(_ isWeighted: Bool) throws {
    let rows = rows(200, seed: 3, weight: { isWeighted ? Double($0.integer(0..<5)) : 1 }) {
      ($0.unit() * 20).rounded() / 20
    }
    var bench = try Bench("binary", ["threshold": .number(0.55)])
    for type in [FloatType.float32, .float64, .float16] {
      try _ = bench.engine.push(batch(rows, type))
    }
    for metric in try Tasks.metrics(of: "binary") {
      #expect(
        try bench.ask(metric.name) == bench.ask(metric.name, threshold: 0.55), "\(metric.name)")
    }
  }

  /// float32 0.7 is below 0.7, float32 0.1 is above 0.1: scores and thresholds compare as float64.
  @Test func thresholdsCompareAsFloat64() throws {
    let labels = Column.integers([1, 1])
    var single = try Bench("binary")
    try single.push(["scores": FloatType.float32.column([0.7, 0.1]), "labels": labels])
    #expect(try single.ask("recall", threshold: 0.7).number == 0)
    #expect(try single.ask("recall", threshold: 0.1).number == 1)
    #expect(try single.ask("recall", threshold: Double(Float(0.7))).number == 0.5)
    var own = try Bench("binary", ["threshold": .number(0.7)])
    try own.push(["scores": FloatType.float32.column([0.7, 0.1]), "labels": labels])
    #expect(try own.ask("recall").number == 0)
  }

  @Test func thresholdsBeyondTheTypeOfTheScores() throws {
    for (threshold, rate) in [(1e300, 0.0), (-1e300, 1), (.infinity, 0), (-.infinity, 1)] {
      var bench = try Bench("binary", ["score_kind": .text("score")])
      try bench.push([
        "scores": FloatType.float32.column([3e38, -3e38]), "labels": .integers([1, 0]),
      ])
      #expect(try bench.ask("selection_rate", threshold: threshold).number == rate)
      if threshold.isFinite {
        var own = try Bench(
          "binary", ["score_kind": .text("score"), "threshold": .number(threshold)])
        try own.push([
          "scores": FloatType.float32.column([3e38, -3e38]), "labels": .integers([1, 0]),
        ])
        #expect(try own.ask("selection_rate").number == rate)
      }
    }
  }

  /// sqrt(2) sqrt(2) is not 2.
  @Test func aPerfectDecisionCorrelatesExactly() throws {
    for (positives, negatives) in [(2, 1), (3, 5), (7, 10), (123, 11)] {
      let labels = Array(repeating: 1, count: positives) + Array(repeating: 0, count: negatives)
      var bench = try Bench.binary(labels.map(Double.init), labels)
      #expect(try bench.ask("mcc").number == 1)
      #expect(try bench.ask("cohen_kappa").number == 1)
      var inverse = try Bench.binary(labels.map { 1 - Double($0) }, labels)
      #expect(try inverse.ask("mcc").number == -1)
    }
  }

  /// The rounding of weights must not pass for variation.
  @Test func kappaWithoutVariationIsUndefinedForAnyWeights() throws {
    for count in 1..<40 {
      let weights = (0..<count).map { 0.1 + Double($0) * 0.37 }
      for label in 0...1 {
        var bench = try Bench.binary(
          weights.map { _ in Double(label) }, weights.map { _ in label }, weights: weights)
        #expect(try bench.ask("cohen_kappa").reason == .noVariation)
        #expect(try bench.ask("mcc").reason == .noVariation)
      }
    }
  }

  /// Every metric but the counts is the same when all weights are multiplied by a power of two.
  @Test(arguments: [-1000, -600, -250, 250, 600, 1000]) func theScaleOfWeightsDoesNotShow(
    _ exponent: Int
  ) throws {
    let factor = Double(sign: .plus, exponent: exponent, significand: 1)
    let plain = rows(60, seed: 5, weight: { 0.5 + Double($0.integer(0..<4)) / 4 }) {
      ($0.unit() * 10).rounded() / 10
    }
    let scaled = plain.map {
      BinaryRow(score: $0.score, label: $0.label, weight: $0.weight * factor)
    }
    var (a, b) = (try Bench("binary"), try Bench("binary"))
    try _ = a.engine.push(
      batch(
        plain.map { BinaryRow(score: $0.score, label: $0.label, weight: $0.weight * 0.75) },
        .float64))
    try _ = b.engine.push(
      batch(
        scaled.map { BinaryRow(score: $0.score, label: $0.label, weight: $0.weight * 0.75) },
        .float64))
    for metric in try Tasks.metrics(of: "binary") where metric.name != "confusion_matrix" {
      for threshold in [nil, 0.3] as [Double?] {
        let (x, y) = try (
          a.ask(metric.name, threshold: threshold), b.ask(metric.name, threshold: threshold)
        )
        #expect(x == y, "\(metric.name) at \(String(describing: threshold))")
      }
    }
    let (bins, wanted) = try (b.bins(5, .uniform), a.bins(5, .uniform))
    #expect(bins.map(\.weight) == wanted.map { $0.weight * factor })
  }
}
