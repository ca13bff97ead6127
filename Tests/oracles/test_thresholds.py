"""`threshold/optimize` and `threshold/evaluate` against every threshold tried in numpy and fractions."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import reference
import rows as made
from driver import Daemon
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import Binary, close
from sklearn import metrics
from test_binary import push

Exact = Fraction | None


class Point:
    """The decisions at a threshold, in fractions: ties are ties."""

    def __init__(self, rows: Binary, threshold: float) -> None:
        self.threshold = threshold
        chosen = rows.scores >= threshold
        self.tp, self.fp, self.fn, self.tn = (
            sum(
                map(Fraction, rows.weights[(chosen == c) & (rows.labels == y)]),
                Fraction(0),
            )
            for c, y in ((True, 1), (True, 0), (False, 1), (False, 0))
        )
        self.p, self.n = self.tp + self.fn, self.fp + self.tn
        self.selected = self.tp + self.fp

    @property
    def confusion(self) -> dict[str, float]:
        return {
            "true_positives": float(self.tp),
            "false_positives": float(self.fp),
            "true_negatives": float(self.tn),
            "false_negatives": float(self.fn),
        }


def over(a: Fraction | int, b: Fraction | int) -> Exact:
    return Fraction(a) / Fraction(b) if b else None


def difference(a: Exact, b: Exact) -> Exact:
    return None if a is None or b is None else a - b


def f_beta(beta: float) -> Callable[[Point], Exact]:
    b = Fraction(beta) ** 2
    return lambda x: over((1 + b) * x.tp, b * x.p + x.selected)


def balanced(x: Point) -> Exact:
    rates = [r for r in (over(x.tp, x.p), over(x.tn, x.n)) if r is not None]
    return sum(rates, Fraction(0)) / len(rates)


def signed_square_of_mcc(x: Point) -> Exact:
    covariance = x.tp * x.tn - x.fp * x.fn
    return over(covariance * abs(covariance), x.p * x.n * x.selected * (x.tn + x.fn))


def cost(false_positive: float, false_negative: float) -> Callable[[Point], Exact]:
    return lambda x: over(
        -Fraction(false_positive) * x.fp - Fraction(false_negative) * x.fn, x.p + x.n
    )


def root(x: float) -> float:
    return math.copysign(math.sqrt(abs(x)), x)


# Parameters of the request, the exact objective (larger is better), and what the answer shows of it.
OBJECTIVES: list[
    tuple[dict[str, Any], Callable[[Point], Exact], Callable[[float], float]]
] = [
    ({}, f_beta(1), float),
    ({"objective": "f1"}, f_beta(1), float),
    ({"objective": "f_beta", "beta": 2}, f_beta(2), float),
    ({"objective": "f_beta", "beta": 0.5}, f_beta(0.5), float),
    ({"objective": "precision"}, lambda x: over(x.tp, x.selected), float),
    ({"objective": "recall"}, lambda x: over(x.tp, x.p), float),
    (
        {"objective": "youden"},
        lambda x: difference(over(x.tp, x.p), over(x.fp, x.n)),
        float,
    ),
    ({"objective": "mcc"}, signed_square_of_mcc, root),
    ({"objective": "balanced_accuracy"}, balanced, float),
    ({"objective": "accuracy"}, lambda x: over(x.tp + x.tn, x.p + x.n), float),
    ({"objective": "cost"}, cost(1, 1), lambda x: -x),
    (
        {"objective": "cost", "costs": {"false_positive": 0.1, "false_negative": 0.7}},
        cost(0.1, 0.7),
        lambda x: -x,
    ),
    (
        {"objective": "cost", "costs": {"false_positive": 5, "false_negative": 1}},
        cost(5, 1),
        lambda x: -x,
    ),
]

CONSTRAINTS: dict[str, Callable[[Point], tuple[Exact, int]]] = {
    "min_precision": lambda x: (over(x.tp, x.selected), 1),
    "min_recall": lambda x: (over(x.tp, x.p), 1),
    "max_false_positive_rate": lambda x: (over(x.fp, x.n), -1),
    "max_selection_rate": lambda x: (over(x.selected, x.p + x.n), -1),
}


def keeps(point: Point, constraints: dict[str, float]) -> bool:
    for name, limit in constraints.items():
        rate, sign = CONSTRAINTS[name](point)
        # As doubles: 9 of 10 is a precision of at least 0.9.
        if rate is None or sign * float(rate) < sign * limit:
            return False
    return True


@settings(max_examples=400)
@given(made.binary(two_classes=True), st.sampled_from(OBJECTIVES), st.data())
def test_optimize(
    daemon: Daemon,
    rows: Binary,
    asked: tuple[dict[str, Any], Callable[[Point], Exact], Callable[[float], float]],
    data: st.DataObject,
) -> None:
    params, objective, shown = asked
    names = st.sampled_from(sorted(CONSTRAINTS))
    limits = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0])
    constraints = data.draw(st.dictionaries(names, limits, max_size=2))
    points = [
        Point(rows, t) for t in [math.inf, *sorted(set(rows.scores.tolist()))[::-1]]
    ]
    values = [(p, objective(p)) for p in points if keeps(p, constraints)]
    defined = [(p, v) for p, v in values if v is not None]
    with daemon.stream("binary", options={"score_kind": rows.kind}) as stream:
        push(stream, rows)
        found = stream.call("threshold/optimize", constraints=constraints, **params)
    if defined:
        # Of equal optima the first, which has the highest threshold.
        best, value = max(defined, key=lambda item: item[1])
        assert found["threshold"] == (
            "Infinity" if math.isinf(best.threshold) else best.threshold
        )
        assert close(found["value"], shown(float(value)))
        assert found["confusion"] == best.confusion
        assert close(found["recall"], float(over(best.tp, best.p) or 0))
        assert close(
            found["precision"], None if not best.selected else best.tp / best.selected
        )
    else:
        assert found["threshold"] is None and found["value"] is None
        assert found["reason"] == "infeasible"
    own = Point(rows, rows.threshold)
    assert found["at_default"]["threshold"] == rows.threshold
    assert found["at_default"]["confusion"] == own.confusion
    for name, point in (("at_default", own), ("all_positive", points[-1])):
        at_point = objective(point)
        shown_value = None if at_point is None else shown(float(at_point))
        assert close(found[name]["value"], shown_value)


@settings(max_examples=40)
@given(made.binary(two_classes=True))
def test_evaluate(daemon: Daemon, rows: Binary) -> None:
    thresholds = [*sorted(set(rows.scores.tolist())), 0.3, -1e9]
    with daemon.stream("binary", options={"score_kind": rows.kind}) as stream:
        push(stream, rows)
        asked = [*thresholds, "Infinity", "-Infinity"]
        found = stream.call("threshold/evaluate", thresholds=asked)["rows"]
    assert [row["threshold"] for row in found] == asked
    for threshold, row in zip([*thresholds, math.inf, -math.inf], found, strict=True):
        decided = (rows.scores >= threshold).astype(int)
        assert row["confusion"] == reference.counts(rows.labels, decided, rows.weights)
        wanted = reference.decisions(rows.labels, decided, rows.weights)
        for name in ("precision", "recall", "f1"):
            value = wanted[name]
            assert close(row[name], None if isinstance(value, str) else value)


def test_the_f1_of_scikit_learn(daemon: Daemon) -> None:
    """The idiom over `precision_recall_curve`, on many rows without a tie at the top."""
    rng = np.random.default_rng(2)
    labels = (rng.random(5000) < 0.2).astype(int)
    scores = np.clip(rng.normal(0.3 + 0.3 * labels, 0.2), 0, 1)
    precision, recall, thresholds = metrics.precision_recall_curve(labels, scores)
    f1 = (2 * precision * recall / (precision + recall))[:-1]
    with daemon.stream("binary") as stream:
        stream.push(scores=scores.tolist(), labels=labels.tolist())
        found = stream.call("threshold/optimize")
    assert found["threshold"] == thresholds[f1.argmax()]
    assert close(found["value"], float(f1.max()))
    assert close(
        found["all_positive"]["value"], 2 * labels.mean() / (1 + labels.mean())
    )
