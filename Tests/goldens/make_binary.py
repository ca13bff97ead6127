"""Writes the goldens of the binary task from scikit-learn, scipy and numpy.

python Tests/goldens/make_binary.py
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
from golden import (
    Case,
    Columns,
    Data,
    Expected,
    Options,
    Undefined,
    number,
    prefixes,
    write,
    write_rows,
)
from scipy.special import expit
from scipy.stats import ks_2samp
from sklearn import metrics
from sklearn.calibration import calibration_curve
from sklearn.dummy import DummyClassifier

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

PACKAGES = ["scikit-learn", "scipy", "numpy"]


@dataclass(frozen=True)
class Rows:
    """The rows of a question in the form that the references read."""

    labels: Ints
    # 0, 1, and 2 for an abstention.
    decisions: Ints
    weights: Floats
    scores: Floats | None
    kind: str
    zero_division: Any
    options: Options

    @property
    def zero(self) -> float:
        """scikit-learn's zero_division: NaN where there is to be no value."""
        return (
            math.nan
            if self.zero_division in ("report", "skip")
            else float(self.zero_division)
        )

    @property
    def probabilities(self) -> Floats:
        assert self.scores is not None
        return np.asarray(expit(self.scores)) if self.kind == "logit" else self.scores

    @property
    def one_class(self) -> bool:
        return len(set(self.labels.tolist())) < 2

    def quotient(self, a: float, b: float, reason: str) -> Expected:
        if b != 0:
            return float(a / b)
        return Undefined(reason) if math.isnan(self.zero) else self.zero

    def counts(self) -> tuple[float, float, float, float, float]:
        """tn, fp, fn, tp and abstained, of scikit-learn's confusion matrix."""
        table = metrics.confusion_matrix(
            self.labels, self.decisions, labels=[0, 1, 2], sample_weight=self.weights
        )
        return (
            table[0, 0],
            table[0, 1],
            table[1, 0],
            table[1, 1],
            table[0, 2] + table[1, 2],
        )


def rows_of(
    columns: Columns, options: Options, metric_options: Options, threshold: float | None
) -> Rows:
    labels = np.array([int(x) for x in columns["labels"]])
    kind = options.get("score_kind", "probability")
    scores = np.array(columns["scores"], dtype=float) if "scores" in columns else None
    if scores is None:
        decisions = np.array(
            [2 if x is None else int(x) for x in columns["predictions"]]
        )
    else:
        own = options.get("threshold", 0.5 if kind == "probability" else 0.0)
        decisions = (scores >= (own if threshold is None else threshold)).astype(int)
    weights = np.array(columns.get("weights", [1.0] * len(labels)), dtype=float)
    # Rows without weight are no rows, as scikit-learn has it.
    held = weights > 0
    return Rows(
        labels[held],
        decisions[held],
        weights[held],
        None if scores is None else scores[held],
        kind,
        options.get("zero_division", "report"),
        metric_options,
    )


# --- Metrics of decisions


def one(
    function: Callable[..., Any], label: int, reason: str
) -> Callable[[Rows], Expected]:
    """A metric of scikit-learn for one of the labels; abstentions are a third one."""

    def answer(r: Rows) -> Expected:
        value = function(
            r.labels,
            r.decisions,
            labels=[label],
            average="macro",
            sample_weight=r.weights,
            zero_division=r.zero,
            **(
                {"beta": r.options.get("beta", 1)}
                if function is metrics.fbeta_score
                else {}
            ),
        )
        return number(float(value), reason)

    return answer


def jaccard(r: Rows) -> Expected:
    _, fp, _, tp, _ = r.counts()
    positives = float(r.weights[r.labels == 1].sum())
    if positives + fp == 0:
        return r.quotient(tp, positives + fp, "zero_division")
    return float(
        metrics.jaccard_score(
            r.labels, r.decisions, labels=[1], average="macro", sample_weight=r.weights
        )
    )


def balanced_accuracy(r: Rows) -> Expected:
    return float(
        metrics.balanced_accuracy_score(r.labels, r.decisions, sample_weight=r.weights)
    )


def false_positive_rate(r: Rows) -> Expected:
    _, fp, _, _, _ = r.counts()
    return r.quotient(fp, float(r.weights[r.labels == 0].sum()), "no_negatives")


def false_negative_rate(r: Rows) -> Expected:
    positives = r.labels == 1
    missed = float(r.weights[positives & (r.decisions != 1)].sum())
    return r.quotient(missed, float(r.weights[positives].sum()), "no_positives")


def mcc(r: Rows) -> Expected:
    if r.one_class or len(set(r.decisions.tolist())) < 2:
        return Undefined("no_variation")
    return float(
        metrics.matthews_corrcoef(r.labels, r.decisions, sample_weight=r.weights)
    )


def cohen_kappa(r: Rows) -> Expected:
    if r.one_class and set(r.decisions.tolist()) == set(r.labels.tolist()):
        return Undefined("no_variation")
    return float(
        metrics.cohen_kappa_score(r.labels, r.decisions, sample_weight=r.weights)
    )


def confusion_matrix(r: Rows) -> Expected:
    tn, fp, fn, tp, abstained = r.counts()
    divisors: dict[str | None, tuple[float, float, float, float]] = {
        None: (1, 1, 1, 1),
        "true": (
            r.weights[r.labels == 0].sum(),
            r.weights[r.labels == 0].sum(),
            r.weights[r.labels == 1].sum(),
            r.weights[r.labels == 1].sum(),
        ),
        "pred": (tn + fn, tp + fp, tn + fn, tp + fp),
        "all": (r.weights.sum(),) * 4,
    }
    normalize = r.options.get("normalize")
    shares = [
        float(count / divisor) if divisor else 0.0
        for count, divisor in zip((tn, fp, fn, tp), divisors[normalize], strict=True)
    ]
    if normalize is not None and abstained == 0:
        # Without abstentions this is scikit-learn's own normalisation.
        table = metrics.confusion_matrix(
            r.labels,
            r.decisions,
            labels=[0, 1],
            sample_weight=r.weights,
            normalize=normalize,
        )
        assert np.allclose(table.ravel(), shares, rtol=1e-14)
    names = ("true_negatives", "false_positives", "false_negatives", "true_positives")
    values: dict[str, Any] = dict(zip(names, shares, strict=True))
    if normalize is None and abstained:
        values["abstained"] = float(abstained)
    return values


def majority_accuracy(r: Rows) -> Expected:
    features = np.zeros((len(r.labels), 1))
    model = DummyClassifier(strategy="most_frequent").fit(
        features, r.labels, sample_weight=r.weights
    )
    return float(model.score(features, r.labels, sample_weight=r.weights))


DECISIONS: dict[str, Callable[[Rows], Expected]] = {
    "accuracy": lambda r: float(
        metrics.accuracy_score(r.labels, r.decisions, sample_weight=r.weights)
    ),
    "balanced_accuracy": balanced_accuracy,
    "precision": one(metrics.precision_score, 1, "no_predicted_positives"),
    "recall": one(metrics.recall_score, 1, "no_positives"),
    "specificity": one(metrics.recall_score, 0, "no_negatives"),
    "negative_predictive_value": one(metrics.precision_score, 0, "zero_division"),
    "false_positive_rate": false_positive_rate,
    "false_negative_rate": false_negative_rate,
    "selection_rate": lambda r: float(np.average(r.decisions == 1, weights=r.weights)),
    "prevalence": lambda r: float(np.average(r.labels, weights=r.weights)),
    "f1": one(metrics.f1_score, 1, "zero_division"),
    "f_beta": one(metrics.fbeta_score, 1, "zero_division"),
    "mcc": mcc,
    "cohen_kappa": cohen_kappa,
    "jaccard": jaccard,
    "confusion_matrix": confusion_matrix,
    "majority_accuracy": majority_accuracy,
}


# --- Metrics of scores


def needs_both(function: Callable[[Rows], float]) -> Callable[[Rows], Expected]:
    return lambda r: Undefined("one_class") if r.one_class else float(function(r))


def needs_positives(function: Callable[[Rows], float]) -> Callable[[Rows], Expected]:
    return lambda r: float(function(r)) if r.labels.any() else Undefined("no_positives")


def roc_auc(r: Rows, max_fpr: float | None = None) -> float:
    return float(
        metrics.roc_auc_score(
            r.labels, r.scores, sample_weight=r.weights, max_fpr=max_fpr
        )
    )


def partial_roc_auc(r: Rows) -> float:
    limit = r.options.get("max_fpr", 0.1)
    return roc_auc(r, None if limit == 1 else limit)


def average_precision(r: Rows) -> float:
    return float(
        metrics.average_precision_score(r.labels, r.scores, sample_weight=r.weights)
    )


def pr_auc(r: Rows) -> float:
    precision, recall, _ = metrics.precision_recall_curve(
        r.labels, r.scores, sample_weight=r.weights
    )
    return float(metrics.auc(recall, precision))


def ks_statistic(r: Rows) -> float:
    fpr, tpr, _ = metrics.roc_curve(
        r.labels, r.scores, sample_weight=r.weights, drop_intermediate=False
    )
    distance = float(np.abs(tpr - fpr).max())
    if (r.weights == 1).all():
        assert r.scores is not None
        found = ks_2samp(r.scores[r.labels == 1], r.scores[r.labels == 0]).statistic
        assert math.isclose(found, distance, rel_tol=1e-12)
        return float(found)
    return distance


def best_f1(r: Rows) -> tuple[Fraction, float]:
    """In whole numbers, so that ties are ties; the highest threshold of equal ones."""
    assert r.scores is not None
    best = (Fraction(-1), math.inf)
    weights = [Fraction(float(w)) for w in r.weights]
    positives = sum(
        (w for w, y in zip(weights, r.labels, strict=True) if y), Fraction(0)
    )
    for threshold in sorted(set(r.scores.tolist()), reverse=True):
        chosen = [i for i, s in enumerate(r.scores) if s >= threshold and weights[i]]
        tp = sum((weights[i] for i in chosen if r.labels[i]), Fraction(0))
        predicted = sum((weights[i] for i in chosen), Fraction(0))
        f1 = 2 * tp / (positives + predicted)
        if chosen and f1 > best[0]:
            best = (f1, threshold)
    precision, recall, _ = metrics.precision_recall_curve(
        r.labels, r.scores, sample_weight=r.weights
    )
    with np.errstate(invalid="ignore"):
        curve = np.nan_to_num(2 * precision * recall / (precision + recall))
    assert math.isclose(curve.max(), best[0], rel_tol=1e-12, abs_tol=1e-15)
    return best


def log_loss(r: Rows) -> float:
    if r.kind != "logit":
        return float(
            metrics.log_loss(
                r.labels, r.probabilities, sample_weight=r.weights, labels=[0, 1]
            )
        )
    # scikit-learn takes 1 - p, which loses what a logit knows of a p near 1.
    assert r.scores is not None
    epsilon = np.finfo(float).eps
    chosen = expit(np.where(r.labels == 1, r.scores, -r.scores))
    return float(
        np.average(-np.log(np.clip(chosen, epsilon, 1 - epsilon)), weights=r.weights)
    )


def brier(r: Rows) -> float:
    return float(
        metrics.brier_score_loss(r.labels, r.probabilities, sample_weight=r.weights)
    )


def bin_gaps(r: Rows, strategy: str) -> tuple[Floats, Floats]:
    """The weight and the gap of each bin that holds rows."""
    count = r.options.get("bins", 15)
    p = r.probabilities
    if strategy == "uniform":
        edges = np.linspace(0.0, 1.0, count + 1)
    elif (r.weights == 1).all():
        edges = np.percentile(p, np.linspace(0, 1, count + 1) * 100)
    else:
        edges = np.quantile(
            p, np.linspace(0, 1, count + 1), weights=r.weights, method="inverted_cdf"
        )
    ids = np.searchsorted(edges[1:-1], p)
    mass = np.asarray(np.bincount(ids, r.weights, count), dtype=float)
    gaps = np.abs(np.bincount(ids, r.weights * (r.labels - p), count))
    held = mass > 0
    if (r.weights == 1).all():
        # The bins are those of scikit-learn.
        true, predicted = calibration_curve(
            r.labels, p, n_bins=count, strategy=strategy, pos_label=1
        )
        assert np.allclose(
            np.abs(true - predicted), (gaps / np.maximum(mass, 1))[held], atol=1e-14
        )
    held_mass = mass[held]
    return held_mass, gaps[held] / held_mass


def ece(r: Rows) -> float:
    mass, gaps = bin_gaps(r, "uniform")
    return float((mass * gaps).sum() / mass.sum())


SCORES: dict[str, Callable[[Rows], Expected]] = {
    "roc_auc": needs_both(roc_auc),
    "partial_roc_auc": needs_both(partial_roc_auc),
    "average_precision": needs_positives(average_precision),
    "pr_auc": needs_positives(pr_auc),
    "ks_statistic": needs_both(ks_statistic),
    "gini": needs_both(lambda r: 2 * roc_auc(r) - 1),
    "optimal_f1": needs_positives(lambda r: float(best_f1(r)[0])),
    "optimal_threshold": needs_positives(lambda r: best_f1(r)[1]),
}

PROBABILITIES: dict[str, Callable[[Rows], Expected]] = {
    "log_loss": lambda r: log_loss(r),
    "brier": lambda r: brier(r),
    "ece": lambda r: ece(r),
    "mce": lambda r: float(bin_gaps(r, "uniform")[1].max()),
    "ace": lambda r: float(bin_gaps(r, "quantile")[1].mean()),
}

OPTIONS: dict[str, list[Options]] = {
    "f_beta": [{}, {"beta": 2}, {"beta": 0.5}, {"beta": 0}],
    "confusion_matrix": [
        {},
        {"normalize": "true"},
        {"normalize": "pred"},
        {"normalize": "all"},
    ],
    "partial_roc_auc": [{}, {"max_fpr": 0.5}, {"max_fpr": 1}],
    "ece": [{}, {"bins": 10}, {"bins": 1}],
    "mce": [{}, {"bins": 10}],
    "ace": [{}, {"bins": 4}],
}


# --- Rows


def datasets() -> list[Data]:
    rng = np.random.default_rng(20261121)
    n = 64
    labels = rng.integers(0, 2, n)
    two_digits = np.clip(np.round(rng.random(n) * 0.6 + labels * 0.3, 2), 0, 1)
    # Powers of two and their sums, so that every reference adds them exactly.
    weights = rng.choice([0.25, 0.5, 1.0, 1.5, 2.0, 3.0], n)
    logits = np.round(rng.normal(0, 2, n) + labels, 3)
    offset = 1e9 + np.round(rng.normal(0, 4, n) + 2 * labels, 2)
    rare = np.zeros(500, dtype=int)
    rare[[123, 400]] = 1
    abstaining = [None if x < 0.15 else int(x > 0.55) for x in rng.random(n)]

    def scored(name: str, scores: Any, y: Any = labels, **options: Any) -> Data:
        return Data(
            name,
            {"scores": np.asarray(scores).tolist(), "labels": np.asarray(y).tolist()},
            options,
        )

    weighted = scored("weights", two_digits)
    weighted.columns["weights"] = weights.tolist()
    some = scored("some rows without weight", two_digits)
    some.columns["weights"] = [1.0] + rng.choice([0.0, 1.0, 2.0], n - 1).tolist()
    result = [
        scored("two digits", two_digits),
        scored("full precision", rng.random(n)),
        scored("edges of bins", rng.integers(0, 16, n) / 15),
        scored("halves and both ends", rng.choice([0.0, 0.5, 1.0], n)),
        scored("all scores tied", np.full(20, 0.5), labels[:20]),
        scored("positives only", two_digits[:20], np.ones(20, dtype=int)),
        scored("negatives only", two_digits[:20], np.zeros(20, dtype=int)),
        scored("0.2 % positives", np.round(rng.random(500), 4), rare),
        scored("own threshold", two_digits, threshold=0.75),
        scored("logits", logits, score_kind="logit"),
        scored("extreme logits", np.round(rng.normal(0, 300, n)), score_kind="logit"),
        scored("scores around 1e9", offset, score_kind="score", threshold=1e9),
        scored(
            "denormals",
            rng.integers(0, 5, n) * 5e-324,
            score_kind="score",
            threshold=1e-323,
        ),
        weighted,
        some,
        Data(
            "predictions",
            {"predictions": rng.integers(0, 2, n).tolist(), "labels": labels.tolist()},
        ),
        Data("abstentions", {"predictions": abstaining, "labels": labels.tolist()}),
        Data(
            "weighted abstentions",
            {
                "predictions": abstaining,
                "labels": labels.tolist(),
                "weights": weights.tolist(),
            },
        ),
        Data(
            "only abstentions",
            {"predictions": [None] * 8, "labels": labels[:8].tolist()},
        ),
    ]
    for setting in ("report", 0, 1, "skip"):
        for label in (0, 1):
            for decision in (0, 1):
                result.append(
                    Data(
                        f"all {label}, decided {decision}, zero_division {setting}",
                        {"predictions": [decision] * 3, "labels": [label] * 3},
                        {"zero_division": setting},
                    )
                )
    return result


def answers(
    data: Data,
    function: Callable[[Rows], Expected],
    options: Options,
    threshold: float | None,
) -> list[tuple[int, Expected]]:
    found = []
    for rows in prefixes(data.rows):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found.append(
                (
                    rows,
                    function(
                        rows_of(data.prefix(rows), data.options, options, threshold)
                    ),
                )
            )
    return found


def cases(name: str, data: list[Data]) -> list[Case]:
    result = []
    for item in data:
        scored = "scores" in item.columns
        kind = item.options.get("score_kind", "probability")
        thresholds: list[float | None] = [None]
        if name in DECISIONS and item.name in ("two digits", "weights", "logits"):
            thresholds += [0.3, 0.9]
        for options in OPTIONS.get(name, [{}]):
            metric: str | dict[str, Any] = (
                {"metric": name, **options} if options else name
            )
            for threshold in thresholds:
                if name in DECISIONS:
                    found = answers(item, DECISIONS[name], options, threshold)
                elif not scored:
                    found = [
                        (n, Undefined("needs_scores")) for n in prefixes(item.rows)
                    ]
                elif name in SCORES:
                    found = answers(item, SCORES[name], options, threshold)
                elif kind == "score":
                    found = [
                        (n, Undefined("needs_probabilities"))
                        for n in prefixes(item.rows)
                    ]
                else:
                    found = answers(item, PROBABILITIES[name], options, threshold)
                result.append(Case(item.name, metric, threshold, found))
    return result


def main() -> None:
    data = datasets()
    write_rows("binary", data)
    for name in [*DECISIONS, *SCORES, *PROBABILITIES]:
        write("binary", name, PACKAGES, cases(name, data))


if __name__ == "__main__":
    main()
