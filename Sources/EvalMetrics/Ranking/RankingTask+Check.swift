// What rows say of a query must agree, also with what is known of it in the window.

extension RankingTask {
  public func check(_ batch: RankingBatch, against state: RankingState) throws(InputError) {
    switch batch.rows {
    case .lists(let rows): try checkNames(rows, state)
    case .documents(let rows):
      if rows.codes.isEmpty { return }
      // The places of queries that are known already; -1 for those that begin with this batch.
      let known = rows.queries.map { state.places[$0] ?? -1 }
      try checkDocuments(rows, known, state)
      try checkWeights(rows, known, state)
      try checkTotals(rows, known, state)
    }
  }

  private func checkNames(_ rows: ListRows, _ state: RankingState) throws(InputError) {
    guard let names = rows.names else { return }
    var seen: Set<QueryName> = []
    for (row, name) in names.enumerated()
    where state.listNames.contains(name) || !seen.insert(name).inserted {
      throw .batch(
        "queries", row: row, "the query \(name.name.brief) came before",
        hint: "the list of a query is one row of a window")
    }
  }

  private func checkDocuments(
    _ rows: DocumentRows, _ known: [Int], _ state: RankingState
  ) throws(InputError) {
    let documents = rows.documents
    if documents.names.ends.isEmpty { return }
    if known.allSatisfy({ $0 < 0 }) {
      // As a rule a batch has whole queries.
      let row = Kernels.firstTwice(
        documents.names, rows.codes, key: TokenTable.processKey, vacant: documents.isVacant)
      if let row { throw Self.twice(rows, row) }
      return
    }
    var table = DocumentTable()
    for row in 0..<documents.count where !documents.isVacant(row) {
      if !table.insert(documents.names, row, code: rows.codes[row]) { throw Self.twice(rows, row) }
    }
    let old = state.documents
    for (code, place) in known.enumerated() where place >= 0 {
      var found: Int?
      state.eachRow(of: place) { row in
        if old.isVacant(row) || !old.hasName(row) { return }
        if let mine = table.find(old.name(row), code: Int32(truncatingIfNeeded: code)) {
          found = min(found ?? mine, mine)
        }
      }
      if let found { throw Self.twice(rows, found) }
    }
  }

  private static func twice(_ rows: DocumentRows, _ row: Int) -> InputError {
    let query = rows.queries[Int(rows.codes[row])].name.brief
    let document = Value.text(rows.documents.names.text(row)).brief
    return .batch(
      "documents", row: row, "the query \(query) has the document \(document) already",
      hint: "a document of a query is one row of a window; unique_ids drops rows that come again")
  }

  private func checkWeights(
    _ rows: DocumentRows, _ known: [Int], _ state: RankingState
  ) throws(InputError) {
    var weights = known.map { $0 < 0 ? nil : state.queries[$0].weight }
    if rows.weights == nil && weights.allSatisfy({ $0 == nil || $0 == 1 }) { return }
    for (row, code) in rows.codes.enumerated() {
      let weight = rows.weights?[row] ?? 1
      if let other = weights[Int(code)], other != weight {
        throw Self.disagrees(rows, row, "weights", "weight", "\(weight)", "\(other)")
      }
      weights[Int(code)] = weight
    }
  }

  private func checkTotals(
    _ rows: DocumentRows, _ known: [Int], _ state: RankingState
  ) throws(InputError) {
    var totals = known.map { $0 < 0 ? -1 : state.queries[$0].total }
    if rows.totals == nil && totals.allSatisfy({ $0 < 0 }) { return }
    for (row, code) in rows.codes.enumerated() {
      guard let total = rows.totals?[row], total >= 0 else { continue }
      let other = totals[Int(code)]
      if other >= 0 && other != total {
        throw Self.disagrees(
          rows, row, "relevant_totals", "number of relevant documents", "\(total)", "\(other)")
      }
      totals[Int(code)] = total
    }
    if totals.allSatisfy({ $0 < 0 }) { return }
    var relevant = Array(repeating: 0, count: totals.count)
    for (code, place) in known.enumerated() where place >= 0 && totals[code] >= 0 {
      state.eachRow(of: place) { row in
        relevant[code] += isRelevant(state.documents.relevance(row)) ? 1 : 0
      }
    }
    for (row, code) in rows.codes.enumerated() {
      relevant[Int(code)] += isRelevant(rows.documents.relevances[row]) ? 1 : 0
      let total = totals[Int(code)]
      if total >= 0 && relevant[Int(code)] > total {
        throw .batch(
          "relevances", row: row,
          "the query \(rows.queries[Int(code)].name.brief) has more relevant documents than the \(total) it is told to have",
          hint: "relevant_totals counts all relevant documents, retrieved or not")
      }
    }
  }

  private func isRelevant(_ relevance: Double) -> Bool {
    relevance >= configuration.relevanceLevel
  }

  private static func disagrees(
    _ rows: DocumentRows, _ row: Int, _ column: String, _ what: String, _ mine: String,
    _ other: String
  ) -> InputError {
    .batch(
      column, row: row,
      "the query \(rows.queries[Int(rows.codes[row])].name.brief) has the \(what) \(mine) here and \(other) before",
      hint: "all rows of a query have one \(what)")
  }
}

extension RowID {
  /// A short form for messages.
  fileprivate var brief: String {
    switch self {
    case .integer(let x): "\(x)"
    case .unsigned(let x): "\(x)"
    case .text(let text): Value.text(text).brief
    }
  }
}

/// The documents of the queries of a batch, each with its row.
private struct DocumentTable {
  private var table = TokenTable()
  private var rows: [Int] = []
  /// The code of a query and the name of a document, one after the other.
  private var text: [UInt8] = []

  private mutating func compose(_ name: ArraySlice<UInt8>, _ code: Int32) {
    text.removeAll(keepingCapacity: true)
    for shift in [0, 8, 16, 24] as [Int32] { text.append(UInt8(truncatingIfNeeded: code >> shift)) }
    text.append(contentsOf: name)
  }

  /// Puts a document in; false if it is there already.
  mutating func insert(_ names: TextColumn, _ row: Int, code: Int32) -> Bool {
    compose(names.bytes[names.range(row)], code)
    guard table.id(text, text.indices) == rows.count else { return false }
    rows.append(row)
    return true
  }

  /// The row of a document; nil if it is not there.
  mutating func find(_ name: ArraySlice<UInt8>, code: Int32) -> Int? {
    compose(name, code)
    return table.find(text, text.indices).map { rows[$0] }
  }
}
