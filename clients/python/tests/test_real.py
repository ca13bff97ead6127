"""Sessions with the real daemon: every method, against what scikit-learn says."""

from __future__ import annotations

import math
import os
import time
import warnings
from typing import Any

import numpy as np
import pytest

import evald
from conftest import Starter
from programs import alive


@pytest.fixture(scope="module")
def rows() -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(11)
    labels = rng.integers(0, 2, 2000)
    scores = np.clip(rng.normal(0.35 + 0.3 * labels, 0.2), 0, 1)
    return scores, labels, np.where(rng.random(2000) < 0.3, "fr", "en")


def pushed(ev: evald.Evald, rows: tuple[Any, Any, Any], **options: Any) -> evald.Stream:
    stream = ev.stream("val", "binary", slices=["language"], **options)
    for part in np.array_split(np.arange(len(rows[0])), 9):
        scores, labels, language = (column[part] for column in rows)
        stream.push(scores=scores, labels=labels, slices={"language": language})
    return stream


def test_queries(real: Starter, rows: tuple[Any, Any, Any]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    scores, labels, language = rows
    val = pushed(real(), rows)
    found = val.query("f1", "roc_auc", {"metric": "f_beta", "beta": 2, "as": "f2"})
    assert found.complete
    assert found.count == found.total_count == 2000
    assert found.f1 == metrics.f1_score(labels, scores >= 0.5)
    assert found.roc_auc == pytest.approx(metrics.roc_auc_score(labels, scores), rel=1e-12)
    assert found.f2 == pytest.approx(metrics.fbeta_score(labels, scores >= 0.5, beta=2), rel=1e-12)
    assert "f1" in found.signatures
    french = language == "fr"
    part = val.query("f1", slice={"language": "fr"}, threshold=0.4)
    assert part.count == french.sum()
    assert part.f1 == metrics.f1_score(labels[french], scores[french] >= 0.4)
    assert list(val.query(metrics=["f1", "brier"])) == ["f1", "brier"]
    assert list(val.query("f1", metrics="brier")) == ["f1", "brier"]


def test_curves_thresholds_calibration(real: Starter, rows: tuple[Any, Any, Any]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    scores, labels, _ = rows
    val = pushed(real(), rows)
    roc = val.curve("roc")
    assert isinstance(roc.threshold, np.ndarray)
    assert roc.threshold[0] == math.inf
    assert roc.area == pytest.approx(metrics.roc_auc_score(labels, scores), rel=1e-12)
    area = np.trapezoid(roc.true_positive_rate, roc.false_positive_rate)
    assert area == pytest.approx(roc.area, rel=1e-9)
    assert len(val.curve("precision_recall", points=10).precision) <= 12

    chosen = val.threshold("f1")
    precision, recall, _ = metrics.precision_recall_curve(labels, scores)
    with np.errstate(invalid="ignore"):
        best: float = np.nanmax(2 * precision * recall / (precision + recall))
    assert chosen.value == pytest.approx(best, rel=1e-12)
    assert chosen.value == metrics.f1_score(labels, scores >= chosen.threshold)
    assert chosen.at_default.value == metrics.f1_score(labels, scores >= 0.5)
    assert chosen.confusion.true_positives + chosen.confusion.false_negatives == labels.sum()
    impossible = val.threshold("recall", min_precision=1.0, min_recall=1.0)
    assert math.isnan(impossible.threshold)
    assert impossible.reason == "infeasible"
    costs = {"false_positive": 1, "false_negative": 5}
    assert val.threshold("cost", costs=costs).threshold < chosen.threshold
    table = val.thresholds([0.3, 0.5])
    assert [row.threshold for row in table] == [0.3, 0.5]
    assert table[1].f1 == metrics.f1_score(labels, scores >= 0.5)

    calibration = val.calibration(bins=10)
    assert calibration.brier == pytest.approx(metrics.brier_score_loss(labels, scores), rel=1e-12)
    assert sum(row["count"] for row in calibration.bins) == 2000
    assert len(calibration.bins) == 10
    parts = calibration.brier_decomposition
    total = parts.reliability - parts.resolution + parts.uncertainty + parts.within_bin
    assert total == pytest.approx(calibration.brier, rel=1e-9)
    assert val.calibration(strategy="quantile").ece >= 0


def test_slices(real: Starter, rows: tuple[Any, Any, Any]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    scores, labels, language = rows
    val = pushed(real(), rows)
    table = val.slices("language", "f1")
    assert val.slices("language", metrics=["f1"]) == table
    assert {row.language for row in table} == {"en", "fr"}
    assert table[0].f1 <= table[1].f1
    for row in table:
        part = language == row.language
        assert row.f1 == metrics.f1_score(labels[part], scores[part] >= 0.5)
    assert table.gaps.f1.difference == pytest.approx(table[1].f1 - table[0].f1)
    assert "f1" in table.average


def test_epochs(real: Starter, rows: tuple[Any, Any, Any]) -> None:
    scores, labels, _ = rows
    val = real().stream("val", "binary", metrics=["f1", "roc_auc"], keep_windows=2)
    for epoch in range(3):
        val.push(scores=np.clip(scores + epoch * 0.1 * (labels - 0.5), 0, 1), labels=labels)
        before = val.query()
        row = val.mark(f"epoch {epoch}", loss=1.0 / (epoch + 1))
        assert (row.label, row["count"], row.complete) == (f"epoch {epoch}", 2000, True)
        assert (row.f1, row.roc_auc, row.loss) == (before.f1, before.roc_auc, 1.0 / (epoch + 1))
        assert abs(row.time - time.time()) < 60
    assert val.query().count == 0
    assert math.isnan(val.query().f1)
    assert val.query().undefined["f1"] == "no_rows"
    assert val.query(window="all").count == 6000
    assert val.query(window={"mark": "epoch 2"}).f1 == row.f1
    history = val.history()
    assert [item.label for item in history] == ["epoch 0", "epoch 1", "epoch 2"]
    assert val.best["f1"] == {"label": "epoch 2", "value": row.f1}
    assert history.best.roc_auc.label == "epoch 2"


def test_upkeep(real: Starter) -> None:
    ev = real()
    val = ev.stream("val", "scalar", metadata={"run": 7}, metrics=["sum"])
    val.push(values=[1.0, 2.0])
    assert val.checkpoint("a").name == "a"
    val.push(values=[3.0])
    assert list(val.flush().applied.values()) == [2]
    val.rollback("a")
    for number in range(3):  # and pushing goes on, none of them taken for one of before
        val.push(values=[float(number)])
    assert (val.query().count, val.query()["sum"]) == (5, 6.0)
    ev.checkpoint("b")
    val.push(values=[1.0])
    ev.rollback("b")
    val.push(values=[1.0])
    assert val.query().count == 6
    assert val.describe().metadata == {"run": 7}
    assert [row.stream for row in ev.list()] == ["val"]
    assert ev.stream("val").query().count == 6
    val.reset()
    val.push(values=[1.0])
    assert val.query().count == 1
    val.delete()
    with pytest.raises(evald.StreamNotFound):
        val.query()
    again = ev.stream("val", "scalar")
    again.push(values=[1.0])
    assert again.query().count == 1
    assert ev.status().version
    assert {"f1", "roc_auc"} <= {row.name for row in ev.catalog("binary")}
    ev.ping()
    assert ev.request("rpc.discover")["openrpc"] == "1.3.2"
    assert ev.server.server.name == "evald"


def test_opening_again(real: Starter) -> None:
    ev = real()
    first = ev.stream("val", "binary", slices=["a"])
    assert first.opened.created
    first.push(scores=[0.5], labels=[1], slices={"a": "x"})
    second = ev.stream("val", "binary", slices=["a"])
    assert not second.opened.created
    second.push(scores=[0.5], labels=[1], slices={"a": "x"})
    assert first.query().count == 2
    for error, act in (
        (evald.SchemaMismatch, lambda: ev.stream("val", "binary", threshold=0.25)),
        (evald.ResumeRefused, lambda: ev.stream("val", "binary", slices=["a"], resume="never")),
        (evald.UnknownTask, lambda: ev.stream("x", "binnary")),
        (evald.UnknownMetric, lambda: ev.stream("x", "binary", metrics=["f2"])),
        (evald.StreamNotFound, lambda: ev.stream("vall")),
        (evald.InvalidParams, lambda: ev.stream("x", "binary", treshold=0.25)),
        (evald.MethodNotFound, lambda: ev.request("stream/psh")),
    ):
        with pytest.raises(error) as caught:
            act()
        assert caught.value.code
        assert caught.value.hint


def test_a_refused_batch_is_told_and_taints(real: Starter) -> None:
    ev = real(on_error="warn")
    val = ev.stream("val", "binary")
    val.push(scores=[0.5, 0.5], labels=[1, 7])
    with pytest.warns(evald.EvaldWarning, match="/params/batch/labels/1") as told:
        result = val.query()
        for _ in range(20):
            val.push(scores=[0.5], labels=[2])
            val.push(scores=[0.5], labels=[1])
        last = val.query()
    assert len(told) == 1
    assert not result.complete
    assert result.rejected.batches == 1
    assert result.rejected.first.kind == "InvalidBatch"
    assert (last.count, last.rejected.batches) == (20, 21)
    assert val.flush(acknowledge=True) is not None
    assert val.query().complete
    assert val.describe().rejected.batches == 21


def test_a_refused_batch_raises_at_the_next_call(real: Starter) -> None:
    ev = real()
    val = ev.stream("val", "binary")
    val.push(scores=[0.5, 1.5], labels=[1, 0])
    ev._link.request("ping", {})
    with pytest.raises(evald.InvalidBatch) as caught:
        val.push(scores=[0.5], labels=[1])
    assert caught.value.path == "/params/batch/scores/1"
    assert caught.value.data["stream"] == "val"
    with pytest.raises(evald.InvalidBatch):
        val.push(scores=[0.5, 1.5], labels=[1, 0], wait=True)
    assert not val.query().complete


def test_a_daemon_without_room_loses_what_it_refuses_and_nothing_else(real: Starter) -> None:
    ev = real("--max-memory", str(1 << 20), on_error="warn")
    val = ev.stream("val", "binary")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for _ in range(3):
            val.push(scores=np.random.default_rng(1).random(100_000), labels=np.ones(100_000))
            ev.ping()
        for _ in range(10):
            val.push(scores=[0.5], labels=[1])
        result = val.query("f1")
    assert result.count == 10
    assert result.rejected.batches == 3
    assert any("MemoryLimit" in str(item.message) for item in told)
    assert not any("OutOfSequence" in str(item.message) for item in told)


def test_the_real_daemon_survives_what_a_shell_does(real: Starter) -> None:
    import signal

    ev = real()
    val = ev.stream("val", "scalar")
    assert ev.pid is not None
    for number in (signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE):
        os.kill(ev.pid, number)
        val.push(values=[1.0])
    assert val.query().count == 4
    assert ev.stderr == []
    ev.close()
    assert not alive(ev.pid)


def test_a_killed_daemon_is_told_once(real: Starter) -> None:
    import signal

    ev = real(on_error="warn")
    val = ev.stream("val", "scalar")
    assert ev.pid is not None
    os.kill(ev.pid, signal.SIGKILL)
    with pytest.warns(evald.EvaldWarning, match="killed by signal 9") as told:
        for _ in range(5000):
            val.push(values=[1.0])
        assert math.isnan(val.mark("end").mean)
        val.query()
    assert len(told) == 1


def test_a_million_rows_arrive(real: Starter) -> None:
    val = real().stream("val", "scalar", metrics=["sum"])
    values = np.random.default_rng(0).random(1000)
    for _ in range(1000):
        val.push(values=values)
    assert val.query()["sum"] == pytest.approx(1000 * values.sum())
    assert val.query().count == 1_000_000
