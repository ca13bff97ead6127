extension RankingState: CurveState {
  /// Mean precision, recall and F1 over the number of documents that are taken from the top, and the best number.
  public func curve(_ curve: Curve, points: Int) throws(InputError) -> CurveReport {
    if curve != .f1AtK { throw .noCurve(curve, of: "queries", [.f1AtK]) }
    let last = ranked.queries.reduce(0) { max($0, $1.retrieved) }
    let ranks = F1Curve.spread(points, over: last)
    // With no hit more, F1 only falls, so it is best where a hit is added.
    let candidates = Set(ranked.hits.lazy.filter(\.isRelevant).map { Int($0.rank) })
    var walk = F1Curve(self)
    var report = CurveReport(totalPoints: last)
    var columns = Array(repeating: [Double?](), count: 4)
    var best: (rank: Int, f1: Double)?
    let wanted = Set(ranks)
    for rank in wanted.union(candidates).sorted() where rank <= last {
      walk.advance(to: rank)
      let f1 = walk.f1
      if let f1, f1 > best?.f1 ?? -1, f1 > 0 || rank == 1 { best = (rank, f1) }
      if wanted.contains(rank) {
        for (place, value) in [Double(rank), walk.precision, walk.recall, f1].enumerated() {
          columns[place].append(value)
        }
      }
    }
    report.columns = zip(["k", "precision", "recall", "f1"], columns).map { ($0, $1) }
    if let best { report.best = [("k", .integer(Int64(best.rank))), ("f1", .number(best.f1))] }
    return report
  }
}

/// A walk down all lists at once. Queries with as many relevant documents, hits and weight are counted together,
/// so a rank costs what there is of those, not what there is of queries.
private struct F1Curve {
  private struct Group: Hashable {
    var hits: Int
    var relevant: Int
    var weight: Double
  }

  private let state: RankingState
  /// Hits of all queries by rank: the rank, and the query.
  private let events: [(rank: Int32, query: Int)]
  private var next = 0
  private var hits: [Int]
  private var groups: [Group: Int] = [:]
  private var weight = Tally()
  /// What queries add in which nothing is relevant.
  private var vacant = Tally()
  private var rank = 0

  init(_ state: RankingState) {
    self.state = state
    var events: [(rank: Int32, query: Int)] = []
    for (place, query) in state.ranked.queries.enumerated() where query.weight > 0 {
      if query.relevant == 0 {
        switch state.configuration.zeroDivision {
        case .skip: continue
        case .value(let x) where x > 0: vacant.add(weight: query.weight)
        default: break
        }
      } else {
        groups[Group(hits: 0, relevant: query.relevant, weight: query.weight), default: 0] += 1
        for hit in state.ranked.hits[query.hits] where hit.isRelevant {
          events.append((hit.rank, place))
        }
      }
      weight.add(weight: query.weight)
    }
    self.events = events.sorted { $0.rank < $1.rank }
    hits = Array(repeating: 0, count: state.ranked.count)
  }

  /// At most so many ranks from 1 to the last, both among them.
  static func spread(_ points: Int, over last: Int) -> [Int] {
    if last <= points { return Array(1..<last + 1) }
    let step = Double(last - 1) / Double(max(1, points - 1))
    return (0..<points).map { 1 + Int((Double($0) * step).rounded()) }
  }

  mutating func advance(to rank: Int) {
    self.rank = rank
    while next < events.count && Int(events[next].rank) <= rank {
      let place = events[next].query
      let query = state.ranked.queries[place]
      var group = Group(hits: hits[place], relevant: query.relevant, weight: query.weight)
      let count = groups[group] ?? 0
      groups[group] = count > 1 ? count - 1 : nil
      group.hits += 1
      groups[group, default: 0] += 1
      hits[place] += 1
      next += 1
    }
  }

  var precision: Double? { mean { Double($0.hits) / Double(rank) } }
  var recall: Double? { mean { Double($0.hits) / Double($0.relevant) } }
  var f1: Double? { mean { RankingState.f1($0.hits, of: $0.relevant, rank) } }

  /// The mean over queries, the same to the last bit as that of the metric, since the sum is exact.
  private func mean(_ value: (Group) -> Double) -> Double? {
    if weight.isZero { return nil }
    var sum = vacant.exact
    for (group, count) in groups where group.hits > 0 {
      sum.add(product: group.weight, Double(count), value(group))
    }
    return ExactSum.ratio(sum, weight.exact)
  }
}
