extension Metric where S == MulticlassState {
  static func precision(_ averaging: Averaging) -> Metric {
    average("precision", "share of the predictions of a class that are right", averaging) { _ in
      .precision
    }
  }

  static func recall(_ averaging: Averaging) -> Metric {
    average("recall", "share of the labels of a class that are found", averaging) { _ in .recall }
  }

  static func f1(_ averaging: Averaging) -> Metric {
    average("f1", "F1 of a class: 2 hits / (labels + predictions)", averaging) { _ in .f1 }
  }

  static func fBeta(_ averaging: Averaging) -> Metric {
    average(
      "f_beta", "F-beta of a class: (1 + b^2) hits / (b^2 labels + predictions)", averaging,
      options: [.beta]
    ) { .fBeta($0.number("beta")) }
  }

  static let perClass = ofDecisions(
    "per_class", "rows {class, precision, recall, f1, support}", range: "rows", better: .neither,
    undefined: [], source: Source.sklearn + " precision_recall_fscore_support"
  ) { state, _ in
    let codes = state.decisions.averaged(overDeclared: state.configuration.overDeclared)
    let averages = ClassAverages(
      codes.map { state.decisions[$0] }, state.configuration.zeroDivision)
    return .value(averages.rows(codes.map { state.decisions.classes.name($0).value }))
  }
}
