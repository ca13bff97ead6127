import EvalMetrics
import JSONRPC

/// The rows of one window of a stream, with all that another stream must have in common to take them: what
/// `state/export` gives and `state/merge` takes.
///
/// As bytes it has a `Seal`.
struct StateFile {
  /// The version of evald that wrote it.
  var writer: String
  var schema: Schema
  /// What was named when the stream was made, which decides what some tasks keep.
  var named: [Value]
  /// What the stream answers by default.
  var metrics: [Value]
  /// Rows of the window.
  var count: Int
  /// What the engine wrote of them.
  var rows: [UInt8]

  private static let seal = Seal(magic: Array("evaldst\n".utf8), format: 1, what: "state")

  /// The bytes of the file.
  var bytes: [UInt8] {
    var body = StateWriter()
    body.write(writer)
    body.write(schema.task)
    Value.record(schema.options).encode(into: &body)
    Value.list(named).encode(into: &body)
    Value.list(metrics).encode(into: &body)
    body.write(UInt64(schema.dimensions.count))
    for dimension in schema.dimensions {
      body.write(dimension.name)
      body.write(dimension.edges)
    }
    body.write(UInt64(schema.keepWindows))
    body.write(UInt64(count))
    return Self.seal.close(body.bytes, rows)
  }

  init(_ stream: Stream, version: String, count: Int, rows: [UInt8]) {
    writer = version
    schema = stream.schema
    named = stream.named.map { Tasks.value(of: $0, task: stream.schema.task) }
    metrics = stream.metrics.map { Tasks.value(of: $0, task: stream.schema.task) }
    self.count = count
    self.rows = rows
  }

  init(_ bytes: [UInt8]) throws(StateError) {
    var body = try Self.seal.open(bytes)
    writer = try body.readString()
    let task = try body.readString()
    guard case .record(let options) = try Value(from: &body),
      case .list(let named) = try Value(from: &body),
      case .list(let metrics) = try Value(from: &body)
    else { throw StateError("the schema of the state is none") }
    var dimensions: [SliceDimension] = []
    for _ in 0..<(try body.readCount(ofSize: 16)) {
      let name = try body.readName()
      dimensions.append(SliceDimension(name: name, edges: try body.readDoubles()))
    }
    guard let keep = Int(exactly: try body.read(UInt64.self)), keep <= 10_000,
      let count = Int(exactly: try body.read(UInt64.self))
    else { throw StateError("a count of the state is out of range") }
    schema = Schema(task: task, options: options, dimensions: dimensions, keepWindows: keep)
    self.named = named
    self.metrics = metrics
    self.count = count
    rows = body.rest
  }
}

extension StateError {
  /// The error as a peer sees it.
  func onWire(at path: String) -> RPCError {
    RPCError(
      isTooNew ? .stateTooNew : .stateDamaged, message, path: path,
      hint: isTooNew
        ? "read it with the evald that wrote it, or a newer one" : "export it again")
  }
}
