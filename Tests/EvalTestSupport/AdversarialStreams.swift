import EvalMetrics

/// Streams made to hurt whoever merges scores that are close: a seed gives the same stream again.
public struct AdversarialStream: Sendable {
  public var name: String
  public var kind: ScoreKind
  public var rows: [BinaryRow]
  /// Bytes that are too few for the rows.
  public var budget: Int
  public var thresholds: [Double]

  public init(seed: UInt64) {
    var g = LawGenerator(seed)
    let count = [3, 20, 90, 250][g.integer(0..<4)]
    let shape = Shape.allCases[g.integer(0..<Shape.allCases.count)]
    let order = Order.allCases[g.integer(0..<Order.allCases.count)]
    let weighting = Weighting.allCases[g.integer(0..<Weighting.allCases.count)]
    kind =
      shape.isProbability
      ? [.probability, .probability, .logit, .score][g.integer(0..<4)]
      : [.logit, .score][g.integer(0..<2)]
    var scores = (0..<count).map { shape.score($0, of: count, &g) }
    // Some streams are of Floats only, which is where many bits can go before anything is lost.
    if g.chance(0.4) { scores = scores.map { Double(Float($0)) }.map { $0.isFinite ? $0 : 1 } }
    if kind == .probability { scores = scores.map { min(max($0, 0), 1) } }
    let labels = order.labels(scores, &g)
    rows = zip(scores, labels).map { BinaryRow(score: $0, label: $1, weight: weighting.weight(&g)) }
    budget = [64, 128, 300, 700, 1500][g.integer(0..<5)]
    let some = scores[g.integer(0..<count)]
    thresholds = [some, some.nextUp, scores[g.integer(0..<count)].nextDown, 0.5, 0]
    name = "\(seed): \(shape), \(order), \(weighting), \(kind), \(count) rows, \(budget) bytes"
  }

  /// The rows as columns of every float type that holds their scores.
  public func pieces() throws -> [Columns] { try mixed(rows) }
}

extension AdversarialStream {
  enum Shape: CaseIterable {
    case uniform, oneBucket, powersOfTwo, denormals, twoClusters, tied, geometric, binEdges, ends
    case fewValues, normal, huge, aroundZero

    var isProbability: Bool {
      switch self {
      case .normal, .huge, .aroundZero: false
      default: true
      }
    }

    func score(_ index: Int, of count: Int, _ g: inout LawGenerator) -> Double {
      func near(_ x: Double, _ steps: Int) -> Double {
        var y = x
        for _ in 0..<g.integer(0..<steps + 1) { y = g.chance(0.5) ? y.nextUp : y.nextDown }
        return y
      }
      switch self {
      case .uniform: return g.unit()
      case .oneBucket: return near(0.3, 60)
      case .powersOfTwo: return near([0.25, 0.5, 0.125][g.integer(0..<3)], 8)
      case .denormals: return Double(g.integer(0..<200)) * .leastNonzeroMagnitude
      case .twoClusters: return near(g.chance(0.5) ? 0.001 : 0.999, 40)
      case .tied: return g.chance(0.9) ? 0.7 : g.unit()
      case .geometric:
        return Double(sign: .plus, exponent: -index % 900, significand: 1 + g.unit()) / 4
      case .binEdges: return near(Double(g.integer(0..<16)) / 15, 3)
      case .ends: return g.chance(0.4) ? 1 : g.chance(0.5) ? 0 : near(g.chance(0.5) ? 1 : 0, 6)
      case .fewValues: return Double(g.integer(0..<7)) / 6
      case .normal: return g.normal() * 3
      case .huge: return g.normal() * 2e307
      case .aroundZero: return near(0, 30) + (g.chance(0.1) ? g.normal() * 1e-3 : 0)
      }
    }
  }

  /// Which rows are positive.
  enum Order: CaseIterable {
    case random, perfect, reversed, alternating, rare, onePositive

    func labels(_ scores: [Double], _ g: inout LawGenerator) -> [Bool] {
      let middle = scores.sorted()[scores.count / 2]
      switch self {
      case .random: return scores.map { _ in g.chance(0.5) }
      case .perfect: return scores.map { $0 >= middle }
      case .reversed: return scores.map { $0 < middle }
      case .alternating: return scores.indices.map { $0 % 2 == 0 }
      case .rare: return scores.map { _ in g.chance(0.05) }
      case .onePositive: return scores.indices.map { $0 == scores.count / 3 }
      }
    }
  }

  enum Weighting: CaseIterable {
    case none, alsoNone, small, powersOfTwo, wide

    func weight(_ g: inout LawGenerator) -> Double {
      switch self {
      case .none, .alsoNone: 1
      case .small: g.chance(0.2) ? 1 : g.unit() * 3
      case .powersOfTwo: [0.25, 1, 2, 1024][g.integer(0..<4)]
      case .wide: [1e16, 1, 0.1, 1e-12][g.integer(0..<4)]
      }
    }
  }
}
