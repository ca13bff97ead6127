// Decisions at any threshold, from buckets: exact sums of weights, so that small ones are never lost
// beside large ones.

/// The decisions that a threshold may make: between those with and without the bucket that it falls into.
struct DecisionRange: Sendable, Equatable {
  /// With none of the bucket.
  var without: Decisions
  /// With all of it.
  var with: Decisions
  /// One of the two, or half of both: real decisions near the threshold.
  var middle: Decisions

  /// Decisions that are known.
  init(_ decisions: Decisions) {
    without = decisions
    with = decisions
    middle = decisions
  }

  init(without: Decisions, with: Decisions, middle: Decisions) {
    self.without = without
    self.with = with
    self.middle = middle
  }

  var isExact: Bool { without == with }

  /// The four corners of what is possible: each label's rows of the bucket may be above or below.
  var corners: [Decisions] {
    let mostHits = Decisions(
      truePositives: with.truePositives, falsePositives: without.falsePositives,
      trueNegatives: without.trueNegatives, falseNegatives: with.falseNegatives)
    let mostAlarms = Decisions(
      truePositives: without.truePositives, falsePositives: with.falsePositives,
      trueNegatives: with.trueNegatives, falseNegatives: without.falseNegatives)
    return [without, mostHits, mostAlarms, with]
  }
}

extension DecisionRange {
  /// What a metric of decisions answers, with the bounds over all decisions that are possible. It must
  /// rise or fall with each label's share above the threshold, so that its extremes are at the corners;
  /// where it is undefined at a corner it is near `limit` next to it, or as at another corner if that is nil.
  /// It is never outside of `range`.
  func answer(
    limit: Double?, in range: ClosedRange<Double>, _ metric: (Decisions) -> Answer
  ) -> Answer {
    var answer = metric(middle)
    if isExact || answer.value == nil { return answer }
    let corners = corners.map(metric)
    if case .record = answer.value {
      answer.fieldBounds = FieldBounds([answer] + corners)
      return answer
    }
    let numbers = corners.compactMap { $0.number ?? ($0.value == nil ? limit : nil) }
    guard let low = numbers.min(), let high = numbers.max() else { return answer }
    return .value(answer.number, in: Enclosure(low, high).outward(in: range), else: .zeroDivision)
  }
}

extension FieldBounds {
  /// The least and the most of each field of records of one shape; nil where there are none.
  init?(_ answers: [Answer]) {
    let records = answers.compactMap { answer -> [Value.Field]? in
      if case .record(let fields) = answer.value { fields } else { nil }
    }
    guard let first = records.first else { return nil }
    var low: [Value.Field] = []
    var high: [Value.Field] = []
    for (place, field) in first.enumerated() {
      let numbers = records.compactMap { $0.count > place ? $0[place].value.exactDouble : nil }
      guard let least = numbers.min(), let most = numbers.max() else { continue }
      // From 2^53 on every double is whole, rounded or not.
      let isCount = most < 0x1p53 && numbers.allSatisfy { $0 == $0.rounded() }
      // Sums of weights and shares are rounded, also where they are equal at every corner.
      let slack = isCount ? 0 : Enclosure.slack
      low.append(Value.Field(field.key, .count(least * (1 - slack))))
      high.append(Value.Field(field.key, .count(most * (1 + slack))))
    }
    self.init(low: .record(low), high: .record(high))
  }
}

/// Exact weights above each chunk of buckets.
private struct ChunkSums: Sendable {
  /// At place i, of the chunks before chunk i; the last are the totals.
  var positives: [ExactSum] = []
  var negatives: [ExactSum] = []

  init(_ buckets: ScoreBuckets) {
    var (ones, zeros) = (ExactSum(), ExactSum())
    for chunk in buckets.chunks {
      positives.append(ones)
      negatives.append(zeros)
      let (p, n) = buckets.sums(chunk, 0..<chunk.keys.count)
      ones.merge(p)
      zeros.merge(n)
    }
    positives.append(ones)
    negatives.append(zeros)
  }
}

extension ScoreBuckets {
  /// The exact weights of some buckets of a chunk.
  fileprivate func sums(_ chunk: Chunk, _ range: Range<Int>) -> (ExactSum, ExactSum) {
    let width = layout.width
    var limbs = Array(repeating: Int64(0), count: 2 * width)
    for index in range {
      let place = index * 2 * width
      for limb in 0..<2 * width { limbs[limb] &+= Int64(chunk.limbs[place &+ limb]) }
    }
    return (
      ExactSum(limbs: Array(limbs[..<width]), base: layout.base),
      ExactSum(limbs: Array(limbs[width...]), base: layout.base)
    )
  }

  /// The first bucket with scores below a threshold, as chunk and place in it.
  fileprivate func firstReachingBelow(_ threshold: Double) -> (chunk: Int, index: Int) {
    func reaches(_ chunk: Chunk, _ index: Int) -> Bool {
      Kernels.double(range(chunk, index).low) < threshold
    }
    let place = chunks.firstPlace { reaches($0, $0.keys.count - 1) }
    if place == chunks.count { return (place, 0) }
    let chunk = chunks[place]
    return (place, chunk.keys.indices.firstPlace { reaches(chunk, $0) })
  }
}

extension SortedScores {
  /// The decisions when a row is positive at a score of at least `threshold`.
  func decisionRange(at threshold: Double) -> DecisionRange {
    guard let buckets else {
      return DecisionRange(decisions(at: threshold))
    }
    let sums = once("chunk sums") { ChunkSums(buckets) }
    let (place, index) = buckets.firstReachingBelow(threshold)
    if place == buckets.chunks.count { return DecisionRange(Self.decisions(sums, [])) }
    let chunk = buckets.chunks[place]
    let above =
      [(sums.positives[place], sums.negatives[place]), buckets.sums(chunk, 0..<index)]
    let without = Self.decisions(sums, above)
    let bucket = buckets.bucket(chunk, index, 0)
    if threshold > bucket.high { return DecisionRange(without) }
    let with = Self.decisions(sums, above + [buckets.sums(chunk, index..<index + 1)])
    // Somebody is on either side, since the bucket has a score at each of its ends.
    let middle =
      without.predictedPositives == 0 && with.predictedNegatives == 0
      ? .half(without, with)
      : without.predictedPositives == 0
        || (threshold <= bucket.middle && with.predictedNegatives > 0)
        ? with : without
    return DecisionRange(without: without, with: with, middle: middle)
  }

  private static func decisions(_ sums: ChunkSums, _ above: [(ExactSum, ExactSum)]) -> Decisions {
    guard let positives = sums.positives.last, let negatives = sums.negatives.last else {
      return Decisions()
    }
    var (tp, fp) = (ExactSum(), ExactSum())
    if above.isEmpty { (tp, fp) = (positives, negatives) }
    for (ones, zeros) in above {
      tp.merge(ones)
      fp.merge(zeros)
    }
    return Decisions(
      truePositives: tp.value, falsePositives: fp.value, trueNegatives: (negatives - fp).value,
      falseNegatives: (positives - tp).value)
  }
}

extension ExactSum {
  /// From limbs that are not negative, each below 2^52.
  fileprivate init(limbs: [Int64], base: Int) {
    self.init()
    self.limbs = limbs
    self.base = Int32(truncatingIfNeeded: base)
    normalise()
  }
}

extension Decisions {
  fileprivate static func half(_ a: Decisions, _ b: Decisions) -> Decisions {
    Decisions(
      truePositives: a.truePositives / 2 + b.truePositives / 2,
      falsePositives: a.falsePositives / 2 + b.falsePositives / 2,
      trueNegatives: a.trueNegatives / 2 + b.trueNegatives / 2,
      falseNegatives: a.falseNegatives / 2 + b.falseNegatives / 2)
  }
}
