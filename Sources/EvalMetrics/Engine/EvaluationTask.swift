/// A column that a task takes.
public struct ColumnSpec: Sendable {
  public var name: String
  public var summary: String
  /// False for a column of the batch as a whole, whose length is not the number of rows.
  public var isPerRow: Bool
  /// The most bytes that an element of it becomes, beside the column itself.
  public var bytesPerElement: Int

  /// What is kept takes 16 bytes at most, in the stream and in a slice, and arrays grow by doubling.
  public static let bytesKept = 64
  /// What is only read is copied once, into eight bytes at most, and never kept.
  public static let bytesPassing = 8

  public init(
    _ name: String, _ summary: String, isPerRow: Bool = true, bytesPerElement: Int = bytesKept
  ) {
    self.name = name
    self.summary = summary
    self.isPerRow = isPerRow
    self.bytesPerElement = bytesPerElement
  }
}

/// A task: how the columns of a batch become the rows of a state, and which metrics read that state.
///
/// A value of it belongs to one stream, and holds what the first batches settle, such as whether
/// there are scores or predictions.
public protocol EvaluationTask: Sendable {
  associatedtype TaskState: State

  /// The name on the wire.
  static var name: String { get }
  static var columns: [ColumnSpec] { get }
  /// The options beyond `CommonOptions`.
  static var options: [OptionSpec] { get }
  static var catalogue: Catalogue<TaskState> { get }
  /// What a query answers that names nothing, where `stream/open` named nothing either.
  static var defaultMetrics: [String] { get }

  /// Reads the options. Some metrics need a state of their own kind, such as a tokenizer, so a task is told
  /// which ones the stream names when it is opened.
  init(_ options: Arguments, metrics: [MetricRequest]) throws(InputError)
  /// The same where options may name files; nil where none can be read.
  init(_ options: Arguments, metrics: [MetricRequest], files: FileReader?) throws(InputError)
  var configuration: TaskState.Configuration { get }
  /// Checks a batch whole and makes typed rows of it. Rows to be left out are noted, not removed.
  mutating func read(
    _ columns: Columns, notes: inout ReadNotes
  ) throws(InputError) -> TaskState.Batch
  /// What the first batches settled, such as whether there are scores: part of an encoded stream. Null while
  /// nothing is settled.
  var settled: Value { get }
  /// The same as it stands beside rows of which the latest came so many marks ago.
  func settled(before marks: Int) -> Value
  /// Takes over what other rows of the same stream have settled; throws where they do not fit.
  mutating func settle(as other: Value) throws(InputError)
  /// Changes rows of another stream that are about to be merged into the current window; `other` is what was
  /// settled there, before the marks that came after the last of them.
  func adopt(_ state: inout TaskState, of other: Value)
  /// The rows of each unit that has a value of its own, such as those of one query, in the order in which
  /// units begin; nil where every row is a unit.
  static func units(of batch: TaskState.Batch) -> [[Int]]?
  /// Refuses rows that contradict each other or what the current window has, such as a document that stands
  /// twice in a query. They are those that are left to be applied; a fault names the row by its place in them.
  func check(_ batch: TaskState.Batch, against state: TaskState) throws(InputError)
  /// The current window was closed: what is read from now on belongs to the next one.
  mutating func mark()
  /// What a metric means for one row by itself, where that is not what it means for many.
  static func rowRequest(_ request: MetricRequest) -> MetricRequest
  /// Memory that the task itself takes, such as that of a dictionary.
  var byteCount: Int { get }
  /// The most bytes that an element of a column becomes in this stream, where that depends on its options.
  func bytesPerElement(of column: ColumnSpec) -> Int
  /// Whether the numbers of a column are read once, row by row, so that they need not have been read before.
  func readsByRow(_ column: ColumnSpec) -> Bool
  /// What each row of a batch is folded into to be answered for by itself: a state without rows, which may know
  /// of the others what a row is worth beside them.
  static func rowState(
    of batch: TaskState.Batch, _ configuration: TaskState.Configuration
  ) -> TaskState
}

extension EvaluationTask {
  public var settled: Value { .null }

  public func settled(before marks: Int) -> Value { settled }

  public mutating func settle(as other: Value) throws(InputError) {}

  public func adopt(_ state: inout TaskState, of other: Value) {}

  public func check(_ batch: TaskState.Batch, against state: TaskState) throws(InputError) {}

  public mutating func mark() {}

  public init(
    _ options: Arguments, metrics: [MetricRequest], files: FileReader?
  ) throws(InputError) {
    try self.init(options, metrics: metrics)
  }

  public var byteCount: Int { 0 }

  public func bytesPerElement(of column: ColumnSpec) -> Int { column.bytesPerElement }

  public func readsByRow(_ column: ColumnSpec) -> Bool { false }

  public static func rowRequest(_ request: MetricRequest) -> MetricRequest { request }

  public static func units(of batch: TaskState.Batch) -> [[Int]]? { nil }

  public static func rowState(
    of batch: TaskState.Batch, _ configuration: TaskState.Configuration
  ) -> TaskState {
    TaskState(configuration)
  }
}

/// What reading a batch found besides its rows.
public struct ReadNotes: Sendable {
  /// Probabilities that were outside [0, 1] by at most 1e-6, and were set to the nearest.
  public var clamped = 0
  /// Rows that the options leave out, ascending.
  public var dropped: [Int] = []

  public init() {}
}

/// Columns and options that every task has.
public enum CommonOptions {
  public static let columns = [
    ColumnSpec("weights", "one finite number >= 0 a row"),
    ColumnSpec("ids", "a string or a 64-bit integer a row"),
    ColumnSpec("inputs", "the input text of each row, kept as a fingerprint only"),
  ]

  public static let options = [
    OptionSpec(
      "non_finite", .choice(["reject", "skip"]), default: .text("reject"),
      "what to do with a row whose score or value is NaN or infinite"),
    OptionSpec(
      "zero_division",
      .oneOf([.text("report"), .integer(0), .integer(1), .text("skip")]), default: .text("report"),
      "what 0/0 is: null with a reason (report), 0, 1, or left out (skip)"),
    OptionSpec(
      "average_over", .choice(["seen", "declared"]), default: .text("seen"),
      "which classes an average runs over"),
    OptionSpec(
      "unique_ids", .boolean, default: .bool(false),
      "drop rows whose id was seen in this window"),
    OptionSpec(
      "window_rows", .integer(1...1_000_000_000), default: .null,
      "keep the last so many rows in buckets, for the window {\"rows\": n}"),
    OptionSpec(
      "memory_budget_bytes", .integer(64...1 << 50), default: .null,
      "what scores may take; beyond it they lose precision, and answers have guaranteed bounds"),
  ]
}

/// What a quotient 0/0 is.
public enum ZeroDivision: Sendable, Equatable {
  case report
  case value(Double)
  case skip

  /// Reads the common option.
  public init(_ arguments: Arguments) {
    switch arguments["zero_division"] {
    case .text("skip"): self = .skip
    case let value:
      if let x = value.exactDouble { self = .value(x) } else { self = .report }
    }
  }

  /// A quotient; where both sides are zero, what the option says.
  public func quotient(_ a: Double, _ b: Double, else reason: Reason) -> Answer {
    if b != 0 { return .value(a / b) }
    if case .value(let x) = self { return .value(x) }
    return .undefined(reason)
  }

  /// The form in signatures.
  public var text: String {
    switch self {
    case .report: "report"
    case .skip: "skip"
    case .value(let x): Value.number(x).canonicalText
    }
  }
}
