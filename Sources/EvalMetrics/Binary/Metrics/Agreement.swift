extension Metric where S == BinaryState {
  static let mcc = ofDecisions(
    "mcc", "Matthews correlation of label and decision", range: "[-1, 1]",
    undefined: [.noVariation], source: Source.sklearn + "; Gorodkin 2004",
    limit: 0
  ) { d, _, _ in .value(d.matthews, else: .noVariation) }

  static let cohenKappa = ofDecisions(
    "cohen_kappa",
    "agreement of label and decision beyond chance: 1 - observed / expected disagreement",
    range: "(-inf, 1]", undefined: [.noVariation], source: Source.sklearn + "; Cohen 1960"
  ) { d, _, _ in .value(d.cohenKappa, else: .noVariation) }

  static let jaccard = ofDecisions(
    "jaccard", "overlap of positives and predicted positives: TP / (TP + FP + FN)",
    source: Source.sklearn
  ) { d, configuration, _ in
    configuration.zeroDivision.quotient(
      d.truePositives, d.positives + d.falsePositives, else: .zeroDivision)
  }
}
