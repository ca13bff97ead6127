import Testing

@testable import EvalMetrics

/// Sums of precisions, against sums that are exact.
@Suite struct PrecisionSumTests {
  @Test func `precisions that are not tiny are summed exactly, in any order`() {
    var random = SeededGenerator(seed: 61)
    var terms: [(precision: Double, weight: Double)] = [
      (1, 5_000_000), (0x1p-19, 1), (1 / 3, 2048),
    ]
    for _ in 0..<50_000 {
      let tp = Double(random.next() % 400_000 + 1)
      let selected = tp + Double(random.next() % 100_000)
      terms.append((tp / selected, Double(random.next() % 7 == 0 ? random.next() % 5_000 : 1)))
    }
    var exact = ExactSum()
    for term in terms { exact.add(product: term.precision, term.weight) }
    for _ in 0..<3 {
      var sum = PrecisionSum()
      for term in terms { sum.add(term.precision, weight: term.weight) }
      #expect(sum.value == exact.value)
      terms.shuffle(using: &random)
    }
  }

  @Test func `the smallest precisions are off by less than 2^-42 of them`() {
    for rows in [3e7, 1e9, 0x1p31 - 1] {
      var sum = PrecisionSum()
      sum.add(1 / rows, weight: 3)
      #expect(abs(sum.value * rows / 3 - 1) < 0x1p-42)
    }
  }
}
