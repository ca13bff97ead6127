extension BinaryTask {
  public static let catalogue = Catalogue<BinaryState>(metrics: [
    .accuracy,
    .balancedAccuracy,
    .precision,
    .recall,
    .specificity,
    .negativePredictiveValue,
    .falsePositiveRate,
    .falseNegativeRate,
    .selectionRate,
    .prevalence,
    .f1,
    .fBeta,
    .mcc,
    .cohenKappa,
    .jaccard,
    .confusionMatrix,
    .rocAUC,
    .partialROCAUC,
    .averagePrecision,
    .prAUC,
    .logLoss,
    .brier,
    .ece,
    .mce,
    .ace,
    .ksStatistic,
    .gini,
    .optimalF1,
    .optimalThreshold,
    .majorityAccuracy,
  ])

  public static let defaultMetrics = [
    "accuracy", "precision", "recall", "f1", "roc_auc", "average_precision", "brier", "ece",
    "optimal_f1", "optimal_threshold",
  ]
}
