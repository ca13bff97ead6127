import EvalMetrics
import JSONRPC
import WireJSON

extension Server {
  static let curveQuery = Method<Server>(
    name: "curve/query",
    summary:
      "A curve as columns of real operating points, and the exact area under the whole of it.",
    parameters: [
      .stream,
      Parameter(
        "curve", "Which.", required: true,
        schema:
          #"{"enum": ["roc", "precision_recall", "threshold", "reliability", "gain", "f1_at_k"]}"#),
      Parameter(
        "points", "At most so many points, spread evenly.",
        schema: #"{"type": "integer", "minimum": 2, "maximum": 100000, "default": 10000}"#),
      .slice, .window,
    ],
    resultSchema: #"{"type": "object", "required": ["columns", "area"]}"#,
    errors: ["StreamNotFound", "NotApplicable"],
    mayTakeLong: true
  ) { server, params, writer throws(RPCError) in
    server.counters.queries += 1
    let names = Curve.allCases.map(\.rawValue)
    guard params.present("curve") != nil else { throw params.missing("curve") }
    let name = try params.choice("curve", of: names, otherwise: "roc")
    let curve = Curve(rawValue: name) ?? .roc
    let points = try params.optionalInt("points", in: 2...100_000) ?? 10_000
    try server.withStream(params) { stream throws(RPCError) in
      let found = try stream.inspect(params, "curves") {
        (state: any CurveState) throws(InputError) in
        try state.curve(curve, points: points)
      }
      let report = found.value
      writer.beginObject()
      writer.header(stream, found.question, count: found.count)
      writer.field("curve", name)
      writer.key("columns")
      writer.beginObject()
      for (name, values) in report.columns {
        writer.key(name)
        writer.beginArray()
        for value in values { if let value { writer.double(value) } else { writer.null() } }
        writer.endArray()
      }
      writer.endObject()
      writer.field("area", report.area)
      writer.bounds(report)
      if !report.best.isEmpty {
        writer.key("best")
        writer.beginObject()
        for (name, value) in report.best { writer.field(name, value) }
        writer.endObject()
      }
      writer.field("total_points", report.totalPoints)
      writer.endObject()
    }
  }
}
