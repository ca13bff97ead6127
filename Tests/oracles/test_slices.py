"""Slices and windows: each answers as scikit-learn does for the rows that it has."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import rows as made
from driver import Daemon
from hypothesis import given, settings
from hypothesis import strategies as st
from packing import packed
from reference import DECISIONS, LOSSES, RANKS, Binary, assert_close, close, masked
from test_binary import wanted

EVERY = [*DECISIONS, *RANKS, *LOSSES]
EDGES = [64, 512]
LABELS = ["< 64", "[64, 512)", ">= 512"]
SCHEMA: dict[str, Any] = {"slices": ["language", {"name": "length", "edges": EDGES}]}

Mask = npt.NDArray[np.bool_]


class Sliced:
    """Rows with a language and a length each, and ways to send them."""

    def __init__(self, rows: Binary, draw: Any) -> None:
        n = len(rows.labels)
        self.rows = rows
        words = st.sampled_from(["en", "fr", None])
        lengths = st.sampled_from([0, 63, 64, 100, 511, 512, 9000])
        self.words: list[str | None] = draw(st.lists(words, min_size=n, max_size=n))
        self.lengths: list[int] = draw(st.lists(lengths, min_size=n, max_size=n))
        self.form: str = draw(st.sampled_from(["json", "dictionary", "packed"]))

    def batch(self, chosen: npt.NDArray[np.int64]) -> dict[str, Any]:
        words = [self.words[i] for i in chosen]
        lengths = [self.lengths[i] for i in chosen]
        language: Any = words
        length: Any = lengths
        if self.form == "dictionary" and words:
            known = ["fr", None, "en", "fr"]
            language = {"dictionary": known, "indices": [known.index(w) for w in words]}
            length = {"dictionary": lengths, "indices": list(range(len(lengths)))}
        elif self.form == "packed":
            length = packed(np.array(lengths), "int16")
        if len(set(words)) == 1:
            # One value for the whole batch.
            language = words[0]
        return {
            "scores": self.rows.scores[chosen].tolist(),
            "labels": self.rows.labels[chosen].tolist(),
            "weights": self.rows.weights[chosen].tolist(),
            "slices": {"language": language, "length": length},
        }

    def mask(self, selection: dict[str, Any]) -> Mask:
        """The rows of a slice."""
        held = np.ones(len(self.words), dtype=bool)
        if "language" in selection:
            held &= np.array([w == selection["language"] for w in self.words])
        if "length" in selection:
            places = np.searchsorted(EDGES, self.lengths, side="right")
            held &= places == LABELS.index(selection["length"])
        return held


SELECTIONS: list[dict[str, Any]] = [
    {},
    *({"language": w} for w in ("en", "fr", None)),
    *({"length": label} for label in LABELS),
    {"language": "en", "length": "[64, 512)"},
    {"language": None, "length": ">= 512"},
]


def answers(rows: Binary, mask: Mask, threshold: float) -> dict[str, Any]:
    if not mask.any():
        return dict.fromkeys(EVERY, "no_rows")
    return wanted(masked(rows, mask), threshold)


@settings(max_examples=40)
@given(made.binary(kind="probability", two_classes=True), st.data())
def test_every_metric_of_every_slice(
    daemon: Daemon, rows: Binary, data: st.DataObject
) -> None:
    sliced = Sliced(rows, data.draw)
    ends = data.draw(made.cuts(len(rows.labels)))
    with daemon.stream("binary", **SCHEMA) as stream:
        for start, end in pairwise(ends):
            stream.push(**sliced.batch(np.arange(start, end)))
        for selection in SELECTIONS:
            mask = sliced.mask(selection)
            found = stream.query(*EVERY, slice=selection)
            assert found["count"] == mask.sum()
            assert_close(
                {**found["values"], **found["undefined"]}, answers(rows, mask, 0.5)
            )


@settings(max_examples=25)
@given(made.binary(kind="probability", two_classes=True), st.data())
def test_slice_query(daemon: Daemon, rows: Binary, data: st.DataObject) -> None:
    sliced = Sliced(rows, data.draw)
    names = ["f1", "accuracy", "roc_auc", "brier"]
    with daemon.stream("binary", **SCHEMA) as stream:
        stream.push(**sliced.batch(np.arange(len(rows.labels))))
        for by in (
            "language",
            ["length"],
            ["language", "length"],
            ["length", "language"],
        ):
            least = data.draw(st.sampled_from([0, 1, 3]))
            found = stream.call("slice/query", by=by, metrics=names, min_count=least)
            dimensions = [by] if isinstance(by, str) else by
            seen = set()
            for row in found["rows"]:
                assert list(row["slice"]) == dimensions
                mask = sliced.mask(row["slice"])
                assert row["count"] == mask.sum() >= max(1, least)
                wanted_here = answers(rows, mask, 0.5)
                assert_close(
                    {**row["values"], **row["undefined"]},
                    {n: wanted_here[n] for n in names},
                )
                seen.add(tuple(row["slice"].values()))
            cells = {
                tuple(
                    {
                        "language": w,
                        "length": LABELS[np.searchsorted(EDGES, x, side="right")],
                    }[d]
                    for d in dimensions
                )
                for w, x in zip(sliced.words, sliced.lengths, strict=True)
            }
            counts = {
                c: sliced.mask(dict(zip(dimensions, c, strict=True))).sum()
                for c in cells
            }
            assert seen == {c for c in cells if counts[c] >= max(1, least)}
            check_order_and_summary(found, names)


def check_order_and_summary(found: dict[str, Any], names: list[str]) -> None:
    """The worst first, by the first metric; gaps and averages of the rows that have a value."""
    first = [row["values"][names[0]] for row in found["rows"]]
    known = [x for x in first if x is not None]
    assert first == sorted(known) + [None] * (len(first) - len(known))
    for name in names:
        held = [
            (row["values"][name], row["slice"])
            for row in found["rows"]
            if row["values"][name] is not None
        ]
        if not held:
            assert name not in found["gaps"] and found["average"][name] is None
            continue
        numbers = [x for x, _ in held]
        gap = found["gaps"][name]
        assert close(gap["difference"], max(numbers) - min(numbers))
        assert close(found["average"][name], float(np.mean(numbers)))
        lowest = [s for x, s in held if x == min(numbers)]
        highest = [s for x, s in held if x == max(numbers)]
        worst, best = (highest, lowest) if name == "brier" else (lowest, highest)
        assert gap["worst"] in worst and gap["best"] in best


@given(made.binary(kind="probability", two_classes=True), st.data())
def test_every_method_of_a_slice(
    daemon: Daemon, rows: Binary, data: st.DataObject
) -> None:
    sliced = Sliced(rows, data.draw)
    with (
        daemon.stream("binary", **SCHEMA) as stream,
        daemon.stream("binary", **SCHEMA) as alone,
    ):
        stream.push(**sliced.batch(np.arange(len(rows.labels))))
        selection = data.draw(st.sampled_from(SELECTIONS))
        mask = sliced.mask(selection)
        alone.push(**sliced.batch(np.flatnonzero(mask)))
        for method, params in (
            ("threshold/optimize", {"objective": "youden"}),
            ("threshold/evaluate", {"thresholds": [0.1, 0.5]}),
            ("calibration/query", {"strategy": "quantile"}),
            ("curve/query", {"curve": "roc"}),
        ):
            found = stream.call(method, slice=selection, **params)
            wanted_here = alone.call(method, **params)
            for key in ("stream", "slice", "revision", "total_count"):
                found.pop(key, None)
                wanted_here.pop(key, None)
            assert found == wanted_here


@given(made.binary(kind="probability", two_classes=True), st.data())
def test_windows(daemon: Daemon, rows: Binary, data: st.DataObject) -> None:
    sliced = Sliced(rows, data.draw)
    n = len(rows.labels)
    keep = data.draw(st.integers(0, 3))
    ends = data.draw(made.cuts(n))
    epochs = [np.arange(a, b) for a, b in pairwise(ends)]
    selection = data.draw(st.sampled_from(SELECTIONS))

    def check(stream: Any, window: Any, chosen: list[npt.NDArray[np.int64]]) -> None:
        mask = np.zeros(n, dtype=bool)
        for epoch in chosen:
            mask[epoch] = True
        mask &= sliced.mask(selection)
        found = stream.query(*EVERY, window=window, slice=selection)
        assert found["count"] == mask.sum()
        assert_close(
            {**found["values"], **found["undefined"]}, answers(rows, mask, 0.5)
        )

    with daemon.stream("binary", keep_windows=keep, **SCHEMA) as stream:
        for number, epoch in enumerate(epochs):
            stream.push(**sliced.batch(epoch))
            check(stream, "current", [epoch])
            check(stream, "all", epochs[: number + 1])
            row = stream.mark(f"epoch {number}")
            assert row["count"] == len(epoch)
        # After a mark the current window is empty, and the kept ones are the last.
        check(stream, "current", [])
        check(stream, "all", epochs)
        for count in range(1, min(keep, len(epochs)) + 1):
            check(stream, {"marks": count}, epochs[-count:])
            place = len(epochs) - count
            check(stream, {"mark": f"epoch {place}"}, [epochs[place]])


@given(made.binary(kind="probability", two_classes=True), st.integers(1, 9))
def test_history(daemon: Daemon, rows: Binary, size: int) -> None:
    """A history row is what the metric was at the mark; the best is the best of them."""
    names = ["f1", "brier", "selection_rate"]
    with daemon.stream("binary", metrics=names) as stream:
        marked = []
        for start in range(0, len(rows.labels), size):
            part = Binary(
                rows.scores[start : start + size],
                rows.labels[start : start + size],
                rows.weights[start : start + size],
            )
            for batch in made.batches(part, [0, len(part.labels)]):
                stream.push(**batch)
            marked.append(wanted(part, 0.5))
            stream.mark(f"{start}")
        found = stream.call("metric/history")
    assert [row["label"] for row in found["rows"]] == [
        f"{i * size}" for i in range(len(marked))
    ]
    for row, answer in zip(found["rows"], marked, strict=True):
        assert_close(
            {**row["values"], **row["undefined"]}, {n: answer[n] for n in names}
        )
    scores = [
        row["values"]["f1"] for row in found["rows"] if row["values"]["f1"] is not None
    ]
    if scores:
        assert found["best"]["f1"]["value"] == max(scores)
    assert found["best"]["brier"]["value"] == min(
        row["values"]["brier"] for row in found["rows"]
    )
    # Neither more nor less of it is better.
    assert "selection_rate" not in found["best"]
