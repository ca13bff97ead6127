/// The decisions at each distinct score, the highest first.
///
/// With weights, what is below is summed from below: in the difference of a total and what is above, a
/// small weight would be lost beside large ones.
struct DecisionWalk {
  private let positives: Double
  private let negatives: Double
  private var truePositives = CompensatedSum()
  private var falsePositives = CompensatedSum()
  /// What is below each score, the next one last; empty where there are no weights.
  private var below: [(positives: Double, negatives: Double)] = []
  /// The decisions at the last score that was passed; before the first, nothing is predicted.
  private(set) var last: Decisions

  init(_ scores: SortedScores) {
    positives = scores.positives
    negatives = scores.negatives
    last = Decisions(trueNegatives: negatives, falseNegatives: positives)
    guard scores.isWeighted else { return }
    var weights = WeightCollector()
    scores.walk(&weights)
    below = weights.below
  }

  /// Goes on to a score with these weights, and gives the decisions there.
  @inline(__always)
  mutating func pass(_ ones: Double, _ zeros: Double) -> Decisions {
    truePositives.add(ones)
    falsePositives.add(zeros)
    let (tp, fp) = (truePositives.value, falsePositives.value)
    let rest = below.popLast() ?? (positives - tp, negatives - fp)
    last = Decisions(
      truePositives: tp, falsePositives: fp, trueNegatives: rest.negatives,
      falseNegatives: rest.positives)
    return last
  }
}

private struct WeightCollector: ScoreVisitor {
  private var weights: [(positives: Double, negatives: Double)] = []

  mutating func visit(_ score: Double, _ positives: Double, _ negatives: Double) {
    weights.append((positives, negatives))
  }

  /// What is below each score, the lowest score first.
  var below: [(positives: Double, negatives: Double)] {
    var sums = (CompensatedSum(), CompensatedSum())
    return weights.reversed().map { here in
      defer {
        sums.0.add(here.positives)
        sums.1.add(here.negatives)
      }
      return (sums.0.value, sums.1.value)
    }
  }
}
