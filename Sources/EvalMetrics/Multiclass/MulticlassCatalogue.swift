extension MulticlassTask {
  public static let catalogue = Catalogue<MulticlassState>(metrics: [
    .accuracy,
    .topKAccuracy,
    .balancedAccuracy,
    .precision(.micro),
    .precision(.macro),
    .precision(.weighted),
    .recall(.micro),
    .recall(.macro),
    .recall(.weighted),
    .f1(.micro),
    .f1(.macro),
    .f1(.weighted),
    .fBeta(.micro),
    .fBeta(.macro),
    .fBeta(.weighted),
    .perClass,
    .mcc,
    .cohenKappa,
    .confusionMatrix,
    .logLoss,
    .brier,
    .ece,
    .mce,
    .rocAUC(.macro),
    .rocAUC(.weighted),
    .averagePrecisionMacro,
    .majorityAccuracy,
  ])

  public static let defaultMetrics = [
    "accuracy", "balanced_accuracy", "precision_macro", "recall_macro", "f1_macro", "mcc",
    "log_loss", "brier", "ece",
  ]
}
