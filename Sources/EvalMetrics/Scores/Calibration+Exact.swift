/// The sums of one bin of probabilities, exact, so that they are the same however the scores are kept.
private struct ExactBin: Sendable {
  var mass = 0.0
  var positives = 0.0
  /// Of all probabilities, of those of positives, and of all squares.
  var scores = ExactSum()
  var positiveScores = ExactSum()
  var squares = ExactSum()

  mutating func merge(_ other: ExactBin) {
    mass += other.mass
    positives += other.positives
    scores.merge(other.scores)
    positiveScores.merge(other.positiveScores)
    squares.merge(other.squares)
  }
}

extension SortedScores {
  /// The reliability diagram of probabilities.
  ///
  /// The squared errors come from (p - y)^2 = y - 2yp + p^2, which is exact in sums; 1 - p would round.
  func exactCalibration(_ edges: [Double]) -> Calibration {
    let sums = exactBins(edges)
    var squaredErrors = ExactSum()
    var twice = ExactSum()
    for bin in sums {
      squaredErrors.add(bin.positives)
      squaredErrors.merge(bin.squares)
      twice.merge(bin.positiveScores)
      twice.merge(bin.positiveScores)
    }
    let bins = zip(zip(edges, edges.dropFirst()), sums).map { edges, sums in
      var bin = CalibrationBin(low: edges.0, high: edges.1, unit: unit)
      bin.mass = sums.mass
      bin.positives = sums.positives
      bin.scoreSum = sums.scores.value
      return bin
    }
    return Calibration(
      bins: bins, squaredErrors: (squaredErrors - twice).value, total: total)
  }

  private func exactBins(_ edges: [Double]) -> [ExactBin] {
    if let layers, mergedLayers == nil {
      // Those of the base stay while rows come.
      var sums = layers.base.rememberedBins(edges)
      for (place, bin) in layers.recent.exactBins(edges).enumerated() { sums[place].merge(bin) }
      return sums
    }
    switch storage {
    case .singles(let ones, let zeros):
      return Self.bins(edges, ones, zeros, { Double(Kernels.float($0)) }, Kernels.exactSums)
    case .doubles(let ones, let zeros):
      return Self.bins(edges, ones, zeros, { Kernels.double($0) }, Self.exactSums)
    case .groups, .buckets: return binsByScore(edges)
    }
  }

  private func rememberedBins(_ edges: [Double]) -> [ExactBin] {
    once("bins:\(edges)", bytes: { $0.count * 512 }) { exactBins(edges) }
  }

  private func binsByScore(_ edges: [Double]) -> [ExactBin] {
    var visitor = ExactBinVisitor(edges: edges)
    walk(&visitor)
    return visitor.bins
  }

  /// Rows of unit weight: where the bins begin is found by search, so each row is only added up.
  private static func bins<Key: ScoreKey>(
    _ edges: [Double], _ ones: [Key], _ zeros: [Key], _ score: (Key) -> Double,
    _ sums: ([Key], Range<Int>) -> (sum: ExactSum, squares: ExactSum)
  ) -> [ExactBin] {
    var starts = (0, 0)
    return edges.indices.dropLast().map { place in
      let isLast = place == edges.count - 2
      // Right-closed: a score that is on the edge belongs to the bin below it.
      let ends =
        isLast
        ? (ones.count, zeros.count)
        : (
          countUpTo(edges[place + 1], ones, score, from: starts.0),
          countUpTo(edges[place + 1], zeros, score, from: starts.1)
        )
      let positives = sums(ones, starts.0..<ends.0)
      let negatives = sums(zeros, starts.1..<ends.1)
      var bin = ExactBin()
      bin.positives = Double(ends.0 - starts.0)
      bin.mass = bin.positives + Double(ends.1 - starts.1)
      bin.scores = positives.sum + negatives.sum
      bin.positiveScores = positives.sum
      bin.squares = positives.squares + negatives.squares
      starts = ends
      return bin
    }
  }

  /// How many ascending keys stand for a score of at most `edge`; those before `start` do.
  private static func countUpTo<Key: ScoreKey>(
    _ edge: Double, _ keys: [Key], _ score: (Key) -> Double, from start: Int
  ) -> Int {
    var low = start
    var high = keys.count
    while low < high {
      let middle = (low + high) / 2
      if score(keys[middle]) <= edge { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private static func exactSums(
    _ keys: [UInt64], in range: Range<Int>
  ) -> (sum: ExactSum, squares: ExactSum) {
    var sums = (sum: ExactSum(), squares: ExactSum())
    let block = 4096
    for start in stride(from: range.lowerBound, to: range.upperBound, by: block) {
      let values = keys[start..<min(start + block, range.upperBound)].map(Kernels.double)
      sums.sum.add(contentsOf: values)
      sums.squares.add(products: values, values)
    }
    return sums
  }
}

/// The sums of weighted rows, or of counts by score.
private struct ExactBinVisitor: ScoreVisitor {
  private let edges: [Double]
  private var sums: [ExactBin]
  private var masses: [(all: CompensatedSum, positives: CompensatedSum)]
  private var place: Int

  init(edges: [Double]) {
    self.edges = edges
    sums = Array(repeating: ExactBin(), count: edges.count - 1)
    masses = Array(repeating: (CompensatedSum(), CompensatedSum()), count: sums.count)
    place = sums.count - 1
  }

  mutating func visit(_ score: Double, _ positives: Double, _ negatives: Double) {
    while place > 0 && score <= edges[place] { place -= 1 }
    masses[place].all.add(positives + negatives)
    masses[place].positives.add(positives)
    sums[place].scores.add(product: positives + negatives, score)
    sums[place].positiveScores.add(product: positives, score)
    sums[place].squares.add(product: positives + negatives, score, score)
  }

  var bins: [ExactBin] {
    zip(sums, masses).map { sums, masses in
      var bin = sums
      bin.mass = masses.all.value
      bin.positives = masses.positives.value
      return bin
    }
  }
}
