/// One column of a batch, as it came from outside.
public enum Column: Sendable {
  /// Numbers in a rectangle.
  case numeric(NumericColumn)
  /// Anything else, a value a row: text, nulls, lists of unequal length.
  case values([Value])
  /// A text a row.
  case text(TextColumn)
  /// A list a row: row i holds the rows from `ends[i - 1]` up to `ends[i]` of the inner column.
  indirect case lists(Column, ends: [Int])
  /// Values that repeat: row i holds `values[codes[i]]`.
  case dictionary(values: [Value], codes: [Int32])
  /// One value that holds for every row.
  case constant(Value)
  /// Numbers in a rectangle that are not read yet. Only tasks that ask for such columns meet them.
  case unread(UnreadColumn)

  /// How many rows it has; nil for a constant.
  public var rows: Int? {
    switch self {
    case .numeric(let column): column.rows
    case .values(let values): values.count
    case .text(let texts): texts.count
    case .lists(_, let ends): ends.count
    case .dictionary(_, let codes): codes.count
    case .unread(let column): column.rows
    case .constant: nil
    }
  }

  /// The value of a row. Of numbers with several dimensions it is the element at this place.
  public func value(at row: Int) -> Value {
    switch self {
    case .constant(let value): value
    case .values(let values): values[row]
    case .text(let texts): .text(texts.text(row))
    case .lists(let inner, let ends):
      .list(((row == 0 ? 0 : ends[row - 1])..<ends[row]).map { inner.value(at: $0) })
    case .dictionary(let values, let codes): values[Int(codes[row])]
    case .numeric(let column): column.value(at: row)
    case .unread(let column): column.value(at: row)
    }
  }
}

/// The columns of a batch by name, and the ways a task reads them. Every error names the column and the row.
public struct Columns: Sendable {
  public private(set) var columns: [String: Column]
  /// Columns of `slices`, by dimension.
  public private(set) var slices: [Name: Column]
  /// How many rows every column has, those aside that are not by row.
  public let rows: Int

  /// Checks that all columns have as many rows. `whole` are the names of columns that belong to the batch
  /// as a whole, so that their length says nothing; a batch of such columns alone is one row.
  public init(
    _ columns: [(String, Column)], slices: [(Name, Column)] = [], whole: [String] = []
  ) throws(InputError) {
    var first: (name: String, rows: Int)?
    func check(_ name: String, _ column: Column, isSlice: Bool) throws(InputError) {
      guard let rows = column.rows else { return }
      guard let known = first else {
        first = (name, rows)
        return
      }
      if known.rows == rows { return }
      throw InputError(
        .invalidBatch, (isSlice ? [.key("slices")] : []) + [.key(name)],
        "\(name) has \(rows) rows but \(known.name) has \(known.rows)",
        hint: "every column of a batch has one value a row")
    }
    for (name, column) in columns where whole.isEmpty || !whole.contains(name) {
      try check(name, column, isSlice: false)
    }
    for (name, column) in slices { try check(name.text, column, isSlice: true) }
    self.columns = Dictionary(columns) { $1 }
    self.slices = slices.isEmpty ? [:] : Dictionary(slices) { $1 }
    rows = first?.rows ?? (columns.contains { whole.contains($0.0) } ? 1 : 0)
  }

  /// Whether the batch has this column.
  public func has(_ name: String) -> Bool { columns[name] != nil }

  /// A column that must be there. One that is not read yet is.
  public func require(_ name: String) throws(InputError) -> Column {
    if let column = columns[name] {
      guard case .unread(let unread) = column else { return column }
      return .numeric(try unread.numbers())
    }
    throw InputError(
      .invalidBatch, [], "the batch has no column \"\(name)\"",
      hint: columns.isEmpty
        ? "the batch is empty" : "it has " + columns.keys.sorted().joined(separator: ", "))
  }

  /// A column that is not read yet; nil where it is, or is not there.
  func unread(_ name: String) -> UnreadColumn? {
    if case .unread(let column)? = columns[name] { column } else { nil }
  }

  /// The `weights` column: finite and not negative; nil when there is none.
  public func weights() throws(InputError) -> [Double]? {
    guard has("weights") else { return nil }
    let weights = try flatDoubles("weights")
    if let row = weights.firstIndex(where: { !($0 >= 0 && $0 < .infinity) }) {
      throw .batch(
        "weights", row: row, "a weight is \(Value.wireText(weights[row]))",
        hint: "weights are finite and not negative")
    }
    return weights
  }

  /// Refuses a column with more than one value a row.
  func requireFlat(_ name: String) throws(InputError) {
    guard case .numeric(let column) = try require(name), column.width != 1 else { return }
    throw .batch(
      name, "\(name) has the shape \(column.shape), and one value a row is wanted",
      hint: "send [n] or [n, 1]")
  }

  /// The value of a row of any column, for messages and for columns that are not numbers.
  public func value(_ name: String, row: Int) -> Value { columns[name]?.value(at: row) ?? .null }
}

extension NumericColumn {
  /// One element as a plain value.
  public func value(at index: Int) -> Value {
    switch storage {
    case .bool(let x): .bool(x[index] != 0)
    case .int8(let x): .integer(Int64(x[index]))
    case .int16(let x): .integer(Int64(x[index]))
    case .int32(let x): .integer(Int64(x[index]))
    case .int64(let x): .integer(x[index])
    case .uint8(let x): .integer(Int64(x[index]))
    case .uint16(let x): .integer(Int64(x[index]))
    case .uint32(let x): .integer(Int64(x[index]))
    case .uint64(let x): .unsigned(x[index])
    case .float16(let x): .number(Double(Kernels.float(half: x[index])))
    case .bfloat16(let x): .number(Double(Kernels.float(bfloat16: x[index])))
    case .float32(let x): .number(Double(x[index]))
    case .float64(let x): .number(x[index])
    }
  }
}
