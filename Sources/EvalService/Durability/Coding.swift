// Parts that records and snapshots share, as bytes.
import EvalMetrics
import JSONRPC
import Synchronization

/// A file that an option named, as it was read when the stream was made: it may be gone later.
struct KeptFile: Sendable, Equatable {
  var path: String
  var bytes: [UInt8]
}

extension [KeptFile] {
  var byteCount: Int { reduce(0) { $0 + $1.path.utf8.count + $1.bytes.count } }

  /// Reads these files and no others.
  var reader: FileReader {
    { path, mostBytes in
      guard let file = first(where: { $0.path == path }), file.bytes.count <= mostBytes else {
        return .failure(FileFailure("\(path) was not kept"))
      }
      return .success(file.bytes)
    }
  }
}

/// Keeps what is read through it.
final class FileTrace: Sendable {
  private let inner: FileReader
  private let found = Mutex<[KeptFile]>([])

  init(_ inner: @escaping FileReader) { self.inner = inner }

  var files: [KeptFile] { found.withLock(\.self) }

  var reader: FileReader {
    { path, mostBytes in
      let result = self.inner(path, mostBytes)
      if case .success(let bytes) = result {
        self.found.withLock { $0.append(KeptFile(path: path, bytes: bytes)) }
      }
      return result
    }
  }
}

extension StateWriter {
  mutating func write<T>(optional value: T?, _ body: (inout StateWriter, T) -> Void) {
    write(UInt8(value == nil ? 0 : 1))
    if let value { body(&self, value) }
  }

  mutating func write(_ sender: Sender?) {
    write(optional: sender) { writer, sender in
      writer.write(sender.producer)
      writer.write(sender.number)
    }
  }

  mutating func write(_ metrics: [MetricRequest], task: String) {
    write(UInt64(metrics.count))
    for metric in metrics { Tasks.value(of: metric, task: task).encode(into: &self) }
  }

  mutating func write(_ files: [KeptFile]) {
    write(UInt64(files.count))
    for file in files {
      write(file.path)
      write(file.bytes)
    }
  }
}

extension StateReader {
  mutating func readOptional<T>(
    _ body: (inout StateReader) throws(StateError) -> T
  ) throws(StateError) -> T? {
    switch try read(UInt8.self) {
    case 0: nil
    case 1: try body(&self)
    default: throw StateError("a choice is neither 0 nor 1")
    }
  }

  /// A count that is no length of what follows.
  mutating func readCounter() throws(StateError) -> Int {
    guard let count = Int(exactly: try read(UInt64.self)) else {
      throw StateError("a count is out of range")
    }
    return count
  }

  mutating func readSender() throws(StateError) -> Sender? {
    try readOptional { reader throws(StateError) in
      let producer = try reader.readString()
      return Sender(producer: producer, number: try reader.read())
    }
  }

  mutating func readMetrics(task: String) throws(StateError) -> [MetricRequest] {
    var metrics: [MetricRequest] = []
    for _ in 0..<(try readCount()) {
      let value = try Value(from: &self)
      do throws(InputError) {
        metrics.append(try Tasks.resolve(value, task: task))
      } catch { throw StateError(error.message) }
    }
    return metrics
  }

  mutating func readFiles() throws(StateError) -> [KeptFile] {
    var files: [KeptFile] = []
    for _ in 0..<(try readCount(ofSize: 16)) {
      let path = try readString()
      files.append(KeptFile(path: path, bytes: try readArray()))
    }
    return files
  }
}

// MARK: - Streams

extension Opening {
  func encode(into writer: inout StateWriter) {
    writer.write(name)
    writer.write(schema.task)
    Value.record(schema.options).encode(into: &writer)
    writer.write(UInt64(schema.dimensions.count))
    for dimension in schema.dimensions {
      writer.write(dimension.name)
      writer.write(dimension.edges)
    }
    writer.write(UInt64(schema.keepWindows))
    writer.write(optional: named) { $0.write($1, task: schema.task) }
    writer.write(metrics, task: schema.task)
    writer.write(metadata)
    writer.write(files)
  }

  init(from reader: inout StateReader) throws(StateError) {
    name = try reader.readString()
    let task = try reader.readString()
    do throws(InputError) { try Tasks.require(task) } catch { throw StateError(error.message) }
    guard case .record(let options) = try Value(from: &reader) else {
      throw StateError("the options of a stream are none")
    }
    var dimensions: [SliceDimension] = []
    for _ in 0..<(try reader.readCount(ofSize: 16)) {
      let name = try reader.readString()
      dimensions.append(SliceDimension(name: name, edges: try reader.readDoubles()))
    }
    schema = Schema(
      task: task, options: options, dimensions: dimensions, keepWindows: try reader.readCounter())
    named = try reader.readOptional { reader throws(StateError) in
      try reader.readMetrics(task: task)
    }
    metrics = try reader.readMetrics(task: task)
    metadata = try reader.readArray()
    files = try reader.readFiles()
  }

  /// A stream without rows, with files that are read now.
  func stream(
    openedAt: UInt64, reading trace: FileTrace, keepsFiles: Bool
  ) throws(StateError) -> Stream {
    var opening = self
    do throws(InputError) {
      _ = try Tasks.engine(
        task: schema.task, options: schema.options, metrics: named ?? [],
        dimensions: schema.dimensions, keepWindows: schema.keepWindows, files: trace.reader)
    } catch { throw StateError(error.message) }
    opening.files = trace.files
    let stream = try opening.stream(openedAt: openedAt)
    if keepsFiles { return stream }
    var light = Stream(
      name: name, schema: stream.schema, engine: stream.engine, metrics: named,
      metadata: metadata, openedAt: openedAt)
    light.metrics = metrics
    return light
  }

  /// A stream without rows.
  func stream(openedAt: UInt64) throws(StateError) -> Stream {
    var schema = schema
    let engine: any TaskEngine
    do throws(InputError) {
      engine = try Tasks.engine(
        task: schema.task, options: schema.options, metrics: named ?? [],
        dimensions: schema.dimensions, keepWindows: schema.keepWindows, files: files.reader)
    } catch { throw StateError(error.message) }
    schema.settings = engine.settings
    var stream = Stream(
      name: name, schema: schema, engine: engine, metrics: named, metadata: metadata,
      openedAt: openedAt, files: files)
    stream.metrics = metrics
    return stream
  }
}

extension Stream {
  /// Writes all there is of the stream, for a snapshot.
  func encode(into writer: inout StateWriter) {
    Opening(self).encode(into: &writer)
    writer.write(openedAt)
    writer.write(revision)
    writer.write(revisionOfLastOther)
    refusals.encode(into: &writer)
    contents.encode(task: schema.task, into: &writer)
    writer.write(UInt64(checkpoints.count))
    for checkpoint in checkpoints {
      writer.write(checkpoint.name)
      writer.write(checkpoint.clock)
      checkpoint.contents.encode(task: schema.task, into: &writer)
    }
  }
}

extension Server {
  /// Reads what `Stream.encode` wrote.
  func stream(from reader: inout StateReader) throws(StateError) -> Stream {
    let opening = try Opening(from: &reader)
    var stream = try opening.stream(openedAt: try reader.read())
    let empty = stream.contents
    let revision: UInt64 = try reader.read()
    let other: UInt64 = try reader.read()
    stream.refusals = try Refusals(from: &reader)
    try stream.contents.decode(task: opening.schema.task, from: &reader)
    var checkpoints: [Stream.Checkpoint] = []
    for _ in 0..<(try reader.readCount(ofSize: 16)) {
      let name = try reader.readString()
      let clock: UInt64 = try reader.read()
      var contents = empty
      try contents.decode(task: opening.schema.task, from: &reader)
      checkpoints.append(
        Stream.Checkpoint(
          name: name, clock: clock, contents: contents, byteCount: contents.byteCount))
    }
    stream.restore(revision: revision, ofLastOther: other, checkpoints)
    return stream
  }
}

extension Stream.Contents {
  func encode(task: String, into writer: inout StateWriter) {
    engine.encode(into: &writer)
    producers.encode(into: &writer)
    taint.encode(into: &writer)
    history.encode(task: task, into: &writer)
    writer.write(UInt64(marks))
    for count in [
      totals.applied, totals.clamped, totals.dropped, totals.duplicates, totals.conflicting,
    ] { writer.write(Int64(count)) }
  }

  /// Reads what `encode` wrote, into the contents of a stream without rows.
  mutating func decode(
    task: String, from reader: inout StateReader
  ) throws(StateError) {
    try engine.decode(from: &reader)
    producers = try Producers(from: &reader)
    taint = try Refusals(from: &reader)
    history = try History(from: &reader, task: task)
    marks = try reader.readCounter()
    totals.applied = Int(try reader.read(Int64.self))
    totals.clamped = Int(try reader.read(Int64.self))
    totals.dropped = Int(try reader.read(Int64.self))
    totals.duplicates = Int(try reader.read(Int64.self))
    totals.conflicting = Int(try reader.read(Int64.self))
  }
}

extension HistoryRow {
  func encode(task: String, into writer: inout StateWriter) {
    writer.write(label)
    writer.write(UInt64(count))
    writer.write(requests, task: task)
    writer.write(UInt64(answers.count))
    for answer in answers { answer.encode(into: &writer) }
    writer.write(extra)
    writer.write(time)
    taint.encode(into: &writer)
  }

  init(from reader: inout StateReader, task: String) throws(StateError) {
    label = try reader.readString()
    count = try reader.readCounter()
    requests = try reader.readMetrics(task: task)
    answers = []
    for _ in 0..<(try reader.readCount()) { answers.append(try Answer(from: &reader)) }
    guard answers.count == requests.count else { throw StateError("a row lacks answers") }
    extra = try reader.readArray()
    time = try reader.readDouble()
    taint = try Refusals(from: &reader)
  }
}

extension History {
  func encode(task: String, into writer: inout StateWriter) {
    writer.write(UInt64(rows.count))
    for row in rows { row.encode(task: task, into: &writer) }
  }

  init(from reader: inout StateReader, task: String) throws(StateError) {
    for _ in 0..<(try reader.readCount(ofSize: 32)) {
      append(try HistoryRow(from: &reader, task: task))
    }
  }
}
