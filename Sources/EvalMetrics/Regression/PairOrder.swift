import Locks

/// What needs the pairs of an output in order: made when it is asked for, and kept until rows come.
///
/// What was sorted stays sorted: the next order of the same output begins with it.
final class PairOrder: Sendable {
  /// Numbers of the pairs, sorted as far as they were asked for.
  fileprivate struct Sorted {
    var index = ScoreIndex()
    /// The rows that are in the index.
    var position = KeptPairs.Position()
  }

  fileprivate struct Memory {
    var residuals = Sorted()
    var magnitudes = Sorted()
    var targets = Sorted()
    var rankCorrelation: Double??
    var huber: [Double: Answer] = [:]
  }

  private let pairs: KeptPairs
  private let memory: Lock<Memory>

  init(_ pairs: KeptPairs, _ sorted: SortedPairs) {
    self.pairs = pairs
    memory = Lock(sorted.memory)
  }

  /// The sorted part of an order, without its pairs.
  struct SortedPairs: Sendable {
    fileprivate var memory = Memory()

    var byteCount: Int { memory.byteCount }
  }

  /// What the next order begins with.
  var sorted: SortedPairs {
    var sorted = SortedPairs(memory: memory.withLock { $0 })
    sorted.memory.rankCorrelation = nil
    sorted.memory.huber = [:]
    return sorted
  }

  var byteCount: Int { memory.withLock { $0.byteCount } }

  /// Prediction minus target, in order; nil without rows.
  var residuals: SortedScores? {
    memory.withLock { sort(&$0.residuals) { p, t in zip(p, t).map { $0 - $1 } } }
  }

  /// The absolute residuals, in order; nil without rows.
  var magnitudes: SortedScores? {
    memory.withLock { sort(&$0.magnitudes) { p, t in zip(p, t).map { abs($0 - $1) } } }
  }

  /// The targets, in order; nil without rows.
  var targets: SortedScores? { memory.withLock { sort(&$0.targets) { _, t in t } } }

  private func sort(
    _ sorted: inout Sorted, _ value: ([Double], [Double]) -> [Double]
  ) -> SortedScores? {
    if sorted.position != pairs.position {
      pairs.forEachBlock(after: sorted.position) { predictions, targets, weights in
        sorted.index.update(
          .double(value(predictions, targets)),
          labels: Array(repeating: 1, count: targets.count),
          weights: weights.isEmpty ? nil : weights)
      }
      sorted.position = pairs.position
    }
    sorted.index.prepare()
    return sorted.index.prepared
  }

  /// Spearman's correlation; nil where predictions or targets are all the same.
  var rankCorrelation: Double? {
    memory.withLock { memory in
      if let known = memory.rankCorrelation { return known }
      let found = pairs.isWeighted ? pairs.weightedRankCorrelation : pairs.rankCorrelation
      memory.rankCorrelation = .some(found)
      return found
    }
  }

  /// The mean of the Huber loss over rows of this weight.
  func huber(delta: Double, weight: ExactSum) -> Answer {
    if let known = memory.withLock({ $0.huber[delta] }) { return known }
    let found = pairs.huber(delta: delta, weight: weight)
    memory.withLock {
      // Deltas come from outside, so what is remembered of them has a limit.
      if $0.huber.count >= 64 { $0.huber.removeAll() }
      $0.huber[delta] = found
    }
    return found
  }
}

extension PairOrder.Memory {
  fileprivate var byteCount: Int {
    residuals.index.byteCount + magnitudes.index.byteCount + targets.index.byteCount
  }
}

extension KeptPairs {
  /// e^2 / 2 up to delta, and delta (|e| - delta / 2) beyond.
  fileprivate func huber(delta: Double, weight: ExactSum) -> Answer {
    var squares = ExactSum()
    var beyond = ExactSum()
    var weightBeyond = ExactSum()
    var overflows = false
    forEachBlock { predictions, targets, weights in
      for row in predictions.indices {
        let residual = abs(predictions[row] - targets[row])
        let weight = weights.isEmpty ? 1 : weights[row]
        if residual <= delta {
          squares.add(product: weight, residual, residual)
        } else {
          overflows = overflows || !residual.isFinite
          beyond.add(product: weight, residual)
          weightBeyond.add(weight)
        }
      }
    }
    if overflows { return .undefined(.overflow) }
    let slope = ExactSum(delta)
    let doubled = squares + slope * (beyond + beyond) - slope * slope * weightBeyond
    return .value(ExactSum.ratio(doubled, weight + weight))
  }
}

extension SortedScores {
  /// The lowest value that half of the weight does not exceed and the highest that half of it does not
  /// fall short of, averaged: with weights that are counts, the median of the repeated rows.
  var weightedMedian: Double? {
    guard isWeighted else { return median }
    return once("weighted median") {
      var visitor = HalfFinder(total: total)
      walk(&visitor)
      return visitor.value
    }
  }
}

/// Finds the two middle values of a walk from the highest down.
private struct HalfFinder: ScoreVisitor {
  let total: Double
  private(set) var value: Double?
  private var above = CompensatedSum()
  /// The value down to which there is exactly half of the weight.
  private var upper: Double?

  init(total: Double) { self.total = total }

  mutating func visit(_ score: Double, _ positives: Double, _ negatives: Double) {
    if value != nil { return }
    if let upper {
      value = upper / 2 + score / 2
      return
    }
    above.add(positives + negatives)
    let twice = 2 * above.value
    if twice == total { upper = score } else if twice > total { value = score }
  }
}
