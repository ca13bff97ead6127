import EvalMetrics
import JSONRPC

/// A named evaluation in progress: its schema, its rows as states, and the book kept about them.
///
/// A value: a checkpoint is a copy.
struct Stream: Sendable {
  let name: String
  let schema: Schema
  /// What a query answers that names nothing.
  var metrics: [MetricRequest]
  var metadata: Value
  /// The server's clock of changes when the stream was opened.
  let openedAt: UInt64
  var contents: Contents
  /// Rises with every change; never falls, not even by a rollback.
  var revision: UInt64 = 0
  /// Refusals of all time, for `stream/describe`.
  var refusals = Refusals()
  var checkpoints: [Checkpoint] = []

  /// What a checkpoint keeps and a rollback brings back.
  struct Contents: Sendable {
    var engine: any TaskEngine
    var producers: [String: Producer] = [:]
    /// Refusals since the last mark, reset, rollback or acknowledgement.
    var taint = Refusals()
    var history: [HistoryRow] = []
    /// Marks so far, for labels that are not given.
    var marks = 0
  }

  /// A name, and what the stream held then.
  struct Checkpoint: Sendable {
    let name: String
    let clock: UInt64
    let contents: Contents
  }

  init(
    name: String, schema: Schema, engine: any TaskEngine, metrics: [MetricRequest],
    metadata: Value, openedAt: UInt64
  ) {
    self.name = name
    self.schema = schema
    self.metrics = metrics
    self.metadata = metadata
    self.openedAt = openedAt
    contents = Contents(engine: engine)
  }

  var engine: any TaskEngine { contents.engine }

  /// Memory by account, checkpoints included.
  var byteCount: Int {
    checkpoints.reduce(contents.byteCount) { $0 + $1.contents.byteCount } + 4096
  }

  /// Forgets every row; the schema stays.
  mutating func reset() {
    contents.engine.reset()
    contents.producers = [:]
    contents.taint = Refusals()
    contents.history = []
    contents.marks = 0
    revision += 1
  }
}

extension Stream.Contents {
  var byteCount: Int {
    engine.byteCount + history.count * 512 + producers.count * 128
  }
}

/// What must be equal when a stream is opened again.
struct Schema: Sendable, Equatable {
  var task: String
  var options: [Value.Field]
  var dimensions: [SliceDimension]
  var keepWindows: Int

  static func == (a: Schema, b: Schema) -> Bool { a.difference(from: b) == nil }

  /// The first parameter in which two schemas differ.
  func difference(from other: Schema) -> String? {
    if task != other.task { return "task" }
    if Set(options) != Set(other.options) { return "options" }
    if dimensions != other.dimensions { return "slices" }
    if keepWindows != other.keepWindows { return "keep_windows" }
    return nil
  }
}

/// What a producer has sent: numbers of batches that start at 1 and go up by 1.
struct Producer: Sendable {
  /// The last number that was applied or refused for what it held.
  private(set) var last: Int64 = 0
  /// Numbers of refused batches, ascending; the last 1,024 are remembered.
  private(set) var refused: [Int64] = []

  private static let remembered = 1024

  mutating func apply(_ number: Int64) { last = number }

  mutating func refuse(_ number: Int64) {
    last = number
    refused.append(number)
    if refused.count > Self.remembered { refused.removeFirst(refused.count - Self.remembered) }
  }
}

/// Batches that were refused, and the first of them.
struct Refusals: Sendable {
  private(set) var batches = 0
  private(set) var rows = 0
  private(set) var first: First?

  struct First: Sendable {
    var kind: String
    var path: String
    var message: String
  }

  var isEmpty: Bool { batches == 0 }

  mutating func add(rows: Int, _ error: RPCError) {
    batches += 1
    // How long a refused batch says it is may be anything.
    let (sum, isOverflow) = self.rows.addingReportingOverflow(rows)
    self.rows = isOverflow ? .max : sum
    if first == nil { first = First(kind: error.kind, path: error.path, message: error.message) }
  }
}

/// A closed window as `metric/history` shows it.
struct HistoryRow: Sendable {
  var label: String
  var count: Int
  /// By key, in the order of the requests.
  var answers: [(request: MetricRequest, answer: Answer)]
  var extra: Value
  /// Seconds since 1970.
  var time: Double
  var isComplete: Bool
}
