extension Metric where S == MultilabelState {
  static func precision(_ averaging: Averaging) -> Metric {
    average("precision", "share of the decisions for a class that are right", averaging) { _ in
      .precision
    }
  }

  static func recall(_ averaging: Averaging) -> Metric {
    average("recall", "share of the labels of a class that are found", averaging) { _ in .recall }
  }

  static func f1(_ averaging: Averaging) -> Metric {
    average("f1", "F1 of a class: 2 hits / (labels + decisions)", averaging) { _ in .f1 }
  }

  static func fBeta(_ averaging: Averaging) -> Metric {
    average(
      "f_beta", "F-beta of a class: (1 + b^2) hits / (b^2 labels + decisions)", averaging,
      options: [.beta]
    ) { .fBeta($0.number("beta")) }
  }

  static let perClass = ofDecisions(
    "per_class", "rows {class, precision, recall, f1, support}, of all classes", range: "rows",
    better: .neither, undefined: [], source: Source.sklearn + " precision_recall_fscore_support"
  ) { decided, _ in
    let state = decided.state
    let codes = Array(0..<state.width)
    let averages = ClassAverages(codes.map(decided.count(of:)), state.configuration.zeroDivision)
    return .value(averages.rows(codes.map(state.name)))
  }

  static let confusionMatrix = ofDecisions(
    "confusion_matrix",
    "{classes, matrix}: for each class [[TN, FP], [FN, TP]], or their shares of `true`, `pred` or `all`",
    range: "counts, or [0, 1]", better: .neither, undefined: [.overflow],
    options: [
      OptionSpec(
        "normalize", .choice(["true", "pred", "all"]), default: .null,
        "divide by the labels' counts, the decisions' counts, or all rows; 0/0 is 0")
    ], source: Source.sklearn + " multilabel_confusion_matrix"
  ) { decided, arguments in
    let state = decided.state
    let normalize = arguments["normalize"].string
    var matrices: [Value] = []
    for code in 0..<state.width {
      let d = decided.decisions(of: code)
      if !d.total.isFinite { return .undefined(.overflow) }
      matrices.append(d.matrix(normalize))
    }
    return .value(
      .record([
        Value.Field("classes", .list((0..<state.width).map(state.name))),
        Value.Field("matrix", .list(matrices)),
      ]))
  }
}

extension Decisions {
  /// [[TN, FP], [FN, TP]], or their shares.
  fileprivate func matrix(_ normalize: String?) -> Value {
    func cell(_ x: Double, label: Double, decision: Double) -> Value {
      guard let normalize else { return .count(x) }
      let divisor = normalize == "true" ? label : normalize == "pred" ? decision : total
      return .number(divisor > 0 ? x / divisor : 0)
    }
    return .list([
      .list([
        cell(trueNegatives, label: negatives, decision: predictedNegatives),
        cell(falsePositives, label: negatives, decision: predictedPositives),
      ]),
      .list([
        cell(falseNegatives, label: positives, decision: predictedNegatives),
        cell(truePositives, label: positives, decision: predictedPositives),
      ]),
    ])
  }
}
