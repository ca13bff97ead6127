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

  let storage: Storage
  /// True when a weight is neither zero nor one, so that cumulative weights need compensation.
  let isWeighted: Bool
  /// What a weight of one is in here: a power of two, and one unless the weights are so large or
  /// small that a product of two of them would not fit a double.
  let unit: Double
  /// The total weight of positives and negatives, summed in the order of the walk, so that the last point of a walk equals it.
  let positives: Double
  let negatives: Double
  private let memory = Lock(Memory())

  /// What was found, by question, and about how much memory that takes.
  private struct Memory {
    var found: [String: any Sendable] = [:]
    var byteCount = 0
  }

  init(_ storage: Storage, isWeighted: Bool = false, unit: Double = 1) {
    self.storage = storage
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
    if case .groups(let groups) = storage { return groups.byteCount + remembered }
    return remembered
  }

  /// How much may be remembered: as much as the scores take, unless they are few.
  private var memoryLimit: Int {
    switch storage {
    case .singles(let ones, let zeros): 65_536 + 64 * (ones.count + zeros.count)
    case .doubles(let ones, let zeros): 65_536 + 64 * (ones.count + zeros.count)
    case .groups(let groups): 65_536 + 64 * groups.scores.count
    // Where memory is scarce, only what is small is worth keeping.
    case .buckets(let buckets): 16_384 + 4 * buckets.count
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

private struct CountingVisitor: ScoreVisitor {
  var count = 0

  mutating func visit(_ score: Double, _ positives: Double, _ negatives: Double) { count += 1 }
}
