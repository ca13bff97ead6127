/// Ways to make probabilities of scores.
public enum CalibrationMethod: String, Sendable, CaseIterable {
  /// sigma(z / T), z the log-odds (Guo et al. 2017).
  case temperature
  /// sigma(slope z + intercept) (Platt 1999), by maximum likelihood.
  case platt
  /// The non-decreasing step function of least squares (Zadrozny and Elkan 2002).
  case isotonic
}

/// What fitting found.
public enum CalibrationMap: Sendable, Equatable {
  case temperature(Double)
  case platt(slope: Double, intercept: Double)
  /// Linear between these points and constant outside; scores ascend, probabilities never fall.
  case isotonic(scores: [Double], probabilities: [Double])
}

/// Losses of probabilities, before or after.
public struct CalibrationLosses: Sendable, Equatable {
  public var logLoss: Double
  public var brier: Double
  /// With 15 bins of equal width.
  public var ece: Double
}

/// What `calibration/fit` answers.
public struct CalibrationFit: Sendable {
  /// Nil when there is none; then `reason` says why.
  public var map: CalibrationMap?
  public var reason: Reason?
  /// Nil for raw scores, which are no probabilities before they are fitted.
  public var before: CalibrationLosses?
  /// On the rows that were fitted, so it flatters.
  public var after: CalibrationLosses?
  /// Between which values these losses of the very rows lie; nil where they are exact.
  public var beforeBounds: CalibrationLossBounds?
  public var afterBounds: CalibrationLossBounds?
}

extension ScoredRows {
  /// Fits a map from scores to probabilities; an error where the method needs log-odds and has none.
  public func fit(_ method: CalibrationMethod) throws(InputError) -> CalibrationFit {
    if method == .temperature && kind == .score {
      throw InputError(
        .notApplicable, [.key("method")],
        "a temperature divides log-odds, which raw scores are not",
        hint: "fit platt or isotonic, or open the stream with score_kind \"logit\"")
    }
    guard scores.total > 0 else { return CalibrationFit(reason: .noRows) }
    var fit = CalibrationFit()
    if kind != .score {
      fit.before = scores.losses { self.kind.probabilities($0) }
      fit.beforeBounds = scores.lossBounds(kind.ends)
    }
    if scores.positives <= 0 || scores.negatives <= 0, method != .isotonic {
      fit.reason = .oneClass
      return fit
    }
    fit.map =
      switch method {
      case .temperature: scores.temperature(kind)
      case .platt: scores.platt(kind)
      case .isotonic: scores.isotonic()
      }
    guard let map = fit.map else {
      fit.reason = .diverges
      return fit
    }
    let probability = map.function(of: kind)
    fit.after = scores.losses(probability)
    fit.afterBounds = scores.lossBounds { map.ends($0, kind) }
    return fit
  }
}

extension ScoreKind {
  /// The log-odds of a score; raw scores stand for themselves. Probabilities of 0 and 1 count as 2^-52 and 1 - 2^-52.
  func logOdds(_ score: Double) -> Double {
    guard self == .probability else { return score }
    let p = min(max(score, .ulpOfOne), 1 - .ulpOfOne)
    return Elementary.log(p) - Elementary.log1p(-p)
  }
}

extension CalibrationMap {
  /// The probability of a score and its complement.
  func function(of kind: ScoreKind) -> (Double) -> (Double, Double) {
    switch self {
    case .temperature(let temperature):
      return { ScoreKind.logit.probabilities(kind.logOdds($0) / temperature) }
    case .platt(let slope, let intercept):
      return { ScoreKind.logit.probabilities(slope * kind.logOdds($0) + intercept) }
    case .isotonic(let scores, let probabilities):
      return { score in
        let p = Self.interpolated(score, scores, probabilities)
        return (p, 1 - p)
      }
    }
  }

  private static func interpolated(_ x: Double, _ xs: [Double], _ ys: [Double]) -> Double {
    var low = 0
    var high = xs.count
    while low < high {
      let middle = (low + high) / 2
      if xs[middle] < x { low = middle + 1 } else { high = middle }
    }
    if low == xs.count { return ys.last ?? 0 }
    if low == 0 || xs[low] == x { return ys[low] }
    let share = (x - xs[low - 1]) / (xs[low] - xs[low - 1])
    return min(ys[low - 1] + (ys[low] - ys[low - 1]) * share, ys[low])
  }
}

extension SortedScores {
  /// The losses when a score stands for these probabilities.
  func losses(_ probability: @escaping (Double) -> (Double, Double))
    -> CalibrationLosses
  {
    var visitor = LossVisitor(probability: probability)
    walk(&visitor)
    return visitor.losses(total)
  }
}

/// Needs no order of the probabilities, since a fitted slope may be negative.
private struct LossVisitor: ScoreVisitor {
  let probability: (Double) -> (Double, Double)
  private var logLoss = CompensatedSum()
  private var squares = CompensatedSum()
  private let edges = SortedScores.uniformEdges(15)
  private var gaps = Array(repeating: CompensatedSum(), count: 15)

  init(probability: @escaping (Double) -> (Double, Double)) { self.probability = probability }

  mutating func visit(_ score: Double, _ positives: Double, _ negatives: Double) {
    let (p, q) = probability(score)
    if positives > 0 { logLoss.add(-positives * Elementary.log(Self.clip(p))) }
    if negatives > 0 { logLoss.add(-negatives * Elementary.log(Self.clip(q))) }
    squares.add(positives * q * q + negatives * p * p)
    // Right-closed bins: an edge belongs to the bin below it.
    let bin = edges.dropFirst().firstIndex { p <= $0 } ?? edges.count - 1
    gaps[bin - 1].add(positives - (positives + negatives) * p)
  }

  private static func clip(_ p: Double) -> Double { min(max(p, .ulpOfOne), 1 - .ulpOfOne) }

  func losses(_ total: Double) -> CalibrationLosses {
    var gap = CompensatedSum()
    for bin in gaps { gap.add(abs(bin.value)) }
    return CalibrationLosses(
      logLoss: logLoss.value / total, brier: squares.value / total, ece: gap.value / total)
  }
}
