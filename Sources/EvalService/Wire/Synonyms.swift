import JSONRPC

/// Words of the field that are not names here, and what they are called here.
private let synonyms: [String: [String]] = [
  "auroc": ["roc_auc"], "auc": ["roc_auc"], "roc": ["roc_auc"], "rocauc": ["roc_auc"],
  "auprc": ["average_precision"], "ap": ["average_precision"], "acc": ["accuracy"],
  "ppl": ["perplexity"], "miou": ["iou_macro"], "em": ["exact_match"], "kappa": ["cohen_kappa"],
  "tpr": ["recall"], "sensitivity": ["recall"], "ppv": ["precision"],
  "npv": ["negative_predictive_value"], "tnr": ["specificity"], "fpr": ["false_positive_rate"],
  "fnr": ["false_negative_rate"], "fbeta": ["f_beta"], "f1_score": ["f1"],
  "f_score": ["f_beta", "f1"], "brier_score": ["brier"], "matthews_corrcoef": ["mcc"],
  "expected_calibration_error": ["ece"], "ks": ["ks_statistic"], "nll": ["log_loss"],
  "cross_entropy": ["log_loss"], "stddev": ["std"], "average": ["mean"],
  "preds": ["predictions"], "pred": ["predictions"], "y_pred": ["predictions", "scores"],
  "y_true": ["labels", "targets"], "target": ["labels", "targets"],
  "targets": ["labels"], "label": ["labels"], "y_score": ["scores"], "score": ["scores"],
  "probs": ["scores"], "probabilities": ["scores"], "logits": ["scores"],
  "num_classes": ["classes"], "sample_weight": ["weights"], "weight": ["weights"],
  "loss": ["values"], "value": ["values"], "id": ["ids"], "classification": ["binary"],
  "squad": ["question_answering"], "squad_v2": ["question_answering"],
  "qa": ["question_answering"], "answers": ["references"], "ground_truths": ["references"],
  "gold": ["references", "labels"], "refs": ["references"], "hypotheses": ["predictions"],
  "na_probs": ["no_answer_probabilities"], "no_answer_probability": ["no_answer_probabilities"],
  "exact": ["exact_match"], "has_ans_f1": ["has_answer_f1"], "no_ans_f1": ["no_answer_f1"],
  "has_ans_exact": ["has_answer_exact_match"], "no_ans_exact": ["no_answer_exact_match"],
  "best_exact_thresh": ["best_exact_threshold"], "best_f1_thresh": ["best_f1_threshold"],
]

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
