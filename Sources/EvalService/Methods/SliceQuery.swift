import EvalMetrics
import JSONRPC
import WireJSON

extension Server {
  private static let rowLimit = 100_000

  static let sliceQuery = Method<Server>(
    name: "slice/query",
    summary:
      "Metrics for each value of a slice dimension, or of a cross of several, the worst first.",
    parameters: [
      .stream,
      Parameter(
        "by", "A dimension, or a list of them.", required: true,
        schema: #"{"type": ["string", "array"], "items": {"type": "string"}}"#),
      .metrics,
      Parameter(
        "min_count", "Leave out slices with fewer rows.",
        schema: #"{"type": "integer", "minimum": 0, "default": 0}"#),
      .window,
    ],
    resultSchema: #"{"type": "object", "required": ["rows", "gaps", "average"]}"#,
    errors: ["StreamNotFound", "UnknownMetric"],
    mayTakeLong: true
  ) { server, params, writer throws(RPCError) in
    server.counters.queries += 1
    try server.withStream(params) { stream throws(RPCError) in
      let question = try Question(params, dimensions: stream.schema.dimensions)
      let requests = try stream.requests(params)
      let report = try stream.sliceReport(
        by: try stream.places(params), requests, question.scope.window,
        minCount: try params.optionalInt("min_count", in: 0...Int.max) ?? 0)
      writer.beginObject()
      writer.header(stream, question, count: report.count)
      writer.sliceReport(report, stream, requests)
      writer.endObject()
    }
  }
}

/// The answers of each slice.
private struct SliceReport {
  struct Row {
    var slice: Value
    var count: Int
    var answers: [Answer]
  }

  /// Rows of the whole window.
  var count: Int
  var rows: [Row]
}

extension Stream {
  /// The dimensions that `by` names, by their places.
  fileprivate func places(_ params: Params) throws(RPCError) -> [Int] {
    let by = try params.required("by")
    let path = params.path(of: "by")
    if let name = by.string {
      return [try Question.place(of: name, in: schema.dimensions, path: path)]
    }
    guard let names = try params.optionalStrings("by"), !names.isEmpty else {
      throw params.invalid("by", "names no dimension")
    }
    var places: [Int] = []
    for (index, name) in names.enumerated() {
      let place = try Question.place(
        of: name, in: schema.dimensions, path: jsonPointer(path, index))
      guard !places.contains(place) else {
        throw params.invalid("by", "names \(quoted(name)) twice")
      }
      places.append(place)
    }
    return places
  }

  fileprivate mutating func sliceReport(
    by places: [Int], _ requests: [MetricRequest], _ window: Window, minCount: Int
  ) throws(RPCError) -> SliceReport {
    let dimensions = schema.dimensions
    return try translating(at: "/params") { () throws(InputError) in
      let total = try contents.engine.answers([], in: Scope(window: window), threshold: nil)
      var report = SliceReport(count: total.count, rows: [])
      for key in try contents.engine.sliceKeys(by: places, in: window) {
        let slice = Dictionary(uniqueKeysWithValues: zip(places, key))
        let found = try contents.engine.answers(
          requests, in: Scope(window: window, slice: slice), threshold: nil)
        if found.count < max(1, minCount) { continue }
        let fields = zip(places, key).map {
          Value.Field(dimensions[$0].name, dimensions[$0].wire($1))
        }
        report.rows.append(
          .init(slice: .record(fields), count: found.count, answers: found.answers))
      }
      if let first = requests.first {
        report.rows = Self.worstFirst(report.rows, contents.engine.direction(of: first))
      }
      return report
    }
  }

  /// By the first metric, the worst first; rows without a value last, and equal ones in the order of their slices.
  private static func worstFirst(
    _ rows: [SliceReport.Row], _ direction: Direction
  ) -> [SliceReport.Row] {
    rows.enumerated().sorted { a, b in
      switch (a.element.answers.first?.number, b.element.answers.first?.number) {
      case (let x?, let y?) where x != y: direction == .lower ? x > y : x < y
      case (_?, nil): true
      case (nil, _?): false
      default: a.offset < b.offset
      }
    }.map(\.element)
  }
}

extension JSONWriter {
  fileprivate mutating func sliceReport(
    _ report: SliceReport, _ stream: Stream, _ requests: [MetricRequest]
  ) {
    key("rows")
    beginArray()
    for row in report.rows {
      beginObject()
      field("slice", row.slice)
      field("count", row.count)
      values(zip(requests, row.answers).map { (key: $0.key, answer: $1) })
      endObject()
    }
    endArray()
    key("gaps")
    beginObject()
    for (place, request) in requests.enumerated() {
      gap(report.rows, place, request.key, stream.engine.direction(of: request))
    }
    endObject()
    key("average")
    beginObject()
    for (place, request) in requests.enumerated() {
      let numbers = report.rows.compactMap { $0.answers[place].number }
      let mean = numbers.isEmpty ? nil : numbers.reduce(0, +) / Double(numbers.count)
      field(request.key, mean)
    }
    endObject()
  }

  /// Writes how far the slices are apart in one metric; nothing when fewer than one has a value.
  private mutating func gap(
    _ rows: [SliceReport.Row], _ place: Int, _ name: String, _ direction: Direction
  ) {
    let known = rows.compactMap { row in row.answers[place].number.map { (row.slice, $0) } }
    guard let low = known.min(by: { $0.1 < $1.1 }), let high = known.max(by: { $0.1 < $1.1 })
    else { return }
    key(name)
    beginObject()
    field("difference", high.1 - low.1)
    field("ratio", high.1 != 0 ? low.1 / high.1 : nil)
    field("worst", direction == .lower ? high.0 : low.0)
    field("best", direction == .lower ? low.0 : high.0)
    endObject()
  }
}
