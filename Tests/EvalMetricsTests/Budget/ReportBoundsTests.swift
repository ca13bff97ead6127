import EvalTestSupport
import Testing

@testable import EvalMetrics

/// Exact reports lie within the bounds that a budget gives, whatever the stream.
@Suite struct ReportBoundsTests {
  private static let streams = 1200

  @Test func holdOptimaUnderConstraints() throws {
    var approximate = 0
    for seed in 0..<Self.streams {
      let stream = AdversarialStream(seed: UInt64(seed))
      let (exact, bounded) = try Self.rows(stream)
      var generator = LawGenerator(UInt64(seed))
      for objective in Self.objectives {
        let constraints = Self.constraints(&generator, exact, stream)
        let truth = exact.optimize(objective, constraints)
        let found = bounded.optimize(objective, constraints)
        if found.bounds != nil { approximate += 1 }
        if found.bounds == nil, Self.hangsOnRounding(exact, objective, constraints) { continue }
        for fault in Self.faults(truth, found, exact, objective) {
          Issue.record("\(stream.name): \(objective), \(constraints): \(fault)")
        }
      }
    }
    #expect(approximate > 3000)
  }

  /// The best is where the limit is just reached, and rounding alone says whether it is kept to.
  @Test func holdOptimaThatJustReachALimit() throws {
    var approximate = 0
    for seed in 0..<Self.streams {
      let stream = AdversarialStream(seed: UInt64(seed))
      let (exact, bounded) = try Self.rows(stream)
      for threshold in try bounded.curve(.threshold, points: 8).columns[0].values.compactMap(\.self)
      {
        let there = exact.scores.decisions(at: threshold)
        guard there.negatives > 0 else { continue }
        var constraints = ThresholdConstraints()
        constraints.maxFalsePositiveRate = there.falsePositives / there.negatives
        let truth = exact.optimize(.recall, constraints)
        let found = bounded.optimize(.recall, constraints)
        if found.bounds != nil { approximate += 1 }
        if found.bounds == nil, Self.hangsOnRounding(exact, .recall, constraints) { continue }
        for fault in Self.faults(truth, found, exact, .recall) {
          Issue.record("\(stream.name): at \(threshold): \(fault)")
        }
      }
    }
    #expect(approximate > 1000)
  }

  @Test func holdDecisionsAtAnyThreshold() throws {
    for seed in 0..<Self.streams {
      let stream = AdversarialStream(seed: UInt64(seed))
      let (exact, bounded) = try Self.rows(stream)
      for threshold in stream.thresholds + [bounded.threshold, -.infinity, .infinity] {
        let truth = exact.evaluate(at: threshold)
        let found = bounded.evaluate(at: threshold)
        if threshold == bounded.threshold || threshold.isInfinite { #expect(found.bounds == nil) }
        let faults =
          Self.outside("f1", truth.value, found.value, found.bounds?.value)
          + Self.outside(truth.decisions, found.decisions, found.bounds)
        for fault in faults { Issue.record("\(stream.name) at \(threshold): \(fault)") }
      }
    }
  }

  @Test func holdCalibrationAndItsBins() throws {
    for seed in 0..<Self.streams {
      let stream = AdversarialStream(seed: UInt64(seed))
      if stream.kind == .score { continue }
      let (exact, bounded) = try Self.rows(stream)
      for (bins, strategy) in [
        (15, BinStrategy.uniform), (4, .quantile), (1, .uniform), (30, .quantile),
      ] {
        let truth = try exact.calibration(bins: bins, strategy)
        let found = try bounded.calibration(bins: bins, strategy)
        for fault in Self.faults(truth, found) {
          Issue.record("\(stream.name): \(bins) \(strategy): \(fault)")
        }
      }
    }
  }

  /// The map that was fitted to the groups, on the very rows.
  @Test func holdLossesOfFittedMaps() throws {
    var approximate = 0
    // Newton's method takes its time without optimization.
    for seed in 0..<Self.streams / 4 {
      let stream = AdversarialStream(seed: UInt64(seed))
      let (exact, bounded) = try Self.rows(stream)
      for method in CalibrationMethod.allCases {
        if stream.kind == .score && method == .temperature { continue }
        let fit = try bounded.fit(method)
        guard let map = fit.map, let after = fit.after else { continue }
        if fit.afterBounds != nil { approximate += 1 }
        let truth = exact.scores.losses(map.function(of: stream.kind))
        for fault in Self.faults(truth, after, fit.afterBounds) {
          Issue.record("\(stream.name): \(method), \(map): after: \(fault)")
        }
        guard let before = try exact.fit(method).before, let found = fit.before else { continue }
        for fault in Self.faults(before, found, fit.beforeBounds) {
          Issue.record("\(stream.name): before: \(fault)")
        }
      }
    }
    #expect(approximate > 120)
  }

  private static func faults(
    _ truth: CalibrationLosses, _ found: CalibrationLosses, _ bounds: CalibrationLossBounds?
  ) -> [String] {
    outside("log_loss", truth.logLoss, found.logLoss, bounds?.logLoss)
      + outside("brier", truth.brier, found.brier, bounds?.brier)
      + outside("ece", truth.ece, found.ece, bounds?.ece)
  }

  @Test func holdAreasOfCurvesWithRealPoints() throws {
    for seed in 0..<Self.streams {
      let stream = AdversarialStream(seed: UInt64(seed))
      let (exact, bounded) = try Self.rows(stream)
      for curve in [Curve.roc, .precisionRecall, .gain] {
        let truth = try exact.curve(curve, points: 50)
        let found = try bounded.curve(curve, points: 50)
        for fault in Self.outside("area", truth.area, found.area, found.areaBounds) {
          Issue.record("\(stream.name): \(curve): \(fault)")
        }
      }
      let curve = try bounded.curve(.threshold, points: 50).columns
      for (threshold, f1) in zip(curve[0].values, curve[3].values) {
        guard let threshold else { continue }
        let truth = exact.evaluate(at: threshold).value
        for fault in Self.outside("f1", truth, f1, nil) {
          Issue.record("\(stream.name): the point at \(threshold): \(fault)")
        }
      }
    }
  }
}

// MARK: - What is compared

extension ReportBoundsTests {
  fileprivate static let objectives: [Objective] = [
    .fBeta(1), .fBeta(0.5), .fBeta(0), .precision, .recall, .youden, .mcc, .balancedAccuracy,
    .accuracy, .cost(falsePositive: 1, falseNegative: 5),
  ]

  /// Usual limits, or such as a threshold of the stream just reaches.
  fileprivate static func constraints(
    _ g: inout LawGenerator, _ exact: ScoredRows, _ stream: AdversarialStream
  ) -> ThresholdConstraints {
    var constraints = ThresholdConstraints()
    if g.chance(0.2) { constraints.minPrecision = [0, 0.5, 0.9, 1][g.integer(0..<4)] }
    if g.chance(0.2) { constraints.minRecall = [0, 0.3, 0.9, 1][g.integer(0..<4)] }
    if g.chance(0.2) { constraints.maxFalsePositiveRate = [0, 0.1, 1][g.integer(0..<3)] }
    if g.chance(0.2) { constraints.maxSelectionRate = [0.05, 0.5, 1][g.integer(0..<3)] }
    let there = exact.scores.decisions(at: stream.rows[g.integer(0..<stream.rows.count)].score)
    if g.chance(0.2) { constraints.minPrecision = Objective.precision.value(of: there) }
    if g.chance(0.2) { constraints.minRecall = Objective.recall.value(of: there) }
    if g.chance(0.2), there.negatives > 0 {
      constraints.maxFalsePositiveRate = there.falsePositives / there.negatives
    }
    if g.chance(0.2) { constraints.maxSelectionRate = there.predictedPositives / there.total }
    return constraints
  }

  /// Whether limits that differ by the rounding of sums of weights have another optimum.
  fileprivate static func hangsOnRounding(
    _ rows: ScoredRows, _ objective: Objective, _ constraints: ThresholdConstraints
  ) -> Bool {
    guard rows.scores.isWeighted else { return false }
    let found = [-0x1p-46, 0x1p-46].map { slack in
      var moved = constraints
      moved.minPrecision = constraints.minPrecision.map { $0 * (1 - slack) }
      moved.minRecall = constraints.minRecall.map { $0 * (1 - slack) }
      moved.maxFalsePositiveRate = constraints.maxFalsePositiveRate.map { $0 * (1 + slack) }
      moved.maxSelectionRate = constraints.maxSelectionRate.map { $0 * (1 + slack) }
      return rows.optimize(objective, moved).best?.threshold
    }
    return found[0] != found[1]
  }

  fileprivate static func rows(_ stream: AdversarialStream) throws -> (ScoredRows, ScoredRows) {
    let pair = try Pair(stream)
    return (try pair.exact.calibrationRows(), try pair.bounded.calibrationRows())
  }

  /// What is wrong with a number beside the exact one.
  fileprivate static func outside(
    _ name: String, _ truth: Double?, _ found: Double?, _ bounds: ClosedRange<Double>?
  ) -> [String] {
    guard let x = truth, let y = found else {
      if let x = truth, let bounds {
        return bounds.contains(x) ? [] : ["\(name): \(x) is not in \(bounds)"]
      }
      return (truth == nil) == (found == nil)
        ? [] : ["\(name) is \(String(describing: found)) instead of \(String(describing: truth))"]
    }
    if let bounds {
      return bounds.contains(x) && bounds.contains(y)
        ? [] : ["\(name): \(x) is not in \(bounds), given \(y)"]
    }
    return x == y || abs(x - y) <= 1e-13 * max(1, abs(x)) ? [] : ["\(name) is \(y) instead of \(x)"]
  }

  fileprivate static func outside(
    _ truth: Decisions, _ found: Decisions, _ bounds: ChoiceBounds?
  ) -> [String] {
    func count(_ side: Value?, _ name: String) -> Double? {
      guard case .record(let fields) = side else { return nil }
      return fields.first { $0.key == name }?.value.exactDouble
    }
    let counts: [(String, KeyPath<Decisions, Double>)] = [
      ("true_positives", \.truePositives), ("false_positives", \.falsePositives),
      ("true_negatives", \.trueNegatives), ("false_negatives", \.falseNegatives),
    ]
    var faults =
      outside(
        "precision", Objective.precision.value(of: truth), Objective.precision.value(of: found),
        bounds?.precision)
      + outside(
        "recall", Objective.recall.value(of: truth), Objective.recall.value(of: found),
        bounds?.recall)
    for (name, path) in counts {
      let (low, high) = (
        count(bounds?.confusion?.low, name), count(bounds?.confusion?.high, name)
      )
      let range = low.flatMap { low in high.map { low...$0 } }
      faults += outside(name, truth[keyPath: path], found[keyPath: path], range)
    }
    return faults
  }

  fileprivate static func faults(
    _ truth: ThresholdReport, _ found: ThresholdReport, _ exact: ScoredRows, _ objective: Objective
  ) -> [String] {
    guard let best = truth.best else {
      if found.best != nil { return ["\(found) though nothing is feasible"] }
      return truth.reason == found.reason ? [] : ["\(found) instead of \(truth)"]
    }
    guard let choice = found.best else {
      // Only the order inside a bucket makes it feasible, so the bounds must tell of it.
      guard let value = best.value, let range = found.bounds?.value,
        let thresholds = found.bounds?.threshold
      else { return ["\(found) instead of \(truth)"] }
      return range.contains(value) && thresholds.contains(best.threshold)
        ? [] : ["\(best) is not in \(range), \(thresholds)"]
    }
    let there = exact.scores.decisions(at: choice.threshold)
    // Where predicting nothing may be best, there may be no precision.
    var truth = truth
    if found.bounds?.threshold?.upperBound == .infinity, best.decisions.predictedPositives == 0 {
      truth.best = choice
    }
    return outside("threshold", best.threshold, choice.threshold, found.bounds?.threshold)
      + outside("value", best.value, choice.value, found.bounds?.value)
      + outside(truth.best?.decisions ?? best.decisions, choice.decisions, found.bounds)
      + outside("value there", objective.value(of: there), choice.value, nil)
      + outside("default", truth.atDefault.value, found.atDefault.value, nil)
      + outside("all positive", truth.allPositive, found.allPositive, nil)
  }

  fileprivate static func faults(_ truth: CalibrationReport, _ found: CalibrationReport) -> [String]
  {
    let bounds = found.bounds
    var faults =
      outside("ece", truth.calibration.ece, found.calibration.ece, bounds?.ece)
      + outside("mce", truth.calibration.mce, found.calibration.mce, bounds?.mce)
      + outside("ace", truth.ace, found.ace, found.aceBounds)
      + outside("brier", truth.brier, found.brier, bounds?.brier)
    if let x = truth.brier.flatMap({ truth.calibration.decomposition(ofBrier: $0) }),
      let y = found.brier.flatMap({ found.calibration.decomposition(ofBrier: $0) })
    {
      faults += outside("reliability", x.reliability, y.reliability, bounds?.reliability)
      faults += outside("resolution", x.resolution, y.resolution, bounds?.resolution)
      faults += outside("uncertainty", x.uncertainty, y.uncertainty, nil)
      faults += outside("within_bin", x.withinBin, y.withinBin, bounds?.withinBin)
    }
    for (place, (x, y)) in zip(truth.calibration.bins, found.calibration.bins).enumerated() {
      let range = bounds?.bins[place]
      faults += outside("low \(place)", x.low, y.low, range?.low)
      faults += outside("high \(place)", x.high, y.high, range?.high)
      faults += outside("count \(place)", x.weight, y.weight, range?.weight)
      // A bin that may be empty has these numbers only if it is not.
      if x.meanScore == nil || y.meanScore == nil, range?.weight?.lowerBound == 0 { continue }
      faults += outside("mean score \(place)", x.meanScore, y.meanScore, range?.meanScore)
      faults += outside("rate \(place)", x.positiveRate, y.positiveRate, range?.positiveRate)
    }
    return faults
  }
}
