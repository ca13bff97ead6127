// Bounds of optima over thresholds: an optimum is at least what some operating point is known to reach,
// and at most what the luckiest order inside a bucket would.

/// Between which values a choice of a threshold lies. What is nil is exact.
public struct ChoiceBounds: Sendable, Equatable {
  public var threshold: ClosedRange<Double>?
  public var value: ClosedRange<Double>?
  public var precision: ClosedRange<Double>?
  public var recall: ClosedRange<Double>?
  /// The least and the most of each count.
  public var confusion: FieldBounds?

  var isExact: Bool { self == ChoiceBounds() }
}

extension Objective {
  /// Between which numbers its values are.
  fileprivate var range: ClosedRange<Double> {
    switch self {
    case .youden, .mcc: -1...1
    case .cost: 0 ... .infinity
    default: .share
    }
  }

  /// The value at a corner of what is possible. Where a correlation is undefined there, it is near 0 next to it.
  fileprivate func limit(at corner: Decisions) -> Double? {
    if let value = value(of: corner) { return value }
    return self == .mcc && corner.positives > 0 && corner.negatives > 0 ? 0 : nil
  }
}

extension DecisionRange {
  /// The bounds of all that is told of decisions at a threshold; nil where they are known.
  func bounds(of objective: Objective, isWeighted: Bool) -> ChoiceBounds? {
    if isExact { return nil }
    func hull(
      in range: ClosedRange<Double>, _ value: (Decisions) -> Double?
    ) -> ClosedRange<Double>? {
      let values = corners.compactMap(value)
      guard let low = values.min(), let high = values.max() else { return nil }
      return Enclosure(low, high).outward(in: range)
    }
    var bounds = ChoiceBounds()
    bounds.value = hull(in: objective.range) { objective.limit(at: $0) }
    bounds.precision = hull(in: .share) { Objective.precision.value(of: $0) }
    bounds.recall = hull(in: .share) { Objective.recall.value(of: $0) }
    bounds.confusion = FieldBounds(corners.map { .value($0.value) })
    return bounds
  }
}

extension SortedScores {
  /// The bounds of `bestThreshold`; nil where that is exact. Where no operating point that is known is
  /// feasible but an order inside a bucket may make one, they are those of the optimum if there is one.
  func optimumBounds(
    _ objective: Objective, _ constraints: ThresholdConstraints
  ) -> ChoiceBounds? {
    guard let buckets = approximation else { return nil }
    return once("best bounds:\(objective):\(constraints)") {
      var sure = SureOptimum(objective, constraints, self)
      var walk = DecisionWalk(self)
      sure.consider(walk.last)
      buckets.forEach(unit: unit) { sure.consider(walk.pass($0.positives, $0.negatives)) }
      var finder = OptimumFinder(objective, constraints, self, sure.value)
      walk = DecisionWalk(self)
      finder.considerNothing(walk.last)
      buckets.forEach(unit: unit) {
        let without = walk.last
        let with = walk.pass($0.positives, $0.negatives)
        finder.visit($0, DecisionRange(without: without, with: with, middle: with))
      }
      return finder.bounds(unit: unit)
    }
  }
}

extension ThresholdConstraints {
  /// Whether decisions keep to all of them, more strictly or less by a margin for the rounding of
  /// weights. A rate that is exactly 0 or 1 is not rounded.
  fileprivate func allow(_ d: Decisions, stricterBy margin: Double) -> Bool {
    var moved = self
    moved.minPrecision = minPrecision.map { d.falsePositives == 0 ? $0 : $0 * (1 + margin) }
    moved.minRecall = minRecall.map {
      d.falseNegatives == 0 ? min($0, 1 - 0x1p-50) : $0 * (1 + margin)
    }
    moved.maxFalsePositiveRate = maxFalsePositiveRate.map {
      $0 >= 1 ? 2 : d.falsePositives == 0 ? $0 : $0 * (1 - margin)
    }
    moved.maxSelectionRate = maxSelectionRate.map { $0 >= 1 ? 2 : $0 * (1 - margin) }
    return margin == 0 ? allow(d) : moved.allow(d)
  }

  /// Whether some order inside a bucket may keep to each of them: each is asked at the corner that suits it.
  fileprivate func mayAllow(_ range: DecisionRange, _ margin: Double) -> Bool {
    let best = range.corners[1]
    func allows(_ d: Decisions, _ constraint: (inout ThresholdConstraints) -> Void) -> Bool {
      var only = ThresholdConstraints()
      constraint(&only)
      return only.allow(d, stricterBy: -margin)
    }
    return
      (allows(best) { $0.minPrecision = minPrecision }
      || allows(range.with) { $0.minPrecision = minPrecision })
      && allows(best) { $0.minRecall = minRecall }
      && allows(best) { $0.maxFalsePositiveRate = maxFalsePositiveRate }
      && allows(range.without) { $0.maxSelectionRate = maxSelectionRate }
  }
}

/// The best value of an operating point that is there for any order inside the buckets.
private struct SureOptimum {
  let objective: Objective
  let constraints: ThresholdConstraints
  let margin: Double
  var value: Double?

  init(_ objective: Objective, _ constraints: ThresholdConstraints, _ scores: SortedScores) {
    self.objective = objective
    self.constraints = constraints
    margin = scores.isWeighted ? Enclosure.slack : 0
  }

  mutating func consider(_ decisions: Decisions) {
    guard let found = objective.value(of: decisions) else { return }
    if let value, objective.lowerIsBetter ? found >= value : found <= value { return }
    if constraints.allow(decisions, stricterBy: margin) { value = found }
  }
}

/// Everything at which the optimum may be.
private struct OptimumFinder {
  let objective: Objective
  let constraints: ThresholdConstraints
  let margin: Double
  let sure: Double?
  private var thresholds = Enclosure(.infinity, -.infinity)
  private var values: Enclosure
  private var precision = Enclosure(.infinity, -.infinity)
  private var low: Decisions?
  private var high = Decisions()

  init(
    _ objective: Objective, _ constraints: ThresholdConstraints, _ scores: SortedScores,
    _ sure: Double?
  ) {
    self.objective = objective
    self.constraints = constraints
    self.sure = sure
    margin = scores.isWeighted ? Enclosure.slack : 0
    values = Enclosure(sure ?? .infinity, sure ?? -.infinity)
  }

  mutating func considerNothing(_ decisions: Decisions) {
    add(DecisionRange(decisions), Enclosure(.infinity, .infinity))
  }

  mutating func visit(_ bucket: Bucket, _ range: DecisionRange) {
    add(bucket.isMixed ? range : DecisionRange(range.with), Enclosure(bucket.low, bucket.high))
  }

  private mutating func add(_ range: DecisionRange, _ scores: Enclosure) {
    // Every objective rises with hits and falls with false alarms; costs do the opposite.
    let corners = range.corners
    guard let best = objective.limit(at: corners[1]) ?? objective.limit(at: corners[3]) else {
      return
    }
    if let sure {
      let gain = objective.lowerIsBetter ? sure - best : best - sure
      if gain < -0x1p-40 * max(abs(sure), abs(best), 1) { return }
    }
    guard constraints.mayAllow(range, margin) else { return }
    thresholds = Enclosure(min(thresholds.low, scores.low), max(thresholds.high, scores.high))
    let worst = sure ?? objective.limit(at: corners[2]) ?? best
    values = Enclosure(min(values.low, best, worst), max(values.high, best, worst))
    for corner in corners {
      guard let rate = Objective.precision.value(of: corner) else { continue }
      precision = Enclosure(min(precision.low, rate), max(precision.high, rate))
    }
    low = Decisions.least(low ?? range.without, range)
    high = Decisions.most(high, range)
  }

  /// Whether there may be no choice, or one that predicts nothing: then bounds are told of exact numbers too.
  private var mayBeNone: Bool {
    sure == nil || (thresholds.high == .infinity && thresholds.low < .infinity)
  }

  private func shown(
    _ found: Enclosure, in range: ClosedRange<Double>
  ) -> ClosedRange<Double>? {
    mayBeNone ? found.widened(in: range) : found.outward(in: range)
  }

  func bounds(unit: Double) -> ChoiceBounds? {
    guard let low else { return nil }
    let positives = low.truePositives + high.falseNegatives
    var bounds = ChoiceBounds()
    bounds.threshold = mayBeNone ? thresholds.low...thresholds.high : thresholds.ends
    bounds.value = shown(values, in: objective.range)
    if precision.low <= precision.high { bounds.precision = shown(precision, in: .share) }
    bounds.recall = shown(
      Enclosure(low.truePositives / positives, high.truePositives / positives), in: .share)
    bounds.confusion = Decisions.bounds(low, high, unit: unit)
    return bounds.isExact ? nil : bounds
  }
}

extension Decisions {
  /// The lesser of each count of `a` and of a range.
  fileprivate static func least(_ a: Decisions, _ range: DecisionRange) -> Decisions {
    Decisions(
      truePositives: min(a.truePositives, range.without.truePositives),
      falsePositives: min(a.falsePositives, range.without.falsePositives),
      trueNegatives: min(a.trueNegatives, range.with.trueNegatives),
      falseNegatives: min(a.falseNegatives, range.with.falseNegatives))
  }

  fileprivate static func most(_ a: Decisions, _ range: DecisionRange) -> Decisions {
    Decisions(
      truePositives: max(a.truePositives, range.with.truePositives),
      falsePositives: max(a.falsePositives, range.with.falsePositives),
      trueNegatives: max(a.trueNegatives, range.without.trueNegatives),
      falseNegatives: max(a.falseNegatives, range.without.falseNegatives))
  }

  /// The bounds of each count, where `unit` is what a weight of one is in them; nil when they are known.
  static func bounds(
    _ low: Decisions, _ high: Decisions, unit: Double
  ) -> FieldBounds? {
    func ends(_ low: Double, _ high: Double) -> ClosedRange<Double> {
      // Counts are not rounded; sums of weights are, each by itself.
      if unit == 1 && low == low.rounded() && high == high.rounded() && high < 0x1p53 {
        return low...high
      }
      let slack = Enclosure.slack * high
      return max(0, low - slack) / unit...(high + slack) / unit
    }
    if low == high { return nil }
    let sides = [
      ends(low.truePositives, high.truePositives), ends(low.falsePositives, high.falsePositives),
      ends(low.trueNegatives, high.trueNegatives), ends(low.falseNegatives, high.falseNegatives),
    ]
    func record(_ side: (ClosedRange<Double>) -> Double) -> Value {
      let names = ["true_positives", "false_positives", "true_negatives", "false_negatives"]
      return .record(zip(names, sides).map { Value.Field($0, .count(side($1))) })
    }
    return FieldBounds(low: record(\.lowerBound), high: record(\.upperBound))
  }
}
