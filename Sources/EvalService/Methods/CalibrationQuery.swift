import EvalMetrics
import JSONRPC
import WireJSON

extension Server {
  static let calibrationQuery = Method<Server>(
    name: "calibration/query",
    summary: "The reliability diagram, and the calibration errors and Brier score made of it.",
    parameters: [
      .stream,
      Parameter(
        "bins", "How many bins.",
        schema: #"{"type": "integer", "minimum": 1, "maximum": 10000, "default": 15}"#),
      Parameter(
        "strategy", "Equal widths, or equal mass.",
        schema: #"{"enum": ["uniform", "quantile"], "default": "uniform"}"#),
      .slice, .window,
    ],
    resultSchema: """
      {"type": "object", "required": ["ece", "mce", "ace", "brier", "brier_decomposition", "bins"]}
      """,
    errors: ["StreamNotFound", "NotApplicable"],
    mayTakeLong: true
  ) { server, params, writer throws(RPCError) in
    server.counters.queries += 1
    let bins = try params.optionalInt("bins", in: 1...10_000) ?? 15
    let name = try params.choice(
      "strategy", of: BinStrategy.allCases.map(\.rawValue), otherwise: "uniform")
    let strategy = BinStrategy(rawValue: name) ?? .uniform
    try server.withStream(params) { stream throws(RPCError) in
      let found = try stream.inspect(params, "calibration") {
        (state: any CalibrationState) throws(InputError) in
        try state.calibrationRows().calibration(bins: bins, strategy)
      }
      writer.beginObject()
      writer.header(stream, found.question, count: found.count)
      writer.field("strategy", name)
      writer.calibration(found.value)
      writer.endObject()
    }
  }
}

extension JSONWriter {
  fileprivate mutating func calibration(_ report: CalibrationReport) {
    let calibration = report.calibration
    field("ece", calibration.ece)
    field("mce", calibration.mce)
    field("ace", report.ace)
    field("brier", report.brier)
    let parts = report.brier.flatMap { calibration.decomposition(ofBrier: $0) }
    key("brier_decomposition")
    beginObject()
    field("reliability", parts?.reliability)
    field("resolution", parts?.resolution)
    field("uncertainty", parts?.uncertainty)
    field("within_bin", parts?.withinBin)
    endObject()
    if calibration.ece == nil { field("reason", Reason.noRows.rawValue) }
    bounds(report)
    key("bins")
    beginArray()
    for (place, bin) in calibration.bins.enumerated() {
      beginObject()
      field("low", bin.low)
      field("high", bin.high)
      field("count", Value.count(bin.weight))
      field("mean_score", bin.meanScore)
      field("positive_rate", bin.positiveRate)
      bounds(report.bounds?.bins[place])
      endObject()
    }
    endArray()
  }
}
