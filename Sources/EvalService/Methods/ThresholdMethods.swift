import EvalMetrics
import JSONRPC
import WireJSON

extension Server {
  private static let objectives = [
    "f1", "f_beta", "precision", "recall", "youden", "mcc", "balanced_accuracy", "accuracy", "cost",
  ]
  private static let classParameter = Parameter(
    "class", "A class of a multilabel stream.", schema: #"{"type": ["string", "integer"]}"#)

  static let thresholdOptimize = Method<Server>(
    name: "threshold/optimize",
    summary:
      "The threshold that is best for an objective, under constraints; of equal ones the highest.",
    parameters: [
      .stream,
      Parameter(
        "objective", "What to optimise; cost is minimised.",
        schema: """
          {"enum": ["f1", "f_beta", "precision", "recall", "youden", "mcc", "balanced_accuracy", \
          "accuracy", "cost"], "default": "f1"}
          """),
      Parameter(
        "beta", "Of f_beta.", schema: #"{"type": "number", "minimum": 0, "default": 1}"#),
      Parameter(
        "costs", "Of a false positive and a false negative.", schema: #"{"type": "object"}"#),
      Parameter(
        "constraints",
        "min_precision, min_recall, max_false_positive_rate, max_selection_rate: each in [0, 1].",
        schema: #"{"type": "object"}"#),
      classParameter, .slice, .window,
    ],
    resultSchema: """
      {"type": "object", "required": ["threshold", "value", "confusion", "precision", "recall", \
      "at_default", "all_positive"]}
      """,
    errors: ["StreamNotFound", "NotApplicable", "TooManyValues"],
    mayTakeLong: true
  ) { server, params, writer throws(RPCError) in
    server.counters.queries += 1
    let objective = try Server.objective(params)
    let constraints = try Server.constraints(params)
    let limit = ReplyLimit(writer, server.limits)
    try server.withStream(params) { stream throws(RPCError) in
      let found = try stream.optimum(params, objective, constraints)
      writer.beginObject()
      writer.header(stream, found.question, count: found.count)
      writer.optimum(found.value.report)
      if let classes = found.value.classes {
        writer.key("classes")
        writer.beginArray()
        for (name, report) in classes {
          writer.beginObject()
          writer.field("class", name)
          writer.optimum(report)
          writer.endObject()
          try limit.check(writer, hint: "ask for one class")
        }
        writer.endArray()
      }
      writer.endObject()
    }
  }

  static let thresholdEvaluate = Method<Server>(
    name: "threshold/evaluate", summary: "What each of these thresholds would do.",
    parameters: [
      .stream,
      Parameter(
        "thresholds", "On the scale of the scores; at most 10,000.", required: true,
        schema: #"{"type": "array", "items": {"type": ["number", "string"]}}"#),
      classParameter, .slice, .window,
    ],
    resultSchema: #"{"type": "object", "required": ["rows"]}"#,
    errors: ["StreamNotFound", "NotApplicable", "TooManyValues"],
    mayTakeLong: true
  ) { server, params, writer throws(RPCError) in
    server.counters.queries += 1
    guard let thresholds = try params.optionalDoubles("thresholds", finite: false) else {
      throw params.missing("thresholds")
    }
    guard thresholds.count <= 10_000 else {
      throw RPCError(
        .tooManyValues, "\(thresholds.count) thresholds", path: params.path(of: "thresholds"),
        hint: "at most 10000; curve/query gives whole curves")
    }
    if let index = thresholds.firstIndex(where: \.isNaN) {
      throw RPCError(
        .invalidParams, "a threshold is NaN",
        path: jsonPointer(params.path(of: "thresholds"), index))
    }
    try server.withStream(params) { stream throws(RPCError) in
      let found = try stream.thresholdRows(params)
      writer.beginObject()
      writer.header(stream, found.question, count: found.count)
      writer.key("rows")
      writer.beginArray()
      for threshold in thresholds {
        let choice = found.value.evaluate(at: threshold)
        writer.beginObject()
        writer.field("threshold", threshold)
        writer.decisions(choice.decisions)
        writer.field("f1", choice.value)
        writer.bounds(choice.bounds, value: "f1")
        writer.endObject()
      }
      writer.endArray()
      writer.endObject()
    }
  }

  private static func objective(_ params: Params) throws(RPCError) -> Objective {
    let name = try params.choice("objective", of: objectives, otherwise: "f1")
    let beta = try params.optionalDouble("beta")
    let costs = try params.optionalObject("costs")
    if beta != nil && name != "f_beta" {
      throw params.invalid("beta", "belongs to the objective f_beta")
    }
    if costs != nil && name != "cost" {
      throw params.invalid("costs", "belong to the objective cost")
    }
    switch name {
    case "f_beta":
      guard let beta = beta ?? 1 as Double?, beta >= 0 else {
        throw params.invalid("beta", "must not be negative")
      }
      return .fBeta(beta)
    case "precision": return .precision
    case "recall": return .recall
    case "youden": return .youden
    case "mcc": return .mcc
    case "balanced_accuracy": return .balancedAccuracy
    case "accuracy": return .accuracy
    case "cost":
      try costs?.refuseUnknownKeys(["false_positive", "false_negative"])
      return .cost(
        falsePositive: try cost("false_positive", costs),
        falseNegative: try cost("false_negative", costs))
    default: return .fBeta(1)
    }
  }

  private static func cost(_ name: String, _ costs: Params?) throws(RPCError) -> Double {
    guard let costs else { return 1 }
    let cost = try costs.optionalDouble(name) ?? 1
    guard (0...1e15).contains(cost) else {
      throw costs.invalid(name, "must be from 0 to 1e15")
    }
    return cost
  }

  private static func constraints(_ params: Params) throws(RPCError) -> ThresholdConstraints {
    var constraints = ThresholdConstraints()
    guard let given = try params.optionalObject("constraints") else { return constraints }
    try given.refuseUnknownKeys([
      "min_precision", "min_recall", "max_false_positive_rate", "max_selection_rate",
    ])
    func share(_ name: String) throws(RPCError) -> Double? {
      guard let x = try given.optionalDouble(name) else { return nil }
      guard (0...1).contains(x) else { throw given.invalid(name, "must be from 0 to 1") }
      return x
    }
    constraints.minPrecision = try share("min_precision")
    constraints.minRecall = try share("min_recall")
    constraints.maxFalsePositiveRate = try share("max_false_positive_rate")
    constraints.maxSelectionRate = try share("max_selection_rate")
    return constraints
  }
}

extension Stream {
  /// The scores that a question about thresholds is about; an error for streams without any.
  fileprivate mutating func thresholdRows(
    _ params: Params
  ) throws(RPCError) -> Found<ScoredRows> {
    let chosen = params.present("class").map { Value($0) }
    return try inspect(params, "thresholds") {
      (state: any ThresholdState) throws(InputError) in
      try state.thresholdRows(class: chosen)
    }
  }

  /// The best threshold for all scores, or those of a class; where there are classes and none is named, also that of
  /// each.
  fileprivate mutating func optimum(
    _ params: Params, _ objective: Objective, _ constraints: ThresholdConstraints
  ) throws(RPCError) -> Found<Optimum> {
    let chosen = params.present("class").map { Value($0) }
    return try inspect(params, "thresholds") {
      (state: any ThresholdState) throws(InputError) in
      let rows = try state.thresholdRows(class: chosen)
      return Optimum(
        report: rows.optimize(objective, constraints),
        classes: chosen != nil
          ? nil
          : state.thresholdClasses?.map { ($0.name, $0.rows.optimize(objective, constraints)) })
    }
  }
}

/// What `threshold/optimize` found.
private struct Optimum {
  var report: ThresholdReport
  var classes: [(Value, ThresholdReport)]?
}

extension JSONWriter {
  /// Writes the members of what was found for one set of scores.
  fileprivate mutating func optimum(_ report: ThresholdReport) {
    choice(report.best)
    if let reason = report.reason { field("reason", reason.rawValue) }
    bounds(report.bounds, value: "value")
    key("at_default")
    beginObject()
    choice(report.atDefault)
    bounds(report.atDefault.bounds, value: "value")
    endObject()
    key("all_positive")
    beginObject()
    field("value", report.allPositive)
    endObject()
  }

  /// Writes the members of a choice of a threshold; nulls for none.
  fileprivate mutating func choice(_ choice: ThresholdReport.Choice?) {
    guard let choice else {
      for name in ["threshold", "value", "confusion", "precision", "recall"] {
        field(name, Value.null)
      }
      return
    }
    field("threshold", choice.threshold)
    field("value", choice.value)
    decisions(choice.decisions)
  }

  /// Writes the four counts, precision and recall.
  fileprivate mutating func decisions(_ decisions: Decisions) {
    field("confusion", decisions.value)
    field("precision", Objective.precision.value(of: decisions))
    field("recall", Objective.recall.value(of: decisions))
  }
}
