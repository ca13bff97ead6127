/// What a bin of a reliability diagram may hold: rows that are surely in it, and rows that may be.
struct BinBounds: Sendable {
  /// The edges, which are themselves uncertain where they are quantiles.
  var low: Enclosure
  var high: Enclosure
  /// Rows that are surely in it.
  private(set) var weight = CompensatedSum()
  private(set) var positives = CompensatedSum()
  private(set) var scores = SumOfEnclosures()
  /// Buckets that an edge may cut: each of their rows may be in the bin.
  private(set) var extras: [Extra] = []

  /// Rows that may be in a bin.
  struct Extra: Sendable {
    /// Between which probabilities they are then.
    var low: Double
    var high: Double
    var positives: Double
    var negatives: Double
    var weight: Double { positives + negatives }
  }

  init(low: Enclosure, high: Enclosure) {
    self.low = low
    self.high = high
  }

  mutating func add(_ bucket: Bucket, low: Double, high: Double) {
    let rows = bucket.positives + bucket.negatives
    weight.add(rows)
    positives.add(bucket.positives)
    scores.add(rows * low, rows * high)
  }

  mutating func addPossible(
    _ bucket: Bucket, low: Double, high: Double, isFirst: Bool, isLast: Bool
  ) {
    let low = isFirst ? low : max(low, self.low.low)
    let high = isLast ? high : min(high, self.high.high)
    extras.append(
      Extra(
        low: min(low, high), high: max(low, high), positives: bucket.positives,
        negatives: bucket.negatives))
  }

  var isSurelyFilled: Bool { weight.value > 0 }
  var mayBeFilled: Bool { isSurelyFilled || !extras.isEmpty }

  /// The weight it may have.
  var mass: Enclosure {
    Enclosure(weight.value, extras.reduce(weight.value) { $0 + $1.weight })
  }

  /// The sum of y - p of the rows that are surely in it.
  var surePull: Enclosure {
    let (all, sum) = (positives.value, scores.value)
    return Enclosure(all - sum.high, all - sum.low)
  }

  /// The sum of y - p of all its rows.
  var pull: Enclosure {
    let sure = surePull
    return Enclosure(
      extras.reduce(sure.low) { $0 - $1.negatives * $1.high },
      extras.reduce(sure.high) { $0 + $1.positives * (1 - $1.low) })
  }

  /// The mean probability, if it has rows; nil when it has none.
  var meanScore: Enclosure? {
    mean(scores.value, extras.map { (low: $0.low, high: $0.high, weight: $0.weight) })
  }

  /// The share of positives, if it has rows.
  var positiveRate: Enclosure? {
    mean(
      Enclosure(positives.value, positives.value),
      extras.flatMap { [(1.0, 1.0, $0.positives), (0.0, 0.0, $0.negatives)] })
  }

  /// The mean of y - p, if it has rows.
  var meanPull: Enclosure? {
    mean(
      surePull,
      extras.flatMap {
        [(1 - $0.high, 1 - $0.low, $0.positives), (-$0.high, -$0.low, $0.negatives)]
      })
  }

  /// |positive rate - mean probability|, if it has rows.
  var gap: Enclosure? { meanPull.map(\.magnitude) }

  /// Between which values a mean lies when each of the extras may be part of it or not: the highest mean takes
  /// those that raise it.
  private func mean(
    _ sum: Enclosure, _ extras: [(low: Double, high: Double, weight: Double)]
  ) -> Enclosure? {
    let possible = extras.filter { $0.weight > 0 }
    if !isSurelyFilled && possible.isEmpty { return nil }
    let most = Self.highestMean(sum.high, weight.value, possible.map { ($0.high, $0.weight) })
    let least = -Self.highestMean(-sum.low, weight.value, possible.map { (-$0.low, $0.weight) })
    return Enclosure(min(least, most), most)
  }

  private static func highestMean(
    _ sum: Double, _ weight: Double, _ extras: [(value: Double, weight: Double)]
  ) -> Double {
    var (sum, weight) = (sum, weight)
    for extra in extras.sorted(by: { $0.value > $1.value })
    where weight <= 0 || extra.value > sum / weight {
      sum += extra.value * extra.weight
      weight += extra.weight
    }
    return sum / weight
  }
}

extension Enclosure {
  /// Between which values the magnitude lies.
  var magnitude: Enclosure {
    let most = max(abs(low), abs(high))
    return Enclosure(low <= 0 && high >= 0 ? 0 : min(abs(low), abs(high)), most)
  }

  /// The square of something with this magnitude, times a weight.
  func squared(times weight: Enclosure) -> Enclosure {
    let size = magnitude
    return Enclosure(weight.low * size.low * size.low, weight.high * size.high * size.high)
  }
}
