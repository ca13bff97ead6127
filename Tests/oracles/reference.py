"""What the reference libraries say of binary rows, by the names that evald gives the metrics.

Where a library has no value, or a stand-in, the answer is the reason that the protocol names.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit
from scipy.stats import ks_2samp
from sklearn import metrics

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Answer = float | str


@dataclass(frozen=True)
class Binary:
    """Rows with a score, which count by their weight."""

    scores: Floats
    labels: Ints
    weights: Floats
    kind: str = "probability"

    def __post_init__(self) -> None:
        # Rows without weight are no rows, as scikit-learn has it.
        held = self.weights > 0
        for name in ("scores", "labels", "weights"):
            object.__setattr__(self, name, getattr(self, name)[held])

    @property
    def threshold(self) -> float:
        return 0.5 if self.kind == "probability" else 0.0

    @property
    def probabilities(self) -> Floats:
        return np.asarray(expit(self.scores)) if self.kind == "logit" else self.scores

    @property
    def is_empty(self) -> bool:
        return len(self.labels) == 0

    @property
    def has_one_class(self) -> bool:
        return len(np.unique(self.labels)) < 2


def masked(rows: Binary, chosen: npt.NDArray[np.bool_]) -> Binary:
    """Some of the rows; only of rows that all have weight."""
    return Binary(
        rows.scores[chosen], rows.labels[chosen], rows.weights[chosen], rows.kind
    )


# --- Decisions

DECISIONS = [
    "accuracy",
    "balanced_accuracy",
    "precision",
    "recall",
    "specificity",
    "negative_predictive_value",
    "false_positive_rate",
    "false_negative_rate",
    "selection_rate",
    "prevalence",
    "f1",
    "mcc",
    "cohen_kappa",
    "jaccard",
    "majority_accuracy",
]


def decisions(
    labels: Ints, decided: Ints, weights: Floats, zero_division: Any = "report"
) -> dict[str, Answer]:
    """Every metric of decisions: 0, 1, and 2 for an abstention."""
    zero = math.nan if zero_division in ("report", "skip") else float(zero_division)

    def one(function: Callable[..., Any], label: int, reason: str) -> Answer:
        x = function(
            labels,
            decided,
            labels=[label],
            average="macro",
            sample_weight=weights,
            zero_division=zero,
        )
        return reason if math.isnan(x) else float(x)

    def quotient(a: float, b: float, reason: str) -> Answer:
        if b:
            return float(a / b)
        return reason if math.isnan(zero) else zero

    def weight(rows: npt.NDArray[np.bool_]) -> float:
        return float(weights[rows].sum())

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one_label = len(np.unique(labels)) < 2
        varies = not one_label and len(np.unique(decided)) > 1
        agrees = one_label and np.array_equal(labels, decided)
        predicted_or_positive = weight((labels == 1) | (decided == 1))
        return {
            "accuracy": float(
                metrics.accuracy_score(labels, decided, sample_weight=weights)
            ),
            "balanced_accuracy": float(
                metrics.balanced_accuracy_score(labels, decided, sample_weight=weights)
            ),
            "precision": one(metrics.precision_score, 1, "no_predicted_positives"),
            "recall": one(metrics.recall_score, 1, "no_positives"),
            "specificity": one(metrics.recall_score, 0, "no_negatives"),
            "negative_predictive_value": one(
                metrics.precision_score, 0, "zero_division"
            ),
            "false_positive_rate": quotient(
                weight((labels == 0) & (decided == 1)),
                weight(labels == 0),
                "no_negatives",
            ),
            "false_negative_rate": quotient(
                weight((labels == 1) & (decided != 1)),
                weight(labels == 1),
                "no_positives",
            ),
            "selection_rate": float(np.average(decided == 1, weights=weights)),
            "prevalence": float(np.average(labels, weights=weights)),
            "f1": one(metrics.f1_score, 1, "zero_division"),
            "mcc": float(
                metrics.matthews_corrcoef(labels, decided, sample_weight=weights)
            )
            if varies
            else "no_variation",
            "cohen_kappa": "no_variation"
            if agrees
            else float(
                metrics.cohen_kappa_score(labels, decided, sample_weight=weights)
            ),
            "jaccard": float(
                metrics.jaccard_score(
                    labels, decided, labels=[1], average="macro", sample_weight=weights
                )
            )
            if predicted_or_positive
            else quotient(0, 0, "zero_division"),
            "majority_accuracy": max(weight(labels == 1), weight(labels == 0))
            / weights.sum(),
        }


def f_beta(labels: Ints, decided: Ints, weights: Floats, beta: float) -> Answer:
    x = metrics.fbeta_score(
        labels, decided, beta=beta, sample_weight=weights, zero_division=math.nan
    )
    return "zero_division" if math.isnan(x) else float(x)


def counts(labels: Ints, decided: Ints, weights: Floats) -> dict[str, float]:
    """The confusion matrix by name."""
    table = metrics.confusion_matrix(
        labels, decided, labels=[0, 1, 2], sample_weight=weights
    )
    named = {
        "true_positives": table[1, 1],
        "false_positives": table[0, 1],
        "true_negatives": table[0, 0],
        "false_negatives": table[1, 0],
    }
    if table[:, 2].any():
        named["abstained"] = table[:, 2].sum()
    return {name: float(x) for name, x in named.items()}


# --- Scores

RANKS = [
    "roc_auc",
    "gini",
    "partial_roc_auc",
    "average_precision",
    "pr_auc",
    "ks_statistic",
    "optimal_f1",
    "optimal_threshold",
]
LOSSES = ["log_loss", "brier", "ece", "mce", "ace"]


def ranks(rows: Binary, max_fpr: float = 0.1) -> dict[str, Answer]:
    """Every metric of the order of the scores."""
    found: dict[str, Answer] = dict.fromkeys(RANKS, "one_class")
    y, s, w = rows.labels, rows.scores, rows.weights
    for name in ("average_precision", "pr_auc", "optimal_f1", "optimal_threshold"):
        found[name] = "no_positives"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if not rows.has_one_class:
            area = float(metrics.roc_auc_score(y, s, sample_weight=w))
            found["roc_auc"] = area
            found["gini"] = 2 * area - 1
            found["partial_roc_auc"] = float(
                metrics.roc_auc_score(
                    y, s, sample_weight=w, max_fpr=None if max_fpr == 1 else max_fpr
                )
            )
            found["ks_statistic"] = ks(rows)
        if y.any():
            found["average_precision"] = float(
                metrics.average_precision_score(y, s, sample_weight=w)
            )
            precision, recall, thresholds = metrics.precision_recall_curve(
                y, s, sample_weight=w
            )
            found["pr_auc"] = float(metrics.auc(recall, precision))
            total = np.where(precision + recall > 0, precision + recall, 1)
            f1 = (2 * precision * recall / total)[:-1]
            found["optimal_f1"] = float(f1.max())
            # Of equal optima the highest threshold; the curve's quotients round.
            ties = np.isclose(f1, f1.max(), rtol=1e-13, atol=0)
            found["optimal_threshold"] = float(thresholds[ties].max())
    return found


def ks(rows: Binary) -> float:
    if (rows.weights == 1).all():
        positive = rows.labels == 1
        return float(ks_2samp(rows.scores[positive], rows.scores[~positive]).statistic)
    fpr, tpr, _ = metrics.roc_curve(
        rows.labels, rows.scores, sample_weight=rows.weights, drop_intermediate=False
    )
    return float(np.abs(tpr - fpr).max())


def log_loss(rows: Binary) -> float:
    epsilon = float(np.finfo(np.float64).eps)
    if rows.kind != "logit":
        return float(
            metrics.log_loss(
                rows.labels, rows.scores, sample_weight=rows.weights, labels=[0, 1]
            )
        )
    # scikit-learn takes 1 - p, which loses what a logit knows of a p near 1.
    chosen = expit(np.where(rows.labels == 1, rows.scores, -rows.scores))
    losses = -np.log(np.clip(chosen, epsilon, 1 - epsilon))
    return float(np.average(losses, weights=rows.weights))


def brier(rows: Binary) -> float:
    return float(
        metrics.brier_score_loss(
            rows.labels, rows.probabilities, sample_weight=rows.weights
        )
    )


@dataclass(frozen=True)
class Bins:
    """A reliability diagram: one entry for each bin, those without rows too."""

    edges: Floats
    mass: Floats
    mean_score: Floats
    positive_rate: Floats

    @property
    def gaps(self) -> Floats:
        held = self.mass > 0
        return np.asarray(np.abs(self.mean_score - self.positive_rate)[held])

    @property
    def ece(self) -> float:
        return float((self.gaps * self.mass[self.mass > 0]).sum() / self.mass.sum())


def bins(rows: Binary, count: int, strategy: str) -> Bins:
    """scikit-learn's `calibration_curve`, with the weights and the empty bins that it leaves out."""
    p, w = rows.probabilities, rows.weights
    if strategy == "uniform":
        edges = np.linspace(0.0, 1.0, count + 1)
    elif (w == 1).all():
        edges = np.percentile(p, np.linspace(0, 1, count + 1) * 100)
    else:
        edges = np.quantile(
            p, np.linspace(0, 1, count + 1), weights=w, method="inverted_cdf"
        )
    ids = np.searchsorted(edges[1:-1], p)
    mass = np.asarray(np.bincount(ids, w, count), dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        return Bins(
            np.asarray(edges, dtype=float),
            mass,
            np.asarray(np.bincount(ids, w * p, count) / mass),
            np.asarray(np.bincount(ids, w * rows.labels, count) / mass),
        )


def losses(rows: Binary, count: int = 15) -> dict[str, Answer]:
    """Every metric of probabilities."""
    if rows.kind == "score":
        return dict.fromkeys(LOSSES, "needs_probabilities")
    uniform = bins(rows, count, "uniform")
    return {
        "log_loss": log_loss(rows),
        "brier": brier(rows),
        "ece": uniform.ece,
        "mce": float(uniform.gaps.max()),
        "ace": float(bins(rows, count, "quantile").gaps.mean()),
    }


# --- Comparing


def close(found: Any, wanted: Any, relative: float = 1e-12) -> bool:
    """Equal, or apart by what the reference rounds: `relative`, or 2e-15 where it subtracts numbers near 1."""
    if (
        isinstance(found, str)
        or isinstance(wanted, str)
        or found is None
        or wanted is None
    ):
        return bool(found == wanted)
    if found == wanted:
        return True
    return math.isclose(found, wanted, rel_tol=relative, abs_tol=2e-15)


def assert_close(
    found: dict[str, Any], wanted: dict[str, Any], relative: float = 1e-12
) -> None:
    """Fails with all that differs."""
    wrong = {
        name: (found.get(name), value)
        for name, value in wanted.items()
        if not close(found.get(name), value, relative)
    }
    assert not wrong, f"found, wanted: {wrong}"
