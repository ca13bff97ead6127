/// The engine of one stream: a task, and its states by window and slice.
public struct StreamEngine<Task: EvaluationTask>: TaskEngine {
  typealias Base = Task.TaskState
  typealias Whole = Sliced<Base>

  public static var taskName: String { Task.name }

  private let options: Arguments
  private var task: Task
  private let settledTask: Task
  private var windows: Windowed<Whole>
  private var rowIDs: RowIDs?
  /// Merged states that were asked for, until the next change.
  private var derived: [Scope: Base] = [:]
  public private(set) var totalCount = 0

  /// The most cells that the slice dimensions of a stream may have.
  public static var cellLimit: Int { 100_000 }
  private static var derivedLimit: Int { 32 }

  public init(
    options: [Value.Field], metrics: [MetricRequest] = [], dimensions: [SliceDimension] = [],
    keepWindows: Int = 1
  ) throws(InputError) {
    let arguments: Arguments
    do {
      arguments = try Arguments(options, for: CommonOptions.options + Task.options)
      task = try Task(arguments, metrics: metrics)
    } catch {
      throw error.under([.key("options")])
    }
    self.options = arguments
    settledTask = task
    let configuration = Whole.Configuration(base: task.configuration, dimensions: dimensions)
    windows = Windowed(configuration, keep: keepWindows)
    rowIDs = arguments.flag("unique_ids") ? RowIDs() : nil
  }

  public var dimensions: [SliceDimension] { windows.configuration.dimensions }
  public var keptMarks: [String] { windows.closed.map(\.label) }
  public var count: Int { windows.current.count }
  public var byteCount: Int {
    windows.byteCount + (rowIDs?.byteCount ?? 0) + derived.values.reduce(0) { $0 + $1.byteCount }
  }
  public var cellCount: Int { windows.current.cells.count }

  public mutating func mark(_ label: String) {
    windows.mark(label)
    derived.removeAll()
    if rowIDs != nil { rowIDs = RowIDs() }
  }

  public mutating func reset() {
    task = settledTask
    windows = Windowed(windows.configuration, keep: windows.keep)
    derived.removeAll()
    totalCount = 0
    if rowIDs != nil { rowIDs = RowIDs() }
  }
}

// MARK: - Pushing

extension StreamEngine {
  public mutating func push(_ columns: Columns) throws(InputError) -> PushReport {
    try refuseUnknownColumns(columns)
    var settled = task
    var notes = ReadNotes()
    let rows = try settled.read(columns, notes: &notes)
    let cells = try columns.cells(of: dimensions)
    var report = PushReport()
    report.clamped = notes.clamped
    report.dropped = notes.dropped.count
    let fresh = try newRowIDs(columns, leavingOut: notes.dropped, &report)
    try checkCellLimit(cells)

    // Nothing below can fail.
    task = settled
    derived.removeAll()
    var batch = SlicedBatch(rows, cells: cells)
    if let kept = fresh?.rows ?? Self.kept(batch.count, without: notes.dropped) {
      batch = batch.selecting(kept)
    }
    // In place: a copy of all ids at every push would cost more the longer the stream runs.
    if let fresh { rowIDs?.insert(fresh) }
    windows.current.update(batch)
    totalCount = totalCount.addingClamped(batch.count)
    report.applied = batch.count
    return report
  }

  private func refuseUnknownColumns(_ columns: Columns) throws(InputError) {
    let known = (Task.columns + CommonOptions.columns).map(\.name)
    for name in columns.columns.keys.sorted() where !known.contains(name) {
      throw .unknownName(.invalidBatch, [.key(name)], "column", name, known: known)
    }
  }

  /// The rows left when some are dropped; nil when none are.
  private static func kept(_ count: Int, without dropped: [Int]) -> [Int]? {
    if dropped.isEmpty { return nil }
    let gone = Set(dropped)
    return (0..<count).filter { !gone.contains($0) }
  }

  private func newRowIDs(
    _ columns: Columns, leavingOut dropped: [Int], _ report: inout PushReport
  ) throws(InputError) -> RowIDs.Fresh? {
    guard columns.has("ids") || (rowIDs != nil && columns.rows > 0) else { return nil }
    let ids = try columns.rowIDs()
    guard let rowIDs else { return nil }
    let rows = Self.kept(columns.rows, without: dropped) ?? Array(0..<columns.rows)
    return rowIDs.fresh(ids, of: rows, in: columns, report: &report)
  }

  private func checkCellLimit(_ cells: CellAssignment) throws(InputError) {
    let known = windows.current.cells
    // Keys may be many more than the rows have, as those of a dictionary are, so they are only counted near the limit.
    if known.count + cells.keyCount <= Self.cellLimit { return }
    let added = cells.occurringKeys.reduce(0) { $0 + (known[$1] == nil ? 1 : 0) }
    if known.count + added > Self.cellLimit {
      throw InputError(
        .tooManyValues, [.key("slices")],
        "the slice dimensions would have more than \(Self.cellLimit) combinations of values",
        hint: "slice by something coarser, or give a numeric dimension edges")
    }
  }
}

// MARK: - Asking

extension StreamEngine {
  public var defaultRequests: [MetricRequest] {
    Task.defaultMetrics.compactMap { try? Task.catalogue.resolve(.text($0)) }
  }

  public func direction(of request: MetricRequest) -> Direction {
    Task.catalogue.metrics[request.index].better
  }

  public func signature(of request: MetricRequest, threshold: Double?) -> String {
    let metric = Task.catalogue.metrics[request.index]
    var parts = [metric.aliasOf ?? metric.name, "task:\(Task.name)"]
    for option in metric.options where request.arguments[option.name] != .null {
      parts.append("\(option.name):\(request.arguments[option.name].canonicalText)")
    }
    parts += metric.signature(task.configuration, request.arguments)
    if let threshold, metric.usesThreshold {
      parts.removeAll { $0.hasPrefix("threshold:") }
      parts.append("threshold:>=\(Value.number(threshold).canonicalText)")
    }
    parts.append("v:1")
    return parts.joined(separator: "|")
  }

  public mutating func answers(
    _ requests: [MetricRequest], in scope: Scope, threshold: Double?
  ) throws(InputError) -> Answers {
    let metrics = requests.map { Task.catalogue.metrics[$0.index] }
    let prepare = metrics.contains { $0.needsPreparation || ($0.usesThreshold && threshold != nil) }
    return try withState(scope, prepare: prepare) { state in
      let answers = zip(metrics, requests).map { metric, request in
        state.count == 0
          ? Answer.undefined(.noRows) : metric.compute(state, request.arguments, threshold)
      }
      return Answers(count: state.count, answers: answers)
    }
  }

  public mutating func inspect<R>(
    _ scope: Scope, _ body: (any State) throws(InputError) -> R
  ) throws(InputError) -> R {
    try withState(scope, prepare: true) { state throws(InputError) in try body(state) }
  }

  public func sliceKeys(by places: [Int], in window: Window) throws(InputError) -> [SliceKey] {
    let states: [Whole] =
      switch try parts(of: window) {
      case .current: [windows.current]
      case .closed(let index): [windows.closed[index].state]
      case .merged(let states): states
      }
    var keys: Set<SliceKey> = []
    for state in states {
      for key in state.cells.keys { keys.insert(places.map { key[$0] }) }
    }
    return keys.sorted(by: Whole.areInOrder)
  }

  private func parts(of window: Window) throws(InputError) -> Windowed<Whole>.Parts {
    if let parts = windows.parts(of: window) { return parts }
    let kept = keptMarks.isEmpty ? "none is kept" : "kept: " + keptMarks.joined(separator: ", ")
    throw InputError(
      .invalidParams, [.key("window")], "this window is not kept",
      hint: "keep_windows is \(windows.keep); \(kept)")
  }

  /// Finds or makes the state of a scope. What preparing it did stays, so asking again costs nothing.
  private mutating func withState<R>(
    _ scope: Scope, prepare: Bool, _ body: (Base) throws(InputError) -> R
  ) throws(InputError) -> R {
    switch try parts(of: scope.window) {
    case .current:
      if let key = windows.current.soleCell(scope.slice) {
        return try Self.use(&windows.current, key, prepare, body)
      }
      return try useDerived(scope, [windows.current], prepare, body)
    case .closed(let index):
      if let key = windows.closed[index].state.soleCell(scope.slice) {
        if prepare { windows.updateClosed(index) { $0.prepare(key) } }
        return try body(windows.closed[index].state.state(key))
      }
      return try useDerived(scope, [windows.closed[index].state], prepare, body)
    case .merged(let states): return try useDerived(scope, states, prepare, body)
    }
  }

  private static func use<R>(
    _ whole: inout Whole, _ cell: Whole.Cell, _ prepare: Bool,
    _ body: (Base) throws(InputError) -> R
  ) throws(InputError) -> R {
    if prepare { whole.prepare(cell) }
    return try body(whole.state(cell))
  }

  private mutating func useDerived<R>(
    _ scope: Scope, _ states: [Whole], _ prepare: Bool, _ body: (Base) throws(InputError) -> R
  ) throws(InputError) -> R {
    var state = derived.removeValue(forKey: scope) ?? Whole.merged(states, slice: scope.slice)
    if prepare { state?.prepare() }
    let found = state ?? Base(windows.configuration.base)
    if derived.count >= Self.derivedLimit { derived.removeAll() }
    derived[scope] = found
    return try body(found)
  }
}
