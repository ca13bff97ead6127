/// The engine of one stream: a task, and its states by window and slice.
public struct StreamEngine<Task: EvaluationTask>: TaskEngine {
  typealias Base = Task.TaskState
  typealias Whole = Sliced<Base>

  public static var taskName: String { Task.name }

  private let options: Arguments
  public let wholeColumns = Task.columns.filter { !$0.isPerRow }.map(\.name)
  var task: Task
  /// The task as it was before the first batch.
  let freshTask: Task
  var windows: Windowed<Whole>
  /// Buckets of the last rows, where `window_rows` asks for them.
  var rolling: Rolling<Whole>?
  /// What scores may take, where `memory_budget_bytes` says so.
  var budget: MemoryBudget?
  var rowIDs: RowIDs?
  var views = Views<Base>()
  public internal(set) var totalCount = 0

  /// The most cells that the slice dimensions of a window may have.
  public static var cellLimit: Int { 100_000 }

  public init(
    options: [Value.Field], metrics: [MetricRequest] = [], dimensions: [SliceDimension] = [],
    keepWindows: Int = 1, files: FileReader? = nil
  ) throws(InputError) {
    let arguments: Arguments
    do {
      arguments = try Arguments(options, for: CommonOptions.options + Task.options)
      task = try Task(arguments, metrics: metrics, files: files)
    } catch {
      // What a metric object names is not an option of the stream.
      throw error.path.first == .key("metrics") ? error : error.under([.key("options")])
    }
    self.options = arguments
    freshTask = task
    let configuration = Whole.Configuration(base: task.configuration, dimensions: dimensions)
    windows = Windowed(configuration, keep: keepWindows)
    (budget, rolling) = Self.keepers(configuration, arguments)
    rowIDs = arguments.flag("unique_ids") ? RowIDs() : nil
  }

  /// The budget of the windows, and the buckets of the last rows, which take half of it.
  private static func keepers(
    _ configuration: Whole.Configuration, _ options: Arguments
  ) -> (MemoryBudget?, Rolling<Whole>?) {
    let bytes = options["memory_budget_bytes"].exactInteger
    if options["window_rows"] == .null { return (bytes.map { MemoryBudget(bytes: $0) }, nil) }
    let half = bytes.map { $0 / 2 }
    return (
      half.map { MemoryBudget(bytes: $0) },
      Rolling(configuration, rows: options.integer("window_rows"), budget: half)
    )
  }

  /// Of a stream without rows.
  var keepers: (MemoryBudget?, Rolling<Whole>?) { Self.keepers(windows.configuration, options) }

  /// Applies the memory budget, so that answers follow from the rows alone.
  mutating func settle() {
    guard let before = budget?.precision else { return }
    budget?.settle(&windows)
    rolling?.settle()
    // What was merged before is finer than what there is now.
    if budget?.precision != before { views = Views() }
  }

  public mutating func budgetReport() -> BudgetReport? {
    settle()
    guard let budget, let bytes = options["memory_budget_bytes"].exactInteger else { return nil }
    return BudgetReport(
      bytes: bytes, droppedBits: max(budget.precision.droppedBits, rolling?.droppedBits ?? 0))
  }

  public var settings: [Value.Field] {
    (CommonOptions.options + Task.options).map { Value.Field($0.name, options[$0.name]) }
  }

  public func bytesPerElement(of column: String) -> Int {
    Task.columns.first { $0.name == column }.map(task.bytesPerElement) ?? ColumnSpec.bytesKept
  }

  public var columnsReadByRow: [String] {
    // The fingerprints of ids would be a second look.
    rowIDs == nil ? Task.columns.filter(task.readsByRow).map(\.name) : []
  }

  public var dimensions: [SliceDimension] { windows.configuration.dimensions }
  public var keptMarks: [Name] { windows.labels }
  public var count: Int { windows.current.count }
  public var cellCount: Int { windows.current.cells.count }

  public var mostWork: Int {
    // The answers of a slice cost as much as sorting some rows.
    let cells = windows.sum { $0.cells.count }
    return totalCount.addingClamped(cells * 50)
  }

  public var byteCount: Int {
    @_specialize(where Task == BinaryTask)
    @_specialize(where Task == ScalarTask)
    @_specialize(where Task == RegressionTask)
    @_specialize(where Task == MulticlassTask)
    get { accountedBytes }
  }

  private var accountedBytes: Int {
    task.byteCount + windows.byteCount + (rolling?.byteCount ?? 0) + (rowIDs?.byteCount ?? 0)
      + views.byteCount
  }

  public mutating func forgetViews() { views = Views() }

  public var copyForQuestions: any TaskEngine {
    var copy = self
    copy.rowIDs = nil
    return copy
  }

  public mutating func adopt(_ copy: any TaskEngine) {
    guard let copy = copy as? Self else { return }
    windows = copy.windows
    rolling = copy.rolling
    budget = copy.budget
    views = copy.views
  }

  public mutating func adoptPrepared(_ copy: any TaskEngine) {
    guard budget == nil, let copy = copy as? Self else { return }
    windows.adoptPrepared(copy.windows)
  }

  public mutating func mark(_ label: Name) {
    // Before windows are merged, since the rule looks at what is in which.
    settle()
    task.mark()
    windows.mark(label)
    budget?.noteMove()
    views = Views()
    if rowIDs != nil { rowIDs = RowIDs() }
  }

  public mutating func reset() {
    task = freshTask
    windows = Windowed(windows.configuration, keep: windows.keep)
    (budget, rolling) = Self.keepers(windows.configuration, options)
    views = Views()
    totalCount = 0
    if rowIDs != nil { rowIDs = RowIDs() }
  }
}

// MARK: - Pushing

extension StreamEngine {
  // Without these the engine of every task runs unspecialised, at a third of the speed.
  @_specialize(where Task == BinaryTask)
  @_specialize(where Task == ScalarTask)
  @_specialize(where Task == MulticlassTask)
  @_specialize(where Task == RegressionTask)
  @_specialize(where Task == SegmentationTask)
  @_specialize(where Task == RankingTask)
  @_specialize(where Task == MultilabelTask)
  public mutating func push(
    _ columns: Columns, rowMetrics: [MetricRequest], commit: PushCommit
  ) throws(InputError) -> PushReport {
    try Self.refuseUnknownColumns(columns)
    var settled = task
    var notes = ReadNotes()
    let rows = try settled.read(columns, notes: &notes)
    let cells = try columns.cells(of: dimensions)
    var report = PushReport()
    report.clamped = notes.clamped
    report.dropped = notes.dropped.count
    let fresh = try newRowIDs(columns, leavingOut: notes.dropped, &report)
    try checkCellLimit(cells)
    let kept = fresh?.rows ?? Self.kept(rows.count, without: notes.dropped)
    let applied = kept.map { rows.selecting($0) } ?? rows
    do {
      try settled.check(applied, against: windows.current.total)
    } catch {
      throw error.numberingRows(kept)
    }
    report.rowAnswers = try Self.rowAnswers(rowMetrics, rows, kept: kept, settled.configuration)
    try commit()

    // Nothing below can fail.
    task = settled
    views.forgetOpenWindows()
    let batch = SlicedBatch(applied, cells: kept.map { cells.selecting($0) } ?? cells)
    // In place: a copy of all ids at every push would cost more the longer the stream runs.
    if let fresh { rowIDs?.insert(fresh) }
    windows.current.update(batch)
    budget?.note(scores: batch.keptScores, in: &windows)
    rolling?.update(batch)
    totalCount = totalCount.addingClamped(batch.count)
    report.applied = batch.count
    return report
  }

  private static func refuseUnknownColumns(_ columns: Columns) throws(InputError) {
    func isKnown(_ name: String) -> Bool {
      Task.columns.contains { $0.name == name }
        || CommonOptions.columns.contains { $0.name == name }
    }
    if columns.columns.keys.allSatisfy(isKnown) { return }
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
    try checkCellLimit(adding: cells.occurringKeys)
  }

  /// Refuses cells that would be too many beside those that are there.
  func checkCellLimit(adding keys: some Sequence<SliceKey>) throws(InputError) {
    let known = windows.current.cells
    let added = keys.reduce(0) { $0 + (known[$1] == nil ? 1 : 0) }
    if known.count + added > Self.cellLimit {
      throw InputError(
        .tooManyValues, [.key("slices")],
        "the slice dimensions would have more than \(Self.cellLimit) combinations of values",
        hint: "slice by something coarser, or give a numeric dimension edges")
    }
  }
}
