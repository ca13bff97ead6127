import EvalMetrics
import JSONRPC
import WireJSON

extension Server {
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
    errors: ["StreamNotFound", "UnknownMetric", "TooManyValues"],
    mayTakeLong: true
  ) { server, params, writer throws(RPCError) in
    server.counters.queries += 1
    let minCount = try params.optionalInt("min_count", in: 0...Int.max) ?? 0
    let limit = ReplyLimit(writer, server.limits)
    try server.withStream(params) { stream throws(RPCError) in
      let question = try Question(params, dimensions: stream.schema.dimensions)
      let requests = try stream.requests(params)
      let report = try stream.sliceReport(
        by: try stream.places(params), requests, question.scope.window, minCount: minCount)
      writer.beginObject()
      writer.header(stream, question, count: report.count)
      try writer.rows(report.rows, requests, limit)
      writer.gaps(report.rows, requests, stream)
      writer.averages(report.rows, requests)
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
      return [try Question.place(of: Name(name), in: schema.dimensions, path: path)]
    }
    guard let names = try params.optionalStrings("by"), !names.isEmpty else {
      throw params.invalid("by", "names no dimension")
    }
    var places: [Int] = []
    for (index, name) in names.enumerated() {
      let place = try Question.place(
        of: Name(name), in: schema.dimensions, path: jsonPointer(path, index))
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
    let found = try translating(at: "/params") { () throws(InputError) in
      let total = try contents.engine.answers([], in: Scope(window: window), threshold: nil)
      let slices = try contents.engine.sliceAnswers(
        requests, by: places, in: window, minCount: minCount)
      return (total: total.count, slices: slices)
    }
    let rows = found.slices.map { slice in
      SliceReport.Row(
        slice: .record(
          zip(places, slice.key).map {
            Value.Field(dimensions[$0].name.text, dimensions[$0].wire($1))
          }), count: slice.count, answers: slice.answers)
    }
    let directions = requests.map(contents.engine.direction)
    return SliceReport(count: found.total, rows: Self.worstFirst(rows, directions))
  }

  /// By the first metric that has a better and a worse, the worst first; rows without a value last, and
  /// equal ones in the order of their slices.
  private static func worstFirst(
    _ rows: [SliceReport.Row], _ directions: [Direction]
  ) -> [SliceReport.Row] {
    guard let place = directions.firstIndex(where: { $0 != .neither }) else { return rows }
    let sign: Double = directions[place] == .lower ? -1 : 1
    let keyed = rows.enumerated().map { ($0.offset, $0.element.answers[place].number) }
    return keyed.sorted { a, b in
      switch (a.1, b.1) {
      case (let x?, let y?) where x != y: sign * x < sign * y
      case (_?, nil): true
      case (nil, _?): false
      default: a.0 < b.0
      }
    }.map { rows[$0.0] }
  }
}

extension JSONWriter {
  fileprivate mutating func rows(
    _ rows: [SliceReport.Row], _ requests: [MetricRequest], _ limit: ReplyLimit
  ) throws(RPCError) {
    key("rows")
    beginArray()
    for row in rows {
      beginObject()
      field("slice", row.slice)
      field("count", row.count)
      let answers = zip(requests, row.answers).map { (key: $0.key, answer: $1) }
      values(answers)
      bounds(answers)
      endObject()
      try limit.check(self, hint: "ask for fewer metrics, or set min_count")
    }
    endArray()
  }

  /// Writes how far the slices are apart in each metric that has a value in one of them.
  fileprivate mutating func gaps(
    _ rows: [SliceReport.Row], _ requests: [MetricRequest], _ stream: Stream
  ) {
    key("gaps")
    beginObject()
    for (place, request) in requests.enumerated() {
      let known = rows.compactMap { row in row.answers[place].number.map { (row.slice, $0) } }
      guard let low = known.min(by: { $0.1 < $1.1 }), let high = known.max(by: { $0.1 < $1.1 })
      else { continue }
      let direction = stream.engine.direction(of: request)
      let ends = direction == .lower ? (worst: high.0, best: low.0) : (worst: low.0, best: high.0)
      key(request.key.text)
      beginObject()
      field("difference", (high.1 - low.1).finite)
      field("ratio", high.1 != 0 ? (low.1 / high.1).finite : nil)
      // Of a metric without a direction neither end is the worse.
      field("worst", direction == .neither ? .null : ends.worst)
      field("best", direction == .neither ? .null : ends.best)
      if let spread = SpreadBounds(rows.map { $0.answers[place] }) {
        key("bounds")
        beginObject()
        field("difference", spread.difference)
        field("ratio", spread.ratio)
        endObject()
      }
      endObject()
    }
    endObject()
  }

  /// Writes the mean over the slices that have a value, each counting once.
  fileprivate mutating func averages(_ rows: [SliceReport.Row], _ requests: [MetricRequest]) {
    key("average")
    beginObject()
    for (place, request) in requests.enumerated() {
      let numbers = rows.compactMap { $0.answers[place].number }
      var sum = ExactSum()
      sum.add(contentsOf: numbers)
      var count = ExactSum()
      count.add(count: numbers.count)
      field(request.key.text, numbers.isEmpty ? nil : ExactSum.ratio(sum, count))
    }
    endObject()
    let spreads = requests.indices.map { place in SpreadBounds(rows.map { $0.answers[place] }) }
    if spreads.allSatisfy({ $0 == nil }) { return }
    key("bounds")
    beginObject()
    key("average")
    beginObject()
    for (request, spread) in zip(requests, spreads) { field(request.key.text, spread?.average) }
    endObject()
    endObject()
  }
}

extension Double {
  /// Nil for what no JSON number can be.
  fileprivate var finite: Double? { isFinite ? self : nil }
}
