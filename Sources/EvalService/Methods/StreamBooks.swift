import EvalMetrics
import JSONRPC
import WireJSON

extension Server {
  static let streamList = Method<Server>(
    name: "stream/list", summary: "All streams by name.",
    resultSchema: #"{"type": "object", "required": ["streams"]}"#
  ) { server, _, writer throws(RPCError) in
    let limit = ReplyLimit(writer, server.limits)
    writer.beginObject()
    writer.key("streams")
    writer.beginArray()
    for (name, stream) in server.streams.sorted(by: { $0.key < $1.key }) {
      try limit.check(writer, hint: "keep less metadata; stream/describe shows one stream")
      writer.beginObject()
      writer.field("stream", name)
      writer.field("task", stream.schema.task)
      writer.field("count", stream.engine.count)
      writer.field("total_count", stream.engine.totalCount)
      writer.field("revision", stream.revision)
      writer.key("metadata")
      writer.raw(stream.metadata)
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
  }

  static let streamDescribe = Method<Server>(
    name: "stream/describe", summary: "The schema of a stream, its counters and its memory.",
    parameters: [.stream],
    resultSchema: #"{"type": "object", "required": ["stream", "task", "options", "rejected"]}"#,
    errors: ["StreamNotFound"]
  ) { server, params, writer throws(RPCError) in
    try server.withStream(params) { stream throws(RPCError) in
      writer.description(stream, stream.contents.engine.budgetReport())
    }
  }

  static let streamReset = Method<Server>(
    name: "stream/reset", summary: "Forgets all rows, marks and producers; the schema stays.",
    parameters: [.stream], resultSchema: #"{"type": "object"}"#,
    errors: ["StreamNotFound", "DurabilityFailed"]
  ) { server, params, writer throws(RPCError) in
    let change = Change.reset(stream: try server.streamName(params))
    try server.commit(change, params)
    server.apply(change)
    writer.beginObject()
    writer.endObject()
  }

  static let streamDelete = Method<Server>(
    name: "stream/delete", summary: "Forgets a stream and its checkpoints.",
    parameters: [.stream], resultSchema: #"{"type": "object"}"#,
    errors: ["StreamNotFound", "DurabilityFailed"]
  ) { server, params, writer throws(RPCError) in
    let name = try server.streamName(params)
    try server.commit(.delete(stream: name), params)
    server.apply(.delete(stream: name))
    server.endSubscriptions(to: name)
    writer.beginObject()
    writer.endObject()
  }

  static let streamFlush = Method<Server>(
    name: "stream/flush",
    summary: "A barrier: what was applied when it is answered, and what was refused.",
    parameters: [
      .stream,
      Parameter(
        "acknowledge", "Clears the taint of refused notifications, as one who has seen it.",
        schema: #"{"type": "boolean", "default": false}"#),
    ],
    resultSchema: #"{"type": "object", "required": ["applied", "durable", "rejected"]}"#,
    errors: ["StreamNotFound", "DurabilityFailed"]
  ) { server, params, writer throws(RPCError) in
    let acknowledges = try params.optionalBool("acknowledge") ?? false
    let name = try server.streamName(params)
    if acknowledges { try server.commit(.acknowledge(stream: name), params) }
    server.makeDurable()
    let durable = server.journal?.durableNumber
    try server.look(at: name) { stream throws(RPCError) in
      writer.beginObject()
      writer.producers("applied", stream.contents.producers)
      // Without a state directory nothing outlives the process.
      writer.producers("durable", durable == nil ? Producers() : stream.contents.producers) {
        $0.durable(to: durable ?? 0)
      }
      writer.refusals("rejected", stream.contents.taint)
      writer.field("revision", stream.revision)
      writer.endObject()
    }
    if acknowledges { server.apply(.acknowledge(stream: name)) }
  }
}

extension JSONWriter {
  /// Writes what pushes left out or changed since the stream was opened or reset.
  private mutating func counters(_ totals: PushReport) {
    field("dropped", totals.dropped)
    field("dropped_duplicates", totals.duplicates)
    field("conflicting_duplicates", totals.conflicting)
    field("clamped", totals.clamped)
  }

  fileprivate mutating func description(_ stream: Stream, _ budget: BudgetReport?) {
    beginObject()
    field("stream", stream.name)
    field("task", stream.schema.task)
    field("options", .record(stream.schema.options))
    field("metrics", stream.metrics.map(\.key))
    key("slices")
    beginArray()
    for dimension in stream.schema.dimensions {
      if dimension.edges.isEmpty {
        string(dimension.name.text)
      } else {
        beginObject()
        field("name", dimension.name)
        field("edges", dimension.edges)
        endObject()
      }
    }
    endArray()
    field("keep_windows", stream.schema.keepWindows)
    key("metadata")
    raw(stream.metadata)
    field("count", stream.engine.count)
    field("total_count", stream.engine.totalCount)
    field("revision", stream.revision)
    counters(stream.contents.totals)
    field("marks", stream.contents.marks)
    field("windows", stream.engine.keptMarks)
    field("slice_cells", stream.engine.cellCount)
    producers("producers", stream.contents.producers)
    field("checkpoints", stream.checkpoints.map(\.name))
    field("complete", stream.contents.taint.isEmpty)
    // Of all time, whatever was acknowledged since.
    refusals("rejected", stream.refusals)
    field("memory_bytes", stream.byteCount)
    if let budget {
      key("memory_budget")
      beginObject()
      field("bytes", budget.bytes)
      field("dropped_bits", budget.droppedBits)
      endObject()
    }
    endObject()
  }
}
