extension OptionSpec {
  /// The rank of a metric whose name has one.
  static let rank = OptionSpec(
    "k", .integer(1...1_000_000), default: .null, "how many documents from the top count")
}

extension Source {
  static let trecEval = "trec_eval 9.0.8 (pytrec_eval-terrier 0.5.11)"
}

extension Metric where S == RankingState {
  /// The mean over queries of a value that each has; nil where nothing is relevant, so that there is none.
  ///
  /// `compute` is given the rank of the name, or the largest there is.
  static func meanOverQueries(
    _ name: String, _ summary: String, source: String = Source.trecEval,
    compute: @escaping @Sendable (RankingState, RankedQuery, _ k: Int) -> Double?
  ) -> Metric {
    let isRanked = name.hasSuffix("@k")
    return Metric(
      name, summary, range: "[0, 1]", better: .higher, undefined: [.zeroDivision],
      options: isRanked ? [.rank] : [], source: source, needsPreparation: true,
      signature: { configuration, _ in configuration.signature },
      compute: { state, arguments, _ in
        let k = isRanked ? max(1, arguments.integer("k")) : Int(Int32.max)
        return state.meanOverQueries { compute(state, $0, k) }
      })
  }
}

extension RankingState.Configuration {
  fileprivate var signature: [String] {
    [
      "compat:\(compat.rawValue)", "gain:\(gain.rawValue)",
      "relevance_level:\(Value.number(relevanceLevel).canonicalText)",
      "zero_division:\(zeroDivision.text)",
    ]
  }
}

extension RankingState {
  /// The weighted mean of a value over queries. Where a query has none it counts 0, or what `zero_division` says.
  func meanOverQueries(_ value: (RankedQuery) -> Double?) -> Answer {
    var sum = ExactSum()
    var weight = Tally()
    var units = 0
    for query in ranked.queries where query.weight > 0 {
      var x = 0.0
      if let found = value(query) {
        x = found
      } else if case .value(let told) = configuration.zeroDivision {
        x = told
      } else if configuration.zeroDivision == .skip {
        continue
      }
      if query.weight == 1 {
        units += 1
        sum.add(x)
      } else {
        weight.add(weight: query.weight)
        sum.add(product: query.weight, x)
      }
    }
    weight.add(units)
    return weight.isZero ? .undefined(.zeroDivision) : .value(ExactSum.ratio(sum, weight.exact))
  }

  /// How many of the first k documents are relevant.
  func hits(_ query: RankedQuery, _ k: Int) -> Int {
    var found = 0
    for hit in ranked.hits[query.hits] {
      if Int(hit.rank) > k { break }
      found += hit.isRelevant ? 1 : 0
    }
    return found
  }

  /// The rank of the first document that is relevant; nil where none was retrieved.
  func firstRelevant(_ query: RankedQuery) -> Int? {
    for hit in ranked.hits[query.hits] where hit.isRelevant { return Int(hit.rank) }
    return nil
  }
}
