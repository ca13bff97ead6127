import EvalMetrics
import JSONRPC
import WireJSON

extension Server {
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
    errors: ["StreamNotFound", "TooManyValues", "MemoryLimit", "DurabilityFailed"]
  ) { server, params, writer throws(RPCError) in
    let label = params.present("label") == nil ? nil : try checkedName("label", params)
    let extra = try params.optionalObject("extra")?.value.map { json throws(RPCError) in
      try shortText(of: json, "extra", params)
    }
    _ = try server.streamName(params)
    try server.reserveMemory(
      4096 + (extra?.count ?? 0), for: "a row of the history", path: params.path(of: "stream"))
    let time = server.clock()
    let name = try server.streamName(params)
    let row = try server.withStream(params) { stream throws(RPCError) in
      try stream.rowOfMark(label, extra: extra ?? Array("{}".utf8), time: time)
    }
    try server.commit(.mark(stream: name, row), params)
    server.tellOfMark(label, in: name)
    server.apply(.mark(stream: name, row))
    try server.look(at: name) { stream throws(RPCError) in
      writer.beginObject()
      writer.historyRow(row, row.requests.enumerated().map { ($1.key, $0) })
      writer.field("revision", stream.revision)
      writer.endObject()
    }
  }

  static let metricHistory = Method<Server>(
    name: "metric/history",
    summary: "A row for each mark, as the values were then, and the best row of each metric.",
    parameters: [.stream, .metrics],
    resultSchema: #"{"type": "object", "required": ["rows", "best"]}"#,
    errors: ["StreamNotFound", "UnknownMetric"]
  ) { server, params, writer throws(RPCError) in
    server.counters.queries += 1
    let limit = ReplyLimit(writer, server.limits)
    try server.withStream(params) { stream throws(RPCError) in
      let chosen = params.present("metrics") == nil ? nil : try stream.requests(params)
      writer.beginObject()
      writer.field("stream", stream.name)
      writer.completeness(stream.contents.taint)
      writer.key("rows")
      writer.beginArray()
      var best = BestRows(chosen, stream.engine)
      for row in stream.contents.history.rows {
        best.take(row)
        writer.beginObject()
        writer.historyRow(row, best.shown)
        writer.endObject()
        try limit.check(writer, hint: "ask for fewer metrics, or mark less often")
      }
      writer.endArray()
      writer.best(best.best)
      writer.endObject()
    }
  }
}

extension Stream {
  /// What a mark is called that is given no label: its number.
  var nextLabel: Name { "\(contents.marks + 1)" }

  /// The row that closes the current window; nothing changes yet.
  fileprivate mutating func rowOfMark(
    _ label: Name?, extra: [UInt8], time: Double
  ) throws(RPCError) -> HistoryRow {
    guard contents.history.rows.count < History.limit else {
      throw RPCError(
        .tooManyValues, "the stream has \(contents.history.rows.count) marks",
        path: "/params/stream", hint: "reset it, or open another stream")
    }
    let metrics = self.metrics
    let found = try translating(at: "/params") { () throws(InputError) in
      try contents.engine.answers(metrics, in: Scope(), threshold: nil)
    }
    return HistoryRow(
      label: label ?? nextLabel, count: found.count, requests: metrics,
      answers: found.answers, extra: extra, time: time, taint: contents.taint)
  }

  /// Closes the current window and keeps its row.
  mutating func close(_ row: HistoryRow) {
    contents.marks += 1
    contents.engine.mark(row.label)
    contents.history.append(row)
    contents.taint = Refusals()
    revision += 1
  }
}

extension JSONWriter {
  /// Writes the members of a history row; a metric that was not asked for at the mark was not kept.
  fileprivate mutating func historyRow(
    _ row: HistoryRow, _ shown: [(key: Name, place: Int?)]
  ) {
    field("label", row.label)
    field("count", row.count)
    completeness(row.taint)
    let answers = shown.map { key, place in
      (key: key, answer: place.map { row.answers[$0] } ?? .undefined(.notKept))
    }
    values(answers)
    bounds(answers)
    key("extra")
    raw(row.extra)
    field("time", row.time)
  }

  /// Writes the label and value of the best row of each metric that has a direction.
  fileprivate mutating func best(_ best: [BestRows.Best?]) {
    key("best")
    beginObject()
    for row in best {
      guard let row else { continue }
      key(row.key.text)
      beginObject()
      field("label", row.label)
      field("value", row.value)
      endObject()
    }
    endObject()
  }
}
