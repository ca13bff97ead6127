import EvalMetrics
import JSONRPC
import WireJSON

extension Server {
  private static let historyLimit = 100_000

  static let streamMark = Method<Server>(
    name: "stream/mark",
    summary: "Closes the current window, which is what an epoch is, and gives its history row.",
    parameters: [
      .stream,
      Parameter(
        "label", "Names the window; its number if left out.", schema: #"{"type": "string"}"#),
      Parameter(
        "extra", "More to keep in the row, such as {\"loss\": 0.31}.",
        schema: #"{"type": "object"}"#),
    ],
    resultSchema: #"{"type": "object", "required": ["label", "count", "values", "extra", "time"]}"#,
    errors: ["StreamNotFound", "TooManyValues"]
  ) { server, params, writer throws(RPCError) in
    let label = params.present("label") == nil ? nil : try checkedName("label", params)
    let extra = try params.optionalObject("extra")?.value
    if let extra, extra.sourceRange.count > 65_536 {
      throw params.invalid("extra", "is longer than 65536 bytes")
    }
    let time = server.clock()
    server.tellOfMark(in: try server.streamName(params))
    try server.withStream(params) { stream throws(RPCError) in
      let row = try stream.mark(label, extra: extra.map { Value($0) } ?? .record([]), time: time)
      writer.beginObject()
      writer.historyRow(row, stream.metrics.map(\.key))
      writer.field("revision", stream.revision)
      writer.endObject()
    }
    server.changes += 1
  }

  static let metricHistory = Method<Server>(
    name: "metric/history",
    summary: "A row for each mark, as the values were then, and the best row of each metric.",
    parameters: [.stream, .metrics],
    resultSchema: #"{"type": "object", "required": ["rows", "best"]}"#,
    errors: ["StreamNotFound", "UnknownMetric"]
  ) { server, params, writer throws(RPCError) in
    server.counters.queries += 1
    try server.withStream(params) { stream throws(RPCError) in
      let requests = try stream.requests(params)
      let isChosen = params.present("metrics") != nil
      writer.beginObject()
      writer.field("stream", stream.name)
      writer.key("rows")
      writer.beginArray()
      for row in stream.contents.history {
        writer.beginObject()
        writer.historyRow(row, isChosen ? requests.map(\.key) : nil)
        writer.endObject()
      }
      writer.endArray()
      writer.best(stream, isChosen ? requests : nil)
      writer.endObject()
    }
  }

  static var markLimit: Int { historyLimit }
}

extension Stream {
  /// Closes the current window and keeps its row.
  fileprivate mutating func mark(
    _ label: String?, extra: Value, time: Double
  ) throws(RPCError) -> HistoryRow {
    guard contents.history.count < Server.markLimit else {
      throw RPCError(
        .tooManyValues, "the stream has \(contents.history.count) marks", path: "/params/stream",
        hint: "reset it, or open another stream")
    }
    let metrics = self.metrics
    let found = try translating(at: "/params") { () throws(InputError) in
      try contents.engine.answers(metrics, in: Scope(), threshold: nil)
    }
    contents.marks += 1
    let row = HistoryRow(
      label: label ?? "\(contents.marks)", count: found.count,
      answers: zip(metrics, found.answers).map { ($0, $1) }, extra: extra, time: time,
      isComplete: contents.taint.isEmpty)
    contents.engine.mark(row.label)
    contents.history.append(row)
    contents.taint = Refusals()
    revision += 1
    return row
  }
}

extension JSONWriter {
  /// Writes the members of a history row, for these keys only if they are given; a metric that was not asked for at the mark was not kept.
  fileprivate mutating func historyRow(_ row: HistoryRow, _ keys: [String]?) {
    field("label", row.label)
    field("count", row.count)
    field("complete", row.isComplete)
    let all = row.answers.map { (key: $0.request.key, answer: $0.answer) }
    if let keys {
      values(
        keys.map { key in
          (key: key, answer: all.first { $0.key == key }?.answer ?? .undefined(.notKept))
        })
    } else {
      values(all)
    }
    field("extra", row.extra)
    field("time", row.time)
  }

  /// Writes the label and value of the best row of each metric that has a direction; of equal ones the first.
  fileprivate mutating func best(_ stream: Stream, _ requests: [MetricRequest]?) {
    var seen: Set<String> = []
    let asked = requests ?? stream.contents.history.flatMap { $0.answers.map(\.request) }
    key("best")
    beginObject()
    for request in asked where seen.insert(request.key).inserted {
      let direction = stream.engine.direction(of: request)
      if direction == .neither { continue }
      var best: (label: String, value: Double)?
      for row in stream.contents.history {
        let answer = row.answers.first { $0.request.key == request.key }?.answer
        guard let value = answer?.number else { continue }
        if let known = best?.value, direction == .higher ? value <= known : value >= known {
          continue
        }
        best = (row.label, value)
      }
      guard let best else { continue }
      key(request.key)
      beginObject()
      field("label", best.label)
      field("value", best.value)
      endObject()
    }
    endObject()
  }
}
