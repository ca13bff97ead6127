import Testing

@testable import EvalMetrics

@Suite struct KernelsSumsTests {
  @Test func `sums over keys are those over scores in every form`() {
    var random = SeededGenerator(seed: 61)
    for count in [0, 1, 7, 8, 300, 90_000] {
      // One exponent and many, subnormals and zero.
      for exponents in [126...126, 0...126, 0...3, 0...254] as [ClosedRange<UInt32>] {
        var scores: [Float] = (0..<count).map { _ in
          let exponent = UInt32.random(in: exponents, using: &random)
          return Float(bitPattern: exponent << 23 | UInt32(truncatingIfNeeded: random.next() >> 41))
        }
        scores.sort()
        for range in [0..<count, count / 3..<count, count / 5..<count / 2] {
          check(scores, range, "\(range) of \(count) with exponents \(exponents)")
        }
      }
    }
  }

  private func check(_ scores: [Float], _ range: Range<Int>, _ what: String) {
    var (sum, squares) = (ExactSum(), ExactSum())
    let values = scores[range].map(Double.init)
    sum.add(contentsOf: values)
    squares.add(products: values, values)
    let keys = scores.map(Kernels.key)
    for form in RowForm.usable {
      let found = Kernels.exactSums(keys, in: range, by: form)
      #expect((found.sum - sum).value == 0, "\(form): \(what)")
      #expect((found.squares - squares).value == 0, "\(form): \(what)")
    }
  }
}
