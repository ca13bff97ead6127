import EvalMetrics
import JSONRPC
import WireJSON

extension Server {
  static let stateExport = Method<Server>(
    name: "state/export",
    summary:
      "The rows of a window as one state, which merges exactly into any stream of the same schema.",
    parameters: [
      .stream, .window,
      Parameter(
        "checkpoint", "Instead of a window: all that this checkpoint keeps, for stream/rollback.",
        schema: #"{"type": "string"}"#),
      Parameter(
        "path", "Write the state to this file instead of the answer.",
        schema: #"{"type": "string"}"#),
    ],
    resultSchema: #"{"type": "object", "required": ["stream", "count", "bytes"]}"#,
    errors: [
      "StreamNotFound", "InvalidParams", "NotApplicable", "CheckpointNotFound", "TooManyValues",
      "DurabilityFailed",
    ]
  ) { server, params, writer throws(RPCError) in
    let path = try params.optionalString("path")
    let version = server.version
    let (bytes, count) = try server.withStream(params) {
      stream throws(RPCError) -> (bytes: [UInt8], count: Int) in
      if params.present("checkpoint") != nil {
        return try stream.exportCheckpoint(params, version: version)
      }
      let file = try stream.export(params, version: version)
      return (file.bytes, file.count)
    }
    let limit = server.limits.maxReplyBytes
    if path == nil, bytes.count / 3 * 4 > limit {
      throw RPCError(
        .tooManyValues, "the state has \(bytes.count) bytes, and an answer at most \(limit)",
        path: "/params", hint: "export it to a path")
    }
    if let path, let fault = server.files.write(path, bytes) {
      throw RPCError(
        .durabilityFailed, fault.message, path: params.path(of: "path"), hint: fault.hint)
    }
    writer.beginObject()
    writer.field("stream", try params.string("stream"))
    writer.field("count", count)
    writer.field("bytes", bytes.count)
    if let path { writer.field("path", path) } else { writer.field("state", encodeBase64(bytes)) }
    writer.endObject()
  }

  static let stateMerge = Method<Server>(
    name: "state/merge",
    summary:
      "Adds an exported state to the current window of a stream, which is made if it is not there.",
    parameters: [
      .stream,
      Parameter("state", "The state, as state/export gave it.", schema: #"{"type": "string"}"#),
      Parameter("path", "The file that holds the state.", schema: #"{"type": "string"}"#),
    ],
    resultSchema: """
      {"type": "object", "required": ["stream", "created", "merged", "count", "total_count", "revision"]}
      """,
    errors: [
      "InvalidParams", "SchemaMismatch", "DuplicateIds", "InvalidBatch", "MemoryLimit",
      "TooManyValues", "StateTooNew", "StateDamaged", "DurabilityFailed",
    ]
  ) { server, params, writer throws(RPCError) in
    let name = try Server.checkedName("stream", params)
    let source = params.present("path") == nil ? "state" : "path"
    let place = params.path(of: source)
    let bytes = try server.stateBytes(params)
    let file: StateFile
    do throws(StateError) {
      file = try StateFile(bytes)
    } catch {
      throw error.onWire(at: place)
    }
    // What is read takes more room than its bytes.
    try server.reserveMemory(file.rows.count * 4, for: "this state", path: place)
    let created = server.streams[name] == nil
    let trace = FileTrace(server.files.reader)
    let merged = try server.merge(
      file, into: name, files: trace.reader, keepsFiles: server.journal != nil, at: place
    ) { server throws(RPCError) in
      try server.commit(.merge(stream: name, files: trace.files, state: bytes), params)
    }
    guard let stream = server.streams[name] else { return }
    writer.beginObject()
    writer.field("stream", name)
    writer.field("created", created)
    writer.field("merged", merged)
    writer.field("count", stream.engine.count)
    writer.field("total_count", stream.engine.totalCount)
    writer.field("revision", stream.revision)
    writer.endObject()
  }

  /// Merges a state into a stream, which is made if it is not there; gives the number of rows. `commit` is
  /// called before anything changes.
  mutating func merge(
    _ file: StateFile, into name: Name, files: @escaping FileReader, keepsFiles: Bool,
    at place: String, commit: (inout Server) throws(RPCError) -> Void
  ) throws(RPCError) -> Int {
    let trace = FileTrace(files)
    var stream = try target(of: file, name, place, trace, keepsFiles: keepsFiles)
    let merged = try translating(at: place) { () throws(InputError) in
      var reader = StateReader(file.rows)
      return try stream.contents.engine.mergeRows(from: &reader)
    }
    stream.revision += 1
    stream.contents.totals.applied &+= merged
    try commit(&self)
    changes += 1
    put(stream)
    return merged
  }

  /// The bytes of the state that a request gives, inline or by path.
  func stateBytes(_ params: Params) throws(RPCError) -> [UInt8] {
    if let path = try params.optionalString("path") {
      if params.present("state") != nil {
        throw params.invalid("path", "stands beside state", hint: "give one of them")
      }
      switch files.read(path, limits.maxMemoryBytes) {
      case .success(let bytes): return bytes
      case .failure(let fault):
        throw RPCError(
          .invalidParams, fault.message, path: params.path(of: "path"), hint: fault.hint)
      }
    }
    guard let text = params.present("state") else { throw params.missing("state") }
    do {
      if case .uint8(let bytes) = try decodeBase64(text, as: .uint8) { return bytes }
    } catch {
      throw RPCError(
        .stateDamaged, error.message, path: params.path(of: "state"),
        hint: "state is what state/export gave, in base64")
    }
    return []
  }

  /// The stream that a state goes into: the one that is there, if its schema is the same, or a new one.
  private func target(
    of file: StateFile, _ name: Name, _ path: String, _ trace: FileTrace, keepsFiles: Bool
  ) throws(RPCError) -> Stream {
    let fresh = try fresh(file, name, path, trace, keepsFiles)
    guard let stream = streams[name] else {
      guard streams.count < limits.maxStreams else {
        throw RPCError(
          .tooManyValues, "there are \(streams.count) streams", path: "/params/stream",
          hint: "delete some, or raise --max-streams")
      }
      return fresh
    }
    var schema = fresh.schema
    // How many windows a stream keeps says nothing about its rows.
    schema.keepWindows = stream.schema.keepWindows
    if let difference = stream.schema.difference(from: schema) {
      throw RPCError(
        .schemaMismatch,
        "the state is of a stream with another \(quoted(difference))", path: path,
        hint: "merge it into another stream, or one that does not exist yet")
    }
    guard stream.engine.keepsSame(as: fresh.engine) else {
      throw RPCError(
        .schemaMismatch, "the state was kept for other metrics", path: path,
        hint: "open both streams with the same metrics")
    }
    return stream
  }

  /// An empty stream with the schema of a state.
  private func fresh(
    _ file: StateFile, _ name: Name, _ path: String, _ trace: FileTrace, _ keepsFiles: Bool
  ) throws(RPCError) -> Stream {
    var schema = file.schema
    return try translating(at: path) { () throws(InputError) in
      func requests(_ metrics: [Value]) throws(InputError) -> [MetricRequest] {
        var requests: [MetricRequest] = []
        for metric in metrics { requests.append(try Tasks.resolve(metric, task: schema.task)) }
        return requests
      }
      let named = try requests(file.named)
      let engine = try Tasks.engine(
        task: schema.task, options: schema.options, metrics: named,
        dimensions: schema.dimensions, keepWindows: schema.keepWindows, files: trace.reader)
      schema.settings = engine.settings
      var stream = Stream(
        name: name, schema: schema, engine: engine, metrics: named.isEmpty ? nil : named,
        metadata: Self.noMetadata, openedAt: changes + 1, files: keepsFiles ? trace.files : [])
      stream.metrics = try requests(file.metrics)
      return stream
    }
  }

  /// Puts a changed stream in its place.
  mutating func put(_ stream: Stream) {
    if streams[stream.name] == nil { add(stream) } else { update(stream.name) { $0 = stream } }
  }
}

extension Stream {
  fileprivate mutating func export(
    _ params: Params, version: String
  ) throws(RPCError) -> StateFile {
    if contents.taint.batches > 0 {
      throw RPCError(
        .notApplicable, "batches of this window were refused, so its state is not complete",
        path: params.path(of: "stream"), hint: "stream/flush with acknowledge clears that")
    }
    let question = try Question(params, dimensions: engine.dimensions)
    var writer = StateWriter()
    let count = try translating(at: "/params") { () throws(InputError) in
      try contents.engine.exportRows(of: question.scope.window, into: &writer)
    }
    return StateFile(self, version: version, count: count, rows: writer.bytes)
  }
}
