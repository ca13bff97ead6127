extension Decisions {
  /// The counts by name: whole numbers as integers. Abstentions stand there when there are any.
  public var value: Value {
    var fields = [
      Value.Field("true_positives", .count(truePositives)),
      Value.Field("false_positives", .count(falsePositives)),
      Value.Field("true_negatives", .count(trueNegatives)),
      Value.Field("false_negatives", .count(falseNegatives)),
    ]
    if abstained > 0 { fields.append(Value.Field("abstained", .count(abstained))) }
    return .record(fields)
  }
}

extension Value {
  /// A weight as a count: an integer where it is one.
  public static func count(_ x: Double) -> Value {
    if let whole = Int64(exactly: x) { .integer(whole) } else { .number(x) }
  }
}

extension Metric where S == BinaryState {
  static let confusionMatrix = ofDecisions(
    "confusion_matrix", "the four counts by name, or their shares of `true`, `pred` or `all`",
    range: "counts, or [0, 1]", better: .neither, undefined: [.overflow],
    options: [
      OptionSpec(
        "normalize", .choice(["true", "pred", "all"]), default: .null,
        "divide by the labels' counts, the decisions' counts, or all rows; 0/0 is 0")
    ],
    source: Source.sklearn
  ) { d, _, arguments in
    func share(_ x: Double, label: Double, decision: Double) -> Value {
      let divisor =
        switch arguments["normalize"] {
        case .text("true"): label
        case .text("pred"): decision
        default: d.total
        }
      return .number(divisor > 0 ? x / divisor : 0)
    }
    if !d.total.isFinite { return .undefined(.overflow) }
    if arguments["normalize"] == .null { return .value(d.value) }
    return .value(
      .record([
        Value.Field(
          "true_positives",
          share(d.truePositives, label: d.positives, decision: d.predictedPositives)),
        Value.Field(
          "false_positives",
          share(d.falsePositives, label: d.negatives, decision: d.predictedPositives)),
        Value.Field(
          "true_negatives",
          share(d.trueNegatives, label: d.negatives, decision: d.predictedNegatives)),
        Value.Field(
          "false_negatives",
          share(d.falseNegatives, label: d.positives, decision: d.predictedNegatives)),
      ]))
  }
}
