/// The hits of a query whose documents need not be sorted.
struct CountedQuery: Sendable {
  /// By rank.
  var hits: [CountedHit]
  var retrieved: Int
  /// How many documents are relevant, where that is known; else -1.
  var total: Int
  var weight: Double
}

extension RankingState {
  /// A query that came all at once, each document retrieved and judged, and only few of them relevant at all: then it is
  /// less work to count for each of those what is above it. Nil where that does not hold, or where a score that such a
  /// document has is another's too.
  func counted(_ place: Int) -> CountedQuery? {
    guard let rows = rowsAtOnce(of: place) else { return nil }
    let chunk = documents.chunks[KeptDocuments.chunk(of: rows.lowerBound)]
    let first = KeptDocuments.place(of: rows.lowerBound)
    let hits = Kernels.countedHits(
      chunk.scores, chunk.relevances, first..<first + rows.count)
    return hits.map {
      CountedQuery(
        hits: $0, retrieved: rows.count, total: queries[place].total,
        weight: max(queries[place].weight, 0))
    }
  }
}

extension RankedQueries {
  /// Puts the hits and gains of a query into the pools.
  mutating func make(
    _ counted: CountedQuery, _ configuration: RankingState.Configuration
  ) -> RankedQuery {
    var query = RankedQuery()
    query.weight = counted.weight
    query.retrieved = counted.retrieved
    let start = poolSizes
    for found in counted.hits {
      let isRelevant = found.relevance >= configuration.relevanceLevel
      append(
        RankedHit(
          rank: found.rank, tieFirst: found.rank, tieLast: found.rank,
          nonrelevantAbove: found.rank - 1 - Int32(truncatingIfNeeded: query.relevant),
          gain: configuration.gain.of(found.relevance), isRelevant: isRelevant))
      if isRelevant { query.relevant += 1 }
    }
    query.nonrelevant = counted.retrieved - query.relevant
    finish(&query, since: start, total: counted.total, configuration)
    return query
  }
}
