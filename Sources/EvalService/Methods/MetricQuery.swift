import EvalMetrics
import JSONRPC
import WireJSON

extension Server {
  static let metricQuery = Method<Server>(
    name: "metric/query", summary: "The values of metrics, now.",
    parameters: [.stream, .metrics, .slice, .window, .threshold],
    resultSchema: """
      {"type": "object", "required": ["stream", "window", "revision", "count", "total_count", \
      "complete", "values", "undefined", "intervals", "bounds", "signatures"]}
      """,
    errors: ["StreamNotFound", "UnknownMetric"]
  ) { server, params, writer throws(RPCError) in
    server.counters.queries += 1
    try server.withStream(params) { stream throws(RPCError) in
      let question = try Question(params, dimensions: stream.schema.dimensions)
      let requests = try stream.requests(params)
      let threshold = try params.threshold()
      let found = try translating(at: "/params") { () throws(InputError) in
        try stream.contents.engine.answers(requests, in: question.scope, threshold: threshold)
      }
      writer.beginObject()
      writer.header(stream, question, count: found.count)
      writer.values(zip(requests, found.answers).map { (key: $0.key, answer: $1) })
      writer.key("intervals")
      writer.beginObject()
      writer.endObject()
      writer.bounds(requests, found.answers)
      writer.key("signatures")
      writer.beginObject()
      for request in requests {
        writer.field(request.key, stream.engine.signature(of: request, threshold: threshold))
      }
      writer.endObject()
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
  /// Writes guaranteed bounds; they stand only beside approximate values.
  fileprivate mutating func bounds(_ requests: [MetricRequest], _ answers: [Answer]) {
    key("bounds")
    beginObject()
    for (request, answer) in zip(requests, answers) {
      guard let bounds = answer.bounds else { continue }
      key(request.key)
      beginObject()
      field("low", bounds.lowerBound)
      field("high", bounds.upperBound)
      endObject()
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
