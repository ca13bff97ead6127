"""Shared parts of the scripts that write golden files: what each file looks like, and how it is written.

A golden says what a reference implementation, named with its version, answers for given rows. Nothing in
it was ever made by evald: a wrong golden and a wrong evald would then agree for ever.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

Columns = dict[str, list[Any]]
Options = dict[str, Any]


@dataclass(frozen=True)
class Undefined:
    """No value, and the reason that the protocol gives for it."""

    reason: str


Expected = float | dict[str, Any] | list[Any] | Undefined


@dataclass(frozen=True)
class Data:
    """Rows of a stream, with the options it is opened with."""

    name: str
    columns: Columns
    options: Options = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return len(next(iter(self.columns.values())))

    def prefix(self, rows: int) -> Columns:
        return {name: column[:rows] for name, column in self.columns.items()}


@dataclass(frozen=True)
class Case:
    """A metric with options, asked of rows, at several prefixes of them."""

    data: str
    metric: str | dict[str, Any]
    threshold: float | None
    answers: list[tuple[int, Expected]]


def number(x: float, reason: str) -> Expected:
    """The number, or the reason where the reference has none."""
    return Undefined(reason) if math.isnan(x) else float(x)


def prefixes(rows: int) -> list[int]:
    """Where to ask: after very few rows, in the middle, and at the end."""
    return sorted({n for n in (1, 2, 5, 16, rows // 2, rows) if 0 < n <= rows})


def write_rows(task: str, data: list[Data]) -> None:
    """Writes Tests/goldens/<task>/rows.json: the rows that the task's goldens are about, by name."""
    folder = Path(__file__).parent / task
    folder.mkdir(exist_ok=True)
    items = (
        f"{_text(item.name)}: {_text({'options': item.options, 'columns': item.columns})}"
        for item in data
    )
    (folder / "rows.json").write_text("{\n" + ",\n".join(items) + "\n}\n")


def write(task: str, metric: str, packages: list[str], cases: list[Case]) -> None:
    """Writes Tests/goldens/<task>/<metric>.json, one case a line so that differences can be read."""
    lines = [
        "{",
        f'"task": {_text(task)},',
        f'"metric": {_text(metric)},',
        f'"made_with": {_text({name: version(name) for name in packages})},',
        '"cases": [',
        ",\n".join(_text(_case(case)) for case in cases),
        "]",
        "}",
    ]
    path = Path(__file__).parent / task / f"{metric}.json"
    path.write_text("\n".join(lines) + "\n")


def _case(case: Case) -> dict[str, Any]:
    return {
        "data": case.data,
        "metric": case.metric,
        "threshold": case.threshold,
        "answers": [_answer(rows, expected) for rows, expected in case.answers],
    }


def _answer(rows: int, expected: Expected) -> dict[str, Any]:
    if isinstance(expected, Undefined):
        return {"rows": rows, "reason": expected.reason}
    return {"rows": rows, "value": expected}


def _text(value: Any) -> str:
    return json.dumps(value, allow_nan=False)
