/// How [0, 1] is cut into bins.
public enum BinStrategy: String, Sendable, CaseIterable {
  /// Equal widths.
  case uniform
  /// Equal mass: edges at quantiles of the scores, so that equal scores stay together.
  case quantile
}

/// One bin of a reliability diagram.
public struct CalibrationBin: Sendable, Equatable {
  /// The bin is (low, high]; the first one also holds its low.
  public var low: Double
  public var high: Double
  /// Weight of its rows.
  public var weight: Double { mass / unit }
  /// Weight of its rows, weighted sum of their probabilities, and weight of their positives, in `unit`.
  var mass = 0.0
  var scoreSum = 0.0
  var positives = 0.0
  /// What a weight of one is in here.
  var unit = 1.0

  /// The mean probability; nil for an empty bin.
  public var meanScore: Double? { mass > 0 ? scoreSum / mass : nil }
  /// The share of positives; nil for an empty bin.
  public var positiveRate: Double? { mass > 0 ? positives / mass : nil }
  /// |share of positives - mean probability|; nil for an empty bin.
  public var gap: Double? { mass > 0 ? abs(positives - scoreSum) / mass : nil }
}

/// A reliability diagram and the numbers made of it.
public struct Calibration: Sendable {
  public var bins: [CalibrationBin]
  /// The weighted sum of (p - y)^2, which the same walk gives.
  var squaredErrors = 0.0

  /// The weight of all rows, in the unit of the bins, and not summed over them: the Brier score is the same for any bins.
  var total = 0.0

  /// The Brier score: the mean of (p - y)^2; nil without rows.
  public var brier: Double? { total > 0 ? squaredErrors / total : nil }

  private var mass: Double { bins.reduce(0) { $0 + $1.mass } }

  /// Expected calibration error: the mean gap, by weight.
  public var ece: Double? {
    let total = mass
    if total <= 0 { return nil }
    var sum = CompensatedSum()
    for bin in bins { sum.add(abs(bin.positives - bin.scoreSum)) }
    return sum.value / total
  }

  /// Maximum calibration error: the largest gap.
  public var mce: Double? { bins.compactMap(\.gap).max() }

  /// The unweighted mean gap of the bins that hold rows.
  public var meanGap: Double? {
    let gaps = bins.compactMap(\.gap)
    if gaps.isEmpty { return nil }
    var sum = CompensatedSum()
    for gap in gaps { sum.add(gap) }
    return sum.value / Double(gaps.count)
  }

  /// Murphy's parts of the Brier score: reliability - resolution + uncertainty + within_bin is the score.
  public struct Decomposition: Sendable {
    public var reliability: Double
    public var resolution: Double
    public var uncertainty: Double
    /// What scores that differ inside a bin add (Stephenson et al. 2008): variance less twice the covariance.
    public var withinBin: Double
  }

  /// The decomposition of a Brier score; nil without rows.
  public func decomposition(ofBrier brier: Double) -> Decomposition? {
    let total = mass
    if total <= 0 { return nil }
    let base = bins.reduce(0) { $0 + $1.positives } / total
    var reliability = CompensatedSum()
    var resolution = CompensatedSum()
    for bin in bins {
      guard let mean = bin.meanScore, let rate = bin.positiveRate else { continue }
      reliability.add(bin.mass * (mean - rate) * (mean - rate))
      resolution.add(bin.mass * (rate - base) * (rate - base))
    }
    let parts = (reliability.value / total, resolution.value / total, base * (1 - base))
    return Decomposition(
      reliability: parts.0, resolution: parts.1, uncertainty: parts.2,
      withinBin: brier - (parts.0 - parts.1 + parts.2))
  }
}

extension SortedScores {
  /// The reliability diagram by probability; nil for scores that are not probabilities.
  func calibration(bins count: Int, _ strategy: BinStrategy, _ kind: ScoreKind) -> Calibration? {
    guard kind != .score else { return nil }
    return once(
      "calibration:\(count):\(strategy):\(kind)",
      bytes: { $0.bins.count * MemoryLayout<CalibrationBin>.stride }
    ) {
      let edges = strategy == .uniform ? Self.uniformEdges(count) : quantileEdges(count, kind)
      if kind == .probability { return exactCalibration(edges) }
      var visitor = BinVisitor(kind: kind, edges: edges, unit: unit)
      walk(&visitor)
      return visitor.finish(total: total)
    }
  }

  /// The edges as `numpy.linspace(0, 1, count + 1)` has them, to the bit.
  static func uniformEdges(_ count: Int) -> [Double] {
    let step = 1 / Double(count)
    return (0..<count).map { Double($0) * step } + [1]
  }

  /// The edges of bins of equal mass: for unit weights as `numpy.percentile` interpolates, which is
  /// what scikit-learn's `calibration_curve(strategy="quantile")` takes; with weights the lowest
  /// score whose cumulative weight reaches the share.
  private func quantileEdges(_ count: Int, _ kind: ScoreKind) -> [Double] {
    guard total > 0 else { return Self.uniformEdges(count) }
    var visitor = QuantileVisitor(
      kind: kind, total: total, isWeighted: isWeighted,
      // As scikit-learn makes them: linspace, times 100, and numpy.percentile divides again.
      shares: Self.uniformEdges(count).map { $0 * 100 / 100 })
    walk(&visitor)
    var edges = visitor.finish()
    if approximation != nil, let extremes {
      // The ends are known, though what stands for their buckets is further in.
      edges[0] = kind.probabilities(extremes.lowest).positive
      edges[edges.count - 1] = kind.probabilities(extremes.highest).positive
    }
    return edges
  }
}

private struct BinVisitor: ScoreVisitor {
  let kind: ScoreKind
  let edges: [Double]
  private var bins: [CalibrationBin]
  private var current: Int
  private var mass = CompensatedSum()
  private var scores = CompensatedSum()
  private var positives = CompensatedSum()
  private var squaredErrors = CompensatedSum()

  init(kind: ScoreKind, edges: [Double], unit: Double) {
    self.kind = kind
    self.edges = edges
    bins = zip(edges, edges.dropFirst()).map { CalibrationBin(low: $0, high: $1, unit: unit) }
    current = bins.count - 1
  }

  @inline(__always)
  mutating func visit(_ score: Double, _ positives: Double, _ negatives: Double) {
    let (p, q) = kind.probabilities(score)
    squaredErrors.add(positives * q * q + negatives * p * p)
    if p <= edges[current] && current > 0 {
      close()
      // Right-closed: the bin below takes a score that is on the edge.
      while current > 0 && p <= edges[current] { current -= 1 }
    }
    let rows = positives + negatives
    mass.add(rows)
    scores.add(rows * p)
    self.positives.add(positives)
  }

  private mutating func close() {
    bins[current].mass = mass.value
    bins[current].scoreSum = scores.value
    bins[current].positives = positives.value
    mass = CompensatedSum()
    scores = CompensatedSum()
    positives = CompensatedSum()
  }

  mutating func finish(total: Double) -> Calibration {
    close()
    return Calibration(bins: bins, squaredErrors: squaredErrors.value, total: total)
  }
}

/// Finds order statistics while it walks down.
private struct QuantileVisitor: ScoreVisitor {
  let kind: ScoreKind
  let total: Double
  let isWeighted: Bool
  let shares: [Double]
  private var above = CompensatedSum()
  private var place: Int
  private var edges: [Double]
  private var upper: Double?

  init(kind: ScoreKind, total: Double, isWeighted: Bool, shares: [Double]) {
    self.kind = kind
    self.total = total
    self.isWeighted = isWeighted
    self.shares = shares
    place = shares.count - 1
    edges = Array(repeating: 0, count: shares.count)
  }

  mutating func visit(_ score: Double, _ positives: Double, _ negatives: Double) {
    let p = kind.probabilities(score).positive
    above.add(positives + negatives)
    // Ranks from the bottom, the lowest row being 0: this score holds those from `first` on.
    let first = total - above.value
    while place >= 0 {
      if isWeighted {
        guard above.value > total - shares[place] * total || place == 0 else { break }
        edges[place] = p
        // The lowest edge is the lowest score, so every further one replaces it.
        if place == 0 { break }
      } else {
        let rank = shares[place] * (total - 1)
        let low = rank.rounded(.down)
        guard low >= first else { break }
        let last = first + positives + negatives - 1
        let next = low + 1 <= last ? p : (upper ?? p)
        edges[place] = interpolate(p, next, rank - low)
      }
      place -= 1
    }
    upper = p
  }

  func finish() -> [Double] {
    var ascending = edges
    // Interpolation can round an edge below the one before it.
    for index in ascending.indices.dropFirst() {
      ascending[index] = max(ascending[index], ascending[index - 1])
    }
    return ascending
  }
}

/// Between two order statistics as numpy interpolates, so that quantiles agree to the bit.
func interpolate(_ a: Double, _ b: Double, _ share: Double) -> Double {
  if share == 0 { return a }
  // The distance between numbers near the ends of the doubles fits no double.
  if !(b - a).isFinite { return a * (1 - share) + b * share }
  return share >= 0.5 ? b - (b - a) * (1 - share) : a + (b - a) * share
}
