import RowLoops
import Testing

@testable import EvalMetrics

/// Scores in two layers answer as the same scores in one order do, to the bit.
@Suite struct LayeredScoresTests {
  private static let shapes: [KeyShape] = [.probabilities, .logits, .tied, .grouped, .allEqual]

  @Test(arguments: shapes) func `ranks in layers have the bits of a walk over all`(shape: KeyShape)
  {
    var random = SeededGenerator(seed: 51)
    for (base, recent) in [
      ((1, 0), (0, 0)), ((0, 1), (3, 0)), ((4, 3), (0, 5)), ((40, 90), (1, 2)),
      ((1_023, 3_000), (7, 9)), ((1_024, 1_025), (1_024, 0)), ((3_000, 9_000), (900, 1_800)),
      ((2_500, 10), (5_000, 5_000)), ((10, 20_000), (300, 10)),
      // Several stretches of the base, and more recent rows than are ranked at once.
      ((55_000, 30_000), (12_000, 20_000)),
    ] {
      let ones = shape.narrow(base.0, &random).sorted()
      let zeros = shape.narrow(base.1, &random).sorted()
      // Some scores are those of the base.
      let newOnes = (shape.narrow(recent.0, &random) + zeros.prefix(recent.0 / 3)).sorted()
      let newZeros = (shape.narrow(recent.1, &random) + ones.suffix(recent.1 / 3)).sorted()
      Self.check(
        KeyPair(positives: ones, negatives: zeros), KeyPair(positives: newOnes, negatives: newZeros)
      )
      let wide = { (keys: [UInt32]) in keys.map(Kernels.widened) }
      Self.check(
        KeyPair(positives: wide(ones), negatives: wide(zeros)),
        KeyPair(positives: wide(newOnes), negatives: wide(newZeros)))
    }
  }

  private static func check<Key: ScoreKey>(_ base: KeyPair<Key>, _ recent: KeyPair<Key>) {
    let what: Comment =
      "\(Key.self): \(base.positives.count), \(base.negatives.count) and \(recent.positives.count), \(recent.negatives.count)"
    for form in RowForm.usable { check(base, recent, by: form, "\(form) \(what)") }
  }

  private static func check<Key: ScoreKey>(
    _ base: KeyPair<Key>, _ recent: KeyPair<Key>, by form: RowForm, _ what: Comment
  ) {
    let ranks = BaseRanks(of: base.positives, among: base.negatives, by: form)
    let found = LayerSums(base: base, ranks, recent: recent, by: form)
    let ones = (base.positives + recent.positives).sorted()
    let zeros = (base.negatives + recent.negatives).sorted()
    let expected: (pairs: Double, steps: Double, best: (value: Double, key: Key))
    if let ones = ones as? [UInt32], let zeros = zeros as? [UInt32] {
      let sums = Kernels.rankSums(positives: ones, negatives: zeros)
      expected = (sums.twicePairs.half, sums.steps.value, (sums.best.value, Key(sums.best.key)))
    } else {
      let sums = Kernels.rankSums(
        positives: ones.map { UInt64($0) }, negatives: zeros.map { UInt64($0) })
      expected = (sums.twicePairs.half, sums.steps.value, (sums.best.value, Key(sums.best.key)))
    }
    #expect(Double(found.twicePairs) / 2 == expected.pairs, what)
    #expect(found.steps.value == expected.steps, what)
    if ones.isEmpty { return }
    #expect(found.best.value == expected.best.value, what)
    #expect(found.best.key == expected.best.key, what)
  }

  @Test func `of equal F1 the highest score is taken, whichever layer has it`() {
    // One hit of one is as good as two hits of four, where there are two positives.
    let (low, high): ([UInt32], [UInt32]) = ([10], [30])
    let zeros: [UInt32] = [20, 21]
    for (base, recent) in [(low, high), (high, low), (low + high, []), ([], low + high)] {
      Self.check(
        KeyPair(positives: base, negatives: zeros), KeyPair(positives: recent, negatives: []))
      Self.check(
        KeyPair(positives: base, negatives: []), KeyPair(positives: recent, negatives: zeros))
    }
  }

  @Test(arguments: shapes) func `ranks are those of a search`(shape: KeyShape) {
    var random = SeededGenerator(seed: 52)
    for (m, n) in [(0, 5), (5, 0), (3, 3), (2_047, 9_000), (2_049, 12), (20_000, 17_000)] {
      let others = shape.narrow(n, &random).sorted()
      let keys = (shape.narrow(m, &random) + others.prefix(m / 2)).sorted()
      for form in RowForm.usable {
        Self.checkRanks(keys, others, by: form)
        Self.checkRanks(keys.map(Kernels.widened), others.map(Kernels.widened), by: form)
      }
    }
  }

  private static func checkRanks<Key: ScoreKey>(
    _ keys: [Key], _ others: [Key], by form: RowForm
  ) {
    let what: Comment = "\(form) \(Key.self): \(keys.count) among \(others.count)"
    let below = keys.map { Kernels.lowerBound(others, $0) }
    let notAbove = keys.map { Kernels.upperBound(others, $0) }
    var found: [(below: Int, notAbove: Int)] = []
    let room = RankRoom<Key>(by: form)
    defer { room.deallocate() }
    keys.withUnsafeBufferPointer { keys in
      others.withUnsafeBufferPointer { others in
        let ranker = KeyRanker(keys, among: others)
        var (i, j) = (keys.count, others.count)
        while i > 0 {
          let end = max(0, i - RankRoom<Key>.length)
          room.rank(ranker, i, j, from: end)
          found.insert(
            contentsOf: (0..<i - end).map {
              (room.notAbove[$0] - room.ties[$0], room.notAbove[$0])
            }, at: 0)
          (i, j) = (end, room.notAbove[0])
        }
      }
    }
    #expect(found.map(\.below) == below, what)
    #expect(found.map(\.notAbove) == notAbove, what)
    let ranks = BaseRanks(of: keys, among: others, by: form)
    #expect(keys.indices.map { ranks.negatives(below: $0) } == below, what)
    #expect(Int(ranks.twicePairs) == zip(below, notAbove).reduce(0) { $0 + $1.0 + $1.1 }, what)
  }

  /// Rows of an index, and the questions that are asked of it.
  private struct Rows {
    var scores: [Float] = []
    var labels: [UInt8] = []

    mutating func add(_ count: Int, _ random: inout SeededGenerator, positives: UInt64 = 3) {
      for _ in 0..<count {
        // There are about a million scores, so that rows of all layers tie.
        scores.append(Float(random.next() % 1_000_003) / (random.next() % 3 == 0 ? 1e6 : 1e8) / 2)
        labels.append(random.next() % 10 < positives ? 1 : 0)
      }
    }

    func index(_ range: Range<Int>) -> ScoreIndex {
      var index = ScoreIndex()
      add(range, to: &index)
      return index
    }

    func add(_ range: Range<Int>, to index: inout ScoreIndex) {
      index.update(.single(Array(scores[range])), labels: Array(labels[range]), weights: nil)
    }
  }

  private func areEqual(_ a: SortedScores?, _ b: SortedScores?, _ what: Comment) {
    guard let a, let b else {
      Issue.record(what)
      return
    }
    #expect(a.total == b.total, what)
    #expect(a.positives == b.positives, what)
    #expect(a.ranks.rocArea == b.ranks.rocArea, what)
    #expect(a.ranks.averagePrecision == b.ranks.averagePrecision, what)
    #expect(a.ranks.bestF1?.value == b.ranks.bestF1?.value, what)
    #expect(a.ranks.bestF1?.threshold == b.ranks.bestF1?.threshold, what)
    #expect(a.decisions(at: 0.25) == b.decisions(at: 0.25), what)
    let (x, y) = (
      a.calibration(bins: 15, .uniform, .probability),
      b.calibration(bins: 15, .uniform, .probability)
    )
    #expect(x?.bins == y?.bins, what)
    #expect(x?.squaredErrors == y?.squaredErrors, what)
    #expect(a.extremes?.lowest == b.extremes?.lowest, what)
    #expect(a.extremes?.highest == b.extremes?.highest, what)
  }

  @Test func `an index asked in between answers as one asked once`() {
    var random = SeededGenerator(seed: 53)
    var rows = Rows()
    var index = ScoreIndex()
    var layered = 0
    // The first of a size that is kept, then small and large steps, a copy's work taken over, and a curve.
    for (step, count) in [70_000, 900, 9_000, 1, 3_000, 50_000, 3_000, 4_000, 5_000].enumerated() {
      let start = rows.scores.count
      rows.add(count, &random)
      rows.add(start..<start + count, to: &index)
      if step % 3 == 2 {
        var copy = index
        copy.prepare()
        _ = copy.prepared?.ranks
        let more = rows.scores.count
        rows.add(77, &random)
        rows.add(more..<more + 77, to: &index)
        index.adoptSorted(copy)
        #expect(index.base === copy.base)
      }
      index.prepare()
      if index.prepared?.layers != nil { layered += 1 }
      let whole = rows.index(0..<rows.scores.count)
      var expected = whole
      expected.prepareWhole()
      areEqual(index.prepared, expected.prepared, "after step \(step)")
      if step == 4 {
        // What needs one order merges the layers, and they stay merged.
        #expect(
          index.prepared?.rankSummary.ksStatistic == expected.prepared?.rankSummary.ksStatistic)
        #expect(index.prepared?.mergedLayers != nil)
      }
      #expect(Self.bytes(index) == Self.bytes(whole))
    }
    #expect(layered >= 5)
  }

  @Test func `what would not fit the layers puts all rows in one order`() {
    var random = SeededGenerator(seed: 54)
    var rows = Rows()
    rows.add(80_000, &random)
    rows.add(500, &random, positives: 0)
    let first = 0..<80_000
    var index = rows.index(first)
    index.prepare()
    #expect(index.base != nil)
    // A column of another kind, weights, and another index.
    var doubles = index
    doubles.update(.double([0.3, 0.1 + 0.2]), labels: [1, 0], weights: nil)
    doubles.prepare()
    #expect(doubles.prepared?.layers == nil && doubles.prepared?.total == 80_002)
    var weighted = index
    weighted.update(.single([0.3]), labels: [1], weights: [2])
    weighted.prepare()
    #expect(weighted.prepared?.layers == nil && weighted.prepared?.total == 80_002)
    var merged = index
    var other = rows.index(80_000..<80_500)
    other.prepare()
    merged.merge(other)
    merged.prepare()
    var expected = rows.index(0..<80_500)
    expected.prepareWhole()
    areEqual(merged.prepared, expected.prepared, "merged")
    // The other way round the base is in the middle of what is there.
    other.merge(index)
    other.prepare()
    areEqual(other.prepared, expected.prepared, "merged the other way")
    index.coarsen(to: .groups(droppedBits: 3))
    #expect(index.base == nil)
    index.prepare()
    #expect(index.prepared?.total == 80_000)
  }

  private static func bytes(_ index: ScoreIndex) -> [UInt8] {
    var writer = StateWriter()
    index.encode(into: &writer)
    return writer.bytes
  }
}
