/// Between which values metrics of rank lie, whatever the order of the scores in each bucket.
struct RankBounds: Sendable {
  var rocArea: ClosedRange<Double>?
  var averagePrecision: ClosedRange<Double>?
  var precisionRecallArea: ClosedRange<Double>?
  var ksStatistic: ClosedRange<Double>?
  var bestF1: ClosedRange<Double>?
  /// The scores among which the best threshold is.
  var bestF1Threshold: ClosedRange<Double>?
}

extension SortedScores {
  /// The bounds of `ranks`; none where that is exact.
  var rankBounds: RankBounds {
    guard let buckets = approximation else { return RankBounds() }
    return once("rank bounds") {
      var walk = RankBoundsWalk(positives: positives, negatives: negatives, isWeighted: isWeighted)
      buckets.forEach(unit: unit) { walk.visit($0) }
      var bounds = walk.bounds
      guard positives > 0 else { return bounds }
      var finder = BestF1Finder(positives: positives, best: walk.bestF1.low)
      buckets.forEach(unit: unit) { finder.visit($0) }
      bounds.bestF1Threshold = finder.range.ends
      return bounds
    }
  }
}

/// Weights above a place, as they add up on the way down.
struct WeightsAbove {
  private(set) var truePositives = CompensatedSum()
  private(set) var falsePositives = CompensatedSum()

  /// Adds a bucket and gives the weights before and after it.
  @inline(__always)
  mutating func pass(_ bucket: Bucket) -> (
    tp: (before: Double, after: Double), fp: (before: Double, after: Double)
  ) {
    let (tp, fp) = (truePositives.value, falsePositives.value)
    truePositives.add(bucket.positives)
    falsePositives.add(bucket.negatives)
    return ((tp, truePositives.value), (fp, falsePositives.value))
  }
}

private struct RankBoundsWalk {
  let positives: Double
  let negatives: Double
  let isWeighted: Bool
  private var above = WeightsAbove()
  private var lastPrecision = 1.0
  private var pairs = SumOfEnclosures()
  private var steps = SumOfEnclosures()
  private var trapezoids = SumOfEnclosures()
  private var gap = Enclosure(0, 0)
  var bestF1 = Enclosure(0, 0)

  init(positives: Double, negatives: Double, isWeighted: Bool) {
    self.positives = positives
    self.negatives = negatives
    self.isWeighted = isWeighted
  }

  mutating func visit(_ bucket: Bucket) {
    let (tp, fp) = above.pass(bucket)
    let (p, n) = (bucket.positives, bucket.negatives)
    let precision = tp.after / (tp.after + fp.after)
    let distance = abs(tp.after * negatives - fp.after * positives)
    let f1 = 2 * tp.after / (positives + tp.after + fp.after)
    gap.low = max(gap.low, distance)
    bestF1.low = max(bestF1.low, f1)
    if bucket.isMixed {
      // A pair in the bucket counts nothing to one.
      pairs.add(n * tp.before, n * (tp.before + p))
      steps.add(leastSteps(p, tp.before, fp.after), p * Self.precision(tp.after, fp.before))
      trapezoids.add(
        p * (Self.precision(tp.before, fp.after) + precision) / 2,
        Self.area(p, tp.before, fp.before))
      // The positives, or the negatives, may all come first.
      gap.high = max(
        gap.high, abs(tp.after * negatives - fp.before * positives),
        abs(tp.before * negatives - fp.after * positives))
      bestF1.high = max(bestF1.high, 2 * tp.after / (positives + tp.after + fp.before))
    } else {
      pairs.add(n * (tp.before + p / 2))
      steps.add(p * precision)
      trapezoids.add(p * (precision + lastPrecision) / 2)
    }
    lastPrecision = precision
  }

  private static func precision(_ tp: Double, _ fp: Double) -> Double {
    fp == 0 ? 1 : tp / (tp + fp)
  }

  /// The area under the precision of `p` more positives that come one by one, none at a time: the
  /// integral of (tp + x) / (tp + x + fp).
  private static func area(_ p: Double, _ tp: Double, _ fp: Double) -> Double {
    fp == 0 ? p : max(0, p - fp * Elementary.log1p(p / (tp + fp)))
  }

  /// The least sum of precisions at `p` positives: all negatives come first, then one positive at a time.
  private func leastSteps(_ p: Double, _ tp: Double, _ fp: Double) -> Double {
    if isWeighted || p > 16 || fp == 0 { return Self.area(p, tp, fp) }
    return (0..<Int(p)).reduce(0) {
      let hits = tp + Double($1 + 1)
      return $0 + hits / (hits + fp)
    }
  }

  var bounds: RankBounds {
    var bounds = RankBounds()
    if positives > 0 {
      bounds.averagePrecision = steps.over(positives).outward(in: .share)
      bounds.precisionRecallArea = trapezoids.over(positives).outward(in: .share)
      bounds.bestF1 = Enclosure(bestF1.low, max(bestF1.low, bestF1.high)).outward(in: .share)
    }
    if positives > 0 && negatives > 0 {
      let product = positives * negatives
      bounds.rocArea = pairs.over(product).outward(in: .share)
      bounds.ksStatistic =
        Enclosure(gap.low / product, max(gap.low, gap.high) / product).outward(in: .share)
    }
    return bounds
  }
}

extension SortedScores {
  /// The bounds of the partial ROC area; nil where that is exact.
  func partialROCBounds(upTo limit: Double) -> ClosedRange<Double>? {
    guard let buckets = approximation, positives > 0, negatives > 0 else { return nil }
    return once("partial_roc bounds:\(limit)") {
      var above = WeightsAbove()
      var area = SumOfEnclosures()
      buckets.forEach(unit: unit) { bucket in
        let (tp, fp) = above.pass(bucket)
        let start = fp.before / negatives
        let width = min(fp.after / negatives, limit) - start
        if start >= limit || width <= 0 { return }
        let (low, high) = (tp.before / positives, tp.after / positives)
        if bucket.isMixed {
          area.add(width * low, width * high)
        } else {
          // The curve is a straight line between two scores.
          let end = low + (high - low) * width / (fp.after / negatives - start)
          area.add(width * (low + end) / 2)
        }
      }
      let chance = limit * limit / 2
      return area.value.map { (1 + ($0 - chance) / (limit - chance)) / 2 }.outward(in: .share)
    }
  }
}

/// A sum of which some terms are only known to lie between two numbers.
struct SumOfEnclosures {
  private var low = CompensatedSum()
  private var high = CompensatedSum()

  @inline(__always)
  mutating func add(_ x: Double) {
    low.add(x)
    high.add(x)
  }

  @inline(__always)
  mutating func add(_ least: Double, _ most: Double) {
    low.add(least)
    high.add(most)
  }

  var value: Enclosure { Enclosure(low.value, high.value) }

  func over(_ divisor: Double) -> Enclosure { Enclosure(low.value / divisor, high.value / divisor) }
}

/// Finds the scores at which F1 may be as high as anywhere.
private struct BestF1Finder {
  let positives: Double
  let best: Double
  private var above = WeightsAbove()
  private(set) var range = Enclosure(.infinity, -.infinity)

  init(positives: Double, best: Double) {
    self.positives = positives
    self.best = best
  }

  mutating func visit(_ bucket: Bucket) {
    let (tp, fp) = above.pass(bucket)
    let alarms = bucket.isMixed ? fp.before : fp.after
    let most = 2 * tp.after / (positives + tp.after + alarms)
    if most >= best * (1 - Enclosure.slack) {
      range = Enclosure(min(range.low, bucket.low), max(range.high, bucket.high))
    }
  }
}
