/// The name of a query. Windows have numbers, so that a query of every epoch is another one each time.
struct QueryName: Sendable, Hashable {
  var window: Int32
  var name: RowID
}

/// Documents of queries: what a model said of each, and what a judge did.
struct JudgedDocuments: Sendable {
  /// Finite; NaN for a document that was not retrieved.
  var scores: [Double] = []
  /// Finite; NaN for a document that was not judged.
  var relevances: [Double] = []
  /// Names of the documents; without rows where none were sent.
  var names = TextColumn()

  var count: Int { scores.count }

  /// True for a row that tells of a query, not of a document.
  func isVacant(_ row: Int) -> Bool { scores[row].isNaN && relevances[row].isNaN }

  mutating func append(_ other: JudgedDocuments) {
    alignNames(with: other)
    if !other.names.ends.isEmpty {
      let start = names.bytes.count
      names.bytes.append(contentsOf: other.names.bytes)
      for end in other.names.ends { names.ends.append(start + end) }
    } else if !names.ends.isEmpty {
      for _ in 0..<other.count { names.ends.append(names.bytes.count) }
    }
    scores.append(contentsOf: other.scores)
    relevances.append(contentsOf: other.relevances)
  }

  /// Where only others have names, mine are empty.
  private mutating func alignNames(with other: JudgedDocuments) {
    if names.ends.isEmpty && !other.names.ends.isEmpty {
      names.ends = Array(repeating: 0, count: count)
    }
  }

  func selecting(_ rows: [Int]) -> JudgedDocuments {
    JudgedDocuments(
      scores: rows.map { scores[$0] }, relevances: rows.map { relevances[$0] },
      names: names.ends.isEmpty ? names : names.selecting(rows))
  }

  var byteCount: Int { count * 16 + names.bytes.count + names.ends.count * 8 }
}

/// Documents, each a row, with the query that each belongs to.
struct DocumentRows: Sendable {
  var documents = JudgedDocuments()
  /// Which of `queries` each row belongs to.
  var codes: [Int32] = []
  var queries: [QueryName] = []
  /// How many documents are relevant to the row's query; -1 where that is not told. Nil: it never is.
  var totals: [Int]?
  /// The weight of the row's query; nil where all are 1.
  var weights: [Double]?

  func selecting(_ rows: [Int]) -> DocumentRows {
    var chosen = DocumentRows(
      documents: documents.selecting(rows), totals: totals.map { t in rows.map { t[$0] } },
      weights: weights.map { w in rows.map { w[$0] } })
    chosen.codes.reserveCapacity(rows.count)
    // Only the queries that are left, since a batch may be taken apart query by query.
    var places: [Int32: Int32] = [:]
    for row in rows {
      if let place = places[codes[row]] {
        chosen.codes.append(place)
      } else {
        let place = Int32(truncatingIfNeeded: chosen.queries.count)
        places[codes[row]] = place
        chosen.queries.append(queries[Int(codes[row])])
        chosen.codes.append(place)
      }
    }
    return chosen
  }
}

/// Lists of results, each a row and a query of its own.
struct ListRows: Sendable {
  var queries = RankedQueries()
  /// The name of each query; nil where they have none.
  var names: [QueryName]?

  func selecting(_ rows: [Int]) -> ListRows {
    var chosen = ListRows(names: names.map { n in rows.map { n[$0] } })
    chosen.queries.append(queries, rows)
    return chosen
  }
}

/// Rows of a ranking task.
public struct RankingBatch: RowBatch {
  enum Rows: Sendable {
    case documents(DocumentRows)
    case lists(ListRows)
  }

  var rows: Rows

  public var count: Int {
    switch rows {
    case .documents(let rows): rows.codes.count
    case .lists(let rows): rows.queries.count
    }
  }

  public func selecting(_ indices: [Int]) -> RankingBatch {
    switch rows {
    case .documents(let rows): RankingBatch(rows: .documents(rows.selecting(indices)))
    case .lists(let rows): RankingBatch(rows: .lists(rows.selecting(indices)))
    }
  }
}
