import EvalMetrics
import EvalTestSupport
import Testing

@Suite struct ScalarExtremesTests {
  @Test func theEndsOfTheDoublesAreFoundAndBetweenThemTheMiddle() throws {
    let end = Double.greatestFiniteMagnitude
    var bench = try Bench.scalar([-end, end])
    #expect(try bench.ask("min").number == -end)
    #expect(try bench.ask("max").number == end)
    #expect(try bench.ask("median").number == 0)
    #expect(try bench.ask("quantile").number == 0)
    #expect(try bench.ask("mean").number == 0)
    #expect(try bench.ask("sum").number == 0)
    var twice = try Bench.scalar([end, end])
    #expect(try twice.ask("sum").reason == .overflow)
    #expect(try twice.ask("mean").number == end)
    #expect(try twice.ask("median").number == end)
    #expect(try twice.ask("std").number == 0)
  }

  /// The variance of these fits no double, but its root does.
  @Test func theDeviationOfVerySmallAndVeryLargeNumbers() throws {
    let half = 0.5.squareRoot()
    for scale in [1e-300, 1e-200, 0x1p-1060, 1e200, 1e300] {
      var bench = try Bench.scalar([0, scale])
      let found = try #require(try bench.ask("std").number)
      #expect(abs(found - scale * half) <= scale * 1e-13 + 0x1p-1074)
      #expect(try bench.ask("sem").number == found / 2.squareRoot())
    }
  }

  /// A weight that is lost in the total is still that of a row.
  @Test func aTinyWeightStillHasAGreatestValue() throws {
    var bench = try Bench.scalar([1, 5, -3], weights: [1e20, 0.5, 0.5])
    #expect(try bench.ask("max").number == 5)
    #expect(try bench.ask("min").number == -3)
    #expect(
      try bench.ask(.record([.init("metric", .text("quantile")), .init("q", .integer(1))])).number
        == 5)
    #expect(try bench.ask("median").number == 1)
  }

  @Test func rowsOfNoWeightAreNoValues() throws {
    var bench = try Bench.scalar([1, 5, -3], weights: [1, 0, 0])
    #expect(try bench.ask("max").number == 1)
    #expect(try bench.ask("min").number == 1)
    var none = try Bench.scalar([1, 5], weights: [0, 0])
    for name in ["mean", "min", "max", "median", "quantile"] {
      #expect(try none.ask(name).reason == .zeroDivision)
    }
    #expect(try none.ask("sum").number == 0)
    #expect(try none.ask("std").reason == .tooFewRows)
  }

  @Test func oneRowHasNoDeviation() throws {
    var bench = try Bench.scalar([7])
    #expect(try bench.ask("std").reason == .tooFewRows)
    #expect(try bench.ask("sem").reason == .tooFewRows)
    #expect(try bench.ask("mean").number == 7)
  }

  /// Naive sums of squares lose this: 1e9 and a variance of one.
  @Test func anOffsetOf1e9LosesNothing() throws {
    var bench = try Bench.scalar([1e9, 1e9 + 1, 1e9 + 2])
    #expect(try bench.ask("std").number == 1)
    #expect(try bench.ask("mean").number == 1e9 + 1)
  }
}
