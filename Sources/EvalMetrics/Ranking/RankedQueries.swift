/// A document that was retrieved and whose relevance is above zero: all that a metric reads of a list.
struct RankedHit: Sendable {
  /// The place in the list, from 1.
  var rank: Int32
  /// The first and the last place of the documents with the same score.
  var tieFirst: Int32
  var tieLast: Int32
  /// Documents above it that were judged and are not relevant.
  var nonrelevantAbove: Int32
  /// What it adds to a discounted cumulative gain.
  var gain: Double
  var isRelevant: Bool
}

/// A query whose documents are in order. Its hits and ideal gains stand in the pools of `RankedQueries`.
struct RankedQuery: Sendable {
  var hits = 0..<0
  /// Gains of the best possible list, descending.
  var ideal = 0..<0
  /// Relevant documents of which only the number is known; each has a gain of 1.
  var implied = 0
  /// Documents in the list.
  var retrieved = 0
  /// Documents that are relevant, retrieved or not.
  var relevant = 0
  /// Documents that were judged and are not relevant, retrieved or not.
  var nonrelevant = 0
  var weight = 1.0
}

/// Queries in the form that metrics read: the hits of each, by rank, and the gains that were to be had.
struct RankedQueries: Sendable {
  private(set) var queries: [RankedQuery] = []
  private(set) var hits: [RankedHit] = []
  private(set) var gains: [Double] = []
  /// Entries of the pools that no query has any more.
  private var wasted = 0
  /// The last rank up to which sums of discounts are wanted.
  private(set) var deepest = 0

  var count: Int { queries.count }

  /// Adds a query; its hits and gains must be in the pools of this value already.
  mutating func append(_ query: RankedQuery) {
    note(query)
    queries.append(query)
  }

  /// Takes a query's place, whose own hits and gains are wasted then.
  mutating func replace(_ place: Int, with query: RankedQuery) {
    let old = queries[place]
    wasted += old.hits.count + old.ideal.count
    note(query)
    queries[place] = query
    if wasted > 1024 && wasted > (hits.count + gains.count) / 2 { compact() }
  }

  /// Adds queries of another pool, in this order.
  mutating func append(_ other: RankedQueries, _ places: some Sequence<Int>) {
    for place in places { append(adopt(other.queries[place], from: other)) }
  }

  /// A query of another pool, with its hits and gains in this one.
  mutating func adopt(_ query: RankedQuery, from other: RankedQueries) -> RankedQuery {
    adopt(query, hits: other.hits[query.hits], gains: other.gains[query.ideal])
  }

  /// A query with its hits and gains, which are put into the pools.
  mutating func adopt(
    _ query: RankedQuery, hits newHits: some Collection<RankedHit>,
    gains newGains: some Collection<Double>
  ) -> RankedQuery {
    var copy = query
    copy.hits = hits.count..<hits.count + newHits.count
    copy.ideal = gains.count..<gains.count + newGains.count
    hits.append(contentsOf: newHits)
    gains.append(contentsOf: newGains)
    return copy
  }

  private mutating func note(_ query: RankedQuery) {
    deepest = max(deepest, query.ideal.count + query.implied)
    for hit in hits[query.hits] where hit.tieFirst < hit.tieLast {
      deepest = max(deepest, Int(hit.tieLast))
    }
  }

  private mutating func compact() {
    let old = self
    self = RankedQueries()
    append(old, old.queries.indices)
  }

  var byteCount: Int {
    queries.count * MemoryLayout<RankedQuery>.stride + hits.count * MemoryLayout<RankedHit>.stride
      + gains.count * 8
  }
}

// MARK: - Putting a query together

/// The documents of one query in order, as they are handed to `RankedQueries.add`. It is kept from query to
/// query, so that its arrays need not be made anew.
struct DocumentList: Sendable {
  /// Relevances by rank; NaN or below zero for a document that was not judged.
  var ranked: [Double] = []
  /// Where each rank's documents of one score begin, and where they end; empty where no two share one.
  var ties: [Range<Int32>] = []
  /// Relevances of documents that were judged and not retrieved.
  var missed: [Double] = []
  /// How many documents are relevant, where that is known; else -1.
  var total = -1
  var weight = 1.0

  mutating func clear() {
    ranked.removeAll(keepingCapacity: true)
    ties.removeAll(keepingCapacity: true)
    missed.removeAll(keepingCapacity: true)
    total = -1
    weight = 1
  }
}

extension RankedQueries {
  /// Puts the hits and gains of a list into the pools.
  mutating func make(
    _ list: DocumentList, _ configuration: RankingState.Configuration
  ) -> RankedQuery {
    var query = RankedQuery()
    query.weight = list.weight
    query.retrieved = list.ranked.count
    let start = poolSizes
    for (place, relevance) in list.ranked.enumerated() {
      let isRelevant = relevance >= configuration.relevanceLevel
      if relevance > 0 {
        let rank = Int32(truncatingIfNeeded: place + 1)
        let tie = list.ties.isEmpty ? rank..<rank : list.ties[place]
        append(
          RankedHit(
            rank: rank, tieFirst: tie.lowerBound, tieLast: tie.upperBound,
            nonrelevantAbove: Int32(truncatingIfNeeded: query.nonrelevant),
            gain: configuration.gain.of(relevance), isRelevant: isRelevant))
      }
      if isRelevant { query.relevant += 1 } else if relevance >= 0 { query.nonrelevant += 1 }
    }
    for relevance in list.missed {
      let isRelevant = relevance >= configuration.relevanceLevel
      if isRelevant { query.relevant += 1 } else if relevance >= 0 { query.nonrelevant += 1 }
      if relevance > 0 && configuration.compat.idealHasMissed {
        gains.append(configuration.gain.of(relevance))
      }
    }
    finish(&query, since: start, total: list.total, configuration)
    return query
  }

  /// How much is in the pools before a query is put together.
  var poolSizes: (hits: Int, gains: Int) { (hits.count, gains.count) }

  /// Adds a hit, and its gain, to the query that is put together.
  mutating func append(_ hit: RankedHit) {
    hits.append(hit)
    gains.append(hit.gain)
  }

  /// Ends a query whose hits and gains are those that came since. `total` is how many documents are relevant, where
  /// that is known; else -1.
  mutating func finish(
    _ query: inout RankedQuery, since start: (hits: Int, gains: Int), total: Int,
    _ configuration: RankingState.Configuration
  ) {
    if total > query.relevant {
      if configuration.compat.idealHasMissed { query.implied = total - query.relevant }
      query.relevant = total
    }
    sortGains(from: start.gains)
    query.hits = start.hits..<hits.count
    query.ideal = start.gains..<gains.count
  }

  /// Puts the gains of one query in descending order, which they often are.
  private mutating func sortGains(from first: Int) {
    for place in first..<gains.count where place > first && gains[place] > gains[place - 1] {
      gains[first...].sort(by: >)
      return
    }
  }
}

/// Discounts of ranks, 1 / log2(rank + 1), and their sums from the first rank on.
struct Discounts: Sendable {
  /// By rank; the first entry is of no rank, and zero.
  private var each = [0.0]
  private var sums = [0.0]

  /// Enough for most lists, and shared by all streams.
  static let common = {
    var discounts = Discounts()
    discounts.cover(1000)
    return discounts
  }()

  /// Makes sure that ranks up to this one are there.
  mutating func cover(_ rank: Int) {
    while each.count <= rank {
      let discount = Self.discount(each.count)
      each.append(discount)
      sums.append(sums[sums.count - 1] + discount)
    }
  }

  private static func discount(_ rank: Int) -> Double {
    1 / Elementary.log2(Double(rank) + 1)
  }

  /// The discount of a rank, which need not be covered.
  @inline(__always)
  subscript(rank: Int) -> Double { rank < each.count ? each[rank] : Self.discount(rank) }

  /// The sum of the discounts of ranks 1 to `rank`, which must be covered.
  @inline(__always)
  func sum(to rank: Int) -> Double { sums[min(rank, sums.count - 1)] }

  /// What is not shared with other streams.
  var byteCount: Int { each.count > 1001 ? each.count * 16 : 0 }
}
