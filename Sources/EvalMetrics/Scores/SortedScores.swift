import Locks

/// What a walk over the scores does at each distinct score, the highest first.
protocol ScoreVisitor {
  /// Where the scores of a bucket are known only to lie in a range: whether its lowest score stands for
  /// them, as for thresholds, or its middle.
  static var wantsLowest: Bool { get }
  /// `positives` and `negatives` are the weights at exactly this score, not both zero.
  mutating func visit(_ score: Double, _ positives: Double, _ negatives: Double)
}

extension ScoreVisitor {
  static var wantsLowest: Bool { false }
}

/// Every score of an index in order. It never changes, so what was found in it once is kept.
public final class SortedScores: Sendable {
  /// The scores; keys are ascending.
  enum Storage: Sendable {
    case singles(positives: [UInt32], negatives: [UInt32])
    case doubles(positives: [UInt64], negatives: [UInt64])
    case groups(ScoreGroups)
    /// What a memory budget keeps of scores.
    case buckets(ScoreBuckets)
  }

  private let content: Content
  /// True when a weight is neither zero nor one, so that cumulative weights need compensation.
  let isWeighted: Bool
  /// What a weight of one is in here: a power of two, and one unless the weights are so large or
  /// small that a product of two of them would not fit a double.
  let unit: Double
  /// The total weight of positives and negatives, summed in the order of the walk, so that the last point of a walk equals it.
  let positives: Double
  let negatives: Double
  private let memory = Lock(Memory())

  /// All scores in one order, or those of two layers, each in order by itself.
  private enum Content: Sendable {
    case whole(Storage)
    case layers(Layers)
  }

  /// Rows that stay as they are while others come, with what was found of them, and the others.
  final class Layers: Sendable {
    let base: SortedScores
    let recent: SortedScores
    /// Both in one, made when a question needs it.
    fileprivate let whole = Lock<Storage?>(nil)

    init(base: SortedScores, recent: SortedScores) { (self.base, self.recent) = (base, recent) }
  }

  /// What was found, by question, and about how much memory that takes.
  private struct Memory {
    var found: [String: any Sendable] = [:]
    var byteCount = 0
  }

  init(_ storage: Storage, isWeighted: Bool = false, unit: Double = 1) {
    content = .whole(storage)
    self.isWeighted = isWeighted
    self.unit = unit
    switch storage {
    case .singles(let ones, let zeros):
      positives = Double(ones.count)
      negatives = Double(zeros.count)
    case .doubles(let ones, let zeros):
      positives = Double(ones.count)
      negatives = Double(zeros.count)
    case .groups(let groups):
      var ones = CompensatedSum()
      var zeros = CompensatedSum()
      for weight in groups.positives.reversed() { ones.add(weight) }
      for weight in groups.negatives.reversed() { zeros.add(weight) }
      positives = ones.value
      negatives = zeros.value
    case .buckets(let buckets):
      var ones = CompensatedSum()
      var zeros = CompensatedSum()
      buckets.forEach(unit: unit) {
        ones.add($0.positives)
        zeros.add($0.negatives)
      }
      positives = ones.value
      negatives = zeros.value
    }
  }

  /// Unit-weight rows in two layers, whose keys are of one kind.
  init(base: SortedScores, recent: SortedScores) {
    content = .layers(Layers(base: base, recent: recent))
    isWeighted = false
    unit = 1
    positives = base.positives + recent.positives
    negatives = base.negatives + recent.negatives
  }

  /// The layers, where the scores are in two.
  var layers: Layers? {
    if case .layers(let layers) = content { layers } else { nil }
  }

  /// The scores in one order.
  var storage: Storage {
    switch content {
    case .whole(let storage): return storage
    case .layers(let layers):
      if let known = layers.whole.withLock(\.self) { return known }
      let merged = layers.base.storage.merged(with: layers.recent.storage)
      layers.whole.withLock { $0 = merged }
      return merged
    }
  }

  /// The scores in one order, where they were in layers and a question needed that.
  var mergedLayers: Storage? { layers?.whole.withLock(\.self) }

  /// What a memory budget keeps of the scores; nil where it keeps all.
  var buckets: ScoreBuckets? {
    if case .whole(.buckets(let buckets)) = content { buckets } else { nil }
  }

  /// How many different scores there are.
  var distinctScores: Int {
    once("distinct") {
      var counter = CountingVisitor()
      walk(&counter)
      return counter.count
    }
  }

  /// The weight of all rows.
  var total: Double { positives + negatives }

  /// The lowest and the highest score; nil without rows.
  var extremes: (lowest: Double, highest: Double)? {
    func ends<Key: ScoreKey>(_ a: [Key], _ b: [Key], _ score: (Key) -> Double) -> (Double, Double)?
    {
      guard let low = [a.first, b.first].compactMap({ $0 }).min(),
        let high = [a.last, b.last].compactMap({ $0 }).max()
      else { return nil }
      return (score(low), score(high))
    }
    if let layers {
      let both = [layers.base.extremes, layers.recent.extremes].compactMap { $0 }
      guard let low = both.map(\.lowest).min(), let high = both.map(\.highest).max() else {
        return nil
      }
      return (low, high)
    }
    switch storage {
    case .singles(let ones, let zeros): return ends(ones, zeros) { Double(Kernels.float($0)) }
    case .doubles(let ones, let zeros): return ends(ones, zeros) { Kernels.double($0) }
    case .groups(let groups):
      guard let low = groups.scores.first, let high = groups.scores.last else { return nil }
      return (low, high)
    case .buckets(let buckets):
      if buckets.isEmpty { return nil }
      return (Kernels.double(buckets.lowestKey), Kernels.double(buckets.highestKey))
    }
  }

  var byteCount: Int {
    let remembered = memory.withLock(\.byteCount) + 512
    // Keys are shared with the index, which counts them.
    switch content {
    case .whole(.groups(let groups)): return groups.byteCount + remembered
    case .whole: return remembered
    case .layers(let layers):
      return remembered + layers.base.byteCount + layers.recent.byteCount
        + (mergedLayers?.keyBytes ?? 0)
    }
  }

  /// How much may be remembered: as much as the scores take, unless they are few.
  private var memoryLimit: Int {
    switch content {
    case .whole(.groups(let groups)): 65_536 + 64 * groups.scores.count
    // Where memory is scarce, only what is small is worth keeping.
    case .whole(.buckets(let buckets)): 16_384 + 4 * buckets.count
    case .whole, .layers: 65_536 + 64 * Int(total)
    }
  }

  /// Visits every distinct score, the highest first.
  @inline(__always)
  func walk<Visitor: ScoreVisitor>(_ visitor: inout Visitor) {
    switch storage {
    case .singles(let ones, let zeros):
      Kernels.walkDescending(positives: ones, negatives: zeros) {
        visitor.visit(Double(Kernels.float($0)), Double($1), Double($2))
      }
    case .doubles(let ones, let zeros):
      Kernels.walkDescending(positives: ones, negatives: zeros) {
        visitor.visit(Kernels.double($0), Double($1), Double($2))
      }
    case .groups(let groups):
      for index in groups.scores.indices.reversed() {
        visitor.visit(groups.scores[index], groups.positives[index], groups.negatives[index])
      }
    case .buckets(let buckets):
      buckets.forEach(unit: unit) {
        visitor.visit(Visitor.wantsLowest ? $0.low : $0.middle, $0.positives, $0.negatives)
      }
    }
  }

  /// Works something out once; asking again gives the same value at no cost. `bytes` is what a value
  /// takes on the heap.
  func once<T: Sendable>(
    _ question: String, bytes: (T) -> Int = { _ in 0 }, _ work: () -> T
  ) -> T {
    // Looked up before it is cast: where T is an optional, a missing entry would cast to a nil that was never found.
    if let found = memory.withLock({ $0.found[question] }), let known = found as? T { return known }
    let value = work()
    let size = bytes(value) + MemoryLayout<T>.size + question.utf8.count + 192
    let limit = memoryLimit
    // Questions come from outside, so what is remembered of them has a limit.
    if size > limit { return value }
    memory.withLock {
      if $0.byteCount + size > limit { $0 = Memory() }
      $0.found[question] = value
      $0.byteCount += size
    }
    return value
  }
}

extension SortedScores.Storage {
  /// The rows of two columns of unit weights in one, where their keys are of one kind.
  fileprivate func merged(with other: SortedScores.Storage) -> SortedScores.Storage {
    switch (self, other) {
    case (.singles(let ones, let zeros), .singles(let newOnes, let newZeros)):
      .singles(
        positives: Kernels.merge(ones, newOnes), negatives: Kernels.merge(zeros, newZeros))
    case (.doubles(let ones, let zeros), .doubles(let newOnes, let newZeros)):
      .doubles(
        positives: Kernels.merge(ones, newOnes), negatives: Kernels.merge(zeros, newZeros))
    default: self
    }
  }

  /// Memory of the keys.
  fileprivate var keyBytes: Int {
    switch self {
    case .singles(let ones, let zeros): 4 * (ones.capacity + zeros.capacity)
    case .doubles(let ones, let zeros): 8 * (ones.capacity + zeros.capacity)
    case .groups, .buckets: 0
    }
  }
}

private struct CountingVisitor: ScoreVisitor {
  var count = 0

  mutating func visit(_ score: Double, _ positives: Double, _ negatives: Double) { count += 1 }
}
