// Streams as bytes: what makes one, and all that it holds.
import EvalMetrics

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
    name = try reader.readName()
    let task = try reader.readString()
    do throws(InputError) { try Tasks.require(task) } catch { throw StateError(error.message) }
    guard case .record(let options) = try Value(from: &reader) else {
      throw StateError("the options of a stream are none")
    }
    var dimensions: [SliceDimension] = []
    for _ in 0..<(try reader.readCount(ofSize: 16)) {
      let name = try reader.readName()
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
      let name = try reader.readName()
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
    label = try reader.readName()
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
