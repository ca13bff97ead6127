import EvalTestSupport
import Testing

@testable import EvalMetrics

@Suite struct CurveTests {
  private func curve(
    _ bench: inout Bench, _ curve: Curve, points: Int = 100_000
  ) throws -> (columns: [String: [Double?]], area: Double?, total: Int) {
    let report = try #require(
      try bench.inspect { rows throws(InputError) in try rows.curve(curve, points: points) })
    return (Dictionary(uniqueKeysWithValues: report.columns), report.area, report.totalPoints)
  }

  @Test func everyPointIsWhatItsThresholdDoes() throws {
    let some = rows(120, seed: 31) { ($0.unit() * 30).rounded() / 30 }
    var bench = try Bench("binary")
    try _ = bench.engine.push(batch(some, .float64))
    let thresholds = [.infinity] + Set(some.map(\.score)).sorted(by: >)
    let roc = try curve(&bench, .roc)
    #expect(roc.columns["threshold"] == thresholds)
    for (index, threshold) in thresholds.enumerated() {
      #expect(
        try roc.columns["true_positive_rate"]?[index]
          == bench.ask("recall", threshold: threshold).number)
      #expect(
        try roc.columns["false_positive_rate"]?[index]
          == bench.ask("false_positive_rate", threshold: threshold).number)
    }
    #expect(try roc.area == bench.ask("roc_auc").number)
    let pr = try curve(&bench, .precisionRecall)
    #expect(pr.columns["precision"]?[0] == 1 && pr.columns["recall"]?[0] == 0)
    #expect(try pr.area == bench.ask("pr_auc").number)
    let sweep = try curve(&bench, .threshold)
    #expect(sweep.columns["threshold"] == Array(thresholds.dropFirst()))
    #expect(try sweep.columns["f1"]?.compactMap { $0 }.max() == bench.ask("optimal_f1").number)
    for name in ["precision", "recall", "f1", "selection_rate"] {
      for (index, threshold) in thresholds.dropFirst().enumerated() {
        #expect(try sweep.columns[name]?[index] == bench.ask(name, threshold: threshold).number)
      }
    }
  }

  @Test func fewerPointsAreRealOnesWithBothEnds() throws {
    let some = rows(500, seed: 32) { $0.unit() }
    var bench = try Bench("binary")
    try _ = bench.engine.push(batch(some, .float64))
    let all = try curve(&bench, .roc)
    let points = Set(
      zip(all.columns["false_positive_rate"] ?? [], all.columns["true_positive_rate"] ?? []).map {
        "\(String(describing: $0)) \(String(describing: $1))"
      })
    for limit in [2, 3, 10, 100, 499] {
      let some = try curve(&bench, .roc, points: limit)
      let (x, y) = (
        some.columns["false_positive_rate"] ?? [], some.columns["true_positive_rate"] ?? []
      )
      #expect(x.count <= limit && x.count >= min(limit, 3))
      #expect(x.first == 0 && y.first == 0 && x.last == 1 && y.last == 1)
      #expect(
        zip(x, y).allSatisfy {
          points.contains("\(String(describing: $0)) \(String(describing: $1))")
        })
      #expect(some.area == all.area && some.total == 501)
    }
  }

  @Test func anAreaIsTheTrapezoidUnderItsWholeCurve() throws {
    let some = rows(200, seed: 33, weight: { Double($0.integer(0..<4)) / 2 }) {
      ($0.unit() * 25).rounded() / 25
    }
    var bench = try Bench("binary")
    try _ = bench.engine.push(batch(some, .float64))
    for (kind, x, y) in [
      (Curve.roc, "false_positive_rate", "true_positive_rate"),
      (.precisionRecall, "recall", "precision"), (.gain, "selection_rate", "gain"),
    ] {
      let found = try curve(&bench, kind)
      let xs = (found.columns[x] ?? []).compactMap { $0 }
      let ys = (found.columns[y] ?? []).compactMap { $0 }
      var area = 0.0
      for index in 1..<xs.count {
        area += (xs[index] - xs[index - 1]) * (ys[index] + ys[index - 1]) / 2
      }
      #expect(abs(area - (found.area ?? -1)) < 1e-13, "\(kind)")
    }
  }

  @Test func oneClassHasNoRateOfTheOther() throws {
    var bench = try Bench.binary([0.1, 0.9], [1, 1])
    let roc = try curve(&bench, .roc)
    #expect(roc.columns["false_positive_rate"] == [nil, nil, nil])
    #expect(roc.columns["true_positive_rate"] == [0, 0.5, 1])
    #expect(roc.area == nil)
    var empty = try Bench("binary")
    #expect(try curve(&empty, .roc).columns["threshold"] == [.infinity])
  }

  @Test func predictionsHaveNoCurve() throws {
    var bench = try Bench("binary")
    try bench.push(["predictions": .integers([1]), "labels": .integers([1])])
    #expect(inputError { _ = try curve(&bench, .roc) }?.kind == .notApplicable)
  }
}
