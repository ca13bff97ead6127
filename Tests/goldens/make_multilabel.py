"""Writes the goldens of the multilabel task from scikit-learn, scipy and numpy.

python Tests/goldens/make_multilabel.py
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
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
from sklearn import metrics
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

PACKAGES = ["scikit-learn", "scipy", "numpy"]
EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Rows:
    """The rows of a question in the form that the references read."""

    names: list[Any]
    labels: Ints
    decisions: Ints
    weights: Floats
    scores: Floats | None
    stream: Options
    options: Options

    @property
    def kind(self) -> str:
        return str(self.stream.get("score_kind", "probability"))

    @property
    def zero_division(self) -> Any:
        return self.stream.get("zero_division", "report")

    @property
    def zero(self) -> float:
        """scikit-learn's zero_division where 0/0 is the answer."""
        if self.zero_division in ("report", "skip"):
            return math.nan
        return float(self.zero_division)

    @property
    def averaged(self) -> list[int]:
        """The classes that averages run over."""
        if self.stream.get("average_over", "seen") == "declared":
            return list(range(len(self.names)))
        seen = (self.labels | self.decisions).any(axis=0)
        return [int(place) for place in np.flatnonzero(seen)]

    @property
    def table(self) -> tuple[Ints, Ints]:
        """Labels and decisions; a single column, which scikit-learn takes for classes, has an empty one beside it."""
        if len(self.names) > 1:
            return self.labels, self.decisions
        empty = np.zeros_like(self.labels)
        return np.hstack([self.labels, empty]), np.hstack([self.decisions, empty])

    @property
    def probabilities(self) -> Floats:
        assert self.scores is not None
        return np.asarray(expit(self.scores)) if self.kind == "logit" else self.scores

    @property
    def elements(self) -> tuple[Ints, Floats, Floats]:
        """Labels, scores and weights of all classes together."""
        assert self.scores is not None
        width = self.labels.shape[1]
        return (
            self.labels.ravel(),
            self.scores.ravel(),
            np.repeat(self.weights, width),
        )


def rows_of(columns: Columns, stream: Options, options: Options) -> Rows:
    labels = np.array(columns["labels"], dtype=int)
    names = stream.get("classes")
    if not isinstance(names, list):
        names = list(range(labels.shape[1]))
    scores = None
    if "scores" in columns:
        scores = np.array(columns["scores"], dtype=float)
        kind = stream.get("score_kind", "probability")
        threshold = stream.get("threshold", 0.5 if kind == "probability" else 0.0)
        decisions = (scores >= threshold).astype(int)
    else:
        decisions = np.array(columns["predictions"], dtype=int)
    weights = np.array(columns.get("weights", [1.0] * len(labels)), dtype=float)
    # Rows without weight are no rows.
    held = weights > 0
    return Rows(
        names,
        labels[held],
        decisions[held],
        weights[held],
        None if scores is None else scores[held],
        stream,
        options,
    )


# --- Metrics of decisions


def averaged(place: int, average: str, r: Rows) -> Expected:
    """Precision, recall or F-beta of scikit-learn."""
    zero = r.zero
    if r.zero_division == "report" and average != "micro":
        zero = 0.0
    if not r.averaged and average != "micro":
        # No class occurs, so there is none to average over.
        return Undefined("zero_division")
    if average == "weighted" and not r.labels.any() and r.zero_division == "report":
        return Undefined("zero_division")
    found = metrics.precision_recall_fscore_support(
        *r.table,
        labels=r.averaged or None,
        average=average,
        sample_weight=r.weights,
        zero_division=zero,
        beta=r.options.get("beta", 1),
    )
    return number(float(found[place]), "zero_division")


def f1_samples(r: Rows) -> Expected:
    zero = 0.0 if r.zero_division == "report" else r.zero
    found = metrics.f1_score(
        *r.table,
        average="samples",
        sample_weight=r.weights,
        zero_division=zero,
    )
    return number(float(found), "zero_division")


def per_class(r: Rows) -> Any:
    found = metrics.precision_recall_fscore_support(
        *r.table, sample_weight=r.weights, zero_division=r.zero
    )
    keys = ("precision", "recall", "f1", "support")
    rows = []
    for place, name in enumerate(r.names):
        row: dict[str, Any] = {"class": name}
        for key, values in zip(keys, found, strict=True):
            x = float(values[place])
            row[key] = None if math.isnan(x) else x
        rows.append(row)
    return rows


def confusion_matrix(r: Rows) -> Any:
    matrices = metrics.multilabel_confusion_matrix(
        *r.table, sample_weight=r.weights
    )[: len(r.names)].astype(float)
    normalize = r.options.get("normalize")
    with np.errstate(invalid="ignore"):
        if normalize == "true":
            matrices = matrices / matrices.sum(axis=2, keepdims=True)
        elif normalize == "pred":
            matrices = matrices / matrices.sum(axis=1, keepdims=True)
        elif normalize == "all":
            matrices = matrices / matrices.sum(axis=(1, 2), keepdims=True)
    return {"classes": r.names, "matrix": np.nan_to_num(matrices).tolist()}


DECISIONS: dict[str, Callable[[Rows], Any]] = {
    "subset_accuracy": lambda r: float(
        metrics.accuracy_score(r.labels, r.decisions, sample_weight=r.weights)
    ),
    "hamming_loss": lambda r: float(
        metrics.hamming_loss(r.labels, r.decisions, sample_weight=r.weights)
    ),
    "f1_samples": f1_samples,
    "per_class": per_class,
    "confusion_matrix": confusion_matrix,
}
for _place, _name in enumerate(("precision", "recall", "f1")):
    for _average in ("micro", "macro", "weighted"):
        DECISIONS[f"{_name}_{_average}"] = partial(averaged, _place, _average)
        if _name == "f1":
            DECISIONS[f"f_beta_{_average}"] = partial(averaged, _place, _average)


# --- Metrics of scores


def ordered(function: Callable[..., float], r: Rows) -> float:
    if r.labels.shape[1] == 1:
        # scikit-learn takes one column for no multilabel rows; a second one that says nothing changes nothing.
        if function is metrics.label_ranking_loss:
            return 0.0
        if function is metrics.label_ranking_average_precision_score:
            return 1.0
        return float(np.average(r.labels[:, 0], weights=r.weights))
    return float(function(r.labels, r.scores, sample_weight=r.weights))


def by_class(function: Callable[..., float], average: str, r: Rows) -> Expected:
    assert r.scores is not None
    if average == "micro":
        labels, scores, weights = r.elements
        if not labels.any():
            return Undefined(
                "one_class" if function is metrics.roc_auc_score else "no_positives"
            )
        if function is metrics.roc_auc_score and labels.all():
            return Undefined("one_class")
        return float(function(labels, scores, sample_weight=weights))
    # An area needs a negative too; precision does not.
    needs_both = function is metrics.roc_auc_score
    places = range(len(r.names))
    absent = [
        x
        for x in places
        if not r.labels[:, x].any() or (needs_both and r.labels[:, x].all())
    ]
    kept = [x for x in places if x not in absent]
    if absent and r.zero_division != "skip" or not kept:
        return Undefined("absent_class")
    values = [
        function(r.labels[:, x], r.scores[:, x], sample_weight=r.weights) for x in kept
    ]
    support = [
        r.weights[r.labels[:, x] == 1].sum() if average == "weighted" else 1.0
        for x in kept
    ]
    found = float(np.average(values, weights=support))
    if not absent and len(r.names) > 1:
        theirs = function(
            r.labels, r.scores, average=average, sample_weight=r.weights
        )
        assert math.isclose(found, theirs, rel_tol=1e-9)
    return found


SCORES: dict[str, Callable[[Rows], Any]] = {
    "label_ranking_average_precision": partial(
        ordered, metrics.label_ranking_average_precision_score
    ),
    "coverage_error": partial(ordered, metrics.coverage_error),
    "label_ranking_loss": partial(ordered, metrics.label_ranking_loss),
}
for _average in ("micro", "macro", "weighted"):
    SCORES[f"roc_auc_{_average}"] = partial(by_class, metrics.roc_auc_score, _average)
    SCORES[f"average_precision_{_average}"] = partial(
        by_class, metrics.average_precision_score, _average
    )


# --- Metrics of probabilities


def log_loss(r: Rows) -> float:
    labels, scores, weights = r.elements
    if r.kind == "logit":
        # scikit-learn takes 1 - p, which loses what a logit knows of a p near 1.
        chosen = expit(np.where(labels == 1, scores, -scores))
    else:
        chosen = np.where(labels == 1, scores, 1 - scores)
    losses = -np.log(np.clip(chosen, EPSILON, 1 - EPSILON))
    return float(np.average(losses, weights=weights))


def brier(r: Rows) -> float:
    labels, _, weights = r.elements
    return float(
        metrics.brier_score_loss(
            labels, r.probabilities.ravel(), sample_weight=weights, labels=[0, 1]
        )
    )


def gaps(r: Rows) -> tuple[Floats, Floats]:
    """The weight and the gap of each bin that holds scores."""
    count = r.options.get("bins", 15)
    labels, _, weights = r.elements
    p = r.probabilities.ravel()
    edges = np.linspace(0.0, 1.0, count + 1)
    places = np.searchsorted(edges[1:-1], p)
    mass = np.bincount(places, weights=weights, minlength=count)
    confidence = np.bincount(places, weights=weights * p, minlength=count)
    right = np.bincount(places, weights=weights * labels, minlength=count)
    held = mass > 0
    weight = np.asarray(mass[held], dtype=np.float64)
    return weight, np.abs(right - confidence)[held] / weight


PROBABILITIES: dict[str, Callable[[Rows], Any]] = {
    "log_loss": log_loss,
    "brier": brier,
    "ece": lambda r: float(np.average(gaps(r)[1], weights=gaps(r)[0])),
    "mce": lambda r: float(gaps(r)[1].max()),
}

OPTIONS: dict[str, list[Options]] = {
    "f_beta_micro": [{}, {"beta": 2}],
    "f_beta_macro": [{}, {"beta": 0.5}, {"beta": 2}, {"beta": 0}],
    "f_beta_weighted": [{}, {"beta": 2}],
    "confusion_matrix": [
        {},
        {"normalize": "true"},
        {"normalize": "pred"},
        {"normalize": "all"},
    ],
    "ece": [{}, {"bins": 1}, {"bins": 10}],
    "mce": [{}, {"bins": 1}, {"bins": 10}],
}


# --- Rows


def datasets() -> list[Data]:
    rng = np.random.default_rng(13)
    n = 40

    def scored(
        name: str, scores: Any, labels: Any, weights: Any = None, **options: Any
    ) -> Data:
        columns = {
            "scores": np.asarray(scores, dtype=float).tolist(),
            "labels": np.asarray(labels).tolist(),
        }
        if weights is not None:
            columns["weights"] = np.asarray(weights, dtype=float).tolist()
        return Data(name, columns, options)

    def decided(name: str, predictions: Any, labels: Any, **options: Any) -> Data:
        columns = {
            "predictions": np.asarray(predictions).tolist(),
            "labels": np.asarray(labels).tolist(),
        }
        return Data(name, columns, options)

    labels = (rng.random((n, 4)) < [0.5, 0.3, 0.2, 0.6]).astype(int)
    logits = rng.normal(0, 1, (n, 4)) + 2 * labels - 1
    probabilities = expit(logits)
    weights = np.round(rng.gamma(2, 1, n), 3)
    some = np.concatenate([[1.0], rng.choice([0.0, 1.0, 2.0], n - 1)])
    guesses = (probabilities >= 0.5).astype(int)
    never = labels.copy()
    never[:, 2] = 0
    # The bits of a digit, from its pixels.
    digits, digit = load_digits(return_X_y=True)
    bits = (digit[:, None] >> np.arange(4)) & 1
    trained = np.stack(
        [
            LogisticRegression(max_iter=20)
            .fit(digits[:300] / 16, bits[:300, place])
            .predict_proba(digits[1730:] / 16)[:, 1]
            for place in range(4)
        ],
        axis=1,
    )
    names = ["red", "green", "blue", 7]
    weighted = decided("weighted decisions", guesses, labels, classes=names)
    weighted.columns["weights"] = weights.tolist()
    result = [
        scored("probabilities", probabilities, labels),
        scored("two digits", np.round(probabilities, 1), labels),
        scored("all scores tied", np.full((12, 3), 0.5), labels[:12, :3]),
        scored("logits", logits, labels, score_kind="logit"),
        scored("raw scores", np.round(logits * 3), labels, score_kind="score"),
        scored("own threshold", probabilities, labels, threshold=0.8),
        scored("weights", probabilities, labels, weights),
        scored("some rows without weight", probabilities, labels, some),
        scored("a class without labels", np.round(probabilities, 2), never),
        scored(
            "a class without labels, skipped", probabilities, never, zero_division="skip"
        ),
        scored(
            "averages over all", probabilities / 2, never, average_over="declared"
        ),
        scored("one class", probabilities[:, :1], labels[:, :1]),
        scored("nothing and everything", probabilities, np.repeat([[0], [1]], 20, axis=0) * np.ones((1, 4), dtype=int)),
        scored("bits of digits", trained, bits[1730:], classes=["one", "two", "four", "eight"]),
        decided("decisions", guesses, labels),
        decided("decisions by name", guesses, labels, classes=names),
        weighted,
    ]
    for setting in ("report", 0, 1, "skip"):
        result += [
            decided(
                f"labels without decisions, {setting}",
                np.zeros((3, 3), dtype=int),
                [[1, 0, 0], [0, 0, 0], [1, 1, 0]],
                zero_division=setting,
            ),
            decided(
                f"decisions without labels, {setting}",
                [[1, 0, 0], [0, 0, 0], [1, 1, 0]],
                np.zeros((3, 3), dtype=int),
                zero_division=setting,
            ),
            decided(
                f"neither, {setting}",
                np.zeros((2, 2), dtype=int),
                np.zeros((2, 2), dtype=int),
                zero_division=setting,
            ),
        ]
    return result


def answers(
    data: Data, function: Callable[[Rows], Any], options: Options
) -> list[tuple[int, Expected]]:
    found = []
    for rows in prefixes(data.rows):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found.append(
                (rows, function(rows_of(data.prefix(rows), data.options, options)))
            )
    return found


def undefined(data: Data, reason: str) -> list[tuple[int, Expected]]:
    return [(rows, Undefined(reason)) for rows in prefixes(data.rows)]


def cases(name: str, data: list[Data]) -> list[Case]:
    result = []
    for item in data:
        kind = item.options.get("score_kind", "probability")
        for options in OPTIONS.get(name, [{}]):
            metric: str | dict[str, Any] = (
                {"metric": name, **options} if options else name
            )
            if name in DECISIONS:
                found = answers(item, DECISIONS[name], options)
            elif "scores" not in item.columns:
                found = undefined(item, "needs_scores")
            elif name in SCORES:
                found = answers(item, SCORES[name], options)
            elif kind == "score":
                found = undefined(item, "needs_probabilities")
            else:
                found = answers(item, PROBABILITIES[name], options)
            result.append(Case(item.name, metric, None, found))
    return result


def main() -> None:
    data = datasets()
    write_rows("multilabel", data)
    for name in [*DECISIONS, *SCORES, *PROBABILITIES]:
        write("multilabel", name, PACKAGES, cases(name, data))


if __name__ == "__main__":
    main()
