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

  /// The same shares with a total near one where it is so large or small that a product of two
  /// counts would not fit a double. The factor is a power of two, so nothing is rounded.
  var scaled: Decisions {
    guard total > 0, total.isFinite, abs(total.exponent) > 200 else { return self }
    // Below 2^-1000 the factor itself would not fit.
    let factor = Double(sign: .plus, exponent: min(-total.exponent, 1000), significand: 1)
    return Decisions(
      truePositives: truePositives * factor, falsePositives: falsePositives * factor,
      trueNegatives: trueNegatives * factor, falseNegatives: falseNegatives * factor,
      abstainedPositives: abstainedPositives * factor,
      abstainedNegatives: abstainedNegatives * factor)
  }
}

extension SortedScores {
  /// The decisions when a row is positive at a score of at least `threshold`.
  func decisions(at threshold: Double) -> Decisions {
    if let layers {
      return layers.base.decisions(at: threshold) + layers.recent.decisions(at: threshold)
    }
    switch storage {
    case .singles(let ones, let zeros):
      let fn = Self.below(threshold, in: ones) { Double(Kernels.float($0)) }
      let tn = Self.below(threshold, in: zeros) { Double(Kernels.float($0)) }
      return Self.decisions(fn, of: ones.count, tn, of: zeros.count)
    case .doubles(let ones, let zeros):
      let fn = Self.below(threshold, in: ones) { Kernels.double($0) }
      let tn = Self.below(threshold, in: zeros) { Kernels.double($0) }
      return Self.decisions(fn, of: ones.count, tn, of: zeros.count)
    case .groups(let groups):
      let sides = once("sides", bytes: { $0.positivesBelow.count * 32 }) {
        WeightsBySide(groups)
      }
      let place = groups.scores.firstPlace { $0 >= threshold }
      return Decisions(
        truePositives: sides.positivesFrom[place] / unit,
        falsePositives: sides.negativesFrom[place] / unit,
        trueNegatives: sides.negativesBelow[place] / unit,
        falseNegatives: sides.positivesBelow[place] / unit)
    case .buckets: return decisionRange(at: threshold).middle
    }
  }

  private static func decisions(
    _ falseNegatives: Int, of positives: Int, _ trueNegatives: Int, of negatives: Int
  ) -> Decisions {
    Decisions(
      truePositives: Double(positives - falseNegatives),
      falsePositives: Double(negatives - trueNegatives),
      trueNegatives: Double(trueNegatives), falseNegatives: Double(falseNegatives))
  }

  /// How many of the ascending keys stand for a score below the threshold.
  private static func below<Key: ScoreKey>(
    _ threshold: Double, in keys: [Key], _ score: (Key) -> Double
  ) -> Int {
    keys.firstPlace { score($0) >= threshold }
  }
}

extension Decisions {
  /// Those of two sets of rows together.
  fileprivate static func + (a: Decisions, b: Decisions) -> Decisions {
    Decisions(
      truePositives: a.truePositives + b.truePositives,
      falsePositives: a.falsePositives + b.falsePositives,
      trueNegatives: a.trueNegatives + b.trueNegatives,
      falseNegatives: a.falseNegatives + b.falseNegatives,
      abstainedPositives: a.abstainedPositives + b.abstainedPositives,
      abstainedNegatives: a.abstainedNegatives + b.abstainedNegatives)
  }
}

/// Weights below each score and from it on. What is below is not what is left of the total: a small
/// weight would be lost beside large ones.
private struct WeightsBySide: Sendable {
  /// At place i, of the scores before place i.
  let positivesBelow: [Double]
  let negativesBelow: [Double]
  /// At place i, of the scores from place i on.
  let positivesFrom: [Double]
  let negativesFrom: [Double]

  init(_ groups: ScoreGroups) {
    positivesBelow = Self.sums(groups.positives)
    negativesBelow = Self.sums(groups.negatives)
    positivesFrom = Self.sums(groups.positives.reversed()).reversed()
    negativesFrom = Self.sums(groups.negatives.reversed()).reversed()
  }

  /// The sums of the first 0, 1, 2, … weights.
  private static func sums(_ weights: some Collection<Double>) -> [Double] {
    var sum = CompensatedSum()
    return [0]
      + weights.map {
        sum.add($0)
        return sum.value
      }
  }
}

extension RandomAccessCollection where Index == Int {
  /// The first place from which on a condition holds, where it holds for all places after one for which it does.
  func firstPlace(where isReached: (Element) -> Bool) -> Int {
    var low = startIndex
    var high = endIndex
    while low < high {
      let middle = (low + high) / 2
      if isReached(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
