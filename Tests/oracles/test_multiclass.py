"""Every multiclass metric against scikit-learn and torchmetrics, on the same rows, over the wire."""

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
from reference import assert_close
from scipy.special import log_softmax, softmax
from sklearn import metrics
from sklearn.datasets import load_digits, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

AVERAGES = ("micro", "macro", "weighted")
DECISIONS = [
    "accuracy",
    "balanced_accuracy",
    "mcc",
    "cohen_kappa",
    "majority_accuracy",
    *(f"{name}_{a}" for name in ("precision", "recall", "f1") for a in AVERAGES),
]
RANKS = ["roc_auc_macro", "roc_auc_weighted", "average_precision_macro"]
LOSSES = ["log_loss", "brier", "ece", "mce"]
TOP = [{"metric": "top_k_accuracy@k", "k": k, "as": f"top{k}"} for k in (1, 2, 3, 9)]
EPSILON = float(np.finfo(np.float64).eps)


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
    def probabilities(self) -> Floats:
        if self.kind == "logit":
            return np.asarray(softmax(self.scores, axis=1))
        return self.scores


@st.composite
def rows(draw: st.DrawFn, largest: int = 25) -> Rows:
    kind = draw(st.sampled_from(["probability", "logit", "score"]))
    k = draw(st.integers(2, 6))
    n = draw(st.integers(1, largest))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    labels = rng.integers(0, k, n)
    scores = rng.normal(0, 1, (n, k)) + np.eye(k)[labels]
    style = draw(st.sampled_from(["plain", "ties", "far"]))
    if style == "ties":
        scores = np.round(scores)
    elif style == "far":
        scores = np.round(scores * 40, 3)
    if kind == "probability":
        scores = softmax(scores, axis=1)
        if style == "ties":
            scores = np.round(scores, 1)
    weights = np.ones(n)
    if draw(st.booleans()):
        weights = np.array([1.5, *rng.choice([0.0, *made.DYADIC], n - 1)])
    return Rows(scores, labels, weights, kind)


def decisions(
    labels: Ints, decided: Ints, weights: Floats, classes: list[int], zero: float = 0
) -> dict[str, Any]:
    """What scikit-learn says of labels and predictions."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found: dict[str, Any] = {
            "accuracy": metrics.accuracy_score(labels, decided, sample_weight=weights),
            "balanced_accuracy": metrics.balanced_accuracy_score(
                labels, decided, sample_weight=weights
            ),
            "majority_accuracy": max(weights[labels == c].sum() for c in classes)
            / weights.sum(),
        }
        for average in AVERAGES:
            values = metrics.precision_recall_fscore_support(
                labels,
                decided,
                labels=classes,
                average=average,
                sample_weight=weights,
                zero_division=math.nan if average == "micro" else zero,
            )
            for name, value in zip(("precision", "recall", "f1"), values, strict=False):
                found[f"{name}_{average}"] = (
                    "zero_division" if math.isnan(value) else float(value)
                )
        varied = len(set(labels.tolist())) > 1 and len(set(decided.tolist())) > 1
        found["mcc"] = (
            metrics.matthews_corrcoef(labels, decided, sample_weight=weights)
            if varied
            else "no_variation"
        )
        found["cohen_kappa"] = (
            metrics.cohen_kappa_score(labels, decided, sample_weight=weights)
            if len({*labels.tolist(), *decided.tolist()}) > 1
            else "no_variation"
        )
    return found


def ranks(r: Rows) -> dict[str, Any]:
    scores = r.probabilities if r.kind == "logit" else r.scores
    places = range(scores.shape[1])
    if any((r.labels == c).all() or not (r.labels == c).any() for c in places):
        return dict.fromkeys(RANKS, "absent_class")

    def values(function: Any) -> list[float]:
        return [
            function(r.labels == c, scores[:, c], sample_weight=r.weights)
            for c in places
        ]

    support = [r.weights[r.labels == c].sum() for c in places]
    areas = values(metrics.roc_auc_score)
    return {
        "roc_auc_macro": float(np.mean(areas)),
        "roc_auc_weighted": float(np.average(areas, weights=support)),
        "average_precision_macro": float(
            np.mean(values(metrics.average_precision_score))
        ),
    }


def losses(r: Rows, bins: int = 15) -> dict[str, Any]:
    if r.kind == "score":
        return dict.fromkeys(LOSSES, "needs_probabilities")
    places = np.arange(len(r.labels))
    p = r.probabilities
    if r.kind == "logit":
        logs = -log_softmax(r.scores, axis=1)[places, r.labels]
        logs = np.clip(logs, -math.log1p(-EPSILON), -math.log(EPSILON))
    else:
        logs = -np.log(np.clip(p[places, r.labels], EPSILON, 1 - EPSILON))
    error = p.copy()
    error[places, r.labels] -= 1
    confidence = p.max(axis=1)
    right = (r.scores.argmax(axis=1) == r.labels).astype(float)
    bin_of = np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], confidence)
    mass = np.bincount(bin_of, weights=r.weights)
    gap = np.abs(np.bincount(bin_of, weights=r.weights * (right - confidence)))
    return {
        "log_loss": float(np.average(logs, weights=r.weights)),
        "brier": float(np.average((error**2).sum(axis=1), weights=r.weights)),
        "ece": float(gap.sum() / mass.sum()),
        "mce": float((gap[mass > 0] / mass[mass > 0]).max()),
    }


def top(r: Rows) -> dict[str, Any]:
    own = r.scores[np.arange(len(r.labels)), r.labels][:, None]
    places = np.arange(r.scores.shape[1])
    before = (r.scores > own) | ((r.scores == own) & (places < r.labels[:, None]))
    rank = before.sum(axis=1)
    return {
        f"top{k}": float(np.average(rank < k, weights=r.weights)) for k in (1, 2, 3, 9)
    }


def push(stream: Any, r: Rows, ends: list[int]) -> None:
    for start, end in pairwise(ends):
        batch: dict[str, Any] = {
            "scores": r.scores[start:end].tolist(),
            "labels": r.labels[start:end].tolist(),
        }
        if (r.weights != 1).any():
            batch["weights"] = r.weights[start:end].tolist()
        stream.push(**batch)


def edge_free(r: Rows) -> bool:
    """Whether no confidence is so near the edge of a bin that the last bits of a softmax decide."""
    confidence = r.probabilities.max(axis=1) * 15
    return bool((np.abs(confidence - np.round(confidence)) > 1e-9).all())


@settings(max_examples=200)
@given(rows(), st.data())
def test_every_metric_of_scores(daemon: Daemon, r: Rows, data: st.DataObject) -> None:
    ends = data.draw(made.cuts(len(r.labels)))
    with daemon.stream("multiclass", options={"score_kind": r.kind}) as stream:
        push(stream, r, ends)
        found = stream.values(*DECISIONS, *RANKS, *LOSSES, *TOP)
    held = r.held
    decided = held.scores.argmax(axis=1)
    classes = sorted({*held.labels.tolist(), *decided.tolist()})
    wanted = {
        **decisions(held.labels, decided, held.weights, classes),
        **ranks(held),
        **losses(held),
        **top(held),
    }
    if r.kind == "logit" and not edge_free(held):
        for name in ("ece", "mce"):
            found.pop(name), wanted.pop(name)
    if r.kind == "logit":
        # Probabilities that differ in the last bits may be tied for one softmax and not for another.
        p = np.sort(held.probabilities, axis=0)
        if (np.diff(p, axis=0) < 1e-12).any():
            for name in RANKS:
                found.pop(name), wanted.pop(name)
    assert_close(found, wanted)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["b", "a", "c", "é"]),
            st.sampled_from(["a", "b", "c", "é", "z", None]),
        ),
        min_size=1,
        max_size=30,
    ),
    st.sampled_from(["report", "skip", 0, 1]),
    st.booleans(),
    st.booleans(),
)
def test_predictions_by_name(
    daemon: Daemon,
    pairs: list[tuple[str, str | None]],
    zero_division: Any,
    weighted: bool,
    declared: bool,
) -> None:
    names = ["z", "a", "q", "é", "c", "b"]
    options: dict[str, Any] = {"zero_division": zero_division}
    if declared:
        options |= {"classes": names, "average_over": "declared"}
    else:
        names = sorted(names, key=lambda name: name.encode())
    places: dict[str | None, int] = {name: place for place, name in enumerate(names)}
    places[None] = -1
    labels = np.array([places[y] for y, _ in pairs])
    decided = np.array([places[p] for _, p in pairs])
    weights = np.arange(1, len(pairs) + 1) / 4 if weighted else np.ones(len(pairs))
    with daemon.stream("multiclass", options=options) as stream:
        batch: dict[str, Any] = {
            "predictions": [p for _, p in pairs],
            "labels": [y for y, _ in pairs],
        }
        if weighted:
            batch["weights"] = weights.tolist()
        stream.push(**batch)
        zero = {"report": 0.0, "skip": math.nan}.get(zero_division, zero_division)
        seen = sorted({*labels.tolist(), *decided.tolist()} - {-1})
        classes = list(range(len(names))) if declared else seen
        wanted = decisions(labels, decided, weights, classes, zero)
        for key, value in wanted.items():
            if value == "zero_division" and zero_division in (0, 1):
                wanted[key] = float(zero_division)
        assert_close(stream.values(*DECISIONS), wanted)
        found = stream.values("confusion_matrix")["confusion_matrix"]
        assert found["classes"] == [names[c] for c in classes]
        held = decided != -1
        matrix = np.zeros((len(classes), len(classes)))
        for y, p, w in zip(labels[held], decided[held], weights[held], strict=True):
            matrix[classes.index(y), classes.index(p)] += w
        assert found["matrix"] == matrix.tolist()
        needs = stream.values(*RANKS, *LOSSES, "top_k_accuracy@2")
        assert set(needs.values()) == {"needs_scores"}


@given(rows(), st.randoms())
def test_no_order_and_no_split_shows(daemon: Daemon, r: Rows, random: Any) -> None:
    order = list(range(len(r.labels)))
    random.shuffle(order)
    options = {"score_kind": r.kind}
    asked = [*DECISIONS, *RANKS, *LOSSES, *TOP, "confusion_matrix", "per_class"]
    with (
        daemon.stream("multiclass", options=options) as whole,
        daemon.stream("multiclass", options=options) as single,
    ):
        push(whole, r, [0, len(order)])
        shuffled = Rows(r.scores[order], r.labels[order], r.weights[order], r.kind)
        push(single, shuffled, list(range(len(order) + 1)))
        assert whole.values(*asked) == single.values(*asked)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("kind", ["probability", "logit"])
def test_every_type(daemon: Daemon, dtype: str, kind: str) -> None:
    rng = np.random.default_rng(3)
    n, k = 300, 7
    labels = rng.integers(0, k, n)
    scores = rng.normal(0, 1, (n, k)) + np.eye(k)[labels]
    if kind == "probability":
        scores = softmax(scores, axis=1)
    carried = rounded(scores, dtype)
    r = Rows(carried, labels, np.ones(n), kind)
    with daemon.stream("multiclass", options={"score_kind": kind}) as stream:
        stream.push(
            scores=packed(scores, dtype, [n, k]), labels=packed(labels, "uint8")
        )
        found = stream.values(*DECISIONS, *RANKS, *LOSSES, *TOP)
    wanted = {
        **decisions(labels, carried.argmax(axis=1), r.weights, list(range(k))),
        **ranks(r),
        **losses(r),
        **top(r),
    }
    assert_close(found, wanted)


def test_many_classes(daemon: Daemon) -> None:
    rng = np.random.default_rng(4)
    n, k = 64, 100_000
    labels = rng.integers(0, k, n)
    scores = rng.normal(0, 1, (n, k)).astype(np.float32)
    scores[np.arange(n), labels] += rng.choice([0, 5, 20], n).astype(np.float32)
    options = {"score_kind": "logit", "classes": k}
    with daemon.stream("multiclass", options=options) as stream:
        for start in range(0, n, 16):
            part = slice(start, start + 16)
            stream.push(
                scores=packed(scores[part], "float32", [16, k]),
                labels=packed(labels[part], "int32"),
            )
        asked = [*DECISIONS, "log_loss", "brier", "ece", "top_k_accuracy@100"]
        found = stream.values(*asked)
        sparse = stream.values({"metric": "confusion_matrix", "sparse": True})
        needs = stream.values("roc_auc_macro", "confusion_matrix")
        assert stream.call("stream/describe")["memory_bytes"] < 1_000_000
    assert needs == {"roc_auc_macro": "not_kept", "confusion_matrix": "overflow"}
    r = Rows(scores.astype(float), labels, np.ones(n), "logit")
    decided = r.scores.argmax(axis=1)
    classes = sorted({*labels.tolist(), *decided.tolist()})
    wanted = decisions(labels, decided, r.weights, classes)
    wanted |= {key: losses(r)[key] for key in ("log_loss", "brier", "ece")}
    own = r.scores[np.arange(n), labels][:, None]
    wanted["top_k_accuracy@100"] = float(((r.scores > own).sum(axis=1) < 100).mean())
    assert_close(found, wanted)
    (cells,) = sparse.values()
    assert sum(cells["counts"]) == n


@pytest.mark.parametrize("data", ["digits", "wine"])
def test_trained_models(daemon: Daemon, data: str) -> None:
    features, labels = (load_digits if data == "digits" else load_wine)(return_X_y=True)
    order = np.random.default_rng(5).permutation(len(labels))
    features, labels = features[order], labels[order]
    half = len(labels) // 2
    model = LogisticRegression(max_iter=30) if data == "digits" else GaussianNB()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(features[:half], labels[:half])
    p = model.predict_proba(features[half:])
    truth = labels[half:]
    r = Rows(p, truth, np.ones(len(truth)), "probability")
    k = p.shape[1]
    with daemon.stream("multiclass") as stream:
        for start in range(0, len(truth), 100):
            stream.push(
                scores=packed(
                    p[start : start + 100], "float64", [len(p[start : start + 100]), k]
                ),
                labels=truth[start : start + 100].tolist(),
            )
        found = stream.values(*DECISIONS, *RANKS, *LOSSES, *TOP)
        report = stream.call("calibration/query")
        area = stream.call("curve/query", curve="reliability")
    wanted = {
        **decisions(truth, p.argmax(axis=1), r.weights, list(range(k))),
        **ranks(r),
        **losses(r),
        **top(r),
    }
    assert_close(found, wanted)
    assert report["ece"] == found["ece"] and report["mce"] == found["mce"]
    confidence, right = p.max(axis=1), p.argmax(axis=1) == truth
    assert_close(
        {"brier": report["brier"]},
        {"brier": metrics.brier_score_loss(right, confidence)},
    )
    assert [b["count"] for b in report["bins"]] == area["columns"]["count"]
    # torchmetrics agrees where its conventions do; it computes in float32.
    t, q = torch.tensor(truth), torch.tensor(p)
    for name, metric in {
        "accuracy": tm.MulticlassAccuracy(k, average="micro"),
        "f1_macro": tm.MulticlassF1Score(k, average="macro"),
        "mcc": tm.MulticlassMatthewsCorrCoef(k),
        "cohen_kappa": tm.MulticlassCohenKappa(k),
        "roc_auc_macro": tm.MulticlassAUROC(k),
        "average_precision_macro": tm.MulticlassAveragePrecision(k),
        "ece": tm.MulticlassCalibrationError(k),
        "top2": tm.MulticlassAccuracy(k, average="micro", top_k=2),
    }.items():
        assert math.isclose(float(metric(q, t)), found[name], rel_tol=1e-5), name


def test_rows_to_ignore_and_values_that_are_not_finite(daemon: Daemon) -> None:
    options = {"ignore_index": -100, "non_finite": "skip"}
    nan = "NaN"
    with daemon.stream("multiclass", options=options) as stream:
        reply = stream.push(
            scores=[[0.9, 0.1], [nan, 0.5], [nan, nan], [0.3, 0.7], [0.2, 0.8]],
            labels=[0, 1, -100, -100, 1],
        )
        assert (reply["count"], reply["dropped"]) == (2, 3)
        assert stream.values("accuracy")["accuracy"] == 1


def test_a_fit_is_refused_since_logits_are_not_kept(daemon: Daemon) -> None:
    with daemon.stream("multiclass", options={"score_kind": "logit"}) as stream:
        stream.push(scores=[[1.0, 0.0, 2.0]], labels=[1])
        with pytest.raises(Refused, match="does not keep its logits"):
            stream.call("calibration/fit")


@pytest.mark.parametrize("kind", ["logit", "probability"])
@pytest.mark.parametrize("label", [0, 1])
def test_losses_end_where_scikit_learns_end(
    daemon: Daemon, kind: str, label: int
) -> None:
    scores = np.array([[800.0, 0.0, -3.0]] if kind == "logit" else [[1.0, 0.0, 0.0]])
    p = Rows(scores, np.array([label]), np.ones(1), kind).probabilities
    with daemon.stream("multiclass", options={"score_kind": kind, "classes": 3}) as s:
        s.push(scores=scores.tolist(), labels=[label])
        found = s.values("log_loss")["log_loss"]
    assert found == pytest.approx(
        metrics.log_loss([label], p, labels=[0, 1, 2]), rel=1e-12, abs=0
    )


def test_a_metric_that_is_named_at_open_has_its_scores(daemon: Daemon) -> None:
    k = 200  # more than are kept unasked
    rng = np.random.default_rng(5)
    labels = np.concatenate([np.arange(k), rng.integers(0, k, 100)])
    scores = rng.dirichlet(np.ones(k), len(labels))
    for name, options, is_kept in (
        ("roc_auc_macro", {}, True),
        ("average_precision_macro", {}, True),
        ("accuracy", {}, False),
        ("roc_auc_macro", {"one_vs_rest": False}, False),
    ):
        with daemon.stream("multiclass", options=options, metrics=[name]) as stream:
            stream.push(scores=scores.tolist(), labels=labels.tolist())
            found = stream.values("roc_auc_macro")["roc_auc_macro"]
        if is_kept:
            wanted = metrics.roc_auc_score(labels, scores, multi_class="ovr")
            assert math.isclose(found, wanted, rel_tol=1e-12)
        else:
            assert found == "not_kept"


def test_shares_of_the_confusion_matrix_count_abstentions(daemon: Daemon) -> None:
    def asked(by: str | None, **more: Any) -> dict[str, Any]:
        return {"metric": "confusion_matrix", "normalize": by, "as": str(by), **more}

    with daemon.stream("multiclass", options={"classes": 2}) as stream:
        stream.push(predictions=[1, 0, None, 0], labels=[1, 1, 1, 0])
        found = stream.values(*map(asked, ("true", "pred", "all")))
        cells = stream.values(asked("true", sparse=True))["true"]
        recalls = [row["recall"] for row in stream.values("per_class")["per_class"]]
    third = 1 / 3
    assert found["true"]["matrix"] == [[1, 0], [third, third]]
    assert [found["true"]["matrix"][place][place] for place in range(2)] == recalls
    assert found["true"]["abstained"] == [0, third]
    assert found["pred"]["matrix"] == [[0.5, 0], [0.5, 1]]
    assert "abstained" not in found["pred"]
    assert found["all"]["matrix"] == [[0.25, 0], [0.25, 0.25]]
    assert found["all"]["abstained"] == [0, 0.25]
    assert cells["counts"] == [1, third, third] and cells["abstained"] == [0, third]


@pytest.mark.parametrize("ignored", [2, "2"])
@pytest.mark.parametrize("classes", [["0", "1", "2"], ["2", "0", "1"]])
def test_both_names_of_a_class_are_ignored(
    daemon: Daemon, ignored: Any, classes: list[str]
) -> None:
    options = {"classes": classes, "ignore_index": ignored}
    with daemon.stream("multiclass", options=options) as stream:
        reply = stream.push(predictions=["0", "1", 1], labels=["2", 2, 1])
        assert (reply["count"], reply["dropped"]) == (1, 2)
        assert stream.values("accuracy")["accuracy"] == 1


def test_what_nothing_of_nothing_is_said_to_be(daemon: Daemon) -> None:
    names = ["accuracy", "top_k_accuracy@1"]
    names += [f"{each}_micro" for each in ("precision", "recall", "f1", "f_beta")]
    for said in (0, 1):
        with daemon.stream("multiclass", options={"zero_division": said}) as stream:
            stream.push(scores=[[0.2, 0.8]], labels=[1], weights=[0])
            assert stream.values(*names) == dict.fromkeys(names, said)


def test_there_are_no_more_classes_than_a_million(daemon: Daemon) -> None:
    step = 1 << 17
    with daemon.stream("multiclass") as stream:
        for start in range(0, 7 * step, step):
            labels = packed(np.arange(start, start + step), "int32")
            stream.push(predictions=labels, labels=labels)
        labels = packed(np.arange(7 * step, 8 * step), "int32")
        with pytest.raises(Refused, match="more than 1000000 classes"):
            stream.push(predictions=labels, labels=labels)
        assert stream.values("accuracy")["accuracy"] == 1
