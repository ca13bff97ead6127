extension RankingTask {
  public static let catalogue = Catalogue<RankingState>(metrics: [
    .precisionAtK,
    .recallAtK,
    .f1AtK,
    .hitRateAtK,
    .successAtK,
    .mrr,
    .mrrAtK,
    .map,
    .mapAtK,
    .ndcg,
    .ndcgAtK,
    .rPrecision,
    .bpref,
  ])

  public static let defaultMetrics = ["ndcg@10", "map", "mrr", "precision@10", "recall@10"]
}
