import EvalMetrics
import JSONRPC
import WireJSON

extension Server {
  static let metricQuery = Method<Server>(
    name: "metric/query", summary: "The values of metrics, now.",
    parameters: [
      .stream, .metrics, .slice, .window, .threshold,
      Parameter(
        "at_least_revision", "Refuse to answer for an older state than this.",
        schema: #"{"type": "integer", "minimum": 0}"#),
    ],
    resultSchema: """
      {"type": "object", "required": ["stream", "window", "revision", "count", "total_count", \
      "complete", "values", "undefined", "intervals", "bounds", "signatures"]}
      """,
    errors: ["StreamNotFound", "UnknownMetric", "OutOfSequence", "NotApplicable"],
    mayTakeLong: true
  ) { server, params, writer throws(RPCError) in
    server.counters.queries += 1
    let least = try params.optionalInt("at_least_revision", in: 0...Int.max)
    try server.withStream(params) { stream throws(RPCError) in
      if let least, stream.revision < UInt64(least) {
        // Every change is applied before anyone learns its revision, so waiting would be in vain.
        throw RPCError(
          .outOfSequence, "the stream is at revision \(stream.revision)",
          path: params.path(of: "at_least_revision"), hint: "the change you know of was lost",
          data: [("revision", .int(Int(clamping: stream.revision)))])
      }
      let question = try Question(params, dimensions: stream.schema.dimensions)
      let requests = try stream.requests(params)
      let threshold = try params.threshold()
      writer.beginObject()
      try writer.answer(&stream, requests, question, threshold: threshold)
      writer.endObject()
    }
  }

  static let metricCatalog = Method<Server>(
    name: "metric/catalog", summary: "The metrics of a task, or of every task.",
    parameters: [Parameter("task", "One task.", schema: #"{"type": "string"}"#)],
    resultSchema: #"{"type": "object", "required": ["metrics"]}"#, errors: ["UnknownTask"]
  ) { _, params, writer throws(RPCError) in
    let task = try params.optionalString("task")
    let metrics = try translating(at: "/params") { () throws(InputError) in
      try Tasks.metrics(of: task)
    }
    writer.beginObject()
    writer.key("metrics")
    writer.beginArray()
    for metric in metrics { writer.catalogueEntry(metric) }
    writer.endArray()
    writer.endObject()
  }
}

extension JSONWriter {
  /// Writes the members of an answer.
  mutating func answer(
    _ stream: inout Stream, _ requests: [MetricRequest], _ question: Question,
    threshold: Double? = nil
  ) throws(RPCError) {
    let found = try translating(at: "/params") { () throws(InputError) in
      try stream.contents.engine.answers(requests, in: question.scope, threshold: threshold)
    }
    header(stream, question, count: found.count)
    values(zip(requests, found.answers).map { (key: $0.key, answer: $1) })
    key("intervals")
    beginObject()
    endObject()
    bounds(zip(requests, found.answers).map { (key: $0.key, answer: $1) }, mayLeaveOut: false)
    key("signatures")
    beginObject()
    for (request, answer) in zip(requests, found.answers) {
      field(
        request.key.text,
        stream.engine.signature(
          of: request, threshold: threshold, droppedBits: found.droppedBits, notes: answer.notes))
    }
    endObject()
  }

  fileprivate mutating func catalogueEntry(_ metric: MetricDescription) {
    beginObject()
    field("name", metric.name)
    field("task", metric.task)
    field("summary", metric.summary)
    key("options")
    beginArray()
    for option in metric.options {
      beginObject()
      field("name", option.name)
      field("default", option.standard)
      field("summary", option.summary)
      endObject()
    }
    endArray()
    field("range", metric.range)
    field("better", metric.better.rawValue)
    field("undefined", metric.undefined.map(\.rawValue))
    field("exact", true)
    field("keeps_rows", metric.keepsRows)
    field("alias_of", metric.aliasOf.map(Value.text) ?? .null)
    field("source", metric.source)
    endObject()
  }
}
