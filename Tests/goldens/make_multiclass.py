"""Writes the goldens of the multiclass task from scikit-learn, scipy and numpy.

python Tests/goldens/make_multiclass.py
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
from scipy.special import log_softmax, softmax
from sklearn import metrics
from sklearn.datasets import load_digits, load_wine
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

PACKAGES = ["scikit-learn", "scipy", "numpy"]
EPSILON = float(np.finfo(np.float64).eps)
# The code of a prediction that is none.
ABSTAINED = -1


@dataclass(frozen=True)
class Rows:
    """The rows of a question, classes by their place in `names`."""

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
        return (
            math.nan
            if self.zero_division in ("report", "skip")
            else float(self.zero_division)
        )

    @property
    def seen(self) -> list[int]:
        """The classes that occur."""
        return sorted({*self.labels.tolist(), *self.decisions.tolist()} - {ABSTAINED})

    @property
    def told(self) -> list[int]:
        """The classes of a confusion matrix: the declared ones, else those that occur."""
        return list(range(len(self.names))) if "classes" in self.stream else self.seen

    @property
    def averaged(self) -> list[int]:
        declared = self.stream.get("average_over", "seen") == "declared"
        return self.told if declared else self.seen

    @property
    def probabilities(self) -> Floats:
        assert self.scores is not None
        if self.kind == "logit":
            return np.asarray(softmax(self.scores, axis=1))
        return self.scores

    @property
    def distinct(self) -> bool:
        return len({*self.labels.tolist(), *self.decisions.tolist()}) > 1


def order(names: list[Any]) -> list[Any]:
    integers = sorted(x for x in names if isinstance(x, int))
    return integers + sorted(
        (x for x in names if isinstance(x, str)), key=lambda x: x.encode()
    )


def rows_of(columns: Columns, stream: Options, options: Options) -> Rows:
    scores = np.array(columns["scores"], dtype=float) if "scores" in columns else None
    declared = stream.get("classes")
    if isinstance(declared, list):
        names = declared
    elif isinstance(declared, int):
        names = list(range(declared))
    elif scores is not None:
        names = list(range(scores.shape[1]))
    else:
        found = {*columns["labels"], *columns["predictions"]} - {None}
        names = order(list(found))
    places = {name: place for place, name in enumerate(names)}
    labels = np.array([places[x] for x in columns["labels"]], dtype=int)
    if scores is None:
        decisions = np.array(
            [ABSTAINED if x is None else places[x] for x in columns["predictions"]],
            dtype=int,
        )
    else:
        decisions = scores.argmax(axis=1)
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
    found = metrics.precision_recall_fscore_support(
        r.labels,
        r.decisions,
        labels=r.averaged,
        average=average,
        sample_weight=r.weights,
        zero_division=zero,
        beta=r.options.get("beta", 1),
    )
    return number(float(found[place]), "zero_division")


def per_class(r: Rows) -> Any:
    found = metrics.precision_recall_fscore_support(
        r.labels,
        r.decisions,
        labels=r.averaged,
        sample_weight=r.weights,
        zero_division=r.zero,
    )
    keys = ("precision", "recall", "f1", "support")
    rows = []
    for place, label in enumerate(r.averaged):
        row: dict[str, Any] = {"class": r.names[label]}
        for key, values in zip(keys, found, strict=True):
            x = float(values[place])
            row[key] = None if math.isnan(x) else x
        rows.append(row)
    return rows


def balanced_accuracy(r: Rows) -> Expected:
    return float(
        metrics.balanced_accuracy_score(r.labels, r.decisions, sample_weight=r.weights)
    )


def mcc(r: Rows) -> Expected:
    if len(set(r.labels.tolist())) < 2 or len(set(r.decisions.tolist())) < 2:
        return Undefined("no_variation")
    return float(
        metrics.matthews_corrcoef(r.labels, r.decisions, sample_weight=r.weights)
    )


def cohen_kappa(r: Rows) -> Expected:
    weights = r.options.get("weights", "none")
    labels, decisions, sample = r.labels, r.decisions, r.weights
    if weights != "none":
        held = decisions != ABSTAINED
        labels, decisions, sample = labels[held], decisions[held], sample[held]
    if len({*labels.tolist(), *decisions.tolist()}) < 2:
        return Undefined("no_variation")
    places = {label: place for place, label in enumerate(r.told)}
    return float(
        metrics.cohen_kappa_score(
            [places.get(x, -1) for x in labels.tolist()],
            [places.get(x, -1) for x in decisions.tolist()],
            labels=range(-1 if weights == "none" else 0, len(r.told)),
            weights=None if weights == "none" else weights,
            sample_weight=sample,
        )
    )


def confusion_matrix(r: Rows) -> Any:
    held = r.decisions != ABSTAINED
    # An abstention is a prediction of its own.
    whole = metrics.confusion_matrix(
        r.labels,
        r.decisions,
        labels=[*r.told, ABSTAINED],
        sample_weight=r.weights,
        normalize=r.options.get("normalize"),
    )
    matrix = whole[:-1, :-1]
    answer: dict[str, Any] = {"classes": [r.names[x] for x in r.told]}
    if r.options.get("sparse"):
        labels, predictions = np.nonzero(matrix)
        answer |= {
            "labels": labels.tolist(),
            "predictions": predictions.tolist(),
            "counts": matrix[labels, predictions].astype(float).tolist(),
        }
    else:
        answer["matrix"] = matrix.astype(float).tolist()
    if not held.all() and r.options.get("normalize") != "pred":
        answer["abstained"] = whole[:-1, -1].astype(float).tolist()
    return answer


def majority_accuracy(r: Rows) -> Expected:
    features = np.zeros((len(r.labels), 1))
    model = DummyClassifier(strategy="most_frequent").fit(
        features, r.labels, sample_weight=r.weights
    )
    return float(model.score(features, r.labels, sample_weight=r.weights))


DECISIONS: dict[str, Callable[[Rows], Any]] = {
    "accuracy": lambda r: float(
        metrics.accuracy_score(r.labels, r.decisions, sample_weight=r.weights)
    ),
    "balanced_accuracy": balanced_accuracy,
    "per_class": per_class,
    "mcc": mcc,
    "cohen_kappa": cohen_kappa,
    "confusion_matrix": confusion_matrix,
    "majority_accuracy": majority_accuracy,
}
for _place, _name in enumerate(("precision", "recall", "f1")):
    for _average in ("micro", "macro", "weighted"):
        DECISIONS[f"{_name}_{_average}"] = partial(averaged, _place, _average)
        if _name == "f1":
            DECISIONS[f"f_beta_{_average}"] = partial(averaged, _place, _average)


# --- Metrics of scores


def top_k(r: Rows) -> Expected:
    assert r.scores is not None
    k = r.options["k"]
    own = r.scores[np.arange(len(r.labels)), r.labels]
    places = np.arange(r.scores.shape[1])
    # Of equal scores the first class comes first, as in numpy's argmax.
    before = (r.scores > own[:, None]) | (
        (r.scores == own[:, None]) & (places < r.labels[:, None])
    )
    found = float(np.average(before.sum(axis=1) < k, weights=r.weights))
    tied = any(len(set(row)) < len(row) for row in r.scores.tolist())
    if not tied and k < r.scores.shape[1] and r.scores.shape[1] > 2:
        theirs = metrics.top_k_accuracy_score(
            r.labels, r.scores, k=k, labels=places, sample_weight=r.weights
        )
        assert math.isclose(found, theirs, rel_tol=1e-12)
    return found


def one_vs_rest(
    function: Callable[..., float], average: str, r: Rows
) -> Expected:
    places = range(len(r.names))
    # An area needs a negative too; precision does not.
    needs_both = function is metrics.roc_auc_score
    absent = [
        x
        for x in places
        if not (r.labels == x).any() or (needs_both and (r.labels == x).all())
    ]
    kept = [x for x in places if x not in absent]
    if absent and r.zero_division != "skip" or not kept:
        return Undefined("absent_class")
    scores = r.scores if r.kind != "logit" else r.probabilities
    assert scores is not None
    values = [
        function(r.labels == x, scores[:, x], sample_weight=r.weights) for x in kept
    ]
    weights = [
        r.weights[r.labels == x].sum() if average == "weighted" else 1.0 for x in kept
    ]
    found = float(np.average(values, weights=weights))
    whole = not absent and len(r.names) > 2
    if whole and r.kind != "score" and np.allclose(scores.sum(axis=1), 1):
        theirs = metrics.roc_auc_score(
            r.labels,
            scores / scores.sum(axis=1, keepdims=True),
            multi_class="ovr",
            average=average,
            labels=list(places),
            sample_weight=r.weights,
        )
        if function is metrics.roc_auc_score:
            assert math.isclose(found, theirs, rel_tol=1e-9)
    return found


SCORES: dict[str, Callable[[Rows], Any]] = {
    "top_k_accuracy@k": top_k,
    "roc_auc_macro": partial(one_vs_rest, metrics.roc_auc_score, "macro"),
    "roc_auc_weighted": partial(one_vs_rest, metrics.roc_auc_score, "weighted"),
    "average_precision_macro": partial(
        one_vs_rest, metrics.average_precision_score, "macro"
    ),
}


# --- Metrics of probabilities


def log_loss(r: Rows) -> float:
    assert r.scores is not None
    rows = np.arange(len(r.labels))
    if r.kind == "logit":
        # As scikit-learn clips probabilities, but without losing what a logit knows of a p near 1.
        losses = -log_softmax(r.scores, axis=1)[rows, r.labels]
        losses = np.clip(losses, -math.log1p(-EPSILON), -math.log(EPSILON))
        return float(np.average(losses, weights=r.weights))
    places = list(range(len(r.names)))
    if len(places) < 2:
        # scikit-learn refuses a single class.
        chosen = np.clip(r.scores[rows, r.labels], EPSILON, 1 - EPSILON)
        return float(np.average(-np.log(chosen), weights=r.weights))
    return float(
        metrics.log_loss(
            r.labels, r.scores, labels=places, sample_weight=r.weights
        )
    )


def brier(r: Rows) -> float:
    truth = np.eye(len(r.names))[r.labels]
    p = r.probabilities
    found = float(np.average(((p - truth) ** 2).sum(axis=1), weights=r.weights))
    if len(r.names) > 2 and np.allclose(p.sum(axis=1), 1, atol=1e-8):
        theirs = metrics.brier_score_loss(
            r.labels,
            p,
            labels=list(range(len(r.names))),
            sample_weight=r.weights,
            scale_by_half=False,
        )
        assert math.isclose(found, theirs, rel_tol=1e-9, abs_tol=1e-12)
    return found


def gaps(r: Rows) -> tuple[Floats, Floats]:
    """The weight and the gap of each bin that holds rows."""
    count = r.options.get("bins", 15)
    p = r.probabilities.max(axis=1)
    hits = (r.decisions == r.labels).astype(float)
    edges = np.linspace(0.0, 1.0, count + 1)
    places = np.searchsorted(edges[1:-1], p)
    mass = np.bincount(places, weights=r.weights, minlength=count)
    confidence = np.bincount(places, weights=r.weights * p, minlength=count)
    right = np.bincount(places, weights=r.weights * hits, minlength=count)
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
    "cohen_kappa": [{}, {"weights": "linear"}, {"weights": "quadratic"}],
    "confusion_matrix": [
        {},
        {"normalize": "true"},
        {"normalize": "pred"},
        {"normalize": "all"},
        {"sparse": True},
    ],
    "ece": [{}, {"bins": 1}, {"bins": 10}],
    "mce": [{}, {"bins": 1}, {"bins": 10}],
    "top_k_accuracy@k": [{"k": 1}, {"k": 2}, {"k": 3}, {"k": 100}],
}


# --- Rows


def datasets() -> list[Data]:
    rng = np.random.default_rng(11)
    n = 60

    def scored(
        name: str, scores: Any, labels: Any, weights: Any = None, **options: Any
    ) -> Data:
        columns = {
            "scores": np.asarray(scores, dtype=float).tolist(),
            "labels": labels if isinstance(labels, list) else labels.tolist(),
        }
        if weights is not None:
            columns["weights"] = np.asarray(weights, dtype=float).tolist()
        return Data(name, columns, options)

    def decided(
        name: str, predictions: list[Any], labels: list[Any], **options: Any
    ) -> Data:
        return Data(name, {"predictions": predictions, "labels": labels}, options)

    labels = rng.integers(0, 4, n)
    logits = rng.normal(0, 1, (n, 4)) + 1.5 * np.eye(4)[labels]
    probabilities = softmax(logits, axis=1)
    tied = np.round(probabilities * 4) / 4
    names = ["cat", "dog", "bird", "ant"]
    spoken = [names[x] for x in labels]
    guesses = [names[x] for x in logits.argmax(axis=1)]
    silent = [None if rng.random() < 0.2 else x for x in guesses]
    weights = np.round(rng.gamma(2, 1, n), 3)
    some = np.concatenate([[1.0], rng.choice([0.0, 1.0, 2.0], n - 1)])
    digits, digit = load_digits(return_X_y=True)
    trained = LogisticRegression(max_iter=50).fit(digits[:800], digit[:800])
    wine, kind = load_wine(return_X_y=True)
    shuffled = rng.permutation(len(kind))
    bayes = GaussianNB().fit(wine[shuffled[:60]], kind[shuffled[:60]])
    weighted = decided("weighted abstentions of names", silent, spoken)
    weighted.columns["weights"] = weights.tolist()
    first = np.where(labels == 3, 0, labels)
    result = [
        scored("probabilities", probabilities, labels),
        scored("tied probabilities that do not add up to 1", tied, labels),
        scored("ones and zeros", np.eye(4)[logits.argmax(axis=1)], labels),
        scored("logits", logits, labels, score_kind="logit"),
        scored("logits far apart", np.round(logits * 300), labels, score_kind="logit"),
        scored("raw scores around 1e9", 1e9 + logits, labels, score_kind="score"),
        scored("an absent class", probabilities, first),
        scored("an absent class, skipped", probabilities, first, zero_division="skip"),
        scored(
            "an absent class, counted as 1", probabilities, first, zero_division=1
        ),
        scored("weights", probabilities, labels, weights),
        scored("some rows without weight", logits, labels, some, score_kind="logit"),
        scored("classes by name", probabilities, spoken, classes=names),
        scored(
            "averages over the declared",
            probabilities,
            np.minimum(labels, 1),
            average_over="declared",
            classes=4,
        ),
        scored("two classes", softmax(logits[:, :2], axis=1), np.minimum(labels, 1)),
        scored("one class", np.full((6, 1), 0.75), np.zeros(6, dtype=int)),
        scored("not kept", probabilities, labels, one_vs_rest=False),
        scored(
            "digits", trained.predict_proba(digits[1600:]), digit[1600:]
        ),
        scored(
            "logits of digits",
            trained.decision_function(digits[1650:]),
            digit[1650:],
            score_kind="logit",
        ),
        scored(
            "wine",
            bayes.predict_proba(wine[shuffled[60:]]),
            kind[shuffled[60:]],
        ),
        decided("names as they come", guesses, spoken),
        decided("abstentions", silent, spoken),
        decided("nothing but abstentions", [None] * 8, spoken[:8]),
        weighted,
        decided("numbers and names", [7, "a", -2, 7, 7, "a"], [7, "b", 7, -2, 7, "a"]),
        decided(
            "integers far apart",
            rng.choice([-(10**12), 5, 10**15], 30).tolist(),
            rng.choice([-(10**12), 5, 10**15], 30).tolist(),
        ),
        decided(
            "declared and not seen",
            guesses[:20],
            spoken[:20],
            classes=["emu", *names, "fox"],
            average_over="declared",
        ),
    ]
    for setting in ("report", 0, 1, "skip"):
        result += [
            decided(f"all wrong, {setting}", [1, 1, 2], [0, 0, 3], zero_division=setting),
            decided(f"all right, {setting}", [2, 2, 2], [2, 2, 2], zero_division=setting),
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
        scored = "scores" in item.columns
        kind = item.options.get("score_kind", "probability")
        for options in OPTIONS.get(name, [{}]):
            metric: str | dict[str, Any] = (
                {"metric": name, **options} if options else name
            )
            if name in DECISIONS:
                found = answers(item, DECISIONS[name], options)
            elif not scored:
                found = undefined(item, "needs_scores")
            elif name in SCORES:
                kept = item.options.get("one_vs_rest", True) or name.startswith("top")
                found = (
                    answers(item, SCORES[name], options)
                    if kept
                    else undefined(item, "not_kept")
                )
            elif kind == "score":
                found = undefined(item, "needs_probabilities")
            else:
                found = answers(item, PROBABILITIES[name], options)
            result.append(Case(item.name, metric, None, found))
    return result


def main() -> None:
    data = datasets()
    write_rows("multiclass", data)
    for name in [*DECISIONS, *SCORES, *PROBABILITIES]:
        write("multiclass", name, PACKAGES, cases(name, data))


if __name__ == "__main__":
    main()
