extension SortedScores {
  /// The area under the ROC curve up to a false positive rate, standardised so that 0.5 is chance
  /// (McClish 1989), as scikit-learn's `roc_auc_score(max_fpr=)`; nil with one class only.
  func partialROCArea(upTo limit: Double) -> Double? {
    guard positives > 0, negatives > 0 else { return nil }
    return once("partial_roc:\(limit)") {
      var visitor = PartialROCVisitor(limit: limit, positives: positives, negatives: negatives)
      walk(&visitor)
      let chance = limit * limit / 2
      return (1 + (visitor.area.value - chance) / (limit - chance)) / 2
    }
  }
}

private struct PartialROCVisitor: ScoreVisitor {
  let limit: Double
  let positives: Double
  let negatives: Double
  var area = CompensatedSum()
  private var tp = CompensatedSum()
  private var fp = CompensatedSum()
  private var lastFPR = 0.0
  private var lastTPR = 0.0

  init(limit: Double, positives: Double, negatives: Double) {
    self.limit = limit
    self.positives = positives
    self.negatives = negatives
  }

  mutating func visit(_ score: Double, _ positives: Double, _ negatives: Double) {
    if lastFPR >= limit { return }
    tp.add(positives)
    fp.add(negatives)
    let fpr = fp.value / self.negatives
    let tpr = tp.value / self.positives
    if fpr <= limit {
      area.add((fpr - lastFPR) * (tpr + lastTPR) / 2)
    } else {
      // The curve is a straight line between two scores.
      let end = lastTPR + (tpr - lastTPR) * (limit - lastFPR) / (fpr - lastFPR)
      area.add((limit - lastFPR) * (end + lastTPR) / 2)
    }
    lastFPR = fpr
    lastTPR = tpr
  }
}
