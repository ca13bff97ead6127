// Bounds of the losses of a fitted map, which is applied to both ends of every bucket.

/// Between which values losses lie; what is nil is exact.
public struct CalibrationLossBounds: Sendable, Equatable {
  public var logLoss: ClosedRange<Double>?
  public var brier: ClosedRange<Double>?
  public var ece: ClosedRange<Double>?

  public var isExact: Bool { self == CalibrationLossBounds() }
}

extension SortedScores {
  /// The bounds of the losses of probabilities of which those of a bucket lie between its ends; nil where they are exact.
  func lossBounds(_ ends: (Bucket) -> ProbabilityEnds) -> CalibrationLossBounds? {
    guard let buckets = approximation, total > 0 else { return nil }
    var walk = BinBoundsWalk(
      edges: Self.uniformEdges(15).map { Enclosure($0, $0) }, isWeighted: isWeighted)
    buckets.forEach(unit: unit) { walk.visit($0, ends($0)) }
    return CalibrationLossBounds(
      logLoss: logLoss(buckets, ends).outward(in: 0...36.1),
      brier: brier(buckets, ends).outward(in: .share), ece: walk.ece(total).outward(in: .share))
  }
}

extension CalibrationMap {
  /// The probabilities at the ends of a bucket: a map never turns, though it may fall.
  func ends(_ bucket: Bucket, _ kind: ScoreKind) -> ProbabilityEnds {
    if !bucket.isMixed {
      let p = function(of: kind)(bucket.low)
      return (p, p)
    }
    switch self {
    case .temperature(let temperature): return Self.logistic(bucket, kind, 1 / temperature, 0)
    case .platt(let slope, let intercept): return Self.logistic(bucket, kind, slope, intercept)
    case .isotonic:
      // It rises also where it is rounded, since each of its operations does.
      let probability = function(of: kind)
      return (probability(bucket.low), probability(bucket.high))
    }
  }

  private static func logistic(
    _ bucket: Bucket, _ kind: ScoreKind, _ slope: Double, _ intercept: Double
  ) -> ProbabilityEnds {
    func exponent(_ score: Double) -> Enclosure {
      let z = kind.logOdds(score)
      let t = slope * z + intercept
      // Logarithms and the products of them are rounded, and a steep slope makes much of it.
      let slack = 0x1p-49 * (abs(slope) * (abs(z) + 1) + abs(intercept))
      return Enclosure(t - slack, t + slack)
    }
    let (a, b) = (exponent(bucket.low), exponent(bucket.high))
    return ScoreKind.widened(
      ScoreKind.logit.probabilities(min(a.low, b.low)),
      ScoreKind.logit.probabilities(max(a.high, b.high)))
  }
}
