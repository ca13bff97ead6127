/// Distinct scores, ascending, with the weight of positives and negatives at each.
///
/// The general form, for weights, tables and mixtures; plain float32 or float64 rows are walked as keys.
struct ScoreGroups: Sendable {
  private(set) var scores: [Double] = []
  private(set) var positives: [Double] = []
  private(set) var negatives: [Double] = []

  var byteCount: Int { scores.capacity * 24 }

  private mutating func append(_ score: Double, _ positives: Double, _ negatives: Double) {
    scores.append(score)
    self.positives.append(positives)
    self.negatives.append(negatives)
  }

  /// From ascending keys.
  init(_ keys: SortedScores.Storage) {
    switch keys {
    case .singles(let positives, let negatives):
      Kernels.walkDescending(positives: positives, negatives: negatives) {
        append(Double(Kernels.float($0)), Double($1), Double($2))
      }
    case .doubles(let positives, let negatives):
      Kernels.walkDescending(positives: positives, negatives: negatives) {
        append(Kernels.double($0), Double($1), Double($2))
      }
    case .groups(let groups):
      self = groups
      return
    case .buckets: return
    }
    scores.reverse()
    positives.reverse()
    negatives.reverse()
  }

  /// From tables of counts by 16-bit key.
  init(_ ones: [Int], _ zeros: [Int], score: (UInt16) -> Double) {
    for key in 0..<min(ones.count, zeros.count) where ones[key] != 0 || zeros[key] != 0 {
      append(score(UInt16(key)), Double(ones[key]), Double(zeros[key]))
    }
  }

  /// From weighted rows in order of score and weight, each weight times `unit`.
  init(_ ones: WeightedRuns, _ zeros: WeightedRuns, unit: Double) {
    func scaled(_ weight: Double) -> Double {
      // A weight that is lost beside far larger ones still is one.
      unit == 1 ? weight : max(weight * unit, .leastNonzeroMagnitude)
    }
    var i = 0
    var j = 0
    while i < ones.keys.count || j < zeros.keys.count {
      let key = min(
        i < ones.keys.count ? ones.keys[i] : .max, j < zeros.keys.count ? zeros.keys[j] : .max)
      var one = CompensatedSum()
      var zero = CompensatedSum()
      while i < ones.keys.count, ones.keys[i] == key {
        one.add(scaled(ones.weights[i]))
        i += 1
      }
      while j < zeros.keys.count, zeros.keys[j] == key {
        zero.add(scaled(zeros.weights[j]))
        j += 1
      }
      append(Kernels.double(key), one.value, zero.value)
    }
  }

  /// Multiplies every weight by a power of two.
  mutating func multiply(by factor: Double) {
    if factor == 1 { return }
    for index in scores.indices {
      positives[index] *= factor
      negatives[index] *= factor
    }
  }

  /// Adds the weights of another set of scores.
  mutating func merge(_ other: ScoreGroups) {
    if other.scores.isEmpty { return }
    if scores.isEmpty {
      self = other
      return
    }
    var result = ScoreGroups(.doubles(positives: [], negatives: []))
    var i = 0
    var j = 0
    while i < scores.count || j < other.scores.count {
      let a = i < scores.count ? scores[i] : .infinity
      let b = j < other.scores.count ? other.scores[j] : .infinity
      let takeA = i < scores.count && (a <= b || j >= other.scores.count)
      let takeB = j < other.scores.count && (b <= a || i >= scores.count)
      result.append(
        takeA ? a : b,
        (takeA ? positives[i] : 0) + (takeB ? other.positives[j] : 0),
        (takeA ? negatives[i] : 0) + (takeB ? other.negatives[j] : 0))
      if takeA { i += 1 }
      if takeB { j += 1 }
      // Keys of damaged states can be NaN, which is in no order; they must not stop the walk.
      if !takeA && !takeB {
        i += 1
        j += 1
      }
    }
    self = result
  }
}
