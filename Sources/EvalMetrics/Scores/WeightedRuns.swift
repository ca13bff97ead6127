/// Scores of rows whose weight is neither zero nor one, with their weights.
struct WeightedRuns: Sendable {
  /// Once sorted, by score, and for one score by weight: an order of the set alone, so sums in it are too.
  private(set) var keys: [UInt64] = []
  private(set) var weights: [Double] = []
  /// What came since.
  private var newKeys: [UInt64] = []
  private var newWeights: [Double] = []

  var count: Int { keys.count + newKeys.count }
  var isEmpty: Bool { keys.isEmpty && newKeys.isEmpty }
  var byteCount: Int { (keys.capacity + weights.capacity) * 8 + tailBytes }

  /// Memory of what is not sorted yet.
  var tailBytes: Int { (newKeys.capacity + newWeights.capacity) * 8 }

  /// The largest weight; 0 without rows.
  var largest: Double { max(weights.max() ?? 0, newWeights.max() ?? 0) }

  mutating func append(_ score: Double, weight: Double) {
    newKeys.append(Kernels.key(score))
    newWeights.append(weight)
  }

  mutating func merge(_ other: WeightedRuns) {
    newKeys += other.keys
    newKeys += other.newKeys
    newWeights += other.weights
    newWeights += other.newWeights
  }

  /// Puts what is new in order with the rest.
  mutating func sort() {
    if newKeys.isEmpty { return }
    // Of the exact size, because they may stay for long.
    keys = Self.joined(keys, newKeys)
    weights = Self.joined(weights, newWeights)
    newKeys = []
    newWeights = []
    Kernels.sort(keys: &keys, payload: &weights)
  }

  private static func joined<T>(_ a: [T], _ b: [T]) -> [T] {
    var both: [T] = []
    both.reserveCapacity(a.count + b.count)
    both += a
    both += b
    return both
  }

  init() {}

  init(keys: [UInt64], weights: [Double]) {
    newKeys = keys
    newWeights = weights
  }
}
