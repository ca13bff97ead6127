"""Every multilabel metric against scikit-learn and torchmetrics, on the same rows, over the wire."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rows as made
import torch
import torchmetrics.classification as tm
from driver import Daemon, Refused
from hypothesis import given, settings
from hypothesis import strategies as st
from packing import FLOATS, packed, rounded
from reference import Binary, assert_close
from reference import losses as binary_losses
from sklearn import metrics

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

AVERAGES = ("micro", "macro", "weighted")
DECISIONS = [
    "subset_accuracy",
    "hamming_loss",
    "f1_samples",
    *(f"{name}_{a}" for name in ("precision", "recall", "f1") for a in AVERAGES),
]
ORDER = ["label_ranking_average_precision", "coverage_error", "label_ranking_loss"]
RANKS = [f"{name}_{a}" for name in ("roc_auc", "average_precision") for a in AVERAGES]
LOSSES = ["log_loss", "brier", "ece", "mce"]


@dataclass
class Rows:
    scores: Floats
    labels: Ints
    weights: Floats
    kind: str

    @property
    def held(self) -> Rows:
        keep = self.weights > 0
        return Rows(self.scores[keep], self.labels[keep], self.weights[keep], self.kind)

    @property
    def threshold(self) -> float:
        return 0.5 if self.kind == "probability" else 0.0

    @property
    def decided(self) -> Ints:
        return (self.scores >= self.threshold).astype(int)

    @property
    def elements(self) -> Binary:
        """All scores together, each with its own label."""
        weights = np.repeat(self.weights, self.labels.shape[1])
        return Binary(self.scores.ravel(), self.labels.ravel(), weights, self.kind)


@st.composite
def rows(draw: st.DrawFn, largest: int = 20) -> Rows:
    kind = draw(st.sampled_from(["probability", "logit", "score"]))
    width = draw(st.integers(2, 5))
    n = draw(st.integers(1, largest))
    pool = draw(st.lists(made.scores(kind), min_size=1, max_size=30))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scores = rng.choice(pool, (n, width))
    labels = (
        rng.random((n, width)) < draw(st.sampled_from([0.0, 0.3, 0.7, 1.0]))
    ).astype(int)
    weights = np.ones(n)
    if draw(st.booleans()):
        weights = np.array([1.5, *rng.choice([0.0, *made.DYADIC], n - 1)])
    return Rows(scores, labels, weights, kind)


def decisions(
    labels: Ints,
    decided: Ints,
    weights: Floats,
    zero: Any = "report",
    declared: bool = False,
) -> dict[str, Any]:
    """What scikit-learn says of labels and decisions."""
    classes = list(range(labels.shape[1]))
    if not declared:
        classes = np.flatnonzero((labels | decided).any(axis=0)).tolist()
    inside = {"report": 0.0, "skip": math.nan}.get(zero, zero)
    alone = math.nan if zero in ("report", "skip") else zero
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found: dict[str, Any] = {
            "subset_accuracy": metrics.accuracy_score(
                labels, decided, sample_weight=weights
            ),
            "hamming_loss": metrics.hamming_loss(
                labels, decided, sample_weight=weights
            ),
            "f1_samples": metrics.f1_score(
                labels,
                decided,
                average="samples",
                sample_weight=weights,
                zero_division=inside,
            ),
        }
        for average in AVERAGES:
            values: Any = (math.nan,) * 3
            undefined = average == "weighted" and zero == "report" and not labels.any()
            if (classes or average == "micro") and not undefined:
                values = metrics.precision_recall_fscore_support(
                    labels,
                    decided,
                    labels=classes or None,
                    average=average,
                    sample_weight=weights,
                    zero_division=alone if average == "micro" else inside,
                )
            for name, value in zip(("precision", "recall", "f1"), values, strict=False):
                found[f"{name}_{average}"] = value
    return {
        key: "zero_division" if math.isnan(value) else float(value)
        for key, value in found.items()
    }


def ranks(r: Rows) -> dict[str, Any]:
    found: dict[str, Any] = {}
    pooled = r.elements
    found["roc_auc_micro"] = (
        "one_class"
        if pooled.has_one_class
        else metrics.roc_auc_score(
            pooled.labels, pooled.scores, sample_weight=pooled.weights
        )
    )
    found["average_precision_micro"] = (
        metrics.average_precision_score(
            pooled.labels, pooled.scores, sample_weight=pooled.weights
        )
        if pooled.labels.any()
        else "no_positives"
    )
    for name, function, absent in (
        (
            "roc_auc",
            metrics.roc_auc_score,
            not r.labels.any(axis=0).all() or r.labels.all(axis=0).any(),
        ),
        (
            "average_precision",
            metrics.average_precision_score,
            not r.labels.any(axis=0).all(),
        ),
    ):
        for average in ("macro", "weighted"):
            found[f"{name}_{average}"] = (
                "absent_class"
                if absent
                else function(
                    r.labels, r.scores, average=average, sample_weight=r.weights
                )
            )
    return found


def order(r: Rows) -> dict[str, Any]:
    return {
        "label_ranking_average_precision": metrics.label_ranking_average_precision_score(
            r.labels, r.scores, sample_weight=r.weights
        ),
        "coverage_error": metrics.coverage_error(
            r.labels, r.scores, sample_weight=r.weights
        ),
        "label_ranking_loss": metrics.label_ranking_loss(
            r.labels, r.scores, sample_weight=r.weights
        ),
    }


def losses(r: Rows) -> dict[str, Any]:
    found = binary_losses(r.elements)
    return {name: found[name] for name in LOSSES}


def push(stream: Any, r: Rows, ends: list[int]) -> None:
    for start, end in pairwise(ends):
        batch: dict[str, Any] = {
            "scores": r.scores[start:end].tolist(),
            "labels": r.labels[start:end].tolist(),
        }
        if (r.weights != 1).any():
            batch["weights"] = r.weights[start:end].tolist()
        if end > start:
            stream.push(**batch)


@settings(max_examples=200)
@given(rows(), st.data())
def test_every_metric_of_scores(daemon: Daemon, r: Rows, data: st.DataObject) -> None:
    ends = data.draw(made.cuts(len(r.labels)))
    with daemon.stream("multilabel", options={"score_kind": r.kind}) as stream:
        push(stream, r, ends)
        found = stream.values(*DECISIONS, *ORDER, *RANKS, *LOSSES)
    held = r.held
    assert_close(
        found,
        {
            **decisions(held.labels, held.decided, held.weights),
            **order(held),
            **ranks(held),
            **losses(held),
        },
    )


@given(rows(), st.data())
def test_decisions_at_any_threshold(
    daemon: Daemon, r: Rows, data: st.DataObject
) -> None:
    """A question's threshold decides for every class; of rows as a whole only the own one is kept."""
    threshold = data.draw(st.sampled_from([*r.scores.ravel().tolist(), 0.25, 3.0]))
    own = 0.5 if r.kind == "probability" else 0.0
    held = r.held
    wanted = decisions(
        held.labels, (held.scores >= threshold).astype(int), held.weights
    )
    if threshold != own:
        wanted |= {"subset_accuracy": "not_kept", "f1_samples": "not_kept"}
    with daemon.stream("multilabel", options={"score_kind": r.kind}) as stream:
        push(stream, r, [0, len(r.labels)])
        found = stream.call("metric/query", metrics=DECISIONS, threshold=threshold)
        if found["count"] == 0:
            return
        assert_close({**found["values"], **found["undefined"]}, wanted)
        for name, signature in found["signatures"].items():
            shown = signature.split("threshold:>=")[1].split("|")[0]
            assert float(shown) == threshold, name


@given(rows(), st.sampled_from(["report", "skip", 0, 1]), st.booleans())
def test_decisions(daemon: Daemon, r: Rows, zero_division: Any, declared: bool) -> None:
    names = ["é", "a", "z", 4, "b"][: r.labels.shape[1]]
    options: dict[str, Any] = {"zero_division": zero_division, "classes": names}
    if declared:
        options["average_over"] = "declared"
    with daemon.stream("multilabel", options=options) as stream:
        stream.push(
            predictions=r.decided.tolist(),
            labels=r.labels.astype(bool).tolist(),
            weights=r.weights.tolist(),
        )
        held = r.held
        wanted = decisions(
            held.labels, held.decided, held.weights, zero_division, declared
        )
        # No class at all is 0/0 whatever it counts as.
        assert_close(stream.values(*DECISIONS), wanted)
        needs = stream.values(*ORDER, *RANKS, *LOSSES)
        assert set(needs.values()) == {"needs_scores"}
        per_class = stream.values("per_class")["per_class"]
        assert [row["class"] for row in per_class] == names
        support = (held.labels * held.weights[:, None]).sum(axis=0)
        assert [row["support"] for row in per_class] == support.tolist()
        found = stream.values("confusion_matrix")["confusion_matrix"]
        matrix = metrics.multilabel_confusion_matrix(
            held.labels, held.decided, sample_weight=held.weights
        )
        assert found == {"classes": names, "matrix": matrix.tolist()}


@given(rows(), st.randoms())
def test_no_order_and_no_split_shows(daemon: Daemon, r: Rows, random: Any) -> None:
    shuffled = list(range(len(r.labels)))
    random.shuffle(shuffled)
    options = {"score_kind": r.kind}
    asked = [*DECISIONS, *ORDER, *RANKS, *LOSSES, "per_class", "confusion_matrix"]
    with (
        daemon.stream("multilabel", options=options) as whole,
        daemon.stream("multilabel", options=options) as single,
    ):
        push(whole, r, [0, len(shuffled)])
        other = Rows(
            r.scores[shuffled], r.labels[shuffled], r.weights[shuffled], r.kind
        )
        push(single, other, list(range(len(shuffled) + 1)))
        assert whole.values(*asked) == single.values(*asked)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("kind", ["probability", "logit"])
def test_every_type_and_torchmetrics(daemon: Daemon, dtype: str, kind: str) -> None:
    rng = np.random.default_rng(3)
    n, width = 300, 6
    labels = (rng.random((n, width)) < 0.4).astype(int)
    scores = rng.normal(0, 1, (n, width)) + labels
    if kind == "probability":
        scores = 1 / (1 + np.exp(-scores))
    carried = rounded(scores, dtype)
    r = Rows(carried, labels, np.ones(n), kind)
    with daemon.stream("multilabel", options={"score_kind": kind}) as stream:
        stream.push(
            scores=packed(scores, dtype, [n, width]),
            labels=packed(labels, "uint8", [n, width]),
        )
        found = stream.values(*DECISIONS, *ORDER, *RANKS, *LOSSES)
    wanted = {
        **decisions(labels, r.decided, r.weights),
        **order(r),
        **ranks(r),
        **losses(r),
    }
    assert_close(found, wanted)
    if dtype != "float64" or kind == "logit":
        return
    t, q = torch.tensor(labels), torch.tensor(scores)
    for name, metric in {
        "f1_macro": tm.MultilabelF1Score(width, average="macro"),
        "f1_micro": tm.MultilabelF1Score(width, average="micro"),
        "hamming_loss": tm.MultilabelHammingDistance(width, average="micro"),
        "subset_accuracy": tm.MultilabelExactMatch(width),
        "roc_auc_macro": tm.MultilabelAUROC(width),
        "average_precision_macro": tm.MultilabelAveragePrecision(width),
        "coverage_error": tm.MultilabelCoverageError(width),
        "label_ranking_average_precision": tm.MultilabelRankingAveragePrecision(width),
        "label_ranking_loss": tm.MultilabelRankingLoss(width),
    }.items():
        assert math.isclose(float(metric(q, t)), found[name], rel_tol=1e-5), name


@given(rows())
def test_labels_that_are_not_known(daemon: Daemon, r: Rows) -> None:
    """As if each class had been a binary stream of the rows that know it."""
    rng = np.random.default_rng(7)
    unknown = rng.random(r.labels.shape) < 0.3
    given = np.where(unknown, -1, r.labels)
    options = {"score_kind": r.kind, "ignore_index": -1}
    with daemon.stream("multilabel", options=options) as stream:
        reply = stream.push(scores=r.scores.tolist(), labels=given.tolist())
        assert reply["dropped"] == int(unknown.all(axis=1).sum())
        if reply["count"] == 0:
            return
        rows = stream.values("per_class")["per_class"]
        wrong = (r.decided != r.labels)[~unknown]
        found = stream.values("hamming_loss", "brier", "subset_accuracy")
    assert math.isclose(found["hamming_loss"], wrong.mean(), rel_tol=1e-12)
    kept = ~unknown.all(axis=1)
    right = ((r.decided == r.labels) | unknown)[kept].all(axis=1)
    assert math.isclose(found["subset_accuracy"], right.mean(), rel_tol=1e-12)
    for place, row in enumerate(rows):
        known = ~unknown[:, place]
        labels, decided = r.labels[known, place], r.decided[known, place]
        assert row["support"] == labels.sum()
        if labels.any():
            assert row["recall"] == metrics.recall_score(labels, decided)
    keep = ~unknown.ravel()
    if r.kind != "score":
        wanted = binary_losses(
            Binary(
                r.scores.ravel()[keep],
                r.labels.ravel()[keep],
                np.ones(int(keep.sum())),
                r.kind,
            )
        )
        assert_close({"brier": found["brier"]}, {"brier": wanted["brier"]})


@pytest.mark.parametrize("kind", ["probability", "logit"])
@pytest.mark.parametrize("score", ["NaN", "Infinity", 5.0])
@pytest.mark.parametrize("dtype", [None, "float32"])
def test_the_score_of_a_label_that_is_not_known_does_not_matter(
    daemon: Daemon, kind: str, score: Any, dtype: str | None
) -> None:
    def answers(own: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        options = {"score_kind": kind, "ignore_index": -1}
        scores: Any = [[0.25, 0.75, own], [0.5, 0.125, 0.625]]
        if dtype is not None:
            scores = packed(np.array(scores, float), dtype, [2, 3])
        with daemon.stream("multilabel", options=options) as stream:
            reply = stream.push(scores=scores, labels=[[0, 1, -1], [1, 0, 1]])
            return reply, stream.values(*DECISIONS, *ORDER, *RANKS, *LOSSES)

    assert answers(score) == answers(0.5)
    with daemon.stream("multilabel", options={"ignore_index": -1}) as stream:
        stream.push(scores=[[0.25, 0.5]], labels=[[-1, 1]])
        with pytest.raises(Refused):
            stream.push(scores=[[0.25, "NaN"]], labels=[[-1, 1]])


def test_classes_are_there_before_their_rows(daemon: Daemon) -> None:
    with daemon.stream("multilabel", options={"classes": ["a", "b"]}) as stream:
        found = stream.call("threshold/optimize")
        assert [each["class"] for each in found["classes"]] == ["a", "b"]
        assert all(each["threshold"] is None for each in found["classes"])
    with daemon.stream("multilabel", slices=["site"]) as stream:
        assert stream.call("threshold/optimize")["classes"] == []
        stream.push(scores=[[0.1, 0.9]], labels=[[0, 1]], slices={"site": "x"})
        found = stream.call("threshold/optimize", slice={"site": "y"})
        assert "classes" in found and found["threshold"] is None


@given(rows(), st.sampled_from(["f1", "mcc", "accuracy", "youden"]))
def test_thresholds_of_each_class_are_those_of_a_binary_stream(
    daemon: Daemon, r: Rows, objective: str
) -> None:
    options = {"score_kind": r.kind}
    parts = ("threshold", "value", "confusion", "precision", "recall", "at_default")

    def answer(found: dict[str, Any]) -> dict[str, Any]:
        return {key: found[key] for key in (*parts, "all_positive")}

    def alone(rows: Binary) -> dict[str, Any]:
        with daemon.stream("binary", options=options) as single:
            single.push(
                scores=rows.scores.tolist(),
                labels=rows.labels.tolist(),
                weights=rows.weights.tolist(),
            )
            found: dict[str, Any] = single.call(
                "threshold/optimize", objective=objective
            )
            return found

    with daemon.stream("multilabel", options=options) as stream:
        push(stream, r, [0, len(r.labels)])
        whole = stream.call("threshold/optimize", objective=objective)
        assert answer(whole) == answer(alone(r.elements))
        for place, found in enumerate(whole["classes"]):
            wanted = alone(
                Binary(r.scores[:, place], r.labels[:, place], r.weights, r.kind)
            )
            assert found["class"] == place
            assert answer(found) == answer(wanted)
            one = stream.call(
                "threshold/optimize", objective=objective, **{"class": place}
            )
            assert answer(one) == answer(wanted) and "classes" not in one
        area = stream.call("curve/query", curve="roc")["area"]
        assert area == stream.query("roc_auc_micro")["values"]["roc_auc_micro"]


def test_an_unknown_class_is_refused(daemon: Daemon) -> None:
    options = {"classes": ["cat", "dog"]}
    with daemon.stream("multilabel", options=options) as stream:
        stream.push(scores=[[0.1, 0.9]], labels=[[0, 1]])
        with pytest.raises(Refused, match="has no class"):
            stream.call("threshold/evaluate", thresholds=[0.5], **{"class": "bird"})
        found = stream.call("threshold/evaluate", thresholds=[0.5], **{"class": "dog"})
        assert found["rows"][0]["f1"] == 1


@settings(max_examples=20)
@given(rows(), rows())
def test_what_was_asked_before_a_merge_is_asked_anew(
    daemon: Daemon, r: Rows, other: Rows
) -> None:
    asked = ["roc_auc_micro", "average_precision_micro"]
    width = max(r.scores.shape[1], other.scores.shape[1])
    options: dict[str, Any] = {"score_kind": "score", "classes": width}

    def push(stream: Any, part: Rows) -> None:
        wide = ((0, 0), (0, width - part.scores.shape[1]))
        stream.push(
            scores=np.pad(part.scores, wide).tolist(),
            labels=np.pad(part.labels, wide).astype(int).tolist(),
        )

    with (
        daemon.stream("multilabel", options=options) as one,
        daemon.stream("multilabel", options=options) as two,
        daemon.stream("multilabel", options=options) as whole,
    ):
        push(one, r)
        one.values(*asked)
        push(two, other)
        one.call("state/merge", state=two.call("state/export")["state"])
        push(whole, r)
        push(whole, other)
        assert one.values(*asked) == whole.values(*asked)
