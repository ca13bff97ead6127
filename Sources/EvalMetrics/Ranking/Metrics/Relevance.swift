// Metrics that ask of a document only whether it is relevant.

extension Metric where S == RankingState {
  static let precisionAtK = meanOverQueries(
    "precision@k", "mean over queries of the share of the first k that is relevant: hits / k"
  ) { state, query, k in
    query.relevant == 0 ? nil : Double(state.hits(query, k)) / Double(k)
  }

  static let recallAtK = meanOverQueries(
    "recall@k", "mean over queries of the share of the relevant documents among the first k"
  ) { state, query, k in
    query.relevant == 0 ? nil : Double(state.hits(query, k)) / Double(query.relevant)
  }

  static let f1AtK = meanOverQueries(
    "f1@k", "mean over queries of the harmonic mean of precision@k and recall@k of the query",
    source: "ranx 0.3 f1"
  ) { state, query, k in
    query.relevant == 0 ? nil : RankingState.f1(state.hits(query, k), of: query.relevant, k)
  }

  static let hitRateAtK = meanOverQueries(
    "hit_rate@k", "share of the queries with a relevant document among the first k",
    source: Source.trecEval + " success"
  ) { state, query, k in
    query.relevant == 0 ? nil : state.hits(query, k) > 0 ? 1 : 0
  }

  static let successAtK = hitRateAtK.alias("success@k")

  static let mrr = meanOverQueries(
    "mrr", "mean over queries of 1 / rank of the first relevant document, 0 without one"
  ) { state, query, _ in reciprocalRank(state, query, .max) }

  static let mrrAtK = meanOverQueries(
    "mrr@k", "mrr where a document below rank k does not count",
    source: "ir_measures 0.4 RR@k"
  ) { state, query, k in reciprocalRank(state, query, k) }

  private static func reciprocalRank(
    _ state: RankingState, _ query: RankedQuery, _ k: Int
  ) -> Double? {
    if query.relevant == 0 { return nil }
    guard let rank = state.firstRelevant(query), rank <= k else { return 0 }
    return 1 / Double(rank)
  }

  static let map = meanOverQueries(
    "map", "mean over queries of the precision at each relevant document, summed, / relevant"
  ) { state, query, k in state.averagePrecision(query, k) }

  static let mapAtK = meanOverQueries(
    "map@k", "map of the first k documents, divided by all that are relevant",
    source: Source.trecEval + " map_cut"
  ) { state, query, k in state.averagePrecision(query, k) }

  static let rPrecision = meanOverQueries(
    "r_precision", "mean over queries of precision at R, where R documents are relevant"
  ) { state, query, _ in
    query.relevant == 0
      ? nil : Double(state.hits(query, query.relevant)) / Double(query.relevant)
  }

  static let bpref = meanOverQueries(
    "bpref",
    "mean over queries of how few of the judged nonrelevant stand above each relevant document"
  ) { state, query, _ in
    if query.relevant == 0 { return nil }
    let most = Double(min(query.relevant, query.nonrelevant))
    var sum = 0.0
    for hit in state.ranked.hits[query.hits] where hit.isRelevant {
      let above = min(Int(hit.nonrelevantAbove), query.relevant)
      sum += above > 0 ? 1 - Double(above) / most : 1
    }
    return sum / Double(query.relevant)
  }
}

extension RankingState {
  /// The harmonic mean of hits / k and hits / relevant.
  static func f1(_ hits: Int, of relevant: Int, _ k: Int) -> Double {
    2 * Double(hits) / (Double(k) + Double(relevant))
  }

  /// The average precision of the first k documents; nil where nothing is relevant.
  fileprivate func averagePrecision(_ query: RankedQuery, _ k: Int) -> Double? {
    if query.relevant == 0 { return nil }
    var found = 0
    var sum = 0.0
    for hit in ranked.hits[query.hits] where hit.isRelevant {
      if Int(hit.rank) > k { break }
      found += 1
      sum += Double(found) / Double(hit.rank)
    }
    let divisor =
      switch configuration.compat {
      case .trecEval, .sklearn: query.relevant
      case .kaggle: min(query.relevant, k)
      case .torchmetrics: max(1, found)
      }
    return sum / Double(divisor)
  }
}
