import EvalMetrics
import JSONRPC

/// The rows of one window of a stream, with all that another stream must have in common to take them: what
/// `state/export` gives and `state/merge` takes.
///
/// As bytes: eight of a magic word, a format number, the length of the body, the body, and the CRC-32C of
/// everything before it. Integers are little-endian.
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

  private static let magic = Array("evaldst\n".utf8)
  private static var format: UInt16 { 1 }
  private static var headLength: Int { 18 }

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
    var file = StateWriter()
    file.write(raw: Self.magic)
    file.write(Self.format)
    file.write(UInt64(body.bytes.count + rows.count))
    file.write(raw: body.bytes)
    file.write(raw: rows)
    file.write(Kernels.crc32c(file.bytes))
    return file.bytes
  }

  init(_ stream: Stream, version: String, count: Int, rows: [UInt8]) {
    writer = version
    schema = stream.schema
    named = stream.named.map { Tasks.value(of: $0, task: stream.schema.task) }
    metrics = stream.metrics.map { Tasks.value(of: $0, task: stream.schema.task) }
    self.count = count
    self.rows = rows
  }

  /// Reads a file. What it says is checked against its checksum first, so that nothing is made of damaged bytes.
  init(_ bytes: [UInt8]) throws(StateError) {
    guard bytes.count >= Self.headLength + 4, Array(bytes[0..<8]) == Self.magic else {
      throw StateError("this is not a state of evald, or it ends in its first bytes")
    }
    var head = StateReader(Array(bytes[8..<Self.headLength]))
    let format = try head.read(UInt16.self)
    guard format <= Self.format else {
      throw StateError("the state has format \(format)", isTooNew: true)
    }
    let length = try head.read(UInt64.self)
    guard length == UInt64(bytes.count - Self.headLength - 4) else {
      throw StateError(
        "the state should have \(length) bytes after its head, and has \(bytes.count - Self.headLength - 4)"
      )
    }
    var tail = StateReader(Array(bytes.suffix(4)))
    guard try tail.read(UInt32.self) == Kernels.crc32c(bytes, in: 0..<bytes.count - 4) else {
      throw StateError("the checksum of the state is wrong")
    }
    var body = StateReader(Array(bytes[Self.headLength..<bytes.count - 4]))
    writer = try body.readString()
    let task = try body.readString()
    guard case .record(let options) = try Value(from: &body),
      case .list(let named) = try Value(from: &body),
      case .list(let metrics) = try Value(from: &body)
    else { throw StateError("the schema of the state is none") }
    var dimensions: [SliceDimension] = []
    for _ in 0..<(try body.readCount(ofSize: 16)) {
      let name = try body.readString()
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
