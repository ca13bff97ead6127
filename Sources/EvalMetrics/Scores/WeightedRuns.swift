/// Scores of rows whose weight is neither zero nor one, with their weights.
struct WeightedRuns: Sendable {
  private(set) var keys: [UInt64] = []
  private(set) var weights: [Double] = []
  private var isSorted = true

  var isEmpty: Bool { keys.isEmpty }
  var byteCount: Int { (keys.capacity + weights.capacity) * 8 }

  /// The largest weight; 0 without rows.
  var largest: Double { weights.max() ?? 0 }

  mutating func append(_ score: Double, weight: Double) {
    keys.append(Kernels.key(score))
    weights.append(weight)
    isSorted = false
  }

  mutating func merge(_ other: WeightedRuns) {
    if other.isEmpty { return }
    keys += other.keys
    weights += other.weights
    isSorted = false
  }

  /// By score, and for one score by weight: an order of the set alone, so sums in it are too.
  mutating func sort() {
    if !isSorted { Kernels.sort(keys: &keys, payload: &weights) }
    isSorted = true
  }

  init() {}

  init(keys: [UInt64], weights: [Double]) {
    self.keys = keys
    self.weights = weights
    isSorted = false
  }
}
