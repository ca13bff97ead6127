/// The four counts of a binary decision, as weights.
public struct Decisions: Sendable, Equatable {
  public var truePositives = 0.0
  public var falsePositives = 0.0
  public var trueNegatives = 0.0
  public var falseNegatives = 0.0
  /// Rows without a prediction, by label: wrong, and nobody's false positive.
  public var abstainedPositives = 0.0
  public var abstainedNegatives = 0.0

  /// Weight of the rows whose label is positive.
  public var positives: Double { truePositives + falseNegatives + abstainedPositives }
  /// Weight of the rows whose label is negative.
  public var negatives: Double { trueNegatives + falsePositives + abstainedNegatives }
  public var predictedPositives: Double { truePositives + falsePositives }
  public var predictedNegatives: Double { trueNegatives + falseNegatives }
  public var abstained: Double { abstainedPositives + abstainedNegatives }
  public var total: Double { positives + negatives }
}

extension SortedScores {
  /// The decisions when a row is positive at a score of at least `threshold`.
  func decisions(at threshold: Double) -> Decisions {
    var tp = 0.0
    var fp = 0.0
    switch storage {
    case .singles(let ones, let zeros):
      tp = Double(ones.count - Self.below(threshold, in: ones) { Double(Kernels.float($0)) })
      fp = Double(zeros.count - Self.below(threshold, in: zeros) { Double(Kernels.float($0)) })
    case .doubles(let ones, let zeros):
      tp = Double(ones.count - Self.below(threshold, in: ones) { Kernels.double($0) })
      fp = Double(zeros.count - Self.below(threshold, in: zeros) { Kernels.double($0) })
    case .groups:
      var sums = TailVisitor(threshold: threshold)
      walk(&sums)
      tp = sums.positives.value
      fp = sums.negatives.value
    }
    return Decisions(
      truePositives: tp, falsePositives: fp, trueNegatives: negatives - fp,
      falseNegatives: positives - tp)
  }

  /// How many of the ascending keys stand for a score below the threshold.
  private static func below<Key: ScoreKey>(
    _ threshold: Double, in keys: [Key], _ score: (Key) -> Double
  ) -> Int {
    var low = 0
    var high = keys.count
    while low < high {
      let middle = (low + high) / 2
      if score(keys[middle]) < threshold { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

private struct TailVisitor: ScoreVisitor {
  let threshold: Double
  var positives = CompensatedSum()
  var negatives = CompensatedSum()

  mutating func visit(_ score: Double, _ positives: Double, _ negatives: Double) {
    guard score >= threshold else { return }
    self.positives.add(positives)
    self.negatives.add(negatives)
  }
}
