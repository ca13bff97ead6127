"""`curve/query` against scikit-learn's curves."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rows as made
from driver import Daemon
from hypothesis import given
from reference import Binary, close, ranks
from sklearn import metrics
from test_binary import push


def number(x: Any) -> float:
    return math.inf if x == "Infinity" else math.nan if x is None else float(x)


def ask(
    daemon: Daemon, rows: Binary, curve: str, **params: Any
) -> tuple[dict[str, Any], Any]:
    """The columns as arrays, and the area."""
    with daemon.stream("binary", options={"score_kind": rows.kind}) as stream:
        push(stream, rows)
        found = stream.call("curve/query", curve=curve, **params)
    columns = {
        name: np.array([number(x) for x in column])
        for name, column in found["columns"].items()
    }
    return columns, found["area"]


def agree(found: npt.NDArray[np.float64], wanted: npt.NDArray[np.float64]) -> bool:
    return found.shape == wanted.shape and np.allclose(
        found, wanted, rtol=1e-12, atol=2e-15
    )


@given(made.binary(two_classes=True))
def test_roc(daemon: Daemon, rows: Binary) -> None:
    columns, area = ask(daemon, rows, "roc")
    fpr, tpr, thresholds = metrics.roc_curve(
        rows.labels, rows.scores, sample_weight=rows.weights, drop_intermediate=False
    )
    assert columns["threshold"].tolist() == thresholds.tolist()
    assert agree(columns["false_positive_rate"], fpr)
    assert agree(columns["true_positive_rate"], tpr)
    assert close(area, float(metrics.auc(fpr, tpr)))


@given(made.binary(two_classes=True))
def test_precision_recall(daemon: Daemon, rows: Binary) -> None:
    columns, area = ask(daemon, rows, "precision_recall")
    precision, recall, thresholds = metrics.precision_recall_curve(
        rows.labels, rows.scores, sample_weight=rows.weights
    )
    # scikit-learn ascends; its last point has no threshold.
    assert columns["threshold"].tolist() == [math.inf, *thresholds[::-1].tolist()]
    assert agree(columns["precision"], precision[::-1])
    assert agree(columns["recall"], recall[::-1])
    assert close(area, float(metrics.auc(recall, precision)))


@given(made.binary(two_classes=True))
def test_threshold_and_gain(daemon: Daemon, rows: Binary) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        columns, _ = ask(daemon, rows, "threshold")
        gain, area = ask(daemon, rows, "gain")
        assert columns["threshold"].tolist() == sorted(set(rows.scores.tolist()))[::-1]
        rate, w = [], rows.weights
        for place, threshold in enumerate(columns["threshold"]):
            decided = (rows.scores >= threshold).astype(int)
            precision, recall, f1, _ = metrics.precision_recall_fscore_support(
                rows.labels, decided, sample_weight=w, average="binary"
            )
            rate.append(float(np.average(decided, weights=w)))
            for name, x in (("precision", precision), ("recall", recall), ("f1", f1)):
                assert close(columns[name][place], x)
            lift = precision / np.average(rows.labels, weights=w)
            assert close(gain["lift"][place + 1], lift)
        assert agree(columns["selection_rate"], np.array(rate))
        assert agree(gain["selection_rate"], np.array([0.0, *rate]))
        assert agree(gain["gain"], np.array([0.0, *columns["recall"]]))
        assert close(area, float(metrics.auc(gain["selection_rate"], gain["gain"])))


@pytest.mark.parametrize("limit", [2, 3, 17, 200])
@pytest.mark.parametrize("curve", ["roc", "precision_recall", "threshold"])
def test_fewer_points_are_real_points(daemon: Daemon, curve: str, limit: int) -> None:
    rng = np.random.default_rng(limit)
    labels = rng.integers(0, 2, 1000)
    rows = Binary(rng.random(1000), labels, np.ones(1000))
    whole, area = ask(daemon, rows, curve)
    some, same = ask(daemon, rows, curve, points=limit)
    assert area == same
    points = set(zip(*whole.values(), strict=True))
    chosen = list(zip(*some.values(), strict=True))
    assert 2 <= len(chosen) <= limit
    assert set(chosen) <= points
    ends = list(zip(*whole.values(), strict=True))
    assert chosen[0] == ends[0] and chosen[-1] == ends[-1]
    # Spread over the curve: no stretch of it is left without a point for long.
    if curve == "roc" and limit > 3:
        way = some["false_positive_rate"] + some["true_positive_rate"]
        assert np.diff(way).max() < 4 / (limit - 2)


@given(made.binary())
def test_areas_are_the_metrics(daemon: Daemon, rows: Binary) -> None:
    wanted = ranks(rows)
    for curve, metric in (("roc", "roc_auc"), ("precision_recall", "pr_auc")):
        value = wanted[metric]
        _, area = ask(daemon, rows, curve)
        assert close(area, None if isinstance(value, str) else value)


@given(made.binary(kind="probability"))
def test_reliability_is_the_calibration(daemon: Daemon, rows: Binary) -> None:
    with daemon.stream("binary") as stream:
        push(stream, rows)
        columns = stream.call("curve/query", curve="reliability")["columns"]
        bins = stream.call("calibration/query")["bins"]
    for name in ("low", "high", "count", "mean_score", "positive_rate"):
        assert columns[name] == [b[name] for b in bins]
