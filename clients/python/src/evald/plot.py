"""Pictures of streams, drawn by matplotlib: `pip install 'evald[plot]'`.

    from evald import plot

    plot.reliability(val)
    plot.roc(val, test, ax=axes[0])
    plot.history(val, metrics=["f1", "roc_auc"])

Each function takes one stream or several, to be drawn into one picture, and returns matplotlib's
Axes. What evald answers is exact, so areas and marked points are, however few points are drawn.
Colours are told apart by the colour-blind, and suit the axes' ground, be it light or dark. A stream
whose answer is incomplete says so in the legend; one with nothing to draw says why.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from . import _drawing as drawing
from ._result import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ._questions import Questions
else:
    Axes = Any


_POINTS = 2000  # more than a picture can show; areas and marked points are exact all the same


def reliability(
    *streams: Questions,
    ax: Axes | None = None,
    bins: int = 15,
    strategy: str = "uniform",
    slice: Mapping[str, Any] | None = None,
    window: Any = None,
    labels: Sequence[str] | None = None,
) -> Axes:
    """The reliability diagram: how often rows of a score are positive, against that score.

    Below it the rows in each bin; in its title the expected calibration error. A point is drawn
    where the mean score of its bin is, not in the middle.

    Args:
        streams: of probabilities or logits.
        ax: where to draw; left out, a figure of its own.
        bins: how many.
        strategy: `"uniform"` widths or `"quantile"`, equal mass.
        slice: only the rows of a slice.
        window: as in `query`.
        labels: other names of the streams.
    """
    sheet = drawing.Sheet(streams, ax, labels, size=(6.0, 6.6))
    axes, counts = sheet.axes, sheet.lower_axes()
    axes.plot([0, 1], [0, 1], "--", color=sheet.faint, linewidth=1.2, label="perfect")
    errors = []
    for look in sheet.looks:
        found = look.stream.calibration(bins, strategy, slice=slice, window=window)
        filled = [row for row in found.bins if row["count"]]
        error = drawing.short(found.get("ece"))
        errors.append(error)
        if not filled:
            look.nothing(found)
            continue
        label = look.label(found, f"ECE {error}" if len(sheet.looks) > 1 else "")
        axes.plot(
            [row.mean_score for row in filled],
            [row.positive_rate for row in filled],
            label=label,
            **look.line(markers=True),
        )
        edges = [row.low for row in found.bins] + [found.bins[-1].high]
        look.stairs(counts, [row["count"] for row in found.bins], edges, len(sheet.looks) == 1)
    counts.set(xlabel="predicted probability", ylabel="rows", xlim=(-0.02, 1.02))
    counts.yaxis.set_major_locator(drawing.few_ticks())
    axes.set(ylabel="share of positives", ylim=(-0.02, 1.02), xlim=(-0.02, 1.02))
    sheet.title(f"Reliability: ECE {', '.join(errors)}")
    return sheet.finish("best")


def roc(
    *streams: Questions,
    ax: Axes | None = None,
    objective: str = "f1",
    slice: Mapping[str, Any] | None = None,
    window: Any = None,
    labels: Sequence[str] | None = None,
) -> Axes:
    """The ROC curve with its exact area, and where thresholds lie on it.

    Args:
        streams: with scores.
        ax: where to draw; left out, a figure of its own.
        objective: whose best threshold is marked; the stream's own threshold is marked too.
        slice: only the rows of a slice.
        window: as in `query`.
        labels: other names of the streams.
    """
    sheet = drawing.Sheet(streams, ax, labels)
    axes = sheet.axes
    axes.plot([0, 1], [0, 1], ":", color=sheet.faint, linewidth=1.4, label="chance")
    for look in sheet.looks:
        curve = look.stream.curve("roc", points=_POINTS, slice=slice, window=window)
        x, y = curve.get("false_positive_rate", ()), curve.get("true_positive_rate", ())
        if not drawing.has_points(x, y):
            look.nothing(curve.facts, "one class")
            continue
        label = look.label(curve.facts, f"area {drawing.short(curve.area)}")
        axes.plot(x, y, label=label, **look.line())
        look.operating_points(objective, drawing.rates, slice=slice, window=window)
    sheet.unit_square("false positive rate", "true positive rate (recall)")
    sheet.title("ROC curve")
    return sheet.finish("lower right")


def precision_recall(
    *streams: Questions,
    ax: Axes | None = None,
    objective: str = "f1",
    slice: Mapping[str, Any] | None = None,
    window: Any = None,
    labels: Sequence[str] | None = None,
) -> Axes:
    """The precision-recall curve with the exact area under it; the arguments are those of `roc`.

    Chance is the share of positives: what a score that knows nothing has for its precision.
    """
    sheet = drawing.Sheet(streams, ax, labels)
    for look in sheet.looks:
        curve = look.stream.curve("precision_recall", points=_POINTS, slice=slice, window=window)
        x, y = curve.get("recall", ()), curve.get("precision", ())
        if not drawing.has_points(x, y):
            look.nothing(curve.facts, "no positives")
            continue
        label = look.label(curve.facts, f"area {drawing.short(curve.area)}")
        sheet.axes.plot(x, y, label=label, **look.line())
        prevalence = float(y[-1])  # of the lowest threshold, where all are predicted
        many = len(sheet.looks) > 1
        sheet.axes.axhline(
            prevalence,
            linestyle=":",
            linewidth=1.4,
            color=look.colour if many else sheet.faint,
            label=f"chance, {look.name}" if many else f"chance ({drawing.short(prevalence)})",
        )
        look.operating_points(objective, drawing.precision_at, slice=slice, window=window)
    sheet.unit_square("recall", "precision")
    sheet.title("Precision and recall")
    return sheet.finish("lower left")


def thresholds(
    *streams: Questions,
    ax: Axes | None = None,
    metrics: Sequence[str] = ("f1", "precision", "recall"),
    slice: Mapping[str, Any] | None = None,
    window: Any = None,
    labels: Sequence[str] | None = None,
) -> Axes:
    """F1, precision and recall over thresholds, with the best F1 and the stream's threshold marked.

    Args:
        streams: with scores.
        ax: where to draw; left out, a figure of its own.
        metrics: which of `f1`, `precision`, `recall` and `selection_rate`.
        slice: only the rows of a slice.
        window: as in `query`.
        labels: other names of the streams.
    """
    known = ("f1", "precision", "recall", "selection_rate")
    metrics = drawing.chosen(metrics, known)
    sheet = drawing.Sheet(streams, ax, labels, size=(7.0, 4.8))
    axes, many = sheet.axes, len(sheet.looks) > 1
    for look in sheet.looks:
        curve = look.stream.curve("threshold", points=_POINTS, slice=slice, window=window)
        places = [p for p, at in enumerate(curve.get("threshold", ())) if math.isfinite(at)][::-1]
        if not places:
            look.nothing(curve.facts)
            continue
        at = [curve["threshold"][place] for place in places]
        for order, metric in enumerate(metrics):
            style = look.line(order) if many else sheet.style(order).line(order)
            said = look.label(curve.facts, of=drawing.title(metric))
            said = "_nolegend_" if many else said
            # Between two scores every threshold does what the higher score does.
            values = [curve[metric][place] for place in places]
            axes.plot(at, values, drawstyle="steps-pre", label=said, **style)
        best = look.stream.threshold("f1", slice=slice, window=window)
        look.best_threshold(best, curve.facts, mark="f1" in metrics)
    if many:
        sheet.dashes(metrics)
    named = ", ".join(map(drawing.title, metrics))
    axes.set(xlabel="threshold", ylabel=named, ylim=(-0.02, 1.04))
    sheet.title("Over thresholds" if many else f"Over thresholds: {sheet.looks[0].name}")
    return sheet.finish("best")


def history(
    *streams: Questions,
    metrics: Iterable[str] | str | None = None,
    ax: Axes | None = None,
    labels: Sequence[str] | None = None,
) -> Axes:
    """Metrics over the marks, the best mark of each with a star.

    Args:
        streams: that have been marked.
        metrics: which, or what `mark` was given beside them, such as `"loss"`. Left out: those
            that have a better direction.
        ax: where to draw; left out, a figure of its own.
        labels: other names of the streams.
    """
    sheet = drawing.Sheet(streams, ax, labels, size=(7.0, 4.8))
    wanted = [metrics] if isinstance(metrics, str) else None if metrics is None else list(metrics)
    order, marks = 0, []
    for look in sheet.looks:
        table = look.stream.history()
        found = _columns(table, wanted)
        marks.append([str(row.label) for row in table])
        if not found:
            look.nothing({"reason": "no marks"})
        for metric, values in found.items():
            style, dash = sheet.style(order), order // drawing.COLOURS
            order += 1
            best = table.best.get(metric) if isinstance(table.best, Mapping) else None
            said = metric if len(sheet.looks) == 1 else f"{look.name}: {metric}"
            place = _place(table, metric, best)
            if place is not None:
                said += f", best {drawing.short(values[place])} ({table[place].label})"
            if not all(row.get("complete", True) for row in table):
                said += " (incomplete)"
            sheet.axes.plot(range(len(values)), values, label=said, **style.line(dash, True))
            if place is not None:
                sheet.star(place, values[place], style.colour)
    sheet.marks(max(marks, key=len, default=[]))
    only = wanted[0] if wanted and len(wanted) == 1 else "value"
    sheet.axes.set(xlabel="mark", ylabel=only)
    sheet.title("History" if len(sheet.looks) > 1 else f"History: {sheet.looks[0].name}")
    return sheet.finish("best")


def _columns(table: Table, wanted: list[str] | None) -> dict[str, list[float]]:
    """The columns of numbers to draw, by name."""
    numbers = {
        head: [float(row[head]) if head in row else math.nan for row in table]
        for head in dict.fromkeys(key for row in table for key in row)
        if head not in ("label", "complete", "count", "time")
        and all(isinstance(row.get(head, math.nan), (int, float)) for row in table)
    }
    if wanted is None:
        directed = [head for head in numbers if head in table.best]
        return {head: numbers[head] for head in directed or list(numbers)}
    if not table:
        return {}
    return {head: numbers[head] for head in drawing.chosen(wanted, tuple(numbers))}


def _place(table: Table, metric: str, best: Any) -> int | None:
    if not isinstance(best, Mapping):
        return None
    for place, row in enumerate(table):
        if row.label == best.get("label") and row.get(metric) == best.get("value"):
            return place
    return None


KINDS: dict[str, Callable[..., Axes]] = {
    "reliability": reliability,
    "roc": roc,
    "precision_recall": precision_recall,
    "thresholds": thresholds,
    "history": history,
}
"""The pictures by name, as `Stream.plot` takes them."""


def draw(kind: str, *streams: Questions, **options: Any) -> Axes:
    """A picture by its name.

    Raises:
        ValueError: there is no such picture.
    """
    (name,) = drawing.chosen([kind], tuple(KINDS))
    return KINDS[name](*streams, **options)
