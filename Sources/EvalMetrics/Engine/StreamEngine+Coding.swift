// Streams as bytes: all of one, or the rows of a window on their way into another.

extension StreamEngine {
  /// Names the layout below. It changes when the layout does; the old ones stay readable.
  private static var layout: UInt8 { 1 }

  /// `marks`: how many came after the last of the rows.
  private func encodeHead(before marks: Int = 0, into writer: inout StateWriter) {
    writer.write(Self.layout)
    writer.write(Base.version)
    task.settled(before: marks).encode(into: &writer)
  }

  private static func readHead(
    _ reader: inout StateReader
  ) throws(StateError) -> Value {
    let layout = try reader.read(UInt8.self)
    let version = try reader.read(UInt8.self)
    guard layout <= Self.layout, version <= Base.version else {
      throw StateError("the state is of a newer evald", isTooNew: true)
    }
    return try Value(from: &reader)
  }

  public func keepsSame(as other: any TaskEngine) -> Bool {
    (other as? Self)?.windows.configuration == windows.configuration
  }

  public func encode(into writer: inout StateWriter) {
    encodeHead(into: &writer)
    writer.write(UInt64(totalCount))
    windows.encode(into: &writer)
    rolling?.encode(into: &writer)
    rowIDs?.encode(into: &writer)
  }

  public mutating func decode(from reader: inout StateReader) throws(StateError) {
    let settled = try Self.readHead(&reader)
    var task = freshTask
    do throws(InputError) {
      try task.settle(as: settled)
    } catch {
      throw StateError(error.message)
    }
    guard let count = Int(exactly: try reader.read(UInt64.self)) else {
      throw StateError("a count of rows is out of range")
    }
    let windows = try Windowed<Whole>(
      self.windows.configuration, keep: self.windows.keep, from: &reader)
    var (budget, rolling) = keepers
    try rolling?.decode(from: &reader)
    let rowIDs = self.rowIDs == nil ? nil : try RowIDs(from: &reader)

    self.task = task
    self.windows = windows
    self.rolling = rolling
    budget?.noteMove()
    self.budget = budget
    self.rowIDs = rowIDs
    totalCount = count
    views = Views()
  }

  public mutating func exportRows(
    of window: Window, into writer: inout StateWriter
  ) throws(InputError) -> Int {
    if rowIDs != nil && window != .current {
      throw InputError(
        .notApplicable, [.key("window")], "ids are known of the current window only",
        hint: "a stream with unique_ids exports its current window")
    }
    settle()
    var whole: Whole?
    let parts = try parts(of: window)
    for part in parts {
      change(part) { state in
        if whole == nil { whole = state } else { whole?.merge(state) }
      }
    }
    let rows = whole ?? Whole(windows.configuration)
    // The latest of these windows becomes the current one where it is merged.
    let marks =
      if case .window(let latest)? = parts.last { windows.marks(since: latest) } else { 0 }
    encodeHead(before: marks, into: &writer)
    rows.encode(into: &writer)
    rowIDs?.encode(into: &writer)
    return rows.count
  }

  public mutating func mergeRows(from reader: inout StateReader) throws(InputError) -> Int {
    let settled: Value
    var rows: Whole
    let ids: RowIDs?
    do throws(StateError) {
      settled = try Self.readHead(&reader)
      rows = try Whole(windows.configuration, from: &reader)
      ids = rowIDs == nil ? nil : try RowIDs(from: &reader)
      guard reader.remaining == 0 else { throw StateError("bytes follow the state") }
    } catch {
      throw InputError(
        error.isTooNew ? .stateTooNew : .stateDamaged, [], error.message,
        hint: error.isTooNew ? "read it with an evald of that version" : "export it again")
    }
    var settledTask = task
    try settledTask.settle(as: settled)
    try checkCellLimit(adding: rows.cells.keys)
    if let ids, let shared = rowIDs?.sharedCount(with: ids), shared > 0 {
      var error = InputError(
        .duplicateIDs, [], "\(shared) ids are in both states",
        hint: "rows that were pushed to two streams would count twice")
      error.count = shared
      throw error
    }

    // Nothing below can fail.
    task = settledTask
    rows.changeAll { task.adopt(&$0, of: settled) }
    views.forgetOpenWindows()
    windows.current.merge(rows)
    rolling?.absorb(rows)
    // At once: what came is no tail that is noticed when it is long.
    budget?.noteMove()
    settle()
    if let ids { rowIDs?.merge(ids) }
    totalCount = totalCount.addingClamped(rows.count)
    return rows.count
  }
}
