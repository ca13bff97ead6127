/// Between which values the numbers of a reliability diagram lie. What is nil is exact.
public struct CalibrationBounds: Sendable {
  /// Of one bin. The last two hold if the bin has rows at all.
  public struct Bin: Sendable {
    public var low: ClosedRange<Double>?
    public var high: ClosedRange<Double>?
    public var weight: ClosedRange<Double>?
    public var meanScore: ClosedRange<Double>?
    public var positiveRate: ClosedRange<Double>?

    public var isExact: Bool {
      low == nil && high == nil && weight == nil && meanScore == nil && positiveRate == nil
    }
  }

  public var ece: ClosedRange<Double>?
  public var mce: ClosedRange<Double>?
  /// The mean gap over the bins that hold rows.
  var meanGap: ClosedRange<Double>?
  public var brier: ClosedRange<Double>?
  public var reliability: ClosedRange<Double>?
  public var resolution: ClosedRange<Double>?
  public var withinBin: ClosedRange<Double>?
  public var bins: [Bin] = []
}

extension SortedScores {
  /// The bounds of `calibration`; nil where that is exact.
  func calibrationBounds(
    bins count: Int, _ strategy: BinStrategy, _ kind: ScoreKind
  ) -> CalibrationBounds? {
    guard let buckets = approximation, total > 0, kind != .score else { return nil }
    return once(
      "calibration bounds:\(count):\(strategy):\(kind)",
      bytes: { ($0?.bins.count ?? 0) * MemoryLayout<CalibrationBounds.Bin>.stride }
    ) {
      let shares = Self.uniformEdges(count)
      let edges =
        strategy == .uniform
        ? shares.map { Enclosure($0, $0) } : quantileEdgeBounds(shares, kind)
      var walk = BinBoundsWalk(edges: edges, isWeighted: isWeighted)
      buckets.forEach(unit: unit) { walk.visit($0, kind.ends($0)) }
      return walk.bounds(positives, negatives, brier: brierBounds(kind), unit: unit)
    }
  }

  /// Between which probabilities the edges of bins of equal mass lie.
  private func quantileEdgeBounds(_ shares: [Double], _ kind: ScoreKind) -> [Enclosure] {
    var edges: [Enclosure] = []
    for share in shares {
      let edge = quantileRange(share * 100 / 100) { range in
        let bucket = Bucket(low: range.low, high: range.high, positives: 1, negatives: 1)
        let ends = kind.ends(bucket)
        return (ends.low.positive, ends.high.positive)
      }
      // An edge is never below the one before it.
      edges.append(
        Enclosure(max(edge.low, edges.last?.low ?? 0), max(edge.high, edges.last?.high ?? 0)))
    }
    return edges
  }
}

/// Gathers what each bin of a reliability diagram may hold.
struct BinBoundsWalk {
  let edges: [Enclosure]
  let isWeighted: Bool
  private var bins: [BinBounds]
  /// |y - p| of the rows that an edge may cut, each taken at its largest.
  private var cutPull = CompensatedSum()

  init(edges: [Enclosure], isWeighted: Bool) {
    self.isWeighted = isWeighted
    self.edges = edges
    bins = zip(edges, edges.dropFirst()).map { BinBounds(low: $0, high: $1) }
  }

  /// Adds a bucket whose probabilities lie between these ends.
  mutating func visit(_ bucket: Bucket, _ ends: ProbabilityEnds) {
    let (low, high) = (ends.low.positive, ends.high.positive)
    // Right-closed: the lowest bin that the lowest score may be in, the highest that the highest may be in.
    let last = bins.count - 1
    let first = min(last, bins.indices.firstPlace { low <= edges[$0 + 1].high })
    let end = max(first, bins.indices.firstPlace { high <= edges[$0].low } - 1)
    if first == end {
      bins[first].add(bucket, low: low, high: high)
      return
    }
    cutPull.add(bucket.positives * (1 - low) + bucket.negatives * high)
    for bin in first...end {
      bins[bin].addPossible(
        bucket, low: low, high: high, isFirst: bin == 0, isLast: bin == last)
    }
  }

  func bounds(
    _ positives: Double, _ negatives: Double, brier: Enclosure?, unit: Double
  ) -> CalibrationBounds {
    let total = positives + negatives
    var bounds = CalibrationBounds()
    bounds.ece = ece(total).outward(in: .share)
    bounds.mce = mce?.outward(in: .share)
    bounds.meanGap = meanGap?.outward(in: .share)
    bounds.brier = brier?.outward(in: .share)
    let base = positives / total
    var reliability = SumOfEnclosures()
    var resolution = SumOfEnclosures()
    for bin in bins {
      guard let pull = bin.meanPull, let rate = bin.positiveRate else { continue }
      let first = pull.squared(times: bin.mass)
      let second = rate.map { $0 - base }.squared(times: bin.mass)
      reliability.add(first.low, first.high)
      resolution.add(second.low, second.high)
    }
    let (a, b) = (reliability.over(total), resolution.over(total))
    bounds.reliability = a.outward(in: .share)
    bounds.resolution = b.outward(in: .share)
    if let brier {
      let rest = base * (1 - base)
      bounds.withinBin =
        Enclosure(brier.low - a.high + b.low - rest, brier.high - a.low + b.high - rest)
        .outward(in: -1...1)
    }
    bounds.bins = bins.map { bin in
      CalibrationBounds.Bin(
        low: bin.low.outward(in: .share), high: bin.high.outward(in: .share),
        weight: weight(of: bin, unit),
        meanScore: bin.meanScore?.outward(in: .share),
        positiveRate: bin.positiveRate?.outward(in: .share))
    }
    return bounds
  }

  /// Counts are not rounded; sums of weights are.
  private func weight(of bin: BinBounds, _ unit: Double) -> ClosedRange<Double>? {
    isWeighted
      ? bin.mass.map { $0 / unit }.outward(in: 0 ... .infinity) : bin.mass.ends
  }

  /// The rows that are surely in their bins settle most of it. Those that an edge may cut add or take at
  /// most their own |y - p|, whatever bins they are in.
  func ece(_ total: Double) -> Enclosure {
    var sure = SumOfEnclosures()
    var all = SumOfEnclosures()
    for bin in bins {
      let (part, whole) = (bin.surePull.magnitude, bin.pull.magnitude)
      sure.add(part.low, part.high)
      all.add(whole.low, whole.high)
    }
    let cut = cutPull.value
    return Enclosure(
      max(0, sure.value.low - cut, all.value.low) / total,
      min(sure.value.high + cut, all.value.high) / total)
  }

  private var mce: Enclosure? {
    let most = bins.compactMap { $0.gap?.high }.max()
    let least = bins.filter(\.isSurelyFilled).compactMap { $0.gap?.low }.max()
    return most.map { Enclosure(least ?? 0, $0) }
  }

  private var meanGap: Enclosure? {
    let filled = bins.filter(\.isSurelyFilled).compactMap(\.gap)
    let possible = bins.filter { !$0.isSurelyFilled }.compactMap(\.gap)
    if filled.isEmpty && possible.isEmpty { return nil }
    func mean(_ gaps: [Double], and others: [Double], takes: (Double, Double) -> Bool) -> Double {
      var (sum, count) = (gaps.reduce(0, +), Double(gaps.count))
      for gap in others where count == 0 || takes(gap, sum / count) {
        sum += gap
        count += 1
      }
      return sum / count
    }
    return Enclosure(
      mean(filled.map(\.low), and: possible.map(\.low).sorted(by: <), takes: <),
      mean(filled.map(\.high), and: possible.map(\.high).sorted(by: >), takes: >))
  }
}
