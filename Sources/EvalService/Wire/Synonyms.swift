import JSONRPC

/// Words of the field that are not names here, and what they are called here.
private let words: KeyValuePairs<String, [String]> = [
  "auroc": ["roc_auc", "roc_auc_macro"], "auc": ["roc_auc", "roc_auc_macro"],
  "roc": ["roc_auc", "roc_auc_macro"], "rocauc": ["roc_auc", "roc_auc_macro"],
  "roc_auc": ["roc_auc_macro"], "auprc": ["average_precision", "average_precision_macro"],
  "ap": ["average_precision", "map", "average_precision_macro"],
  "average_precision": ["average_precision_macro"], "acc": ["accuracy"],
  "ppl": ["perplexity"], "miou": ["iou_macro"], "em": ["exact_match"], "kappa": ["cohen_kappa"],
  "tpr": ["recall"], "sensitivity": ["recall"], "ppv": ["precision"],
  "npv": ["negative_predictive_value"], "tnr": ["specificity"], "fpr": ["false_positive_rate"],
  "fnr": ["false_negative_rate"], "true_positive_rate": ["recall"],
  "true_negative_rate": ["specificity"], "demographic_parity": ["selection_rate"],
  "fbeta": ["f_beta", "f_beta_macro"], "f_beta": ["f_beta_macro"],
  "f1_score": ["f1", "f1_macro"],
  "f_score": ["f_beta", "f1", "f_beta_macro"],
  "brier_score": ["brier"], "matthews_corrcoef": ["mcc"],
  "expected_calibration_error": ["ece"], "ks": ["ks_statistic"], "nll": ["log_loss"],
  "cross_entropy": ["log_loss"], "stddev": ["std"], "average": ["mean"],
  "preds": ["predictions"], "pred": ["predictions"], "y_pred": ["predictions", "scores"],
  "y_true": ["labels", "targets", "relevances"],
  "target": ["labels", "targets", "relevances"],
  "targets": ["labels", "relevances"], "label": ["labels", "targets"],
  "labels": ["targets", "relevances"],
  "y_score": ["scores"], "score": ["scores"], "scores": ["predictions"],
  "probs": ["scores"], "probabilities": ["scores"], "logits": ["scores"],
  "num_classes": ["classes"], "sample_weight": ["weights"], "weight": ["weights"],
  "bertscore": ["bertscore_f1"], "bert_score": ["bertscore_f1"],
  "prediction_mask": ["prediction_token_weights"],
  "reference_mask": ["reference_token_weights"],
  "prediction_ids": ["prediction_tokens"], "reference_ids": ["reference_tokens"],
  "baseline": ["rescale_baseline"], "rescale_with_baseline": ["rescale_baseline"],
  "loss": ["values"], "value": ["values"], "id": ["ids"], "classification": ["binary"],
  "retrieval": ["ranking"], "information_retrieval": ["ranking"], "trec_eval": ["ranking"],
  "recommendation": ["ranking"], "query": ["queries"], "query_ids": ["queries"],
  "query_id": ["queries"], "qid": ["queries"], "users": ["queries"], "items": ["documents"],
  "document": ["documents"], "document_ids": ["documents"], "docs": ["documents"],
  "docno": ["documents"], "relevance": ["relevances"], "grades": ["relevances"],
  "qrels": ["relevances", "relevant"], "run": ["scores"],
  "recommended": ["retrieved"], "results": ["retrieved"], "mean_average_precision": ["map"],
  "mean_reciprocal_rank": ["mrr"], "recip_rank": ["mrr"], "rprec": ["r_precision"],
  "precision": ["precision@k"], "recall": ["recall@k"], "f1": ["f1@k"],
  "success": ["success@k"], "hit_rate": ["hit_rate@k"], "hits": ["hit_rate@k"],
  "ner": ["token_classification"], "seqeval": ["token_classification"],
  "label_list": ["tags"], "token_acc": ["token_accuracy"], "f1_ent_type": ["f1_type"],
  "squad": ["question_answering"], "squad_v2": ["question_answering"],
  "qa": ["question_answering"], "answers": ["references"], "ground_truths": ["references"],
  "gold": ["references", "labels"], "refs": ["references"], "hypotheses": ["predictions"],
  "na_probs": ["no_answer_probabilities"], "no_answer_probability": ["no_answer_probabilities"],
  "exact": ["exact_match"], "has_ans_f1": ["has_answer_f1"], "no_ans_f1": ["no_answer_f1"],
  "has_ans_exact": ["has_answer_exact_match"], "no_ans_exact": ["no_answer_exact_match"],
  "best_exact_thresh": ["best_exact_threshold"], "best_f1_thresh": ["best_f1_threshold"],
  "nll": ["negative_log_likelihood"], "bpb": ["bits_per_byte"], "loss": ["cross_entropy"],
  "logprobs": ["log_probs"], "log_probabilities": ["log_probs"], "log_likelihoods": ["log_probs"],
  "nlls": ["negative_log_likelihoods"], "token_counts": ["tokens"], "num_tokens": ["tokens"],
  "acc_norm": ["accuracy_norm"], "choices": ["choice_scores"], "gold": ["labels"],
  "task_id": ["problems"], "task_ids": ["problems"], "problem": ["problems"],
  "pass_at_k": ["pass@k"], "ratings": ["annotations"], "alpha": ["krippendorff_alpha"],
  "quadratic_kappa": ["weighted_kappa"], "qwk": ["weighted_kappa"], "mmlu": ["multiple_choice"],
  "lm": ["language_model"], "causal_lm": ["language_model"], "humaneval": ["code_generation"],
  "interrater": ["agreement"], "inter_rater": ["agreement"],
  "mean_absolute_error": ["mae"], "mean_squared_error": ["mse"],
  "root_mean_squared_error": ["rmse"], "r2_score": ["r2"], "r_squared": ["r2"],
  "mean_absolute_percentage_error": ["mape"], "medae": ["median_absolute_error"],
  "mean_squared_log_error": ["msle"], "pearsonr": ["pearson"], "pearson_corrcoef": ["pearson"],
  "spearmanr": ["spearman"], "spearman_corrcoef": ["spearman"], "bias": ["mean_error"],
  "ccc": ["concordance_correlation"], "quantile_loss": ["pinball_loss"],
  "mean_pinball_loss": ["pinball_loss"], "huber_loss": ["huber"],
  "mean_poisson_deviance": ["poisson_deviance"], "mean_gamma_deviance": ["gamma_deviance"],
  "sacrebleu": ["bleu"], "bleu4": ["bleu"], "chrf++": ["chrf_plus_plus"],
  "chrfpp": ["chrf_plus_plus"],
  "rouge_1": ["rouge1"], "rouge_2": ["rouge2"], "rouge_l": ["rougeL"], "rougel": ["rougeL"],
  "rougelsum": ["rougeLsum"], "rouge_lsum": ["rougeLsum"], "rouge": ["rougeL"],
  "word_error_rate": ["wer"], "char_error_rate": ["cer"], "character_error_rate": ["cer"],
  "translation_edit_rate": ["ter"], "tokenize": ["tokenizer"], "smooth_method": ["smoothing"],
  "use_stemmer": ["stemmer"], "hyps": ["predictions"],
  "reference": ["references"], "translation": ["text_generation"],
  "summarization": ["text_generation"],
]

/// By word; a word that stands there twice has the names of both.
private let synonyms = Dictionary(words.map { ($0.key, $0.value) }, uniquingKeysWith: +)

/// The hint for a name that is not known: the right name of a synonym, near names, or all of a short list.
func unknownNameHint(_ name: String, among known: [String]) -> String {
  if let right = synonyms[name.lowercased()]?.first(where: known.contains) {
    return "here it is called \"\(right)\""
  }
  let all = known.map { "\"\($0)\"" }.joined(separator: ", ")
  return nearNamesHint(
    name, in: known,
    otherwise: known.isEmpty ? "there are none" : known.count <= 40 ? "known: \(all)" : "")
}
