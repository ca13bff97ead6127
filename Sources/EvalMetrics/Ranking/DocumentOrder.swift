/// Puts the documents of a query in order: the highest score first, documents of one score by their names,
/// descending, as trec_eval does. Without names the order is the least favourable: the least relevant first.
///
/// It is kept from query to query, so that its arrays need not be made anew.
struct DocumentOrder {
  /// The documents of the query that was read last, as metrics want them.
  private(set) var list = DocumentList()
  private var rows: [KeyedRow] = []
  private var scratch: [KeyedRow] = []
  private var missed: [Int] = []

  /// Reads a query whose documents are rows.
  mutating func read(_ place: Int, of state: RankingState) {
    sort(place, of: state)
    let documents = state.documents
    list.clear()
    for row in rows { list.ranked.append(documents.relevance(row.row)) }
    for row in missed { list.missed.append(documents.relevance(row)) }
    list.total = state.queries[place].total
    list.weight = max(state.queries[place].weight, 0)
    if state.configuration.compat.averagesTies { findTies() }
  }

  /// The rows of a query in order, those that were not retrieved at the end.
  mutating func rows(of place: Int, in state: RankingState) -> [Int] {
    sort(place, of: state)
    let documents = state.documents
    return rows.map(\.row) + missed.sorted { Self.precedes($0, $1, documents) }
  }

  private mutating func sort(_ place: Int, of state: RankingState) {
    rows.removeAll(keepingCapacity: true)
    missed.removeAll(keepingCapacity: true)
    let documents = state.documents
    state.eachRun(of: place) { run in
      let scores = documents.chunks[KeptDocuments.chunk(of: run.lowerBound)].scores
      let first = KeptDocuments.place(of: run.lowerBound)
      for (offset, row) in run.enumerated() {
        let score = scores[first + offset]
        if score.isNaN {
          missed.append(row)
        } else {
          rows.append(KeyedRow(key: ~Kernels.key(score), row: row))
        }
      }
    }
    Kernels.sort(&rows, scratch: &scratch)
    eachTie { ties, rows in rows[ties].sort { Self.precedes($0.row, $1.row, documents) } }
  }

  /// Hands out every stretch of rows with one score.
  private mutating func eachTie(_ body: (Range<Int>, inout [KeyedRow]) -> Void) {
    var start = 0
    while start < rows.count {
      var end = start + 1
      while end < rows.count && rows[end].key == rows[start].key { end += 1 }
      if end - start > 1 { body(start..<end, &rows) }
      start = end
    }
  }

  /// Whether one of two documents with the same score comes first.
  private static func precedes(_ a: Int, _ b: Int, _ documents: KeptDocuments) -> Bool {
    let (first, second) = (documents.name(a), documents.name(b))
    for (p, q) in zip(first, second) where p != q { return p > q }
    if first.count != second.count { return first.count > second.count }
    let (x, y) = (documents.relevance(a), documents.relevance(b))
    return (x.isNaN ? -.infinity : x) < (y.isNaN ? -.infinity : y)
  }

  private mutating func findTies() {
    var ties: [Range<Int32>] = []
    eachTie { stretch, rows in
      if ties.isEmpty {
        ties = (0..<Int32(truncatingIfNeeded: rows.count)).map { $0 + 1..<$0 + 1 }
      }
      let range =
        Int32(
          truncatingIfNeeded: stretch.lowerBound + 1)..<Int32(
          truncatingIfNeeded: stretch.upperBound)
      for place in stretch { ties[place] = range }
    }
    list.ties = ties
  }
}
