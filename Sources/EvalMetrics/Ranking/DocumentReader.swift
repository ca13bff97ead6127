/// Reads columns with a document a row.
struct DocumentReader {
  private let columns: Columns
  private let configuration: RankingState.Configuration
  private let skipsNonFinite: Bool
  /// Rows that are left out because a number is not finite.
  private var dropped: Set<Int> = []

  init(_ columns: Columns, _ configuration: RankingState.Configuration, skipsNonFinite: Bool) {
    self.columns = columns
    self.configuration = configuration
    self.skipsNonFinite = skipsNonFinite
  }

  mutating func read(
    window: Int32, weights: [Double]?, notes: inout ReadNotes
  ) throws(InputError) -> DocumentRows {
    var rows = DocumentRows(weights: weights)
    let queries = try columns.queryCodes("queries")
    rows.codes = queries.codes
    rows.queries = queries.names.map { QueryName(window: window, name: $0) }
    rows.documents.scores = try numbers("scores")
    rows.documents.relevances = try numbers("relevances")
    try checkRelevances(rows.documents.relevances)
    rows.totals = try totals()
    if columns.has("documents") {
      rows.documents.names = try columns.documentNames("documents") { row in
        rows.documents.isVacant(row)
      }
    }
    try checkVacant(rows)
    notes.dropped += dropped.sorted()
    return rows
  }

  /// A number a row, NaN where there is null. One that is not finite is refused, or its row left out.
  private mutating func numbers(_ name: String) throws(InputError) -> [Double] {
    var numbers: [Double]
    var nulls: Set<Int> = []
    if case .values(let values)? = columns.columns[name] {
      numbers = []
      numbers.reserveCapacity(values.count)
      for (row, value) in values.enumerated() {
        if value == .null {
          nulls.insert(row)
          numbers.append(.nan)
        } else {
          numbers.append(try Columns.double(value, name, row))
        }
      }
    } else {
      numbers = try columns.flatDoubles(name)
    }
    // x - x is 0 for a finite x.
    if nulls.isEmpty && Kernels.firstNonFinite(numbers) == nil { return numbers }
    for row in numbers.indices where !numbers[row].isFinite && !nulls.contains(row) {
      guard skipsNonFinite else {
        throw .batch(
          name, row: row, "\(name) holds \(Value.wireText(numbers[row]))",
          hint: name == "scores"
            ? "null is a document that was not retrieved; non_finite: \"skip\" leaves such rows out"
            : "null is a document that was not judged; non_finite: \"skip\" leaves such rows out")
      }
      dropped.insert(row)
      numbers[row] = .nan
    }
    return numbers
  }

  private func checkRelevances(_ relevances: [Double]) throws(InputError) {
    let most = configuration.gain == .exponential ? 500 : RankingTask.relevances.upperBound
    for (row, x) in relevances.enumerated() where x > most || x < RankingTask.relevances.lowerBound
    {
      throw .batch(
        "relevances", row: row, "a relevance is \(Value.wireText(x))",
        hint: "relevances go from \(Int(RankingTask.relevances.lowerBound)) to \(Int(most))")
    }
  }

  private func totals() throws(InputError) -> [Int]? {
    guard columns.has("relevant_totals") else { return nil }
    try columns.requireRows("relevant_totals")
    var totals: [Int] = []
    totals.reserveCapacity(columns.rows)
    for row in 0..<columns.rows {
      let value = columns.value("relevant_totals", row: row)
      if value == .null {
        totals.append(-1)
      } else if let total = value.exactInteger, (0...RankingTask.mostRelevant).contains(total) {
        totals.append(total)
      } else {
        throw .batch(
          "relevant_totals", row: row, "a number of relevant documents is \(value.brief)",
          hint: "an integer from 0 to \(RankingTask.mostRelevant), or null")
      }
    }
    return totals
  }

  /// A row without a document tells that nothing was retrieved, for which it must at least say what there was.
  private func checkVacant(_ rows: DocumentRows) throws(InputError) {
    for row in rows.codes.indices
    where rows.documents.isVacant(row) && rows.totals?[row] ?? -1 < 0 && !dropped.contains(row) {
      throw .batch(
        "scores", row: row, "a query has a row without a document: score and relevance are null",
        hint:
          "leave such rows out; relevant_totals tells of a query for which nothing was retrieved")
    }
  }
}

extension Columns {
  /// Refuses numbers with more than one value a row; anything else has one by itself.
  func requireRows(_ name: String) throws(InputError) {
    if case .numeric = try require(name) { try requireFlat(name) }
  }

  /// A column of names as codes into its distinct names, in the order in which they first stand.
  func queryCodes(_ name: String) throws(InputError) -> (codes: [Int32], names: [RowID]) {
    let column = try require(name)
    try requireRows(name)
    var table = NameTable()
    var codes: [Int32] = []
    codes.reserveCapacity(rows)
    if case .text(let texts) = column {
      for row in 0..<texts.count {
        // As a rule a query's rows stand side by side.
        if row > 0 && texts.isEqual(row, row - 1) {
          codes.append(codes[row - 1])
        } else {
          codes.append(table.code(of: .text(texts.text(row))))
        }
      }
      return (codes, table.names)
    }
    if case .numeric(let numbers) = column, let integers = numbers.wholeNumbers {
      for row in 0..<integers.count {
        if row > 0 && integers[row] == integers[row - 1] {
          codes.append(codes[row - 1])
        } else {
          codes.append(table.code(of: .integer(integers[row])))
        }
      }
      return (codes, table.names)
    }
    var known: [Int32: Int32] = [:]
    var last: Value?
    for row in 0..<rows {
      if case .dictionary(_, let entries) = column, let code = known[entries[row]] {
        codes.append(code)
        continue
      }
      let value = column.value(at: row)
      if value == last {
        codes.append(codes[row - 1])
        continue
      }
      last = value
      codes.append(table.code(of: try Self.rowName(value, name, row)))
      if case .dictionary(_, let entries) = column { known[entries[row]] = codes[row] }
    }
    return (codes, table.names)
  }

  private static func rowName(
    _ value: Value, _ name: String, _ row: Int
  ) throws(InputError) -> RowID {
    switch value.asName {
    case .text(let text): return .text(text)
    case .integer(let x): return .integer(x)
    case .unsigned(let x): return Int64(exactly: x).map(RowID.integer) ?? .unsigned(x)
    default:
      throw .batch(
        name, row: row, "a query is \(value.brief)",
        hint: "queries are strings or 64-bit integers")
    }
  }

  /// A column of names as texts; integers as they are written. Null is allowed where `mayBeNull` says so.
  func documentNames(
    _ name: String, mayBeNull: (Int) -> Bool
  ) throws(InputError) -> TextColumn {
    let column = try require(name)
    try requireRows(name)
    if case .text(let texts) = column { return texts }
    if case .numeric(let numbers) = column, let names = numbers.decimalTexts { return names }
    var names = TextColumn()
    names.ends.reserveCapacity(rows)
    for row in 0..<rows {
      let value = column.value(at: row)
      if value == .null && mayBeNull(row) {
        names.append("")
      } else {
        names.append(try Self.documentName(value, name, row))
      }
    }
    return names
  }

  /// The name of a document.
  static func documentName(
    _ value: Value, _ name: String, _ row: Int
  ) throws(InputError) -> String {
    switch value.asName {
    case .text(let text): return text
    case .integer(let x): return "\(x)"
    case .unsigned(let x): return "\(x)"
    default:
      throw .batch(
        name, row: row, "\(name) holds \(value.brief) where a document is wanted",
        hint: "documents are strings or 64-bit integers")
    }
  }
}

extension NumericColumn {
  /// The numbers of a type of integers that all have 64 bits with a sign; nil for others.
  fileprivate var wholeNumbers: [Int64]? {
    switch storage {
    case .int8(let x): x.map(Int64.init)
    case .int16(let x): x.map(Int64.init)
    case .int32(let x): x.map(Int64.init)
    case .int64(let x): x
    case .uint8(let x): x.map(Int64.init)
    case .uint16(let x): x.map(Int64.init)
    case .uint32(let x): x.map(Int64.init)
    default: nil
    }
  }

  /// The numbers of a type of integers, as they are written; nil for others.
  fileprivate var decimalTexts: TextColumn? {
    if case .uint64(let x) = storage { return Kernels.decimalTexts(x) }
    return wholeNumbers.map(Kernels.decimalTexts)
  }
}

/// Names, each with a code.
private struct NameTable {
  private(set) var names: [RowID] = []
  private var codes: [RowID: Int32] = [:]

  mutating func code(of name: RowID) -> Int32 {
    if let code = codes[name] { return code }
    let code = Int32(truncatingIfNeeded: names.count)
    names.append(name)
    codes[name] = code
    return code
  }
}

extension TextColumn {
  /// Whether two rows have the same bytes.
  func isEqual(_ a: Int, _ b: Int) -> Bool {
    Kernels.areEqual(bytes, range(a), bytes, range(b))
  }
}
