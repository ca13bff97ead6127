import EvalMetrics
import JSONRPC
import WireJSON

extension Server {
  private static let name = Parameter(
    "name", "The name of the checkpoint.", required: true, schema: #"{"type": "string"}"#)
  private static let stream = Parameter(
    "stream", "One stream; all streams without it.", schema: #"{"type": "string"}"#)

  static let streamCheckpoint = Method<Server>(
    name: "stream/checkpoint",
    summary: "Keeps the rows, marks, ids and producers of one stream, or of all, under a name.",
    parameters: [
      name, stream,
      Parameter(
        "keep", "How many checkpoints of a stream are kept; the oldest go.",
        schema: #"{"type": "integer", "minimum": 1, "maximum": 1000, "default": 16}"#),
    ],
    resultSchema: #"{"type": "object", "required": ["name", "revision"]}"#,
    errors: ["StreamNotFound", "MemoryLimit", "DurabilityFailed"]
  ) { server, params, writer throws(RPCError) in
    let name = try checkedName("name", params)
    let keep = try params.optionalInt("keep", in: 1...1000) ?? 16
    let streams = try server.chosenStreams(params)
    // By account a checkpoint is a copy. What it shares with its stream it shares until the next sort.
    let incoming = streams.reduce(0) {
      $0 + (server.streams[$1]?.growth(ofCheckpoint: name, keep: keep) ?? 0)
    }
    try server.reserveMemory(incoming, for: "this checkpoint", path: params.path(of: "name"))
    let change = Change.checkpoint(
      name: name, stream: try params.optionalName("stream"), keep: keep)
    try server.commit(change, params)
    server.apply(change)
    writer.checkpointResult(name, server, streams)
  }

  static let streamRollback = Method<Server>(
    name: "stream/rollback",
    summary: "Brings back what a checkpoint kept. Streams that were opened after it are emptied.",
    parameters: [
      name, stream,
      Parameter(
        "state", "What state/export gave of a checkpoint: it comes back from this, as name.",
        schema: #"{"type": "string"}"#),
      Parameter("path", "The file that holds it.", schema: #"{"type": "string"}"#),
    ],
    resultSchema: #"{"type": "object", "required": ["name", "revision"]}"#,
    errors: [
      "StreamNotFound", "CheckpointNotFound", "SchemaMismatch", "MemoryLimit", "TooManyValues",
      "StateTooNew", "StateDamaged", "DurabilityFailed",
    ]
  ) { server, params, writer throws(RPCError) in
    let name = try checkedName("name", params)
    if params.present("state") != nil || params.present("path") != nil {
      let stream = try server.restore(name, params)
      return writer.checkpointResult(name, server, [stream])
    }
    let streams = try server.chosenStreams(params)
    guard streams.contains(where: { server.streams[$0]?.checkpoint(name) != nil }) else {
      let known = Set(streams.flatMap { server.streams[$0]?.checkpoints.map(\.name) ?? [] })
      throw RPCError(
        .checkpointNotFound, "there is no checkpoint \(quoted(name))",
        path: params.path(of: "name"), hint: unknownNameHint(name, among: known.sorted()))
    }
    let change = Change.rollback(name: name, stream: try params.optionalName("stream"))
    try server.commit(change, params)
    server.apply(change)
    writer.checkpointResult(name, server, streams)
  }

  /// The stream a request names, or all of them in order.
  private func chosenStreams(_ params: Params) throws(RPCError) -> [Name] {
    params.present("stream") == nil ? chosen(nil) : [try streamName(params)]
  }
}

extension JSONWriter {
  fileprivate mutating func checkpointResult(_ name: Name, _ server: Server, _ streams: [Name]) {
    let revisions = streams.compactMap { server.streams[$0]?.revision }
    beginObject()
    field("name", name)
    field("revision", revisions.max() ?? 0)
    key("streams")
    beginObject()
    for (stream, revision) in zip(streams, revisions) { field(stream.text, revision) }
    endObject()
    endObject()
  }
}
