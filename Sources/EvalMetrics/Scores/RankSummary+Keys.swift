extension RankSummary {
  /// The summary of unit-weight rows from what a walk over their keys found; the same bits as a walk
  /// over every score gives.
  init<Key: ScoreKey>(
    _ sums: RankSums<Key>, positives: Int, negatives: Int, _ score: (Key) -> Double
  ) {
    let (allOnes, allZeros) = (Double(positives), Double(negatives))
    let bothClasses = positives > 0 && negatives > 0
    rocArea = bothClasses ? sums.twicePairs.half / (allOnes * allZeros) : nil
    averagePrecision = positives == 0 ? nil : sums.areas.values.x / allOnes
    precisionRecallArea = positives == 0 ? nil : sums.areas.values.y / allOnes
    ksStatistic = bothClasses ? sums.largestGap / (allOnes * allZeros) : nil
    bestF1 = positives == 0 ? nil : (sums.best.value, score(sums.best.key))
  }
}
