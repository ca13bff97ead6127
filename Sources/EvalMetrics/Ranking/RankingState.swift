/// Definitions of ranking metrics that differ between libraries.
public enum RankingCompat: String, Sendable, CaseIterable {
  case trecEval = "trec_eval"
  case sklearn
  case torchmetrics
  case kaggle

  /// Whether the best possible list holds documents that were not retrieved.
  var idealHasMissed: Bool { self == .trecEval || self == .kaggle }
  /// Whether documents of one score share their gains in a discounted cumulative gain.
  var averagesTies: Bool { !idealHasMissed }
}

/// What a relevance adds to a discounted cumulative gain.
public enum RankingGain: String, Sendable, CaseIterable {
  case linear
  case exponential

  /// The gain of a relevance above zero.
  func of(_ relevance: Double) -> Double {
    self == .linear ? relevance : Elementary.exp2(relevance) - 1
  }
}

/// What ranking metrics read: every query with its documents in order.
///
/// A query's documents may come in any number of batches, so they are kept, in columns. `prepare` puts those of
/// queries that have changed in order; lists of results come in order and are never kept as they came.
public struct RankingState: State {
  public static var version: UInt8 { 1 }

  public struct Configuration: Sendable, Equatable {
    public var gain: RankingGain
    public var compat: RankingCompat
    /// Documents of at least this relevance are relevant; above zero.
    public var relevanceLevel: Double
    public var zeroDivision: ZeroDivision
  }

  /// Documents of one query that lie side by side.
  private struct Run: Sendable {
    var rows: Range<Int>
    /// The run before it of the same query; -1 for the first.
    var previous: Int
  }

  /// What is known of a query beside its documents.
  struct Query: Sendable {
    /// The last of its runs; -1 for a list.
    var lastRun = -1
    /// How many documents are relevant; -1 where that was not told.
    var total = -1
    /// Not below zero; -1 before the first row.
    var weight = -1.0
    /// Whether documents came since they were put in order.
    var isStale = false
  }

  public let configuration: Configuration
  public private(set) var count = 0
  private(set) var documents = KeptDocuments()
  private var runs: [Run] = []
  private(set) var queries: [Query] = []
  private var stale: [Int] = []
  /// The places of queries whose documents are rows.
  private(set) var places: [QueryName: Int] = [:]
  /// The names of lists.
  private(set) var listNames: Set<QueryName> = []
  private var nameBytes = 0
  /// The queries in the form that metrics read, by place; those that are stale as they were before.
  private(set) var ranked = RankedQueries()
  private(set) var discounts = Discounts.common

  public init(_ configuration: Configuration) { self.configuration = configuration }

  public mutating func update(_ batch: RankingBatch) {
    count = count.addingClamped(batch.count)
    switch batch.rows {
    case .documents(let rows): add(rows)
    case .lists(let rows): add(rows)
    }
  }

  private mutating func add(_ lists: ListRows) {
    ranked.append(lists.queries, lists.queries.queries.indices)
    queries.append(contentsOf: repeatElement(Query(), count: lists.queries.count))
    for name in lists.names ?? [] { insert(listName: name) }
    discounts.cover(ranked.deepest)
  }

  private mutating func insert(listName name: QueryName) {
    if listNames.insert(name).inserted { nameBytes += name.byteCount }
  }

  /// The place of a query, which is made if it is new.
  private mutating func place(of name: QueryName) -> Int {
    if let place = places[name] { return place }
    let place = queries.count
    places[name] = place
    nameBytes += name.byteCount
    queries.append(Query())
    ranked.append(RankedQuery())
    return place
  }

  private mutating func touch(_ place: Int) {
    if queries[place].isStale { return }
    queries[place].isStale = true
    stale.append(place)
  }
}

// MARK: - Documents in rows

extension RankingState {
  private mutating func add(_ rows: DocumentRows) {
    // Rows of a query are put side by side, which they are as a rule.
    var starts = Array(repeating: 0, count: rows.queries.count + 1)
    var isGrouped = true
    var last: Int32 = 0
    for code in rows.codes {
      starts[Int(code) + 1] += 1
      isGrouped = isGrouped && code >= last
      last = code
    }
    for code in rows.queries.indices { starts[code + 1] += starts[code] }
    let first = documents.append(
      isGrouped ? rows.documents : rows.documents.selecting(Self.grouped(rows.codes, starts)))
    var places = Array(repeating: 0, count: rows.queries.count)
    for (code, name) in rows.queries.enumerated() where starts[code] < starts[code + 1] {
      places[code] = place(of: name)
      add(run: first + starts[code]..<first + starts[code + 1], to: places[code])
      if rows.weights == nil { queries[places[code]].weight = max(queries[places[code]].weight, 1) }
    }
    noteFacts(rows, places)
  }

  /// The rows by code, those of one code in their order.
  private static func grouped(_ codes: [Int32], _ starts: [Int]) -> [Int] {
    var next = starts
    var order = Array(repeating: 0, count: codes.count)
    for (row, code) in codes.enumerated() {
      order[next[Int(code)]] = row
      next[Int(code)] += 1
    }
    return order
  }

  private mutating func add(run rows: Range<Int>, to place: Int) {
    runs.append(Run(rows: rows, previous: queries[place].lastRun))
    queries[place].lastRun = runs.count - 1
    touch(place)
  }

  /// Takes in totals and weights. They agree within a query, or else, in streams that were merged, the largest counts.
  private mutating func noteFacts(_ rows: DocumentRows, _ places: [Int]) {
    if let totals = rows.totals {
      for (row, code) in rows.codes.enumerated() {
        let place = places[Int(code)]
        queries[place].total = max(queries[place].total, totals[row])
      }
    }
    if let weights = rows.weights {
      for (row, code) in rows.codes.enumerated() {
        let place = places[Int(code)]
        queries[place].weight = max(queries[place].weight, weights[row])
      }
    }
  }

  /// The rows of a query that came all at once; nil for others.
  func rowsAtOnce(of place: Int) -> Range<Int>? {
    let run = queries[place].lastRun
    return run >= 0 && runs[run].previous < 0 ? runs[run].rows : nil
  }

  /// Hands out the rows of a query, the latest first.
  func eachRow(of place: Int, _ body: (Int) -> Void) {
    eachRun(of: place) { for row in $0 { body(row) } }
  }

  /// Hands out the rows of a query that lie side by side, the latest first.
  func eachRun(of place: Int, _ body: (Range<Int>) -> Void) {
    var run = queries[place].lastRun
    while run >= 0 {
      body(runs[run].rows)
      run = runs[run].previous
    }
  }

  public mutating func prepare() {
    if stale.isEmpty { return }
    var order = DocumentOrder()
    for place in stale {
      queries[place].isStale = false
      if let counted = counted(place) {
        ranked.replace(place, with: ranked.make(counted, configuration))
      } else {
        order.read(place, of: self)
        ranked.replace(place, with: ranked.make(order.list, configuration))
      }
    }
    stale = []
    discounts.cover(ranked.deepest)
  }

  public mutating func merge(_ other: RankingState) {
    if queries.isEmpty && count == 0 {
      self = other
      return
    }
    count = count.addingClamped(other.count)
    let firstRun = runs.count
    let firstRows = documents.append(other.documents)
    for run in other.runs {
      let first =
        firstRows[KeptDocuments.chunk(of: run.rows.lowerBound)]
        + KeptDocuments.place(of: run.rows.lowerBound)
      runs.append(
        Run(
          rows: first..<first + run.rows.count,
          previous: run.previous < 0 ? -1 : run.previous + firstRun))
    }
    for (name, theirs) in other.places { take(other, theirs, name, firstRun) }
    for (place, query) in other.queries.enumerated() where query.lastRun < 0 {
      queries.append(query)
      ranked.append(other.ranked, [place])
    }
    for name in other.listNames { insert(listName: name) }
    discounts.cover(ranked.deepest)
  }

  /// Takes over a query of another state, whose runs are here already.
  private mutating func take(
    _ other: RankingState, _ theirs: Int, _ name: QueryName, _ firstRun: Int
  ) {
    let query = other.queries[theirs]
    let isNew = places[name] == nil
    let place = place(of: name)
    var first = query.lastRun + firstRun
    let mine = queries[place].lastRun
    queries[place].lastRun = first
    queries[place].total = max(queries[place].total, query.total)
    queries[place].weight = max(queries[place].weight, query.weight)
    if isNew && !query.isStale {
      let adopted = ranked.adopt(other.ranked.queries[theirs], from: other.ranked)
      ranked.replace(place, with: adopted)
      return
    }
    touch(place)
    while runs[first].previous >= 0 { first = runs[first].previous }
    runs[first].previous = mine
  }

  /// Gives the windows of all queries other numbers.
  mutating func moveWindows(by step: Int32) {
    if step == 0 { return }
    func moved(_ name: QueryName) -> QueryName {
      QueryName(window: name.window &+ step, name: name.name)
    }
    places = Dictionary(places.map { (moved($0.key), $0.value) }) { first, _ in first }
    listNames = Set(listNames.map(moved))
  }

  public var byteCount: Int {
    documents.byteCount + runs.count * MemoryLayout<Run>.stride
      + queries.count * MemoryLayout<Query>.stride + ranked.byteCount + discounts.byteCount
      + nameBytes + stale.count * 8
  }
}

extension QueryName {
  /// About what an entry of a table takes.
  var byteCount: Int { if case .text(let text) = name { 96 + text.utf8.count } else { 80 } }
}
