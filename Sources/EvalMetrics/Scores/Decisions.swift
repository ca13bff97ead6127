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
      let points = cumulative
      let place = Self.firstBelow(threshold, in: points.thresholds) - 1
      if place >= 0 {
        tp = points.truePositives[place]
        fp = points.falsePositives[place]
      }
    }
    return Decisions(
      truePositives: tp, falsePositives: fp, trueNegatives: negatives - fp,
      falseNegatives: positives - tp)
  }

  /// Every operating point, kept, for scores that have no counts to subtract.
  private var cumulative: OperatingPoints { once("cumulative") { operatingPoints(limit: nil) } }

  /// The first of the descending thresholds that is below one.
  private static func firstBelow(_ threshold: Double, in thresholds: [Double]) -> Int {
    var low = 0
    var high = thresholds.count
    while low < high {
      let middle = (low + high) / 2
      if thresholds[middle] >= threshold { low = middle + 1 } else { high = middle }
    }
    return low
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
