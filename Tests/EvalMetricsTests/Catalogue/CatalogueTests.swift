import EvalMetrics
import EvalTestSupport
import Testing

/// What every catalogue promises, checked of all tasks and metrics there are.
@Suite struct CatalogueTests {
  /// The names of the protocol, version 1: released names keep their meaning, so none may go.
  static let released: [String: String] = [
    "binary": """
    accuracy balanced_accuracy precision recall specificity negative_predictive_value \
    false_positive_rate false_negative_rate selection_rate prevalence f1 f_beta mcc cohen_kappa \
    jaccard confusion_matrix roc_auc partial_roc_auc average_precision pr_auc log_loss brier ece \
    mce ace ks_statistic gini optimal_f1 optimal_threshold majority_accuracy
    """,
    "multiclass": """
    accuracy top_k_accuracy@k balanced_accuracy precision_micro precision_macro precision_weighted \
    recall_micro recall_macro recall_weighted f1_micro f1_macro f1_weighted f_beta_micro f_beta_macro \
    f_beta_weighted per_class mcc cohen_kappa confusion_matrix log_loss brier ece mce roc_auc_macro \
    roc_auc_weighted average_precision_macro majority_accuracy
    """,
    "multilabel": """
    subset_accuracy hamming_loss precision_micro precision_macro precision_weighted recall_micro \
    recall_macro recall_weighted f1_micro f1_macro f1_weighted f1_samples f_beta_micro f_beta_macro \
    f_beta_weighted per_class label_ranking_average_precision coverage_error label_ranking_loss \
    log_loss brier ece mce roc_auc_macro roc_auc_weighted average_precision_macro
    """,
    "regression": """
    mae mse rmse r2 adjusted_r2 explained_variance mape smape median_absolute_error max_error msle \
    pearson spearman concordance_correlation concordance mean_error pinball_loss poisson_deviance \
    gamma_deviance huber residual_quantile target_quantile
    """,
    "ranking": """
    precision@k recall@k f1@k hit_rate@k success@k mrr mrr@k map map@k ndcg ndcg@k r_precision bpref
    """,
    "text_generation": """
    bleu chrf chrf_plus_plus ter rouge1 rouge1_precision rouge1_recall rouge2 rouge2_precision \
    rouge2_recall rougeL rougeL_precision rougeL_recall rougeLsum rougeLsum_precision \
    rougeLsum_recall meteor exact_match token_f1 wer cer
    """,
    "embedding_similarity": "bertscore_precision bertscore_recall bertscore_f1",
    "language_model": """
    negative_log_likelihood cross_entropy perplexity bits_per_byte byte_perplexity word_perplexity \
    token_accuracy
    """,
    "multiple_choice": "accuracy accuracy_norm log_loss",
    "code_generation": "pass@k",
    "agreement": """
    cohen_kappa weighted_kappa fleiss_kappa krippendorff_alpha percent_agreement f1_agreement
    """,
    "segmentation": """
    pixel_accuracy mean_accuracy iou_macro iou_per_class frequency_weighted_iou dice_macro \
    dice_per_class
    """,
    "scalar": "mean std sum min max sem median quantile",
  ]

  @Test(arguments: released.keys.sorted()) func holdsEveryReleasedName(_ task: String) throws {
    let names = try Tasks.metrics(of: task).map(\.name)
    #expect(
      Set(names).isSuperset(
        of: Self.released[task, default: ""].split(separator: " ").map(String.init)))
  }

  @Test(arguments: Tasks.names) func namesAreUniqueAndAliasesNameAMetric(_ task: String) throws {
    let metrics = try Tasks.metrics(of: task)
    let names = metrics.map(\.name)
    #expect(Set(names).count == names.count)
    for metric in metrics {
      #expect(metric.task == task)
      #expect(!metric.summary.isEmpty && !metric.source.isEmpty && !metric.range.isEmpty)
      let letters = metric.name.allSatisfy {
        $0.isASCII && ($0.isLowercase || "_@0123456789L".contains($0))
      }
      #expect(letters || metric.name.hasPrefix("rouge"), "\(metric.name) is not snake case")
      if let alias = metric.aliasOf {
        #expect(metrics.contains { $0.name == alias && $0.aliasOf == nil })
      }
      #expect(Set(metric.options.map(\.name)).count == metric.options.count)
      for option in metric.options where option.standard != .null {
        #expect((try? option.check(option.standard)) != nil, "\(metric.name): \(option.name)")
      }
    }
  }

  @Test func reasonsAreTheClosedListOfTheProtocol() {
    #expect(
      Set(Reason.allCases.map(\.rawValue))
        == [
          "no_rows", "one_class", "no_positives", "no_negatives", "no_predicted_positives",
          "zero_division", "no_variation", "too_few_rows", "overflow", "not_enough_samples",
          "absent_class", "infeasible", "diverges", "needs_scores", "needs_probabilities",
          "not_kept",
        ])
  }

  @Test(arguments: Tasks.names) func nothingIsKnownOfNoRows(_ task: String) throws {
    var bench = try Bench(task)
    for metric in try Tasks.metrics(of: task) {
      #expect(try bench.ask(metric.example) == .undefined(.noRows), "\(metric.name)")
    }
    #expect(!bench.engine.defaultRequests.isEmpty)
  }

  /// On every hazard, an answer is a number of the range that the catalogue tells, or has a reason that it tells.
  @Test(arguments: try LawTasks.cases()) func answersAreWhatTheCatalogueTells(
    _ hazard: LawCase
  ) throws {
    for (question, answer) in try hazard.answers() {
      if let reason = answer.reason {
        let told = question.undefined + [.noRows]
        // A threshold of the query's own needs scores, whatever the metric.
        let isTold = told.contains(reason) || (question.hasThreshold && reason == .needsScores)
        #expect(isTold || hazard.mayOverflow && reason == .overflow, "\(question.text): \(reason)")
        #expect(answer.value == nil)
      } else {
        #expect(answer.value != nil)
        if let x = answer.number, let range = CatalogueRange(question.range) {
          #expect(range.contains(x), "\(question.text): \(x) is not in \(question.range)")
        }
      }
    }
  }
}

/// The interval that a catalogue writes, such as "[0, 1]" or "(-inf, 1]".
struct CatalogueRange {
  var low: Double
  var high: Double

  init?(_ text: String) {
    let ends = text.drop { $0 != "[" && $0 != "(" }.dropFirst().prefix { $0 != "]" && $0 != ")" }
      .split(separator: ",").map { Double($0.trimming(" ")) }
    guard ends.count == 2, let low = ends[0], let high = ends[1] else { return nil }
    self.low = low
    self.high = high
  }

  /// Whether a number is inside, but for the last bits of its rounding.
  func contains(_ x: Double) -> Bool { x >= low - 1e-14 && x <= high + 1e-14 }
}

extension Substring {
  fileprivate func trimming(_ character: Character) -> String {
    String(drop { $0 == character }.reversed().drop { $0 == character }.reversed())
  }
}
