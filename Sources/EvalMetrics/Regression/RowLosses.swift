/// Sums of those losses that need a division or a logarithm for each row. Rows are folded in when a
/// question needs them, and once.
struct RowLosses: Sendable {
  private(set) var percentage = LossSum()
  private(set) var symmetricPercentage = LossSum()
  private(set) var squaredLogarithm = LossSum()
  private(set) var poisson = LossSum()
  private(set) var gamma = LossSum()
  /// The largest absolute residual.
  private(set) var largest = 0.0

  mutating func add(_ rows: KeptPairs) {
    rows.forEachBlock { predictions, targets, weights in
      for row in predictions.indices {
        add(predictions[row], targets[row], weight: weights.isEmpty ? 1 : weights[row])
      }
    }
  }

  private mutating func add(_ p: Double, _ t: Double, weight: Double) {
    largest = max(largest, abs(p - t))
    // Quarters of large numbers: their sums and differences overflow nowhere.
    let unit = max(abs(p), abs(t)) > 1 ? 0.25 : 1
    let residual = abs(p * unit - t * unit)
    // scikit-learn's divisor: a target of zero makes the loss huge, not undefined.
    percentage.add(residual / (max(abs(t), 0x1p-52) * unit), weight: weight)
    let size = abs(p) * unit + abs(t) * unit
    symmetricPercentage.add(size == 0 ? 0 : 2 * (residual / size), weight: weight)
    let logarithm = Self.logarithmicResidual(p, t)
    squaredLogarithm.add(logarithm.map { $0 * $0 }, weight: weight)
    poisson.add(p > 0 && t >= 0 ? 2 * Self.poissonDeviance(p, t) : nil, weight: weight)
    gamma.add(p > 0 && t > 0 ? 2 * Self.gammaDeviance(p, t) : nil, weight: weight)
  }

  mutating func merge(_ other: RowLosses) {
    percentage.merge(other.percentage)
    symmetricPercentage.merge(other.symmetricPercentage)
    squaredLogarithm.merge(other.squaredLogarithm)
    poisson.merge(other.poisson)
    gamma.merge(other.gamma)
    largest = max(largest, other.largest)
  }

  /// log(1 + p) - log(1 + t); nil where one of them has no logarithm.
  private static func logarithmicResidual(_ p: Double, _ t: Double) -> Double? {
    guard p > -1, t > -1 else { return nil }
    // Where they are near, of what they differ in, or else the quotient's rounding would be much beside it.
    let ratio = (p - t) / (1 + t)
    return abs(ratio) < 0.5 ? Elementary.log1p(ratio) : logarithm(of: 1 + p, over: 1 + t)
  }

  /// t log(t / p) - t + p.
  private static func poissonDeviance(_ p: Double, _ t: Double) -> Double {
    if t == 0 { return p }
    return nearDeviance(t, p) ?? (t * logarithm(of: t, over: p) - (t - p))
  }

  /// log(p / t) + t / p - 1.
  private static func gammaDeviance(_ p: Double, _ t: Double) -> Double {
    // It is the same of both times a number; subnormals have too few digits.
    let unit = max(p, t) < 0x1p-900 ? 0x1p200 : 1
    let (p, t) = (p * unit, t * unit)
    return nearDeviance(p, t).map { $0 / p } ?? (logarithm(of: p, over: t) + (t - p) / p)
  }

  private static func logarithm(of x: Double, over y: Double) -> Double {
    let quotient = x / y
    return quotient.isNormal ? Elementary.log(quotient) : Elementary.log(x) - Elementary.log(y)
  }

  /// x log(x / y) - x + y for positive numbers that are so near that the terms would cancel; nil for
  /// others (Loader 2000, "Fast and accurate computation of binomial probabilities").
  private static func nearDeviance(_ x: Double, _ y: Double) -> Double? {
    let difference = x - y
    // Halves, whose sum does not overflow.
    let middle = x / 2 + y / 2
    guard abs(difference) < 0.2 * middle else { return nil }
    let v = difference / 2 / middle
    var term = x * (2 * v)
    var sum = difference * v
    for k in 1..<1000 {
      term *= v * v
      let next = sum + term / Double(2 * k + 1)
      if next == sum { break }
      sum = next
    }
    return sum
  }
}
