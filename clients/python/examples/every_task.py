"""Every task in a few lines: what is pushed, and what is asked.

    pip install ./clients/python
    python clients/python/examples/every_task.py [task ...]

Lists stand here for what usually are numpy arrays or torch tensors. A batch may be all there is, as
here, or one of many.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import evald


def binary(ev: evald.Evald) -> evald.Result:
    """Probabilities of a classifier, and the threshold that is best for F1."""
    stream = ev.stream("spam", task="binary")
    stream.push(scores=[0.9, 0.8, 0.4, 0.3, 0.1], labels=[1, 0, 1, 0, 0])
    return stream.query("f1", "roc_auc", "optimal_threshold", "ece")


def multiclass(ev: evald.Evald) -> evald.Result:
    """Logits of three classes; any k can be asked afterwards."""
    stream = ev.stream(
        "pets", task="multiclass", classes=["cat", "dog", "bird"], score_kind="logit"
    )
    stream.push(
        scores=[[2.0, 1.0, -1.0], [0.3, 0.2, 0.1], [-1.0, 3.0, 0.0]],
        labels=["cat", "dog", "dog"],
    )
    return stream.query("accuracy", "top_k_accuracy@2", "f1_macro", "log_loss", "confusion_matrix")


def multilabel(ev: evald.Evald) -> evald.Result:
    """Two tags, each with a probability of its own, decided at 0.4 instead of 0.5."""
    stream = ev.stream("tags", task="multilabel", classes=["outdoor", "people"])
    stream.push(
        scores=[[0.9, 0.3], [0.45, 0.8], [0.7, 0.1]],
        labels=[[1, 0], [1, 1], [0, 0]],
    )
    return stream.query("f1_macro", "hamming_loss", "roc_auc_macro", threshold=0.4)


def regression(ev: evald.Evald) -> evald.Result:
    """Prices; a metric with options is an object."""
    stream = ev.stream("price", task="regression")
    stream.push(predictions=[310.0, 190.5, 402.0], targets=[300.0, 200.0, 400.0])
    pinball = {"metric": "pinball_loss", "alpha": 0.9}
    return stream.query("mae", "rmse", "r2", "spearman", pinball)


def ranking(ev: evald.Evald) -> evald.Result:
    """What was found for two queries, the best first, and what is relevant."""
    stream = ev.stream("search", task="ranking")
    stream.push(
        queries=["cats", "dogs"],
        retrieved=[["d3", "d1", "d7"], ["d2"]],
        relevant=[{"d1": 2, "d9": 1}, ["d2", "d5"]],
    )
    return stream.query("ndcg@3", "map", "mrr", "recall@2", "f1@2")


def language_model(ev: evald.Evald) -> evald.Result:
    """Sequences with their negative log-likelihood; long ones count more, as they should."""
    stream = ev.stream("lm", task="language_model")
    stream.push(negative_log_likelihoods=[31.5, 4.2], tokens=[12, 2], bytes=[55, 9], words=[10, 2])
    return stream.query("perplexity", "bits_per_byte", "word_perplexity")


def multiple_choice(ev: evald.Evald) -> evald.Result:
    """Log-likelihoods of the answers to two questions, and how long the answers are."""
    stream = ev.stream("mmlu", task="multiple_choice")
    stream.push(
        choice_scores=[[-3.1, -2.5, -9.0, -4.4], [-6.0, -5.5]],
        choice_lengths=[[4, 3, 8, 5], [12, 6]],
        labels=[1, 0],
    )
    return stream.query("accuracy", "accuracy_norm", "log_loss")


def segmentation(ev: evald.Evald) -> evald.Result:
    """A mask of six pixels, one of them not to be counted."""
    stream = ev.stream("masks", task="segmentation", classes=["road", "car"], ignore_index=255)
    stream.push(predictions=[[[0, 0, 1], [0, 1, 1]]], targets=[[[0, 0, 0], [0, 1, 255]]])
    return stream.query("pixel_accuracy", "iou_macro", "dice_per_class")


def code_generation(ev: evald.Evald) -> evald.Result:
    """Ten samples for each of two problems, and how many pass."""
    stream = ev.stream("code", task="code_generation")
    stream.push(problems=["sort", "parse"], samples=[10, 10], correct=[7, 1])
    return stream.query("pass@1", "pass@5")


def agreement(ev: evald.Evald) -> evald.Result:
    """Three raters of four items, one of whom has missed one."""
    stream = ev.stream("raters", task="agreement")
    stream.push(
        annotations=[["yes", "yes", "no"], ["no", "no", "no"], ["yes", None, "yes"], ["no"] * 3]
    )
    return stream.query("percent_agreement", "cohen_kappa", "krippendorff_alpha")


def question_answering(ev: evald.Evald) -> evald.Result:
    """Answers and what would have been right, by SQuAD's rules."""
    stream = ev.stream("squad", task="question_answering")
    stream.push(
        predictions=["the Eiffel Tower", "1890"], references=[["Eiffel Tower"], ["1889", "in 1889"]]
    )
    return stream.query("exact_match", "f1")


def token_classification(ev: evald.Evald) -> evald.Result:
    """Tags of a sentence; what counts are whole entities."""
    stream = ev.stream("ner", task="token_classification")
    stream.push(
        predictions=[["B-PER", "I-PER", "O", "B-LOC"]], references=[["B-PER", "O", "O", "B-LOC"]]
    )
    return stream.query("f1", "token_accuracy", "per_type")


def text_generation(ev: evald.Evald) -> evald.Result:
    """A translation and its references."""
    stream = ev.stream("mt", task="text_generation", metrics=["bleu", "chrf", "rougeL"])
    stream.push(
        predictions=["the cat sat on the mat"], references=[["a cat sat on the mat", "the cat sat"]]
    )
    return stream.query()


def embedding_similarity(ev: evald.Evald) -> evald.Result:
    """Embeddings of the tokens of two texts; evald.models.BertScore makes real ones."""
    stream = ev.stream("similar", task="embedding_similarity", dimension=2)
    stream.push(
        prediction_embeddings=[[1.0, 0.0], [0.6, 0.8]],
        prediction_lengths=[2],
        reference_embeddings=[[0.0, 1.0], [1.0, 0.0], [0.8, 0.6]],
        reference_lengths=[3],
    )
    return stream.query("bertscore_precision", "bertscore_recall", "bertscore_f1")


def scalar(ev: evald.Evald) -> evald.Result:
    """Any number that was computed elsewhere, such as a loss."""
    stream = ev.stream("loss", task="scalar")
    stream.push(values=[0.31, 0.29, 0.35])
    return stream.query("mean", "std", "median")


TASKS: dict[str, Callable[[evald.Evald], evald.Result]] = {
    task.__name__: task
    for task in (
        binary,
        multiclass,
        multilabel,
        regression,
        ranking,
        language_model,
        multiple_choice,
        segmentation,
        code_generation,
        agreement,
        question_answering,
        token_classification,
        text_generation,
        embedding_similarity,
        scalar,
    )
}


def main() -> None:
    with evald.start() as ev:
        for name in sys.argv[1:] or TASKS:
            print(TASKS[name].__doc__)
            print(TASKS[name](ev), end="\n\n")


if __name__ == "__main__":
    main()
