import EvalMetrics
import JSONRPC

/// What changes a server, as the journal has it. To apply it again takes no clock, no JSON and no other file,
/// and gives the same bits.
enum Change {
  /// A stream is made.
  case open(Opening)
  /// An open stream is given another default answer or other metadata.
  case alter(stream: Name, metrics: [MetricRequest]?, metadata: [UInt8]?)
  case push(stream: Name, from: Sender?, Columns)
  /// A batch was refused: its number is used up, or its stream tainted, or both.
  case refuse(stream: Name, from: Sender?, taint: Refusals)
  /// A window is closed; its row is kept as it was answered.
  case mark(stream: Name, HistoryRow)
  case reset(stream: Name)
  case delete(stream: Name)
  case acknowledge(stream: Name)
  /// Of one stream, or of all.
  case checkpoint(name: Name, stream: Name?, keep: Int)
  case rollback(name: Name, stream: Name?)
  /// An exported state is merged; it has been checked.
  case merge(stream: Name, files: [KeptFile], state: [UInt8])
  /// A stream goes back to a checkpoint that came from outside; it has been checked.
  case restore(stream: Name, checkpoint: Name, files: [KeptFile], state: [UInt8])

  /// Names the kind in records. A number keeps its meaning for ever.
  var kind: UInt8 {
    switch self {
    case .open: 1
    case .alter: 2
    case .push: 3
    case .refuse: 4
    case .mark: 5
    case .reset: 6
    case .delete: 7
    case .acknowledge: 8
    case .checkpoint: 9
    case .rollback: 10
    case .merge: 11
    case .restore: 12
    }
  }
}

/// All that makes a stream.
struct Opening {
  var name: Name
  var schema: Schema
  /// Nil where none were named.
  var named: [MetricRequest]?
  var metrics: [MetricRequest]
  var metadata: [UInt8]
  /// Files that options named, as they were read then.
  var files: [KeptFile]

  init(_ stream: Stream) {
    name = stream.name
    schema = stream.schema
    named = stream.named.isEmpty ? nil : stream.named
    metrics = stream.metrics
    metadata = stream.metadata
    files = stream.files
  }
}

// MARK: - Bytes

extension Change {
  func encode(task: String, into writer: inout StateWriter) {
    switch self {
    case .open(let opening): opening.encode(into: &writer)
    case .alter(let stream, let metrics, let metadata):
      writer.write(stream)
      writer.write(optional: metrics) { $0.write($1, task: task) }
      writer.write(optional: metadata) { $0.write($1) }
    case .push(let stream, let sender, let columns):
      writer.write(stream)
      writer.write(sender)
      columns.encode(into: &writer)
    case .refuse(let stream, let sender, let taint):
      writer.write(stream)
      writer.write(sender)
      taint.encode(into: &writer)
    case .mark(let stream, let row):
      writer.write(stream)
      row.encode(task: task, into: &writer)
    case .reset(let stream), .delete(let stream), .acknowledge(let stream): writer.write(stream)
    case .checkpoint(let name, let stream, let keep):
      writer.write(name)
      writer.write(optional: stream) { $0.write($1) }
      writer.write(UInt64(keep))
    case .rollback(let name, let stream):
      writer.write(name)
      writer.write(optional: stream) { $0.write($1) }
    case .merge(let stream, let files, let state):
      writer.write(stream)
      writer.write(files)
      writer.write(state)
    case .restore(let stream, let checkpoint, let files, let state):
      writer.write(stream)
      writer.write(checkpoint)
      writer.write(files)
      writer.write(state)
    }
  }

  /// Reads a record of this kind, for a server that has all before it; nil for a kind that is not known.
  init?(kind: UInt8, from reader: inout StateReader, for server: Server) throws(StateError) {
    if kind == 1 {
      self = .open(try Opening(from: &reader))
    } else if kind == 9 || kind == 10 {
      let name = try reader.readName()
      let stream = try reader.readOptional { reader throws(StateError) in
        try server.streamInReplay(try reader.readName())
      }
      self =
        kind == 10
        ? .rollback(name: server.checkpointInReplay(name, of: stream), stream: stream)
        : .checkpoint(name: name, stream: stream, keep: try reader.readCounter())
    } else if kind == 11 {
      let stream = try reader.readName()
      let files = try reader.readFiles()
      self = .merge(stream: stream, files: files, state: try reader.readArray())
    } else if kind == 12 {
      let stream = try reader.readName()
      let checkpoint = try reader.readName()
      let files = try reader.readFiles()
      self = .restore(
        stream: stream, checkpoint: checkpoint, files: files, state: try reader.readArray())
    } else if (2...8).contains(kind) {
      self = try Self.ofOneStream(kind, &reader, server)
    } else {
      return nil
    }
    guard reader.remaining == 0 else { throw StateError("bytes follow what the record holds") }
  }

  /// Reads what is about a stream that must be there.
  private static func ofOneStream(
    _ kind: UInt8, _ reader: inout StateReader, _ server: Server
  ) throws(StateError) -> Change {
    let stream = try server.streamInReplay(try reader.readName())
    guard let (task, engine) = server.streams[stream].map({ ($0.schema.task, $0.engine) }) else {
      throw StateError("the record is about a stream that is not there")
    }
    switch kind {
    case 2:
      let metrics = try reader.readOptional { reader throws(StateError) in
        try reader.readMetrics(task: task)
      }
      let metadata = try reader.readOptional { reader throws(StateError) in
        try reader.readArray(UInt8.self)
      }
      return .alter(stream: stream, metrics: metrics, metadata: metadata)
    case 3:
      let sender = try reader.readSender()
      let columns = try Columns(from: &reader, whole: engine.wholeColumns)
      return .push(stream: stream, from: sender, columns)
    case 4:
      let sender = try reader.readSender()
      return .refuse(stream: stream, from: sender, taint: try Refusals(from: &reader))
    case 5: return .mark(stream: stream, try HistoryRow(from: &reader, task: task))
    case 6: return .reset(stream: stream)
    case 7: return .delete(stream: stream)
    default: return .acknowledge(stream: stream)
    }
  }
}

// MARK: - Names in old journals

// There was an evald to which two spellings of an accented letter were one, as they are to `String`. Its records
// have a name as it was sent, which need not be how the stream or the checkpoint had it.

extension Server {
  /// The name of the stream that a record is about, as the stream has it.
  fileprivate func streamInReplay(_ name: Name) throws(StateError) -> Name {
    if streams[name] != nil { return name }
    guard let other = streams.keys.first(where: { $0.text == name.text }) else {
      throw StateError("the record is about a stream that is not there")
    }
    return other
  }

  /// The name of the checkpoint to which a record goes back, as the streams have it.
  fileprivate func checkpointInReplay(_ name: Name, of stream: Name?) -> Name {
    let known = chosen(stream).flatMap { streams[$0]?.checkpoints.map(\.name) ?? [] }
    return known.contains(name) ? name : known.first { $0.text == name.text } ?? name
  }
}
