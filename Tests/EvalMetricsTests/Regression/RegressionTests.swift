import EvalTestSupport
import Testing

@testable import EvalMetrics

@Suite struct RegressionTests {
  private static func bench(
    _ predictions: [Double], _ targets: [Double], weights: [Double]? = nil,
    _ options: [String: Value] = [:]
  ) throws -> Bench {
    var bench = try Bench("regression", options)
    try bench.push(
      ["predictions": .doubles(predictions), "targets": .doubles(targets)], weights)
    return bench
  }

  /// What overflows a double on the way but not at the end has its value.
  @Test func theEndsOfTheDoubles() throws {
    let end = Double.greatestFiniteMagnitude
    var bench = try Self.bench([end, -end], [-end, end])
    #expect(try bench.ask("mae").reason == .overflow)
    #expect(try bench.ask("mse").reason == .overflow)
    #expect(try bench.ask("max_error").reason == .overflow)
    #expect(try bench.ask("mean_error").number == 0)
    #expect(try bench.ask("pearson").number == -1)
    #expect(try bench.ask("concordance").number == -1)
    #expect(try bench.ask("r2").number == -3)
    #expect(try bench.ask("smape").number == 2)
    #expect(try bench.ask("mape").number == 2)
    #expect(try bench.ask("spearman").number == -1)
    var half = try Self.bench([1e300], [-1e300])
    #expect(try half.ask("rmse").number == 2e300)
    #expect(try half.ask("mse").reason == .overflow)
    #expect(try half.ask("huber").number == 2e300)
    var least = try Self.bench([0x1p-1074], [0])
    #expect(try least.ask("rmse").number == 0x1p-1074)
    #expect(try least.ask("mae").number == 0x1p-1074)
    #expect(try least.ask("smape").number == 2)
  }

  /// A prediction that is off by the last bit has a loss of its own, which scikit-learn's terms cancel to 0.
  @Test func deviancesOfNeighbours() throws {
    let x = 3.0
    let y = x.nextUp
    let gap = (y - x) / x
    var bench = try Self.bench([y], [x])
    let poisson = try #require(try bench.ask("poisson_deviance").number)
    let gamma = try #require(try bench.ask("gamma_deviance").number)
    #expect(abs(poisson / (x * gap * gap) - 1) < 1e-14)
    #expect(abs(gamma / (gap * gap) - 1) < 1e-14)
    let msle = try #require(try bench.ask("msle").number)
    let wanted = (y - x) * (y - x) / 16
    #expect(abs(msle / wanted - 1) < 1e-14)
  }

  @Test func lossesOutsideTheirDomainSaySo() throws {
    for (p, t, names) in [
      (1.0, -0.5, ["poisson_deviance", "gamma_deviance"]), (1, 0, ["gamma_deviance"]),
      (0, 1, ["poisson_deviance", "gamma_deviance"]),
      (-1, 1, ["poisson_deviance", "gamma_deviance", "msle"]),
    ] {
      var bench = try Self.bench([p, 2], [t, 2])
      for name in ["poisson_deviance", "gamma_deviance", "msle"] {
        let answer = try bench.ask(name)
        #expect((answer.reason == .infeasible) == names.contains(name), "\(name) of \(p), \(t)")
      }
      // A row without weight is no row.
      var without = try Self.bench([p, 2], [t, 2], weights: [0, 1])
      for name in names { #expect(try without.ask(name).number == 0) }
    }
  }

  /// Half of the weight on each side: the two middle ones are averaged, as of repeated rows.
  @Test func theMedianOfWeightedResiduals() throws {
    var even = try Self.bench([1, 2, 9], [0, 0, 0], weights: [2, 1, 1])
    #expect(try even.ask("median_absolute_error").number == 1.5)
    var odd = try Self.bench([1, 2, 9], [0, 0, 0], weights: [2, 2, 1])
    #expect(try odd.ask("median_absolute_error").number == 2)
    var one = try Self.bench([7], [4], weights: [0.25])
    #expect(try one.ask("median_absolute_error").number == 3)
  }

  @Test func ranksWithWeightsAreThoseOfRepeatedRows() throws {
    var weighted = try Self.bench([1, 2, 2, 5], [3, 1, 4, 4], weights: [1, 3, 2, 0])
    var repeated = try Self.bench([1, 2, 2, 2, 2, 2], [3, 1, 1, 1, 4, 4])
    let (a, b) = (try weighted.ask("spearman").number, try repeated.ask("spearman").number)
    #expect(a != nil && a == b)
  }

  /// Questions between pushes sort what is new only; they must not see less than all.
  @Test func sortedPartsGrow() throws {
    var generator = LawGenerator(5)
    var (predictions, targets) = ([Double](), [Double]())
    var growing = try Bench("regression")
    let names = ["median_absolute_error", "residual_quantile", "target_quantile", "spearman"]
    for round in 0..<6 {
      let p = (0..<30_000).map { _ in generator.unit() }
      let t = (0..<30_000).map { _ in generator.unit() }
      let type = round == 1 ? FloatType.float64 : .float32
      try growing.push(["predictions": type.column(p), "targets": type.column(t)])
      predictions += type == .float32 ? p.map { Double(Float($0)) } : p
      targets += type == .float32 ? t.map { Double(Float($0)) } : t
      if round == 3 { continue }
      var whole = try Self.bench(predictions, targets)
      for name in names where round != 2 || name == "target_quantile" {
        #expect(try growing.ask(name) == whole.ask(name), "\(name) in round \(round)")
      }
    }
  }

  @Test func memoryIsThatOfThePairs() throws {
    let n = 200_000
    var bench = try Bench("regression")
    let column = FloatType.float32.column((0..<n).map { Double($0 % 1000) })
    try bench.push(["predictions": column, "targets": column])
    let pushed = bench.engine.byteCount
    #expect(pushed >= 8 * n && pushed < 20 * n)
    _ = try bench.ask("median_absolute_error")
    let asked = bench.engine.byteCount
    #expect(asked >= pushed + 8 * n)
    // What was sorted stays when rows come, and they take room of their own.
    try bench.push(["predictions": column, "targets": column])
    #expect(bench.engine.byteCount >= asked + 8 * n)
  }

  @Test func memoryOfMergedPairsIsThatOfBoth() {
    let n = 50_000
    let numbers = (0..<n).map { Float($0 % 1000) }
    let pairs = PairColumn.single(predictions: numbers, targets: numbers)
    var states = (0..<2).map { _ in RegressionState(.init(averagesOutputs: true)) }
    for place in 0..<3 {
      states[place / 2].update(RegressionBatch(count: n, outputs: [pairs], weights: nil))
    }
    states[0].prepare()
    states[1].merge(states[0])
    #expect(states[1].byteCount >= 3 * 8 * n && states[1].byteCount < 4 * 16 * n)
  }

  @Test func memoryOfWeightedPairsIsThatOfThePairs() throws {
    let n = 20_000
    var bench = try Bench("regression")
    let column = FloatType.float64.column((0..<n).map { Double($0 % 1000) })
    let weights = FloatType.float64.column((0..<n).map { Double($0 % 3 + 1) })
    let empty = bench.engine.byteCount
    try bench.push(["predictions": column, "targets": column, "weights": weights])
    // A third has a weight of one, so two numbers, and the others three.
    let least = 16 * (n / 3) + 24 * (n - n / 3 - 1)
    #expect(bench.engine.byteCount >= empty + least && bench.engine.byteCount < empty + 3 * least)
  }
}
