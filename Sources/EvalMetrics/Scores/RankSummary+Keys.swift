extension RankSummary {
  /// The summary of unit-weight rows from what a walk over their keys found; the same bits as a walk
  /// over every score gives.
  init<Key: ScoreKey>(
    _ sums: RankSums<Key>, positives: Int, negatives: Int, _ score: (Key) -> Double
  ) {
    let (allOnes, allZeros) = (Double(positives), Double(negatives))
    let bothClasses = positives > 0 && negatives > 0
    areas = RankAreas(
      rocArea: bothClasses ? sums.twicePairs.half / (allOnes * allZeros) : nil,
      averagePrecision: positives == 0 ? nil : sums.steps.value / allOnes,
      bestF1: positives == 0 ? nil : (sums.best.value, score(sums.best.key)))
    precisionRecallArea = positives == 0 ? nil : sums.trapezoids.value / allOnes
    ksStatistic = bothClasses ? sums.largestGap / (allOnes * allZeros) : nil
  }
}

extension RankAreas {
  /// Those of unit-weight rows in layers; the same bits as a walk over every score gives.
  init<Key: ScoreKey>(
    _ sums: LayerSums<Key>, positives: Double, negatives: Double, _ score: (Key) -> Double
  ) {
    let bothClasses = positives > 0 && negatives > 0
    self.init(
      rocArea: bothClasses ? Double(sums.twicePairs) / 2 / (positives * negatives) : nil,
      averagePrecision: positives > 0 ? sums.steps.value / positives : nil,
      bestF1: positives > 0 ? (sums.best.value, score(sums.best.key)) : nil)
  }
}
