extension Metric where S == MulticlassState {
  /// An average of a value of the scores of each class against the rest.
  private static func oneVersusRest(
    _ name: String, _ summary: String, _ averaging: Averaging, source: String,
    bounds: @escaping @Sendable (RankBounds) -> ClosedRange<Double>?,
    _ value: @escaping @Sendable (RankAreas) -> Double?
  ) -> Metric {
    Metric(
      "\(name)_\(averaging.rawValue)", summary + averaging.words, range: "[0, 1]",
      better: .higher, undefined: [.needsScores, .notKept, .absentClass, .zeroDivision],
      source: source, needsPreparation: true,
      signature: { configuration, _ in
        ["score_kind:\(configuration.kind)", "zero_division:\(configuration.zeroDivision.text)"]
      },
      compute: { state, _, _ in
        guard state.hasScores else { return .undefined(.needsScores) }
        guard let columns = state.sortedColumns else { return .undefined(.notKept) }
        if state.total.isZero { return .undefined(.zeroDivision) }
        let skips = state.configuration.zeroDivision == .skip
        return .average(columns, averaging, skippingUndefined: skips, bounds: bounds, value)
      })
  }

  static func rocAUC(_ averaging: Averaging) -> Metric {
    oneVersusRest(
      "roc_auc", "area under the ROC curve of a class against the rest", averaging,
      source: Source.sklearn + " roc_auc_score(multi_class=\"ovr\")", bounds: \.rocArea
    ) { $0.rocArea }
  }

  static let averagePrecisionMacro = oneVersusRest(
    "average_precision", "average precision of a class against the rest", .macro,
    source: Source.sklearn + " of label_binarize", bounds: \.averagePrecision
  ) { $0.averagePrecision }
}

extension Answer {
  /// The average over classes of a value of their scores. A class without one is absent, which leaves no average
  /// unless such classes are to be skipped.
  static func average(
    _ columns: [SortedScores], _ averaging: Averaging, skippingUndefined skips: Bool,
    bounds: (RankBounds) -> ClosedRange<Double>?, _ value: (RankAreas) -> Double?
  ) -> Answer {
    var sum = ExactSum()
    var weights = ExactSum()
    var ends = (low: ExactSum(), high: ExactSum())
    var isExact = true
    for column in columns {
      guard let x = value(column.ranks) else {
        if skips { continue }
        return .undefined(.absentClass)
      }
      let weight = averaging == .weighted ? column.positives / column.unit : 1
      let range = bounds(column.rankBounds)
      isExact = isExact && range == nil
      sum.add(product: weight, x)
      ends.low.add(product: weight, range?.lowerBound ?? x)
      ends.high.add(product: weight, range?.upperBound ?? x)
      weights.add(weight)
    }
    if weights.isZero { return .undefined(.absentClass) }
    let mean = ExactSum.ratio(sum, weights)
    if isExact { return .value(mean) }
    let enclosure = Enclosure(
      ExactSum.ratio(ends.low, weights), ExactSum.ratio(ends.high, weights))
    return .value(mean, in: enclosure.outward(in: .share), else: .absentClass)
  }
}
