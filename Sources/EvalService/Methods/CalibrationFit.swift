import EvalMetrics
import JSONRPC
import WireJSON

extension Server {
  static let calibrationFit = Method<Server>(
    name: "calibration/fit",
    summary: "A map from scores to calibrated probabilities, fitted on these rows.",
    parameters: [
      .stream,
      Parameter(
        "method", "temperature: sigma(z/T); platt: sigma(slope z + intercept); isotonic: steps.",
        schema: #"{"enum": ["temperature", "platt", "isotonic"], "default": "temperature"}"#),
      .slice, .window,
    ],
    resultSchema: #"{"type": "object", "required": ["method", "before", "after"]}"#,
    errors: ["StreamNotFound", "NotApplicable"],
    mayTakeLong: true
  ) { server, params, writer throws(RPCError) in
    server.counters.queries += 1
    let name = try params.choice(
      "method", of: CalibrationMethod.allCases.map(\.rawValue), otherwise: "temperature")
    let method = CalibrationMethod(rawValue: name) ?? .temperature
    try server.withStream(params) { stream throws(RPCError) in
      let found = try stream.inspect(params, "calibration") {
        (state: any CalibrationState) throws(InputError) in
        try state.calibrationFit(method)
      }
      writer.beginObject()
      writer.header(stream, found.question, count: found.count)
      writer.field("method", name)
      writer.fit(found.value, method)
      writer.endObject()
    }
  }
}

extension JSONWriter {
  fileprivate mutating func fit(_ fit: CalibrationFit, _ method: CalibrationMethod) {
    switch fit.map {
    case .temperature(let temperature):
      key("parameters")
      beginObject()
      field("temperature", temperature)
      endObject()
    case .platt(let slope, let intercept):
      key("parameters")
      beginObject()
      field("slope", slope)
      field("intercept", intercept)
      endObject()
    case .isotonic(let scores, let probabilities):
      key("map")
      beginObject()
      field("scores", scores)
      field("probabilities", probabilities)
      endObject()
    case nil: field(method == .isotonic ? "map" : "parameters", Value.null)
    }
    if let reason = fit.reason { field("reason", reason.rawValue) }
    losses("before", fit.before, fit.beforeBounds)
    losses("after", fit.after, fit.afterBounds)
  }

  private mutating func losses(
    _ name: String, _ losses: CalibrationLosses?, _ bounds: CalibrationLossBounds?
  ) {
    key(name)
    beginObject()
    field("log_loss", losses?.logLoss)
    field("brier", losses?.brier)
    field("ece", losses?.ece)
    self.bounds(bounds)
    endObject()
  }
}
