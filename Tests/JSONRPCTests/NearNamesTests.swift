import Testing

@testable import JSONRPC

@Suite struct NearNamesTests {
  private let names = [
    "stream/open", "stream/push", "stream/list", "metric/query", "slice/query", "f1", "f_beta",
    "roc_auc", "recall", "precision", "average_precision",
  ]

  @Test(arguments: [
    ("stream/psuh", ["stream/push"]), ("stream_push", ["stream/push"]), ("push", ["stream/push"]),
    ("Stream.Open", ["stream/open"]), ("rocauc", ["roc_auc"]), ("ROC-AUC", ["roc_auc"]),
    ("recal", ["recall"]), ("query", ["metric/query", "slice/query"]), ("fbeta", ["f_beta"]),
    ("F2", ["f1"]), ("precison", ["precision"]), ("", []), ("zzzzzz", []), ("stream/open", []),
    ("/", []),
  ]) func finds(_ name: String, _ expected: [String]) {
    #expect(nearNames(name, in: names) == expected)
  }

  @Test func atMostThreeTheNearestFirst() {
    #expect(nearNames("abcdef", in: ["abcdxx", "abcdex", "abcdey", "abcde"]).count == 3)
    #expect(nearNames("abcdef", in: ["abcdxx", "abcdex"]) == ["abcdex", "abcdxx"])
  }

  @Test func longNamesCostNothing() {
    #expect(nearNames(String(repeating: "a", count: 1_000_000), in: names).isEmpty)
  }

  @Test func hints() {
    #expect(nearNamesHint("recal", in: names) == #"did you mean "recall"?"#)
    #expect(nearNamesHint("query", in: names) == #"did you mean "metric/query" or "slice/query"?"#)
    #expect(nearNamesHint("zzzzzz", in: names, otherwise: "read the manual") == "read the manual")
  }

  @Test func clippingCountsCodePoints() {
    #expect(clipped(String(repeating: "é", count: 80)) == String(repeating: "é", count: 80))
    #expect(clipped(String(repeating: "é", count: 81)) == String(repeating: "é", count: 80) + "…")
  }
}
