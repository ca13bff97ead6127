"""What the pictures of `evald.plot` share: colours, legends, marked points."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from ._result import Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ._questions import Questions

# Okabe and Ito's colours, which people with any colour vision tell apart. Those that are faint on
# a ground come last there.
_ON_LIGHT = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_ON_DARK = ("#56B4E9", "#E69F00", "#1FC99A", "#F0A6CE", "#F0E442", "#FF8040")
_DASHES: tuple[Any, ...] = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (6, 1.5, 1.5, 1.5)))
_MARKERS = "osD^vPX"
COLOURS = 6
"""How many colours there are."""


class Sheet:
    """One Axes to draw on, and the look of each stream."""

    def __init__(
        self,
        streams: Sequence[Questions],
        ax: Any,
        labels: Sequence[str] | None,
        size: tuple[float, float] = (6.0, 6.0),
    ) -> None:
        if not streams:
            raise TypeError("there is no stream to draw")
        if labels is not None and len(labels) != len(streams):
            raise ValueError(f"{len(labels)} labels for {len(streams)} streams")
        pyplot = _pyplot()
        if ax is None:
            _, ax = pyplot.subplots(figsize=size, layout="constrained")
        self.axes: Any = ax
        from matplotlib.colors import to_rgb

        # Where the axes are transparent, what lies below is seen.
        ground = ax.get_facecolor()
        ground = ax.figure.get_facecolor() if ground[3] < 0.5 else ground
        red, green, blue = to_rgb(ground)
        self.ground = to_rgb(ground)
        self._colours = _ON_LIGHT if 0.3 * red + 0.6 * green + 0.1 * blue > 0.4 else _ON_DARK
        self.ink = ax.xaxis.label.get_color()
        self.faint = tuple(
            0.6 * a + 0.4 * b for a, b in zip(to_rgb(self.ink), self.ground, strict=True)
        )
        self._lower: Any = None
        self._once: set[str] = set()
        self.looks = [
            Look(self, stream, stream.name if labels is None else labels[place], place)
            for place, stream in enumerate(streams)
        ]
        ax.grid(True, alpha=0.25, linewidth=0.7)
        ax.set_axisbelow(True)

    def style(self, order: int) -> Look:
        """The look of the order-th line, whatever stream it is of."""
        return Look(self, self.looks[0].stream, "", order)

    def colour(self, order: int) -> str:
        """The order-th colour for this ground."""
        return self._colours[order % len(self._colours)]

    def lower_axes(self) -> Any:
        """Smaller axes below, with the same x."""
        self._lower = self.axes.inset_axes((0, -0.27, 1, 0.22), sharex=self.axes)
        self.axes.tick_params(labelbottom=False)
        self._lower.set_facecolor(self.axes.get_facecolor())
        self._lower.grid(True, axis="y", alpha=0.25, linewidth=0.7)
        self._lower.set_axisbelow(True)
        return self._lower

    def unit_square(self, x: str, y: str) -> None:
        """Both axes from 0 to 1, equally long."""
        self.axes.set(xlabel=x, ylabel=y, xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        self.axes.set_aspect("equal", adjustable="box")

    def star(self, x: float, y: float, colour: str, label: str = "") -> None:
        """Marks the best."""
        self.point(x, y, "*", 15, colour, label)

    def point(self, x: float, y: float, marker: str, size: float, fill: Any, label: str) -> None:
        """A point with a rim, so that it is seen on its own line."""
        if not (math.isfinite(x) and math.isfinite(y)):
            return
        self.axes.plot(
            [x],
            [y],
            marker,
            markersize=size,
            markerfacecolor=fill,
            markeredgecolor=self.ink,
            markeredgewidth=1.1 if marker == "*" else 2.0,
            label=self.once(label),
            zorder=5 if marker == "*" else 6,
            clip_on=False,
        )

    def once(self, label: str) -> str:
        """A label for the legend, the first time."""
        if not label or label in self._once:
            return "_nolegend_"
        self._once.add(label)
        return label

    def marks(self, labels: list[str]) -> None:
        """The marks' labels below the axis, as many as are readable."""
        step = max(1, math.ceil(len(labels) / 10))
        places = range(0, len(labels), step)
        long = any(len(label) > 7 for label in labels)
        self.axes.set_xticks(
            list(places),
            [labels[place] for place in places],
            rotation=30 if long else 0,
            ha="right" if long else "center",
            rotation_mode="anchor",
        )

    def dashes(self, names: Sequence[str]) -> None:
        """What each kind of line stands for, where colours stand for streams."""
        for order, name in enumerate(names):
            dash = _DASHES[order % len(_DASHES)]
            self.axes.plot([], [], color=self.faint, linestyle=dash, label=title(name))

    def title(self, text: str) -> None:
        """The title."""
        self.axes.set_title(text, pad=10, fontsize="large")

    def finish(self, place: str) -> Axes:
        """The labels' size and the legend."""
        for axes in filter(None, (self.axes, self._lower)):
            axes.xaxis.label.set_size("large")
            axes.yaxis.label.set_size("large")
        if not self.axes.dataLim.height > 0 and self.axes.get_autoscaley_on():
            self.axes.set_ylim(*_around(self.axes.dataLim.y0))
        if self.axes.get_legend_handles_labels()[1]:
            self.axes.legend(loc=place, fontsize="medium", framealpha=0.85)
        found: Axes = self.axes
        return found


class Look:
    """A stream, or a line, and how it is drawn."""

    def __init__(self, sheet: Sheet, stream: Questions, name: str, order: int) -> None:
        self._sheet = sheet
        self.stream: Any = stream
        self.name = name
        self.order = order
        self.colour = sheet.colour(order)

    def line(self, dash: int | None = None, markers: bool = False) -> dict[str, Any]:
        """Arguments of `plot`."""
        found: dict[str, Any] = {
            "color": self.colour,
            "linestyle": _DASHES[(self.order if dash is None else dash) % len(_DASHES)],
            "linewidth": 2.0,
        }
        if markers:
            found.update(marker=_MARKERS[self.order % len(_MARKERS)], markersize=5)
        return found

    def label(self, answer: Mapping[str, Any], more: str = "", of: str = "") -> str:
        """The legend's words: the name, what is said of it, whether it is incomplete."""
        said = f"{of or self.name}, {more}" if more else of or self.name
        return said if answer.get("complete", True) else f"{said} (incomplete)"

    def nothing(self, answer: Mapping[str, Any], otherwise: str = "no answer") -> None:
        """Says in the legend that there is nothing to draw, and why."""
        why = answer.get("reason")
        if not isinstance(why, str):
            count = answer.get("count")
            why = "no rows" if count == 0 else otherwise if count else "no answer"
        said = self.label(answer, of=f"{self.name}: {why.replace('_', ' ')}")
        self._sheet.axes.plot([], [], label=said, **self.line())

    def stairs(self, axes: Any, counts: list[int], edges: list[float], fill: bool) -> None:
        """The counts of bins."""
        axes.stairs(
            counts,
            edges,
            fill=fill,
            color=self.colour,
            alpha=0.75 if fill else 1.0,
            linewidth=1.6,
            linestyle="-" if fill else self.line()["linestyle"],
        )

    def operating_points(
        self,
        objective: str,
        place: Callable[[Mapping[str, Any]], tuple[float, float]],
        **where: Any,
    ) -> None:
        """Marks the threshold of the stream and the best one."""
        best = self.stream.threshold(objective, **where)
        many = len(self._sheet.looks) > 1
        shown = title(objective)
        for choice, marker, size, said in (
            (best, "*", 16, f"best {shown}"),
            (best.get("at_default"), "o", 9, "default threshold"),
        ):
            if not isinstance(choice, Mapping) or not isinstance(choice.get("confusion"), Mapping):
                continue
            if not many:
                at, value = short(choice.get("threshold")), short(choice.get("value"))
                said += f" {at} ({shown} {value})" if marker == "o" else f" {value} at {at}"
            fill = "none" if marker == "o" else self.colour
            self._sheet.point(*place(choice), marker, size, fill, said)

    def best_threshold(
        self, best: Mapping[str, Any], answer: Mapping[str, Any], mark: bool
    ) -> None:
        """Lines at the best and at the default threshold, a star at the best F1."""
        axes, many = self._sheet.axes, len(self._sheet.looks) > 1
        at, value = best.get("threshold", math.nan), best.get("value", math.nan)
        said = f"best F1 {short(value)} at {short(at)}" if at == at else "best F1 undefined"
        said = self.label(answer, said) if many else said
        if math.isfinite(at):
            colour = self.colour if many else self._sheet.ink
            axes.axvline(at, color=colour, linewidth=1, alpha=0.6)
        if math.isfinite(at) and mark:
            self._sheet.star(at, value, self.colour, said)
        else:
            axes.plot([], [], label=said, color=self.colour)
        usual = best.get("at_default")
        if isinstance(usual, Mapping) and usual.get("threshold") is not None:
            place = usual["threshold"]
            if math.isfinite(place):
                said = self._sheet.once(f"default threshold {short(place)}")
                axes.axvline(
                    place, color=self._sheet.faint, linestyle=":", linewidth=1.6, label=said
                )


def _pyplot() -> Any:
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError("pictures need matplotlib: pip install 'evald[plot]'") from error
    return pyplot


def few_ticks() -> Any:
    """At most three ticks, at whole numbers."""
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(3, integer=True)


def title(metric: str) -> str:
    """A metric's name in a legend."""
    return metric.replace("_", " ").replace("f1", "F1")


def _around(value: float) -> tuple[float, float]:
    """Limits for a flat line, or for none at all."""
    return (value - 0.5, value + 0.5) if math.isfinite(value) else (0.0, 1.0)


def short(value: Any) -> str:
    """A number for a legend."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "undefined"
    return f"{value:.3f}" if 1e-3 <= abs(value) < 1e3 or value == 0 else f"{value:.3g}"


def chosen(names: Sequence[str], known: Sequence[str]) -> list[str]:
    """The names, if all are known.

    Raises:
        ValueError: with near names.
    """
    names = [names] if isinstance(names, str) else list(names)
    for name in names:
        if name not in known:
            near = get_close_matches(str(name), known, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
            raise ValueError(f"{name!r} can't be drawn; {hint}")
    return names


def has_points(x: Sequence[float], y: Sequence[float]) -> bool:
    """Whether any point of a curve is defined."""
    return any(math.isfinite(a) and math.isfinite(b) for a, b in zip(x, y, strict=True))


def rates(choice: Mapping[str, Any]) -> tuple[float, float]:
    """A threshold's place in the ROC picture."""
    cells = Record(choice["confusion"])
    negatives = cells.false_positives + cells.true_negatives
    positives = cells.true_positives + cells.false_negatives
    nan = math.nan
    return (
        cells.false_positives / negatives if negatives else nan,
        cells.true_positives / positives if positives else nan,
    )


def precision_at(choice: Mapping[str, Any]) -> tuple[float, float]:
    """A threshold's place in the precision-recall picture."""
    found = [choice.get(name) for name in ("recall", "precision")]
    recall, precision = (math.nan if item is None else float(item) for item in found)
    return recall, precision
