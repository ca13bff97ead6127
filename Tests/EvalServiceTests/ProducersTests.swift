import EvalMetrics
import Testing

@testable import EvalService

@Suite struct ProducersTests {
  @Test func `what producers take is counted, each once, and what is remembered of refusals`()
    throws
  {
    var producers = Producers()
    for (name, number, isRefused) in [
      ("a", 1, false), ("a", 2, true), ("b", 1, true), ("a", 3, false),
    ] {
      producers.note(Sender(producer: Name(name), number: Int64(number)), isRefused: isRefused)
      #expect(producers.byteCount == producers.byName.values.reduce(0) { $0 + $1.byteCount })
    }
    #expect(producers.byteCount == 2 * Producer().byteCount + 16)
    #expect(producers["a"].expected == 4 && producers["a"].refused == [2])
    #expect(producers["b"].expected == 2 && producers["b"].refused == [1])
  }
}
