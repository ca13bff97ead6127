import EvalMetrics
import EvalTestSupport
import Testing

@Suite struct StreamEngineTests {
  @Test func aBatchIsAppliedWholeOrNotAtAll() throws {
    var bench = try Bench("binary", slices: [SliceDimension(name: "language")])
    let good: [String: Column] = ["scores": .doubles([0.2, 0.8]), "labels": .integers([0, 1])]
    try bench.push(good, slices: ["language": .texts(["en", "fr"])])
    let before = try (bench.ask("confusion_matrix"), bench.ask("roc_auc"), bench.ask("brier"))
    let bad: [([String: Column], [String: Column], [InputError.Step])] = [
      (
        ["scores": .doubles([0.5, 1.5]), "labels": .integers([0, 1])], [:],
        [.key("scores"), .index(1)]
      ),
      (
        ["scores": .doubles([0.5, .nan]), "labels": .integers([0, 1])], [:],
        [.key("scores"), .index(1)]
      ),
      (
        ["scores": .doubles([0.5, 0.5]), "labels": .integers([0, 2])], [:],
        [.key("labels"), .index(1)]
      ),
      (["scores": .doubles([0.5, 0.5]), "labels": .integers([0])], [:], []),
      (["scores": .doubles([0.5, 0.5])], [:], []),
      (["labels": .integers([0, 1])], [:], []),
      (
        ["predictions": .integers([0, 1]), "labels": .integers([0, 1])], [:], [.key("predictions")]
      ),
      (
        good, ["language": .values([.text("en"), .number(.nan)])],
        [.key("slices"), .key("language"), .index(1)]
      ),
      (good.merging(["weights": .doubles([1, -1])]) { $1 }, [:], [.key("weights"), .index(1)]),
      (
        good.merging(["weights": .doubles([1, .infinity])]) { $1 }, [:],
        [.key("weights"), .index(1)]
      ),
      (good.merging(["scroes": .doubles([1, 1])]) { $1 }, [:], [.key("scroes")]),
    ]
    for (columns, slices, path) in bad {
      let error = inputError {
        try bench.push(
          columns, slices: slices.isEmpty ? ["language": .texts(["de", "de"])] : slices)
      }
      #expect(error != nil)
      if !path.isEmpty { #expect(error?.path == path) }
    }
    #expect(try before == (bench.ask("confusion_matrix"), bench.ask("roc_auc"), bench.ask("brier")))
    #expect(bench.engine.totalCount == 2)
    #expect(try bench.engine.sliceKeys(by: [0], in: .current) == [[.text("en")], [.text("fr")]])
  }

  @Test func theFirstBatchWithRowsSettlesWhatAStreamHas() throws {
    var bench = try Bench("binary")
    try bench.push(["predictions": .integers([]), "labels": .integers([])])
    try bench.push([:])
    // A refused batch settles nothing.
    #expect(
      inputError { try bench.push(["predictions": .integers([1]), "labels": .integers([7])]) }
        != nil)
    try bench.push(["scores": .doubles([0.5]), "labels": .integers([1])])
    let refused = inputError {
      try bench.push(["predictions": .integers([1]), "labels": .integers([1])])
    }
    #expect(refused?.path == [.key("predictions")])
    bench.engine.reset()
    try bench.push(["predictions": .integers([1]), "labels": .integers([1])])
    #expect(
      inputError { try bench.push(["scores": .doubles([0.5]), "labels": .integers([1])]) } != nil)
    #expect(
      inputError {
        try bench.push([
          "scores": .doubles([0.5]), "predictions": .integers([1]), "labels": .integers([1]),
        ])
      } != nil)
  }

  @Test func windowsOfAStream() throws {
    var bench = try Bench("scalar", keepWindows: 2)
    func sum(_ window: Window) throws -> Double? {
      try bench.ask("sum", in: Scope(window: window)).number
    }
    try bench.push(["values": .doubles([1])])
    #expect(try sum(.current) == 1)
    #expect(try sum(.all) == 1)
    #expect(inputError { _ = try sum(.marks(1)) } != nil)
    for (value, label) in [(2.0, "a"), (4, "b"), (8, "b")] {
      bench.engine.mark(Name(label))
      try bench.push(["values": .doubles([value])])
    }
    #expect(try sum(.current) == 8)
    #expect(try sum(.all) == 15)
    #expect(try sum(.marks(1)) == 4)
    #expect(try sum(.marks(2)) == 6)
    #expect(bench.engine.keptMarks == ["b", "b"])
    // Of two windows with one label the later is meant.
    #expect(try sum(.mark("b")) == 4)
    for window in [Window.mark("a"), .marks(3), .marks(0), .rows(5)] {
      #expect(inputError { _ = try sum(window) }?.path == [.key("window")])
    }
    #expect(bench.engine.count == 1)
    #expect(bench.engine.totalCount == 4)
    // A question about everything is not spoilt by what comes after it.
    try bench.push(["values": .doubles([16])])
    #expect(try sum(.all) == 31)
  }

  @Test func aCopyOfAStreamIsItsOwn() throws {
    var bench = try Bench("scalar")
    try bench.push(["values": .doubles([1])])
    #expect(try bench.ask("median").number == 1)
    var copy = bench
    try copy.push(["values": .doubles([3])])
    #expect(try copy.ask("median").number == 2)
    #expect(try bench.ask("median").number == 1)
    copy.engine.reset()
    #expect(try copy.ask("median").reason == .noRows)
    #expect(try bench.ask("sum").number == 1)
  }

  @Test func metricsAreFoundByTheNamesThatPeopleWrite() throws {
    func key(_ value: Value) throws -> String { try Tasks.resolve(value, task: "binary").key.text }
    func object(_ fields: (String, Value)...) -> Value {
      .record(fields.map { Value.Field($0.0, $0.1) })
    }
    #expect(try key(.text("f1")) == "f1")
    #expect(try key(object(("metric", .text("f_beta")), ("beta", .integer(2)))) == "f_beta(beta=2)")
    #expect(try key(object(("metric", .text("f_beta")), ("beta", .number(2)))) == "f_beta(beta=2)")
    #expect(
      try key(object(("metric", .text("f_beta")), ("beta", .number(0.5)))) == "f_beta(beta=0.5)")
    #expect(try key(object(("as", .text("mine")), ("metric", .text("f1")))) == "mine")
    for odd in [
      .text("f3"), .null, .integer(1), object(), object(("metric", .integer(1))),
      object(("metric", .text("f1")), ("beta", .integer(2))),
      object(("metric", .text("f_beta")), ("beta", .integer(-1))),
      object(("metric", .text("ece")), ("bins", .integer(0))),
      object(("metric", .text("ece")), ("bins", .number(2.5))),
      object(("metric", .text("f1")), ("as", .text(""))),
    ] as [Value] { #expect(inputError { _ = try key(odd) } != nil, "\(odd)") }
  }

  @Test func aSignatureSaysHowTheNumberWasMade() throws {
    var bench = try Bench("binary", ["threshold": .number(0.25), "zero_division": .number(1)])
    try bench.push(["scores": .doubles([0.5]), "labels": .integers([1])])
    let request = try Tasks.resolve(
      .record([.init("metric", .text("f_beta")), .init("beta", .number(2))]), task: "binary")
    #expect(
      bench.engine.signature(of: request, threshold: nil)
        == "f_beta|task:binary|beta:2|score_kind:probability|threshold:>=0.25|zero_division:1|v:1")
    #expect(bench.engine.signature(of: request, threshold: 0.75).contains("threshold:>=0.75"))
    #expect(!bench.engine.signature(of: request, threshold: 0.75).contains("0.25"))
  }

  @Test func optionsAreChecked() throws {
    for (task, name, value) in [
      ("binary", "score_kind", Value.text("probabilities")), ("binary", "threshold", .text("half")),
      ("binary", "zero_division", .integer(2)), ("binary", "unique_ids", .integer(1)),
      ("binary", "positive_label", .number(0.5)), ("scalar", "threshold", .number(0.5)),
      ("scalar", "non_finite", .text("drop")),
    ] {
      #expect(
        inputError { _ = try Bench(task, [name: value]) }?.path == [.key("options"), .key(name)])
    }
    #expect(inputError { _ = try Bench("bynary") }?.kind == .unknownTask)
  }
}
