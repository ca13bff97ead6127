import EvalTestSupport
import Testing

@testable import EvalMetrics

/// The kernel that matches tokens, against the definition in double precision.
@Suite struct GreedyMatchingTests {
  private static func vectors(
    _ rows: [[Double]], _ type: FloatType = .float64
  ) -> (vectors: TokenVectors, fault: Int?) {
    let column = NumericColumn(
      storage: type.storage(rows.flatMap { $0 }), shape: [rows.count, rows.first?.count ?? 0])
    var vectors = TokenVectors()
    let fault = vectors.load(column, 0..<rows.count)
    return (vectors, fault)
  }

  private static func cosine(_ a: [Double], _ b: [Double]) -> Double {
    func product(_ a: [Double], _ b: [Double]) -> Double {
      zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
    }
    return product(a, b) / (product(a, a).squareRoot() * product(b, b).squareRoot())
  }

  private static func random(
    _ count: Int, _ dimension: Int, _ generator: inout LawGenerator
  ) -> [[Double]] {
    (0..<count).map { _ in (0..<dimension).map { _ in generator.normal() } }
  }

  @Test(arguments: [
    (1, 1, 1), (3, 5, 1), (4, 2, 3), (5, 7, 4), (1, 9, 8), (17, 6, 9), (33, 35, 31), (150, 140, 5),
    (9, 150, 64),
  ])
  func isTheDefinition(rows: Int, columns: Int, dimension: Int) {
    var generator = LawGenerator(UInt64(rows * 1000 + columns))
    let (a, b) = (
      Self.random(rows, dimension, &generator), Self.random(columns, dimension, &generator)
    )
    let best = Kernels.bestCosines(Self.vectors(a).vectors, Self.vectors(b).vectors)
    for (row, found) in best.a.enumerated() {
      let wanted = b.map { Self.cosine(a[row], $0) }.max() ?? 0
      #expect(abs(found - wanted) < 1e-14)
    }
    for (column, found) in best.b.enumerated() {
      let wanted = a.map { Self.cosine($0, b[column]) }.max() ?? 0
      #expect(abs(found - wanted) < 1e-14)
    }
  }

  /// Angles so small that single precision puts other pairs first: only double precision finds the best.
  @Test func tellsApartWhatSinglePrecisionCannot() {
    var generator = LawGenerator(4)
    let base = Self.random(1, 61, &generator)[0]
    func near(_ count: Int) -> [[Double]] {
      (0..<count).map { _ in base.map { $0 + generator.normal() * 1e-4 } }
    }
    let (a, b) = (near(30), near(30))
    let best = Kernels.bestCosines(Self.vectors(a).vectors, Self.vectors(b).vectors)
    for (row, found) in best.a.enumerated() {
      let wanted = b.map { Self.cosine(a[row], $0) }.max() ?? 0
      #expect(abs(found - wanted) < 1e-14)
    }
    for (column, found) in best.b.enumerated() {
      let wanted = a.map { Self.cosine($0, b[column]) }.max() ?? 0
      #expect(abs(found - wanted) < 1e-14)
    }
  }

  @Test func theSameDirectionIsOneAndTheOppositeMinusOne() {
    var generator = LawGenerator(5)
    let a = Self.random(9, 77, &generator)
    let scaled = a.map { $0.map { $0 * 0x1p300 } }
    #expect(
      Kernels.bestCosines(Self.vectors(a).vectors, Self.vectors(scaled).vectors).a
        == Array(repeating: 1, count: 9))
    let one = Kernels.bestCosines(
      Self.vectors([[3, 4]]).vectors, Self.vectors([[-6, -8], [-3, -4]]).vectors)
    #expect(one.a == [-1] && one.b == [-1, -1])
  }

  /// A pair has the same bits alone and among others, from either side, and in each type.
  @Test func nothingBesideAPairShows() {
    var generator = LawGenerator(6)
    let type = FloatType.bfloat16
    let a = Self.random(20, 19, &generator).map { $0.map { type.carried($0) } }
    let b = Self.random(30, 19, &generator).map { $0.map { type.carried($0) } }
    let whole = Kernels.bestCosines(Self.vectors(a).vectors, Self.vectors(b).vectors)
    for other in [FloatType.bfloat16, .float32] {
      let found = Kernels.bestCosines(
        Self.vectors(a, other).vectors, Self.vectors(b, other).vectors)
      #expect(found.a == whole.a && found.b == whole.b)
    }
    let turned = Kernels.bestCosines(Self.vectors(b).vectors, Self.vectors(a).vectors)
    #expect(turned.a == whole.b && turned.b == whole.a)
    for (row, vector) in a.enumerated() {
      let alone = Kernels.bestCosines(Self.vectors([vector]).vectors, Self.vectors(b).vectors)
      #expect(alone.a[0] == whole.a[row])
    }
    for (row, vector) in a.enumerated() {
      let pairs = b.map {
        Kernels.bestCosines(Self.vectors([vector]).vectors, Self.vectors([$0]).vectors).a[0]
      }
      #expect(pairs.max() == whole.a[row])
    }
  }

  @Test(arguments: [
    ([[1.0, 0], [0, 0]], 1), ([[.nan, 1]], 0), ([[1, 1], [1, .infinity]], 1), ([[0, -0.0]], 0),
  ])
  func namesWhatHasNoDirection(rows: [[Double]], fault: Int) {
    for type in FloatType.allCases where type != .uint8 {
      #expect(Self.vectors(rows, type).fault == fault)
    }
  }

  @Test(arguments: [
    [0x1p-1060, 0x1.8p-1059], [1e308, -1.7e308], [0x1p-1074, 0], [1e300, 1e-300], [1e-170, 2e-170],
  ])
  func everyFiniteDirectionIsOne(vector: [Double]) {
    let (found, fault) = Self.vectors([vector])
    #expect(fault == nil)
    #expect(Kernels.bestCosines(found, found).a == [1])
  }

  /// What was there before must not show when fewer or other vectors are loaded.
  @Test func roomIsUsedAgain() {
    var generator = LawGenerator(7)
    var used = TokenVectors()
    for (count, dimension) in [(20, 9), (3, 5), (7, 1), (1, 30), (0, 4), (6, 6)] {
      let rows = Self.random(count, dimension, &generator)
      let plain = NumericColumn(storage: .float64(rows.flatMap { $0 }), shape: [count, dimension])
      _ = used.load(plain, 0..<count)
      let fresh = Self.vectors(rows).vectors
      let other = Self.vectors(Self.random(5, dimension, &generator)).vectors
      if count == 0 { continue }
      let (a, b) = (Kernels.bestCosines(used, other), Kernels.bestCosines(fresh, other))
      #expect(a.a == b.a && a.b == b.b)
    }
  }

  @Test func ofNoTokensNothingIsBest() {
    let none = TokenVectors()
    let some = Self.vectors([[1, 2]]).vectors
    #expect(Kernels.bestCosines(none, some).a == [])
    #expect(Kernels.bestCosines(none, some).b == [-1])
  }
}
