import EvalMetrics
import JSONRPC

/// All that a checkpoint keeps of a stream, with its schema: rows by window, marks, history, ids and producers,
/// on their way out of the daemon and back, here or elsewhere.
///
/// As bytes it has a `Seal`, as a `StateFile` has.
struct CheckpointFile {
  /// The version of evald that wrote it.
  var writer: String
  var opening: Opening
  /// What the checkpoint kept, encoded.
  var contents: [UInt8]

  private static let seal = Seal(magic: Array("evaldcp\n".utf8), format: 1, what: "checkpoint")

  init(_ stream: Stream, _ checkpoint: Stream.Checkpoint, version: String) {
    writer = version
    opening = Opening(stream)
    // The options name files; whoever reads them again reads his own.
    opening.files = []
    var coder = StateWriter()
    checkpoint.contents.encode(task: stream.schema.task, into: &coder)
    contents = coder.bytes
  }

  /// The bytes of the file.
  var bytes: [UInt8] {
    var body = StateWriter()
    body.write(writer)
    opening.encode(into: &body)
    return Self.seal.close(body.bytes, contents)
  }

  init(_ bytes: [UInt8]) throws(StateError) {
    var body = try Self.seal.open(bytes)
    writer = try body.readString()
    opening = try Opening(from: &body)
    contents = body.rest
  }
}

extension Stream {
  /// The bytes of the checkpoint that a request names, and the rows of its current window.
  func exportCheckpoint(
    _ params: Params, version: String
  ) throws(RPCError) -> (bytes: [UInt8], count: Int) {
    if params.present("window") != nil {
      throw params.invalid(
        "window", "stands beside checkpoint", hint: "a checkpoint has all windows")
    }
    let name = try params.name("checkpoint")
    guard let checkpoint = self.checkpoint(name) else {
      throw RPCError(
        .checkpointNotFound, "there is no checkpoint \(quoted(name))",
        path: params.path(of: "checkpoint"),
        hint: unknownNameHint(name, among: checkpoints.map(\.name).sorted()))
    }
    let file = CheckpointFile(self, checkpoint, version: version)
    return (file.bytes, checkpoint.contents.engine.count)
  }
}

extension Server {
  /// Takes a stream back to the checkpoint that a request holds; gives the stream's name.
  mutating func restore(_ name: Name, _ params: Params) throws(RPCError) -> Name {
    let stream = try Self.checkedName("stream", params)
    let place = params.path(of: params.present("path") == nil ? "state" : "path")
    let bytes = try stateBytes(params)
    let file: CheckpointFile
    do throws(StateError) {
      file = try CheckpointFile(bytes)
    } catch {
      throw error.onWire(at: place)
    }
    // What is read takes more room than its bytes.
    try reserveMemory(bytes.count * 4, for: "this checkpoint", path: place)
    try restore(file, into: stream, as: name, files: files.reader, at: place) {
      server, read throws(RPCError) in
      try server.commit(
        .restore(stream: stream, checkpoint: name, files: read, state: bytes), params)
    }
    return stream
  }

  /// Takes a stream back to a checkpoint, which it has from then on; a stream that is not there is made.
  /// `commit` is called before anything changes, with the files that were read.
  mutating func restore(
    _ file: CheckpointFile, into name: Name, as checkpoint: Name,
    files: @escaping FileReader, at place: String,
    commit: (inout Server, [KeptFile]) throws(RPCError) -> Void
  ) throws(RPCError) {
    var opening = file.opening
    opening.name = name
    let trace = FileTrace(files)
    let fresh: Stream
    var contents: Stream.Contents
    do throws(StateError) {
      fresh = try opening.stream(openedAt: changes + 1, reading: trace, keepsFiles: journal != nil)
      contents = fresh.contents
      var reader = StateReader(file.contents)
      try contents.decode(task: opening.schema.task, from: &reader)
      guard reader.remaining == 0 else { throw StateError("bytes follow the checkpoint") }
    } catch {
      throw error.onWire(at: place)
    }
    var stream = try streamToRestore(fresh, place)
    try commit(&self, trace.files)
    contents.taint = Refusals()
    stream.contents = contents
    stream.revision += 1
    changes += 1
    stream.checkpoint(checkpoint, keep: 1000, clock: changes)
    put(stream)
  }

  /// The stream of that name, if it has the schema of the checkpoint; else a new one.
  private func streamToRestore(_ fresh: Stream, _ place: String) throws(RPCError) -> Stream {
    guard let stream = streams[fresh.name] else {
      guard streams.count < limits.maxStreams else {
        throw RPCError(
          .tooManyValues, "there are \(streams.count) streams", path: "/params/stream",
          hint: "delete some, or raise --max-streams")
      }
      return fresh
    }
    let difference = stream.schema.difference(from: fresh.schema)
    guard difference == nil, stream.engine.keepsSame(as: fresh.engine) else {
      throw RPCError(
        .schemaMismatch,
        "the checkpoint is of a stream with another \(quoted(difference ?? "metrics"))",
        path: place, hint: "open the stream as it was, or delete it and let this make it")
    }
    return stream
  }
}
