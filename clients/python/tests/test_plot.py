"""Pictures: what is drawn where, in every kind, for every odd stream."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import evald
from conftest import Starter
from evald import plot

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402
from matplotlib.colors import to_rgb  # noqa: E402

STYLES = ("default", "dark_background")


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    pyplot.close("all")


def rows(count: int, seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, count)
    return {"scores": np.clip(rng.normal(0.35 + 0.3 * labels, 0.2), 0, 1), "labels": labels}


@pytest.fixture
def val(real: Starter) -> evald.Stream:
    stream = real().stream("val", "binary", metrics=["f1", "roc_auc", "brier", "optimal_threshold"])
    for epoch in range(4):
        stream.push(**rows(400, epoch))
        stream.mark(f"epoch {epoch}", loss=1 / (epoch + 1))
    stream.push(**rows(500, 9))
    return stream


def legend(axes: Any) -> list[str]:
    found = axes.get_legend()
    return [] if found is None else [text.get_text() for text in found.get_texts()]


def line(axes: Any, label: str) -> Any:
    (found,) = [item for item in axes.get_lines() if str(item.get_label()).startswith(label)]
    return found


def test_reliability(val: evald.Stream) -> None:
    axes = plot.reliability(val, bins=10)
    found = val.calibration(10)
    drawn = line(axes, "val")
    filled = [row for row in found.bins if row["count"]]
    assert list(drawn.get_xdata()) == [row.mean_score for row in filled]
    assert list(drawn.get_ydata()) == [row.positive_rate for row in filled]
    assert axes.get_title() == f"Reliability: ECE {found.ece:.3f}"
    assert list(line(axes, "perfect").get_ydata()) == [0, 1]
    (below,) = axes.child_axes
    bars: Any = below.patches[0]
    assert bars.get_data().values.tolist() == [row["count"] for row in found.bins]
    assert sum(bars.get_data().values) == 500
    assert (below.get_xlabel(), axes.get_ylabel()) == (
        "predicted probability",
        "share of positives",
    )


def test_roc_and_precision_recall(val: evald.Stream) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    data = rows(500, 9)
    best = val.threshold("f1")
    axes = plot.roc(val)
    area = metrics.roc_auc_score(data["labels"], data["scores"])
    drawn = line(axes, "val")
    assert drawn.get_label() == f"val, area {area:.3f}"
    assert np.trapezoid(drawn.get_ydata(), drawn.get_xdata()) == pytest.approx(area, abs=1e-9)
    for marked, at in (("best F1", best.threshold), ("default threshold 0.500", 0.5)):
        positive = data["scores"] >= at
        (x,), (y,) = line(axes, marked).get_data()
        assert x == pytest.approx(positive[data["labels"] == 0].mean(), abs=1e-12)
        assert y == pytest.approx(positive[data["labels"] == 1].mean(), abs=1e-12)
    assert list(line(axes, "chance").get_ydata()) == [0, 1]

    axes = plot.precision_recall(val)
    precision, recall, _ = metrics.precision_recall_curve(data["labels"], data["scores"])
    assert line(axes, "val").get_label() == f"val, area {metrics.auc(recall, precision):.3f}"
    (x,), (y,) = line(axes, "best F1").get_data()
    assert (x, y) == (best.recall, best.precision)
    prevalence = data["labels"].mean()
    assert line(axes, "chance").get_ydata()[0] == pytest.approx(prevalence)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("recall", "precision")


def test_thresholds(val: evald.Stream) -> None:
    axes = plot.thresholds(val)
    best = val.threshold("f1")
    (x,), (y,) = line(axes, "best F1").get_data()
    assert (x, y) == (best.threshold, best.value)
    drawn = line(axes, "F1")
    assert max(drawn.get_ydata()) == best.value
    assert list(drawn.get_xdata()) == sorted(drawn.get_xdata())
    # Between two scores stands what the higher one gives: the step is before its point.
    between = float(sum(drawn.get_xdata()[100:102]) / 2)
    assert val.thresholds([between])[0].f1 == drawn.get_ydata()[101]
    assert drawn.get_drawstyle() == "steps-pre"
    assert {"F1", "precision", "recall", "default threshold 0.500"} <= set(legend(axes))
    only = plot.thresholds(val, metrics=["recall", "selection_rate"])
    assert legend(only)[:2] == ["recall", "selection rate"]
    with pytest.raises(ValueError, match="did you mean 'precision'"):
        plot.thresholds(val, metrics=["precison"])


def test_history(val: evald.Stream) -> None:
    axes = plot.history(val)
    table = val.history()
    names = [text.split(",")[0] for text in legend(axes)]
    assert names == ["f1", "roc_auc", "brier"]  # a threshold has no better direction
    assert list(line(axes, "brier").get_ydata()) == [row.brier for row in table]
    lowest = min(range(4), key=lambda place: table[place].brier)
    assert f"best {table[lowest].brier:.3f} (epoch {lowest})" in legend(axes)[2]
    stars = [item for item in axes.get_lines() if item.get_marker() == "*"]
    assert (stars[2].get_xdata()[0], stars[2].get_ydata()[0]) == (lowest, table[lowest].brier)
    assert [tick.get_text() for tick in axes.get_xticklabels()] == [row.label for row in table]
    loss = plot.history(val, metrics="loss")
    assert list(line(loss, "loss").get_ydata()) == [1, 1 / 2, 1 / 3, 1 / 4]
    assert loss.get_ylabel() == "loss"
    with pytest.raises(ValueError, match="did you mean 'roc_auc'"):
        plot.history(val, metrics=["roc_au"])


@pytest.mark.parametrize("kind", sorted(plot.KINDS))
@pytest.mark.parametrize("style", STYLES)
def test_every_kind_in_light_and_dark(kind: str, style: str, val: evald.Stream) -> None:
    test = val._evald.stream("test", "binary", metrics=["f1"])
    test.push(**rows(300, 5))
    test.mark("once")
    test.push(**rows(300, 6))
    with pyplot.style.context(style):
        figure, axes = pyplot.subplots(layout="constrained")
        draw: Any = plot.KINDS[kind]
        assert draw(val, test, ax=axes) is axes
        figure.canvas.draw()
        own = val.plot(kind)
        own.figure.canvas.draw()
    assert own is not axes
    assert own.get_xlabel() or own.child_axes[0].get_xlabel()
    assert own.get_ylabel()
    for name in ("val", "test"):
        assert any(text.startswith(name) for text in legend(axes))
    labelled = [item for item in axes.get_lines() if item.get_label().startswith(("val", "test"))]
    colours = {to_rgb(item.get_color()) for item in labelled if item.get_marker() != "*"}
    assert len(colours) > 1 or kind == "thresholds"
    for drawn in axes.get_lines() + own.get_lines():
        ground = to_rgb(axes.get_facecolor())
        least = 2.2 if style == "default" or drawn.get_label().startswith("_") else 4.5
        assert contrast(to_rgb(drawn.get_color()), ground) > least
    for text in [axes.title, axes.xaxis.label, own.yaxis.label]:
        assert text.get_fontsize() >= 10


def contrast(one: Any, other: Any) -> float:
    """The ratio of WCAG 2."""

    def luminance(colour: Any) -> Any:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return float((high + 0.05) / (low + 0.05))


@pytest.mark.parametrize("kind", sorted(plot.KINDS))
def test_nothing_to_draw_says_why(kind: str, real: Starter) -> None:
    ev = real()
    empty = ev.stream("empty", "binary")
    one = ev.stream("one", "binary")
    one.push(scores=[0.2, 0.9], labels=[0, 0])
    draw: Any = plot.KINDS[kind]
    axes = draw(empty, one)
    axes.figure.canvas.draw()
    texts = legend(axes)
    assert f"empty: {'no marks' if kind == 'history' else 'no rows'}" in texts
    expected = {"roc": "one: one class", "precision_recall": "one: no positives"}
    assert any(text.startswith(expected.get(kind, "one")) for text in texts)


@pytest.mark.filterwarnings("ignore::evald.EvaldWarning")
@pytest.mark.parametrize("kind", sorted(plot.KINDS))
def test_what_is_incomplete_says_so(kind: str, real: Starter) -> None:
    val = real(on_error="warn").stream("val", "binary", metrics=["f1"])
    val.push(**rows(100))
    val.push(scores=[3.0], labels=[1])
    if kind == "history":
        val.mark("epoch 1")
    assert any("(incomplete)" in text for text in legend(val.plot(kind)))


def test_logits_and_slices(real: Starter) -> None:
    val = real().stream("val", "binary", score_kind="logit", slices=["part"])
    data = rows(200)
    part: Any = np.arange(200) % 2
    val.push(scores=8 * data["scores"] - 4, labels=data["labels"], slices={"part": part})
    axes = plot.thresholds(val, slice={"part": 1})
    assert line(axes, "default threshold 0.000").get_xdata()[0] == 0
    assert min(line(axes, "recall").get_xdata()) < -1
    reliability = plot.reliability(val, slice={"part": 1})
    bars: Any = reliability.child_axes[0].patches[0]
    assert sum(bars.get_data().values) == 100


def test_labels_and_mistakes(val: evald.Stream) -> None:
    axes = plot.roc(val, val, labels=["before", "after"])
    assert any(text.startswith("after, area") for text in legend(axes))
    with pytest.raises(ValueError, match="1 labels for 2 streams"):
        plot.roc(val, val, labels=["before"])
    with pytest.raises(TypeError, match="no stream"):
        plot.roc()
    with pytest.raises(ValueError, match="did you mean 'roc'"):
        val.plot("rocc")


def test_disabled_draws_empty_axes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALD_DISABLED", "1")
    val = evald.start().stream("val", "binary")
    for kind in plot.KINDS:
        axes = val.plot(kind)
        axes.figure.canvas.draw()
        assert any(text in ("val: no answer", "val: no marks") for text in legend(axes))


def test_without_matplotlib_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, real: Starter
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    val = real().stream("val", "binary")
    with pytest.raises(ImportError, match=r"pip install 'evald\[plot\]'"):
        val.plot("roc")
    assert math.isnan(val.query("f1").f1)
