// Lists of results, a query a row, with what is relevant to each.

extension Columns {
  /// Reads `retrieved` and `relevant`, and puts every query into the form that metrics read.
  func rankedLists(
    _ configuration: RankingState.Configuration, weights: [Double]?, window: Int32
  ) throws(InputError) -> ListRows {
    let retrieved = try documentLists("retrieved")
    let relevant = try relevantDocuments("relevant", configuration)
    var rows = ListRows()
    var reader = ListReader(retrieved: retrieved, relevant: relevant)
    for row in 0..<self.rows {
      try reader.read(row)
      reader.list.weight = weights?[row] ?? 1
      rows.queries.append(rows.queries.make(reader.list, configuration))
    }
    if has("queries") {
      let queries = try queryCodes("queries")
      rows.names = queries.codes.map { QueryName(window: window, name: queries.names[Int($0)]) }
    }
    return rows
  }

  /// A list of documents a row: strings or integers.
  private func documentLists(_ name: String) throws(InputError) -> TextLists {
    let column = try require(name)
    if let lists = column.textLists { return lists }
    var lists = TextLists()
    lists.ends.reserveCapacity(rows)
    if case .numeric(let numbers) = column, numbers.shape.count == 2 {
      for index in 0..<numbers.rows * numbers.width {
        let row = index / numbers.width
        lists.texts.append(try Self.documentName(numbers.value(at: index), name, row))
      }
      lists.ends = (0..<rows).map { ($0 + 1) * numbers.width }
      return lists
    }
    for row in 0..<rows {
      guard case .list(let values) = column.value(at: row) else {
        throw .batch(
          name, row: row, "\(name) holds \(column.value(at: row).brief) where a list is wanted",
          hint: "a list of documents a row, the best first; [] where nothing was retrieved")
      }
      for value in values { lists.texts.append(try Self.documentName(value, name, row)) }
      lists.ends.append(lists.texts.count)
    }
    return lists
  }

  private static func relevance(_ value: Value) -> Double? {
    if case .bool(let flag) = value { flag ? 1 : 0 } else { value.exactDouble }
  }

  /// Documents with their relevances, a list a row. In a list of names each has 1.
  private func relevantDocuments(
    _ name: String, _ configuration: RankingState.Configuration
  ) throws(InputError) -> RelevantDocuments {
    let column = try require(name)
    var hasRecords = false
    if case .values(let values) = column {
      hasRecords = values.contains { if case .record = $0 { true } else { false } }
    }
    if !hasRecords { return RelevantDocuments(lists: try documentLists(name)) }
    var found = RelevantDocuments(relevances: [])
    let most = configuration.gain == .exponential ? 500 : RankingTask.relevances.upperBound
    for row in 0..<rows {
      switch column.value(at: row) {
      case .list(let values):
        for value in values { found.append(try Self.documentName(value, name, row), 1) }
      case .record(let fields):
        for field in fields where field.value != .null {
          guard let x = Self.relevance(field.value), x <= most,
            x >= RankingTask.relevances.lowerBound
          else {
            throw .batch(
              name, row: row, "the relevance of a document is \(field.value.brief)",
              hint: "a number from \(Int(RankingTask.relevances.lowerBound)) to \(Int(most))")
          }
          found.append(field.key, x)
        }
      case let other:
        throw .batch(
          name, row: row, "\(name) holds \(other.brief)",
          hint: "a list of documents, or {\"document\": relevance}")
      }
      found.lists.ends.append(found.lists.texts.count)
    }
    return found
  }
}

/// What is relevant to each query.
private struct RelevantDocuments {
  var lists = TextLists()
  /// As many as there are documents; nil where each has 1.
  var relevances: [Double]?

  mutating func append(_ document: String, _ relevance: Double) {
    lists.texts.append(document)
    relevances?.append(relevance)
  }
}

/// Looks up the relevant documents of a row in its list of results.
private struct ListReader {
  let retrieved: TextLists
  let relevant: RelevantDocuments
  /// The row that was read last.
  var list = DocumentList()
  private var table = TokenTable()

  init(retrieved: TextLists, relevant: RelevantDocuments) {
    self.retrieved = retrieved
    self.relevant = relevant
  }

  mutating func read(_ row: Int) throws(InputError) {
    let results = retrieved.range(row)
    let judged = relevant.lists.range(row)
    list.clear()
    table.removeAll()
    for place in results {
      if table.id(retrieved.texts.bytes, retrieved.texts.range(place)) < list.ranked.count {
        throw twice("retrieved", row, retrieved.texts.text(place))
      }
      list.ranked.append(.nan)
    }
    for place in judged {
      let relevance = relevant.relevances?[place] ?? 1
      // The first ids are those of the results, in their order, and then come those that were missed.
      let known = table.count
      let id = table.id(relevant.lists.texts.bytes, relevant.lists.texts.range(place))
      if id == known {
        list.missed.append(relevance)
      } else if id < list.ranked.count && list.ranked[id].isNaN {
        list.ranked[id] = relevance
      } else {
        throw twice("relevant", row, relevant.lists.texts.text(place))
      }
    }
  }

  private func twice(_ name: String, _ row: Int, _ document: String) -> InputError {
    .batch(
      name, row: row, "the document \(Value.text(document).brief) stands twice in \(name)",
      hint: "each document is in a list once")
  }
}
