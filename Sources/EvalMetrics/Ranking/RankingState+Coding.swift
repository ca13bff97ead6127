// Encoded form: queries by name with their rows in order, then lists.

extension RankingState {
  public func encode(into writer: inout StateWriter) {
    writer.write(UInt64(places.count))
    var order = DocumentOrder()
    for (name, place) in places.sorted(by: { QueryName.areInOrder($0.key, $1.key) }) {
      name.encode(into: &writer)
      writer.write(Int64(queries[place].total))
      writer.write(queries[place].weight)
      let rows = order.rows(of: place, in: self)
      writer.write(UInt64(rows.count))
      for row in rows {
        writer.write(documents.score(row))
        writer.write(documents.relevance(row))
        writer.write(Array(documents.name(row)))
      }
    }
    writer.write(UInt64(queries.count - places.count))
    for (place, query) in queries.enumerated() where query.lastRun < 0 {
      ranked.encode(ranked.queries[place], into: &writer)
    }
    writer.write(UInt64(listNames.count))
    for name in listNames.sorted(by: QueryName.areInOrder) { name.encode(into: &writer) }
  }

  public init(
    _ configuration: Configuration, from reader: inout StateReader
  ) throws(StateError) {
    var rows = DocumentRows(totals: [], weights: [])
    for _ in 0..<(try reader.readCount(ofSize: 13)) { try rows.readQuery(from: &reader) }
    if Set(rows.queries).count < rows.queries.count { throw StateError("a query stands twice") }
    var lists = ListRows(names: [])
    for _ in 0..<(try reader.readCount(ofSize: 8)) {
      let query = try lists.queries.decodeQuery(from: &reader)
      lists.queries.append(query)
    }
    for _ in 0..<(try reader.readCount(ofSize: 13)) {
      lists.names?.append(try QueryName(from: &reader))
    }
    self.init(configuration)
    update(RankingBatch(rows: .documents(rows)))
    update(RankingBatch(rows: .lists(lists)))
  }
}

extension DocumentRows {
  /// Reads a query with all its rows.
  fileprivate mutating func readQuery(from reader: inout StateReader) throws(StateError) {
    let code = Int32(truncatingIfNeeded: queries.count)
    queries.append(try QueryName(from: &reader))
    guard let total = Int(exactly: try reader.read(Int64.self)), total >= -1,
      total <= RankingTask.mostRelevant
    else { throw StateError("a count of relevant documents is out of range") }
    let weight = try reader.readWeight()
    let count = try reader.readCount(ofSize: 24)
    if count == 0 { throw StateError("a query has no rows") }
    for _ in 0..<count {
      try documents.readDocument(from: &reader)
      codes.append(code)
      totals?.append(total)
      weights?.append(weight)
    }
  }
}

extension JudgedDocuments {
  fileprivate mutating func readDocument(from reader: inout StateReader) throws(StateError) {
    let score = try reader.readDouble()
    let relevance = try reader.readDouble()
    guard !score.isInfinite, relevance.isNaN || RankingTask.relevances.contains(relevance) else {
      throw StateError("a document is out of range")
    }
    var document = JudgedDocuments(scores: [score], relevances: [relevance])
    let name = try reader.readArray(UInt8.self)
    if !name.isEmpty { document.names = TextColumn(bytes: name, ends: [name.count]) }
    append(document)
  }
}

extension StateReader {
  /// A finite weight that is not negative.
  fileprivate mutating func readWeight() throws(StateError) -> Double {
    let weight = try readDouble()
    guard weight >= 0, weight < .infinity else { throw StateError("a weight is out of range") }
    return weight
  }

  /// A count of something, of a size that cannot overflow when it is added.
  fileprivate mutating func readSize(upTo limit: Int) throws(StateError) -> Int {
    guard let size = Int(exactly: try read(UInt64.self)), size <= limit else {
      throw StateError("a count is out of range")
    }
    return size
  }
}

extension QueryName {
  func encode(into writer: inout StateWriter) {
    writer.write(window)
    switch name {
    case .text(let text):
      writer.write(UInt8(0))
      writer.write(text)
    case .integer(let x):
      writer.write(UInt8(1))
      writer.write(x)
    case .unsigned(let x):
      writer.write(UInt8(2))
      writer.write(x)
    }
  }

  init(from reader: inout StateReader) throws(StateError) {
    window = try reader.read()
    switch try reader.read(UInt8.self) {
    case 0: name = .text(try reader.readString())
    case 1: name = .integer(try reader.read())
    case 2: name = .unsigned(try reader.read())
    default: throw StateError("the name of a query is of an unknown kind")
    }
  }

  /// An order for encoding.
  static func areInOrder(_ a: QueryName, _ b: QueryName) -> Bool {
    if a.window != b.window { return a.window < b.window }
    switch (a.name, b.name) {
    case (.integer(let x), .integer(let y)): return x < y
    case (.unsigned(let x), .unsigned(let y)): return x < y
    case (.text(let x), .text(let y)): return x.utf8.lexicographicallyPrecedes(y.utf8)
    case (.integer, _), (.unsigned, .text): return true
    default: return false
    }
  }
}

extension RankedQueries {
  /// Writes a list, in which no two documents share a place.
  func encode(_ query: RankedQuery, into writer: inout StateWriter) {
    writer.write(query.weight)
    for size in [query.retrieved, query.relevant, query.nonrelevant] { writer.write(UInt64(size)) }
    writer.write(UInt64(query.hits.count))
    for hit in hits[query.hits] {
      writer.write(hit.rank)
      writer.write(hit.nonrelevantAbove)
      writer.write(hit.gain)
      writer.write(UInt8(hit.isRelevant ? 1 : 0))
    }
    writer.write(Array(gains[query.ideal]))
  }

  /// Reads a list into the pools.
  mutating func decodeQuery(from reader: inout StateReader) throws(StateError) -> RankedQuery {
    var list = DecodedList()
    var query = RankedQuery()
    query.weight = try reader.readWeight()
    query.retrieved = try reader.readSize(upTo: Int(Int32.max))
    query.relevant = try reader.readSize(upTo: Int(Int32.max))
    query.nonrelevant = try reader.readSize(upTo: Int(Int32.max))
    for _ in 0..<(try reader.readCount(ofSize: 17)) {
      try list.readHit(from: &reader, retrieved: query.retrieved)
    }
    list.gains = try reader.readDoubles()
    guard list.relevant <= query.relevant, list.gains.allSatisfy({ $0 > 0 && $0 < .infinity }),
      zip(list.gains, list.gains.dropFirst()).allSatisfy({ $0 >= $1 })
    else { throw StateError("a list of results contradicts itself") }
    return adopt(query, hits: list.hits, gains: list.gains)
  }
}

/// A list as it is read.
private struct DecodedList {
  var hits: [RankedHit] = []
  var gains: [Double] = []
  var relevant = 0

  mutating func readHit(
    from reader: inout StateReader, retrieved: Int
  ) throws(StateError) {
    let rank = try reader.read(Int32.self)
    let above = try reader.read(Int32.self)
    let gain = try reader.readDouble()
    let isRelevant = try reader.read(UInt8.self)
    guard rank > hits.last?.rank ?? 0, rank <= retrieved, above >= hits.last?.nonrelevantAbove ?? 0,
      above < rank, gain > 0, gain < .infinity, isRelevant <= 1
    else { throw StateError("a place in a list of results is out of range") }
    relevant += Int(isRelevant)
    hits.append(
      RankedHit(
        rank: rank, tieFirst: rank, tieLast: rank, nonrelevantAbove: above, gain: gain,
        isRelevant: isRelevant == 1))
  }
}
