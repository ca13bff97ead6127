import Testing

@testable import EvalMetrics

@Suite struct KernelsTests {
  @Test func smoke() {
    var s = ExactSum()
    for x in [1e308, 1e308, -1e308, 1e16, 1, -1e16, -1e308] { s.add(x) }
    #expect(s.value == 1)
    #expect(ExactSum.ratio(s, s + s + s) == 1.0 / 3.0)
    s.add(product: 1e-300, 1e-300, 1e-300)
    #expect(s.value == 1)
    #expect((s * s - s).value == 1e-300 * 0)
  }
}
