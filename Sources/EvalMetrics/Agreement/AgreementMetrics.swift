extension Metric where S == AgreementState {
  private static func agreement(
    _ name: String, _ summary: String, range: String = "(-inf, 1]", undefined: [Reason],
    options: [OptionSpec] = [], source: String,
    _ compute: @escaping @Sendable (AgreementState, Arguments) -> Answer
  ) -> Metric {
    Metric(
      name, summary, range: range, better: .higher, undefined: undefined, options: options,
      source: source, signature: { configuration, _ in ["level:\(configuration.level.rawValue)"] }
    ) { state, arguments, _ in compute(state, arguments) }
  }

  static let cohenKappa = agreement(
    "cohen_kappa", "agreement of the first two raters beyond chance, of the items both have seen",
    undefined: [.tooFewRows, .noVariation], options: [.disagreement(.none)],
    source: "scikit-learn 1.9 cohen_kappa_score; Cohen 1960"
  ) { state, arguments in state.kappa(DisagreementWeights(arguments)) }

  static let weightedKappa = agreement(
    "weighted_kappa", "the same, where labels that are nearer in their order disagree less",
    undefined: [.tooFewRows, .noVariation], options: [.disagreement(.linear)],
    source: "scikit-learn 1.9 cohen_kappa_score(weights); Cohen 1968"
  ) { state, arguments in state.kappa(DisagreementWeights(arguments)) }

  static let fleissKappa = agreement(
    "fleiss_kappa", "agreement beyond chance of the items that all raters have seen",
    undefined: [.tooFewRows, .noVariation],
    source: "statsmodels 0.15 fleiss_kappa; Fleiss 1971"
  ) { state, _ in state.fleissKappa }

  static let krippendorffAlpha = agreement(
    "krippendorff_alpha",
    "1 - observed / expected disagreement over all pairs of annotations, some missing",
    undefined: [.tooFewRows, .noVariation],
    source: "krippendorff 0.9; Krippendorff 2011"
  ) { state, _ in state.krippendorffAlpha }

  static let percentAgreement = agreement(
    "percent_agreement", "mean over items of the share of their pairs of annotations that agree",
    range: "[0, 1]", undefined: [.tooFewRows], source: "statsmodels 0.15; Fleiss 1971, mean of P_i"
  ) { state, _ in state.percentAgreement }

  static let f1Agreement = agreement(
    "f1_agreement", "macro F1 of the second rater against the first, of the items both have seen",
    range: "[0, 1]", undefined: [.tooFewRows], source: "scikit-learn 1.9 f1_score(average=macro)"
  ) { state, _ in state.macroF1 }
}

/// How much two labels disagree, by the places between them in their order.
enum DisagreementWeights: String, CaseIterable {
  case none
  case linear
  case quadratic

  /// Reads the option.
  init(_ arguments: Arguments) {
    self = DisagreementWeights(rawValue: arguments.text("weights")) ?? .none
  }
}

extension OptionSpec {
  fileprivate static func disagreement(_ standard: DisagreementWeights) -> OptionSpec {
    OptionSpec(
      "weights", .choice(DisagreementWeights.allCases.map(\.rawValue)),
      default: .text(standard.rawValue),
      "how disagreement grows with the places between two labels")
  }
}
