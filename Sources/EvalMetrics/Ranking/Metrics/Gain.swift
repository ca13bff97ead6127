// Discounted cumulative gain.

extension Metric where S == RankingState {
  static let ndcg = meanOverQueries(
    "ndcg", "mean over queries of the sum of gain / log2(rank + 1), over that of the best order"
  ) { state, query, k in state.normalizedGain(query, k) }

  static let ndcgAtK = meanOverQueries(
    "ndcg@k", "ndcg of the first k documents, over that of the best k",
    source: Source.trecEval + " ndcg_cut"
  ) { state, query, k in state.normalizedGain(query, k) }
}

extension RankingState {
  /// nDCG of the first k documents; nil where no list has a gain.
  fileprivate func normalizedGain(_ query: RankedQuery, _ k: Int) -> Double? {
    let best = idealGain(query, k)
    if best <= 0 { return nil }
    var sum = 0.0
    for hit in ranked.hits[query.hits] {
      // Documents of one score may reach above k though one of them stands below it.
      if Int(hit.tieFirst) > k { break }
      if hit.tieFirst == hit.tieLast {
        sum += hit.gain * discounts[Int(hit.rank)]
      } else {
        let share =
          discounts.sum(to: min(Int(hit.tieLast), k)) - discounts.sum(to: Int(hit.tieFirst) - 1)
        sum += hit.gain * share / Double(hit.tieLast - hit.tieFirst + 1)
      }
    }
    return sum / best
  }

  /// The gain of the best possible list of k documents. Those of which only the number is known have a
  /// gain of 1, and stand behind all others of at least that.
  private func idealGain(_ query: RankedQuery, _ k: Int) -> Double {
    var sum = 0.0
    var rank = 0
    var implied = query.implied
    func addImplied() {
      if implied == 0 { return }
      let last = min(k, rank + implied)
      if last > rank { sum += discounts.sum(to: last) - discounts.sum(to: rank) }
      rank += implied
      implied = 0
    }
    for gain in ranked.gains[query.ideal] {
      if gain < 1 { addImplied() }
      if rank >= k { return sum }
      rank += 1
      sum += gain * discounts[rank]
    }
    addImplied()
    return sum
  }
}
