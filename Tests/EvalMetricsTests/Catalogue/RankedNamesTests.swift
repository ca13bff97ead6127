import EvalMetrics
import Testing

/// The k of a name such as "recall@5".
@Suite struct RankedNamesTests {
  @Test(arguments: ["recall@05", "recall@+5", "recall@", "recall@5.0", "recall@ 5", "recall@5x"])
  func anotherWayToWriteIsUnknown(_ name: String) {
    #expect(
      inputError { _ = try Tasks.resolve(.text(name), task: "ranking") }?.kind == .unknownMetric)
  }

  @Test func aRankIsGivenOnce() throws {
    func resolve(_ name: String, _ k: Int64?) throws -> MetricRequest {
      let fields = k.map { [Value.Field("k", .integer($0))] } ?? []
      return try Tasks.resolve(
        .record([Value.Field("metric", .text(name))] + fields), task: "ranking")
    }
    for k in [5, 6] as [Int64] {
      let error = inputError { _ = try resolve("recall@5", k) }
      #expect(error?.kind == .invalidParams)
      #expect(error?.path == [.key("k")])
    }
    #expect(try resolve("recall@5", nil).key == "recall@5")
    #expect(try resolve("recall@k", 6).key == "recall@6")
  }
}
