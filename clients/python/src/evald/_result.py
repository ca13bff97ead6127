"""What the daemon answers, as mappings that print well.

An undefined value is `nan` in Python, so that printing, comparing and pandas never stop a training
run over it; why it is undefined stands in `undefined`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from . import _html, _tables, _wire


class Record(dict[str, Any]):
    """A reply: a dict whose keys are attributes too, as long as dict has no such attribute."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"no {name!r} here; there are {', '.join(self)}") from None

    def __repr__(self) -> str:
        if not self:
            return "(nothing)"
        return _tables.text(["", ""], list(self.items())).strip("\n")

    def _repr_html_(self) -> str:
        return _html.table(["", ""], list(flat(self).items()), caption="" if self else "(nothing)")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (dict(self),), self.__dict__ or None


class Harmless(Record):
    """The answer when there is no daemon to ask: every number is nan, whatever its name."""

    def __missing__(self, name: str) -> Any:
        return math.nan

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self[name]


def record(value: Any) -> Any:
    """A reply with every object in it as a Record and every special string as a float."""
    return _records(_wire.floats(value))


def _records(value: Any) -> Any:
    if isinstance(value, dict):
        return Record({key: _records(item) for key, item in value.items()})
    if isinstance(value, list):
        return [_records(item) for item in value]
    return value


def _defined(values: Mapping[str, Any]) -> dict[str, Any]:
    read = record(dict(values))
    return {name: math.nan if item is None else item for name, item in read.items()}


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested objects as dotted keys: `confusion_matrix.true_positives`."""
    found: dict[str, Any] = {}
    for key, item in values.items():
        if isinstance(item, dict):
            found.update(flat(item, f"{prefix}{key}."))
        else:
            found[prefix + key] = item
    return found


class Row(Record):
    """A flat row: an epoch, or a slice. Prints on one line; pandas takes a list of them."""

    #: The reason for each value that there is none of (it is nan).
    undefined: Mapping[str, str] = MappingProxyType({})

    def __repr__(self) -> str:
        shown = (
            str(item) if key in ("label", "slice") else f"{key} {_tables.number(item)}"
            for key, item in self.items()
            if key != "time" and not (key == "complete" and item is True)
        )
        return "  ".join(shown)

    def _repr_html_(self) -> str:
        return Table([self])._repr_html_()


class HarmlessRow(Row, Harmless):
    """A row when there is no daemon to ask."""


def epoch_row(reply: Mapping[str, Any], harmless: bool = False) -> Row:
    """A history row: label, count, complete, the metrics, what `mark` was given, time.

    A name that is used twice stays the metric's; the other gets `extra_` before it.
    """
    row: dict[str, Any] = {"label": reply.get("label"), "count": reply.get("count", 0)}
    row["complete"] = bool(reply.get("complete", not harmless))
    row.update(flat(_defined(reply.get("values") or {})))
    for key, item in flat(_wire.floats(reply.get("extra") or {})).items():
        row[f"extra_{key}" if key in row else key] = item
    if reply.get("time") is not None:
        row["time"] = reply["time"]
    return _reasoned(HarmlessRow(row) if harmless else Row(row), reply)


def slice_row(reply: Mapping[str, Any]) -> Row:
    """A row of a slice query: the slice's values, count, the metrics."""
    row = dict(reply.get("slice") or {})
    row["slice_count" if "count" in row else "count"] = reply.get("count", 0)
    for name, item in flat(_defined(reply.get("values") or {})).items():
        row[f"metric_{name}" if name in row else name] = item
    return _reasoned(Row(row), reply)


def _reasoned(row: Row, reply: Mapping[str, Any]) -> Row:
    if reply.get("undefined"):
        row.__dict__["undefined"] = dict(reply["undefined"])
    return row


class Table(list[Row]):
    """Rows that print as a table. `pandas.DataFrame(table)` works."""

    def __init__(self, rows: Iterable[Row] = (), **facts: Any) -> None:
        super().__init__(rows)
        #: What was said beside the rows, such as `best` of a history or `gaps` of slices.
        self.facts = Record(facts)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "facts":
            raise AttributeError(name)
        return getattr(self.facts, name)

    def _cells(self) -> tuple[list[str], list[list[Any]]]:
        heads = [head for head in _tables.union_of_keys(self) if head != "time"]
        if all(row.get("complete", True) is True for row in self):
            heads = [head for head in heads if head != "complete"]
        return heads, [[row.get(head) for head in heads] for row in self]

    def __repr__(self) -> str:
        return _tables.text(*self._cells()) if self else "(no rows)"

    def _repr_html_(self) -> str:
        heads, cells = self._cells()
        for row, line in zip(self, cells, strict=True):
            for place, head in enumerate(heads):
                if head in row.undefined and (line[place] is None or line[place] != line[place]):
                    line[place] = _html.Reason(row.undefined[head])
        marked = [row.get("complete", True) is not True for row in self]
        if "complete" in heads:  # said at the end of the row
            place = heads.index("complete")
            heads, cells = (
                heads[:place] + heads[place + 1 :],
                [line[:place] + line[place + 1 :] for line in cells],
            )
        return _html.table(
            heads, cells, caption="" if self else "(no rows)", marked=marked, note=self._best()
        )

    def _best(self) -> str:
        best = self.facts.get("best") or {}
        found = ", ".join(
            f"{name} {_tables.number(item.get('value'))} ({item.get('label')})"
            for name, item in best.items()
            if isinstance(item, dict)
        )
        return f"best: {found}" if found else ""


class Result(Mapping[str, Any]):
    """The answer to a query: a mapping of metric names to values, which are attributes too.

    Attributes:
        undefined: the reason for each value that there is none of (it is nan).
        bounds: for an approximate value, `low` and `high` that are guaranteed to hold it.
        intervals: confidence intervals, where they were asked for.
        signatures: how each number was made.
        count: rows of the window; `total_count`: rows of the stream.
        revision: goes up with each change of the stream.
        window: the window that was asked for.
        label: in what a subscription to marks gives, the label of the mark; else None.
        complete: whether all that was pushed is counted.
        rejected: what was refused: batches, rows and the first error.
        dropped: batches that never left this process, because the daemon took nothing.
        error: why there is no answer, or None.
        raw: the reply as it came.
    """

    def __init__(
        self, reply: Mapping[str, Any], *, dropped: int = 0, error: Exception | None = None
    ) -> None:
        self.raw = dict(reply)
        self._values = _defined(self.raw.get("values") or {})
        self.stream: str = self.raw.get("stream") or ""
        self.window: Any = self.raw.get("window", "current")
        self.label: str | None = self.raw.get("label")
        self.revision: int = self.raw.get("revision") or 0
        self.count: int = self.raw.get("count") or 0
        self.total_count: int = self.raw.get("total_count") or 0
        self.undefined: Record = record(self.raw.get("undefined") or {})
        self.bounds: Record = record(self.raw.get("bounds") or {})
        self.intervals: Record = record(self.raw.get("intervals") or {})
        self.signatures: Record = record(self.raw.get("signatures") or {})
        self.rejected: Record = record(self.raw.get("rejected") or {})
        self.dropped = dropped
        self.error = error
        whole = self.raw.get("complete", error is None)
        self.complete: bool = bool(whole) and not dropped and error is None

    def __getitem__(self, name: str) -> Any:
        if self.error is not None:
            return self._values.get(name, math.nan)
        try:
            return self._values[name]
        except KeyError:
            raise KeyError(f"{name} was not asked for; there are {', '.join(self)}") from None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError as error:
            raise AttributeError(error.args[0]) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def _note(self, name: str) -> str:
        if name in self.undefined:
            return str(self.undefined[name])
        for ranges, word in ((self.intervals, "interval"), (self.bounds, "bounds")):
            found = ranges.get(name)
            if found:
                level = f" {found['level']:g}" if "level" in found else ""
                low, high = _tables.number(found["low"]), _tables.number(found["high"])
                return f"[{low}, {high}] {word}{level}"
        return ""

    def _summary(self, name: str = "") -> str:
        if self.error is not None:
            return f"no answer: {self.error}"
        said = f"{name or self.stream}: {self.count} rows, window {self.window}"
        if self.complete:
            return said
        refused = self.rejected.get("batches", 0)
        said += f", INCOMPLETE: {refused} batches refused, {self.dropped} dropped"
        first = self.rejected.get("first")
        return said + (f"; first {first.get('kind')}: {first.get('message')}" if first else "")

    def _cells(self) -> list[list[Any]]:
        return [[name, value, self._note(name)] for name, value in self.items()]

    def __repr__(self) -> str:
        table = _tables.text(["metric", "value", ""], self._cells()) if self._values else ""
        return f"{self._summary()}\n{table}".rstrip("\n")

    def _repr_html_(self) -> str:
        return self._html_with("")

    def _html_with(self, caption: str) -> str:
        notes = {name: _html.Note(self._note(name)) for name in self}
        cells = [[key, item, notes.get(key, "")] for key, item in flat(self._values).items()]
        heads = ["metric", "value", ""]
        if not any(notes.values()):
            heads, cells = heads[:2], [row[:2] for row in cells]
        incomplete = not self.complete
        return _html.table(heads, cells, caption=self._summary(caption), incomplete=incomplete)


class Curve(Record):
    """Columns of a curve (numpy arrays where numpy is installed, else lists) and their `area`."""

    area: float

    def __init__(self, columns: Mapping[str, Any], area: float, **facts: Any) -> None:
        super().__init__({name: _column(column) for name, column in columns.items()})
        self.__dict__["area"] = area
        self.__dict__["facts"] = Record(facts)

    def __repr__(self) -> str:
        points = len(next(iter(self.values()), ()))
        return f"curve of {points} points ({', '.join(self)}), area {_tables.number(self.area)}"

    def _repr_html_(self) -> str:
        return _html.page(repr(self), incomplete=self.facts.get("complete") is False)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (dict(self), self.area), self.__dict__


def _column(values: Any) -> Any:
    numbers = [math.nan if item is None else item for item in _wire.floats(list(values))]
    try:
        import numpy
    except ImportError:
        return numbers
    return numpy.asarray(numbers)
