/// The decisions at every distinct score, the highest first, in the unit of the scores: what curves are drawn from.
public struct OperatingPoints: Sendable {
  public var thresholds: [Double] = []
  public var truePositives: [Double] = []
  public var falsePositives: [Double] = []

  public var count: Int { thresholds.count }

  fileprivate mutating func removeLast() {
    thresholds.removeLast()
    truePositives.removeLast()
    falsePositives.removeLast()
  }
}

extension SortedScores {
  /// Every operating point, or at most `limit` of them spread evenly over the curve, the last included
  /// and, where there is room for two, the first.
  ///
  /// Each one is real: points are left out, never interpolated.
  func operatingPoints(limit: Int?) -> OperatingPoints {
    var visitor = PointVisitor(positives: positives, negatives: negatives, limit: limit)
    walk(&visitor)
    return visitor.finish()
  }
}

private struct PointVisitor: ScoreVisitor {
  static var wantsLowest: Bool { true }
  var points = OperatingPoints()
  private var tp = CompensatedSum()
  private var fp = CompensatedSum()
  private let positives: Double
  private let negatives: Double
  /// How far along the curve (share of positives plus share of negatives) the next point is to lie.
  private let step: Double
  private var next: Double
  private let limit: Int
  private var pending: (threshold: Double, tp: Double, fp: Double)?

  init(positives: Double, negatives: Double, limit: Int?) {
    self.positives = max(positives, .leastNormalMagnitude)
    self.negatives = max(negatives, .leastNormalMagnitude)
    self.limit = limit ?? .max
    step = limit.map { 2 / Double(max(1, $0 - 1)) } ?? 0
    next = limit == 1 ? .infinity : 0
  }

  mutating func visit(_ score: Double, _ positives: Double, _ negatives: Double) {
    tp.add(positives)
    fp.add(negatives)
    let way = tp.value / self.positives + fp.value / self.negatives
    if way >= next {
      append((score, tp.value, fp.value))
      pending = nil
      // Past a long stretch of equal scores the grid goes on from here.
      while step > 0 && next <= way { next += step }
    } else {
      pending = (score, tp.value, fp.value)
    }
  }

  private mutating func append(_ point: (threshold: Double, tp: Double, fp: Double)) {
    points.thresholds.append(point.threshold)
    points.truePositives.append(point.tp)
    points.falsePositives.append(point.fp)
  }

  mutating func finish() -> OperatingPoints {
    guard let pending else { return points }
    // The last point has its place also where rounding has given it away.
    if points.count >= limit { points.removeLast() }
    append(pending)
    return points
  }
}
