/// The areas that follow from the ranks of positives among negatives, and the best F1.
struct RankAreas: Sendable {
  /// The area under the ROC curve, ties counting one half; nil with one class only.
  var rocArea: Double?
  /// The step sum under the precision-recall curve; nil without positives.
  var averagePrecision: Double?
  /// The highest F1 and the highest observed score that reaches it; nil without positives.
  var bestF1: (value: Double, threshold: Double)?
}

/// What one walk over the scores finds for all metrics of rank and the best F1.
struct RankSummary: Sendable {
  var areas: RankAreas
  /// The trapezoid under the precision-recall curve; nil without positives.
  var precisionRecallArea: Double?
  /// The largest distance between the score distributions of the classes; nil with one class only.
  var ksStatistic: Double?
}

extension SortedScores {
  /// The areas and the best F1, found once: of long columns in layers, else by the walk for all.
  var ranks: RankAreas { once("ranks") { layeredAreas ?? rankSummary.areas } }

  /// The summary, made by one walk and kept.
  var rankSummary: RankSummary {
    once("rank summary") {
      switch storage {
      case .singles(let ones, let zeros):
        let sums = Kernels.rankSums(positives: ones, negatives: zeros)
        return RankSummary(sums, positives: ones.count, negatives: zeros.count) {
          Double(Kernels.float($0))
        }
      case .doubles(let ones, let zeros):
        let sums = Kernels.rankSums(positives: ones, negatives: zeros)
        return RankSummary(sums, positives: ones.count, negatives: zeros.count) {
          Kernels.double($0)
        }
      case .groups, .buckets: break
      }
      if isWeighted {
        var visitor = RankVisitor<CompensatedSum>(positives, negatives, tolerance: 0x1p-49)
        walk(&visitor)
        return visitor.summary
      }
      var visitor = RankVisitor<PlainSum>(positives, negatives)
      walk(&visitor)
      return visitor.summary
    }
  }
}

/// A sum whose terms come in the order of the scores.
protocol RunningSum: Sendable {
  /// How precisions over positives are summed.
  associatedtype Steps: StepSum
  init()
  mutating func add(_ x: Double)
  var value: Double { get }
}

/// A sum of precisions, each as often as there are positives at its score.
protocol StepSum: Sendable {
  init()
  mutating func add(_ precision: Double, weight: Double)
  var value: Double { get }
}

extension PrecisionSum: StepSum {}

extension CompensatedSum: RunningSum, StepSum {
  typealias Steps = CompensatedSum

  @inline(__always)
  mutating func add(_ precision: Double, weight: Double) { add(weight * precision) }
}

/// A sum of whole numbers below 2^53, which needs no compensation.
struct PlainSum: RunningSum {
  typealias Steps = PrecisionSum

  private(set) var value = 0.0

  init() {}

  @inline(__always)
  mutating func add(_ x: Double) { value += x }
}

private struct RankVisitor<Sum: RunningSum>: ScoreVisitor {
  static var wantsLowest: Bool { true }
  let allPositives: Double
  let allNegatives: Double
  private var truePositives = Sum()
  private var falsePositives = Sum()
  private var pairs = CompensatedSum()
  private var steps = Sum.Steps()
  private var trapezoids = CompensatedSum()
  private var lastPrecision = 1.0
  private var largestGap = 0.0
  private var bestF1 = -1.0
  private var bestThreshold = Double.infinity

  /// A gain that is only the rounding of weights is none; counts are not rounded.
  private let tolerance: Double

  init(_ positives: Double, _ negatives: Double, tolerance: Double = 0) {
    self.tolerance = tolerance
    allPositives = positives
    allNegatives = negatives
  }

  @inline(__always)
  mutating func visit(_ score: Double, _ positives: Double, _ negatives: Double) {
    // Pairs of a negative here and a positive above it count one, with a positive here one half.
    pairs.add(negatives * (truePositives.value + positives / 2))
    truePositives.add(positives)
    falsePositives.add(negatives)
    let tp = truePositives.value
    let fp = falsePositives.value
    let precision = tp / (tp + fp)
    if positives > 0 { steps.add(precision, weight: positives) }
    trapezoids.add(positives * (precision + lastPrecision) / 2)
    lastPrecision = precision
    largestGap = max(largestGap, abs(tp * allNegatives - fp * allPositives))
    let f1 = 2 * tp / (allPositives + tp + fp)
    if f1 > bestF1 + abs(bestF1) * tolerance {
      bestF1 = f1
      bestThreshold = score
    }
  }

  var summary: RankSummary {
    let bothClasses = allPositives > 0 && allNegatives > 0
    let product = allPositives * allNegatives
    // Sums of weights are rounded, and a perfect ranking must not come out above one.
    let areas = RankAreas(
      rocArea: bothClasses ? min(pairs.value / product, 1) : nil,
      averagePrecision: allPositives > 0 ? min(steps.value / allPositives, 1) : nil,
      bestF1: allPositives > 0 ? (bestF1, bestThreshold) : nil)
    return RankSummary(
      areas: areas,
      precisionRecallArea: allPositives > 0 ? min(trapezoids.value / allPositives, 1) : nil,
      ksStatistic: bothClasses ? min(largestGap / product, 1) : nil)
  }
}
