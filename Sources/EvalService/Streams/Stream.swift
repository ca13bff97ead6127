import EvalMetrics
import JSONRPC

/// A named evaluation in progress: its schema, its rows as states, and the book kept about them.
///
/// A value: a checkpoint is a copy.
struct Stream: Sendable {
  let name: Name
  let schema: Schema
  /// Memory by account of the schema, which costs to add up.
  private let schemaBytes: Int
  /// What a query answers that names nothing.
  var metrics: [MetricRequest]
  /// What was named when the stream was made, which decides what some tasks keep; empty if nothing was.
  let named: [MetricRequest]
  /// What was given at `stream/open`, as JSON text.
  var metadata: [UInt8]
  /// The server's clock of changes when the stream was opened.
  let openedAt: UInt64
  /// Files that options named, as they were read; kept only where there is a state directory.
  let files: [KeptFile]
  var contents: Contents
  /// Rises with every change; never falls, not even by a rollback.
  var revision: UInt64 = 0 { didSet { revisionOfLastOther = revision } }
  /// The revision since which there were only pushes.
  private(set) var revisionOfLastOther: UInt64 = 0
  /// Refusals of all time, for `stream/describe`.
  var refusals = Refusals()
  private(set) var checkpoints: [Checkpoint] = []
  private var checkpointBytes = 0
  /// What the server's account holds for this stream.
  private(set) var accountedBytes = 0

  /// What a checkpoint keeps and a rollback brings back.
  struct Contents: Sendable {
    var engine: any TaskEngine
    var producers = Producers()
    /// Refusals since the last mark, reset, rollback or acknowledgement.
    var taint = Refusals()
    var history = History()
    /// Marks so far, for labels that are not given.
    var marks = 0
    /// What all pushes reported together.
    var totals = PushReport()
  }

  /// A name, and what the stream held then.
  struct Checkpoint: Sendable {
    let name: Name
    let clock: UInt64
    let contents: Contents
    let byteCount: Int
  }

  init(
    name: Name, schema: Schema, engine: any TaskEngine, metrics: [MetricRequest]?,
    metadata: [UInt8], openedAt: UInt64, files: [KeptFile] = []
  ) {
    self.name = name
    self.schema = schema
    self.files = files
    schemaBytes = Self.byteCount(schema, [], []) + files.byteCount
    self.metrics = metrics ?? engine.defaultRequests
    named = metrics ?? []
    self.metadata = metadata
    self.openedAt = openedAt
    contents = Contents(engine: engine)
  }

  var engine: any TaskEngine { contents.engine }

  /// Notes that rows were added, and nothing else changed.
  mutating func notePush() {
    let other = revisionOfLastOther
    revision += 1
    revisionOfLastOther = other
  }

  /// Forgets every row; the schema stays.
  mutating func reset() {
    contents.engine.reset()
    contents = Contents(engine: contents.engine)
    revision += 1
  }
}

// MARK: - Memory

extension Stream {
  /// Memory by account, checkpoints included. It costs the same however many rows and slices there are.
  var byteCount: Int {
    contents.byteCount + checkpointBytes + schemaBytes
      + metrics.count * MetricRequest.accountedBytes + metadata.count
  }

  /// What a stream without rows takes.
  static func byteCount(
    _ schema: Schema, _ metrics: [MetricRequest], _ metadata: [UInt8]
  ) -> Int {
    4096 + schema.byteCount + metrics.count * MetricRequest.accountedBytes + metadata.count
  }

  /// How much more the stream takes than when this was asked last; less than zero when it takes less.
  mutating func takeGrowth() -> Int {
    let now = byteCount
    defer { accountedBytes = now }
    return now - accountedBytes
  }
}

extension Stream.Contents {
  var byteCount: Int { engine.byteCount + history.byteCount + producers.byteCount }
}

// MARK: - Checkpoints

extension Stream {
  func checkpoint(_ name: Name) -> Checkpoint? { checkpoints.last { $0.name == name } }

  /// Keeps what the stream holds now; of checkpoints beyond `keep` the oldest go.
  mutating func checkpoint(_ name: Name, keep: Int, clock: UInt64) {
    var kept = contents
    // What queries have merged can be made again.
    kept.engine.forgetViews()
    let checkpoint = Checkpoint(
      name: name, clock: clock, contents: kept, byteCount: kept.byteCount)
    checkpoints = others(than: name, keep: keep) + [checkpoint]
    checkpointBytes = checkpoints.reduce(0) { $0 + $1.byteCount }
  }

  /// How much memory a checkpoint would take beyond what goes for it.
  func growth(ofCheckpoint name: Name, keep: Int) -> Int {
    others(than: name, keep: keep).reduce(contents.byteCount - checkpointBytes) {
      $0 + $1.byteCount
    }
  }

  /// Takes over what a snapshot has beside the contents.
  mutating func restore(
    revision: UInt64, ofLastOther other: UInt64, _ checkpoints: [Checkpoint]
  ) {
    self.revision = revision
    revisionOfLastOther = other
    self.checkpoints = checkpoints
    checkpointBytes = checkpoints.reduce(0) { $0 + $1.byteCount }
  }

  /// The checkpoints that stay beside a new one.
  private func others(than name: Name, keep: Int) -> [Checkpoint] {
    checkpoints.filter { $0.name != name }.suffix(max(0, keep - 1))
  }

  /// Goes back to a checkpoint. Without it, a stream that is younger had no rows then, and an older one was not meant.
  mutating func rollBack(to name: Name, clock: UInt64) {
    if let checkpoint = checkpoint(name) {
      contents = checkpoint.contents
      contents.taint = Refusals()
      revision += 1
    } else if openedAt > clock {
      reset()
    }
  }
}

// MARK: - Schema

/// What must be equal when a stream is opened again.
struct Schema: Sendable {
  var task: String
  /// As they were given.
  var options: [Value.Field]
  var dimensions: [SliceDimension]
  var keepWindows: Int
  /// Every option in canonical form, the defaults too; known once the task has checked them.
  var settings: [Value.Field] = []

  /// The first parameter in which two schemas differ; nil when they mean the same.
  func difference(from other: Schema) -> String? {
    if task != other.task { return "task" }
    if settings != other.settings { return "options" }
    if dimensions != other.dimensions { return "slices" }
    if keepWindows != other.keepWindows { return "keep_windows" }
    return nil
  }

  var byteCount: Int {
    (options + settings).reduce(0) { $0 + $1.key.utf8.count + 64 + $1.value.byteCount }
      + dimensions.reduce(0) { $0 + 64 + $1.name.text.utf8.count + $1.edges.count * 8 }
  }
}
