/// The rows a question is about: a window, and values of slice dimensions.
public struct Scope: Sendable, Hashable {
  public var window: Window
  /// By the place of the dimension in the declaration. Empty: all rows of the window.
  public var slice: [Int: SliceValue]

  public init(window: Window = .current, slice: [Int: SliceValue] = [:]) {
    self.window = window
    self.slice = slice
  }
}

/// What a push did.
public struct PushReport: Sendable {
  /// Rows folded in.
  public var applied = 0
  public var clamped = 0
  /// Rows left out because a value was not finite or a label was to be ignored.
  public var dropped = 0
  /// Rows left out because their id was seen in this window.
  public var duplicates = 0
  /// Those of them whose other columns differ from the row that was kept.
  public var conflicting = 0
  /// For each metric that was asked for by row, the answers of the rows, or of the units that have a value of
  /// their own. Undefined for those that were left out.
  public var rowAnswers: [[Answer]] = []

  /// Of a push that did nothing.
  public init() {}
}

/// Answers for one scope.
public struct Answers: Sendable {
  /// Rows in the scope.
  public var count: Int
  /// One for each request, in order.
  public var answers: [Answer]
  /// Low bits that the keys of scores have lost to the memory budget.
  public var droppedBits = 0
}

/// Answers for one slice.
public struct SliceAnswers: Sendable {
  /// A value for each dimension that was asked for, in their order.
  public var key: SliceKey
  /// Rows in the slice.
  public var count: Int
  /// One for each request, in order.
  public var answers: [Answer]
}

/// What became of a memory budget.
public struct BudgetReport: Sendable {
  /// What scores may take.
  public var bytes: Int
  /// Low bits that the keys of scores have lost to it; while there are none, every answer is exact.
  public var droppedBits: Int
}

extension TaskEngine {
  /// How the number was made, as far as its answer adds nothing; from whole scores unless they have lost bits.
  public func signature(
    of request: MetricRequest, threshold: Double?, droppedBits: Int = 0
  ) -> String {
    signature(of: request, threshold: threshold, droppedBits: droppedBits, notes: [])
  }
}

/// The rows and states of one stream, whatever its task. All of the service's access goes through here.
public protocol TaskEngine: Sendable {
  static var taskName: String { get }
  var dimensions: [SliceDimension] { get }
  /// Labels of the closed windows that are kept, the oldest first.
  var keptMarks: [Name] { get }
  /// Rows of the current window, and of all.
  var count: Int { get }
  var totalCount: Int { get }
  /// Accounted memory; it costs nothing to ask for.
  var byteCount: Int { get }
  /// Cells of the slice dimensions in the current window.
  var cellCount: Int { get }
  /// About the most work that a question can be, in rows to sort.
  var mostWork: Int { get }
  /// Every option in canonical form, the defaults too: what makes two streams of a task equal.
  var settings: [Value.Field] { get }

  /// Columns whose length is not the number of rows.
  var wholeColumns: [String] { get }
  /// The most bytes that an element of a column becomes.
  func bytesPerElement(of column: String) -> Int
  /// Columns whose numbers need not be read before: `push` reads them row by row, and once.
  var columnsReadByRow: [String] { get }

  /// Checks a batch whole, then applies it. When it throws nothing has changed. The report has the answers of
  /// `rowMetrics` for each row by itself. `commit` is called in between: when it throws, nothing is applied.
  mutating func push(
    _ columns: Columns, rowMetrics: [MetricRequest], commit: PushCommit
  ) throws(InputError) -> PushReport
  mutating func mark(_ label: Name)

  /// Whether the states of another engine hold the same statistics.
  func keepsSame(as other: any TaskEngine) -> Bool
  /// Writes all of the stream's rows, by window, with its ids; the schema is not in it.
  func encode(into writer: inout StateWriter)
  /// Reads what `encode` wrote for a stream of the same schema. When it throws nothing has changed.
  mutating func decode(from reader: inout StateReader) throws(StateError)
  /// Writes the rows of a window as one state, for `mergeRows`; gives their number.
  mutating func exportRows(
    of window: Window, into writer: inout StateWriter
  ) throws(InputError) -> Int
  /// Adds exported rows of a stream of the same schema to the current window; gives their number. When
  /// it throws nothing has changed.
  mutating func mergeRows(from reader: inout StateReader) throws(InputError) -> Int
  mutating func reset()
  /// What became of the memory budget; nil where the stream has none.
  mutating func budgetReport() -> BudgetReport?
  /// Frees what answers have merged; it is made again when it is asked for.
  mutating func forgetViews()
  /// A copy that only answers. It shares no more than that takes, since what is shared has to be
  /// copied when it changes.
  var copyForQuestions: any TaskEngine { get }
  /// Takes over what a copy has sorted and merged. The rows must be the same as when the copy was made.
  mutating func adopt(_ copy: any TaskEngine)
  /// Takes over what a copy has sorted, where nothing but pushes came since it was made.
  mutating func adoptPrepared(_ copy: any TaskEngine)

  /// What a query answers that names nothing.
  var defaultRequests: [MetricRequest] { get }
  /// How the number was made, from scores that have lost so many bits; `notes` are those of its answer.
  func signature(
    of request: MetricRequest, threshold: Double?, droppedBits: Int, notes: [String]
  ) -> String
  func direction(of request: MetricRequest) -> Direction
  /// Answers for one scope.
  mutating func answers(
    _ requests: [MetricRequest], in scope: Scope, threshold: Double?
  ) throws(InputError) -> Answers
  /// Answers for each slice of a window by these dimensions that has rows, and at least `minCount` of
  /// them, in the order of the slices.
  mutating func sliceAnswers(
    _ requests: [MetricRequest], by places: [Int], in window: Window, minCount: Int
  ) throws(InputError) -> [SliceAnswers]
  /// Hands out the prepared state of a scope, for methods that only some states can serve.
  mutating func inspect<R>(
    _ scope: Scope, _ body: (any State) throws(InputError) -> R
  ) throws(InputError) -> R
}

/// Writes a batch down that was checked and is about to be applied.
public typealias PushCommit = () throws(InputError) -> Void

extension TaskEngine {
  /// A push that asks for nothing by row, unless it is told, and is written down nowhere.
  public mutating func push(
    _ columns: Columns, rowMetrics: [MetricRequest] = []
  ) throws(InputError) -> PushReport {
    try push(columns, rowMetrics: rowMetrics, commit: { () throws(InputError) in })
  }
}
