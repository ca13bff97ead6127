"""A judge's marks: what a function says of each row, pushed to a scalar stream."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._client import Evald

_NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)"
_BRACKETED = re.compile(rf"\[\[\s*({_NUMBER})\s*(?:/\s*{_NUMBER}\s*)?\]\]")
_ANY = re.compile(rf"(?<![\w.])({_NUMBER})(?:\s*/\s*{_NUMBER}|\s+out\s+of\s+{_NUMBER})?(?!\w|\.\d)")


def parse_mark(said: Any) -> float | None:
    """The mark in what a judge said; None where there is none, or more than one.

    A number is a mark. In a text it is the last number in double brackets, `[[7]]`; without such
    it is the only number there is, where `7/10` and `7 out of 10` are the mark 7. Nothing is
    guessed: a text with several numbers has no mark, and neither has a boolean.
    """
    if said is None or isinstance(said, bool):
        return None
    if isinstance(said, str):
        bracketed: list[str] = _BRACKETED.findall(said)
        if bracketed:
            return float(bracketed[-1])
        numbers: list[str] = _ANY.findall(said)
        return float(numbers[0]) if len(numbers) == 1 else None
    try:
        mark = float(said)
    except (TypeError, ValueError):
        return None
    return mark if math.isfinite(mark) else None


class Judge:
    """A `scalar` stream of marks, to which rows are pushed for a judge to mark.

    A row that gets no mark, because the judge said none, or one outside `low` to `high`, is left
    out of every number and counted: in `missing` here, and by the daemon as `dropped`, in the
    answer to the push and in `stream.describe()`.

    Args:
        evald: the connection.
        name: of the stream.
        judge: called with the columns of a row; gives a number, a text with a mark in it, or
            None. What it raises is raised by `push`, and then nothing is pushed.
        model: who judges, for signatures.
        low: the least mark there is.
        high: the greatest mark there is.
        parse: makes a mark, or None, of what the judge gives.
        workers: how many rows may be with the judge at once, each in a thread.
        schema: what else `Evald.stream` takes: `metrics`, `slices`, `metadata`, …

    Attributes:
        stream: the stream, for `query`, `mark`, `slices` and all else.
        marked: rows that got a mark.
        missing: rows that got none.
    """

    def __init__(
        self,
        evald: Evald,
        name: str,
        judge: Callable[..., Any],
        *,
        model: str | None = None,
        low: float = -math.inf,
        high: float = math.inf,
        parse: Callable[[Any], float | None] = parse_mark,
        workers: int = 1,
        **schema: Any,
    ) -> None:
        if not callable(judge):
            raise TypeError(f"a judge is a function, not {judge!r}")
        if not low < high:
            raise ValueError(f"marks from {low} to {high}: low must be below high")
        self._judge, self._parse = judge, parse
        self._low, self._high, self._workers = low, high, max(1, workers)
        self.marked = self.missing = 0
        named: dict[str, Any] = {} if model is None else {"model": model}
        self.stream = evald.stream(name, "scalar", non_finite="skip", **named, **schema)

    def __repr__(self) -> str:
        return (
            f"<evald judge of stream {self.stream.name!r},"
            f" {self.marked} marked, {self.missing} missing>"
        )

    def push(
        self,
        *columns: Sequence[Any],
        wait: bool = False,
        weights: Any = None,
        ids: Any = None,
        slices: Any = None,
    ) -> list[float]:
        """Has rows marked and pushes the marks.

        Args:
            columns: what the judge is called with, a value a row: `push(predictions, references)`
                calls `judge(prediction, reference)`.
            wait: wait until they are counted.
            weights: as in `Stream.push`.
            ids: as in `Stream.push`.
            slices: as in `Stream.push`.

        Returns:
            The marks, nan where there is none.

        Raises:
            ValueError: the columns are not of one length.
        """
        rows = list(zip(*columns, strict=True))
        if self._workers == 1:
            said = [self._judge(*row) for row in rows]
        else:
            with ThreadPoolExecutor(self._workers) as pool:
                said = list(pool.map(lambda row: self._judge(*row), rows))
        marks = [self._checked(self._parse(one)) for one in said]
        missing = sum(map(math.isnan, marks))
        self.stream.push(wait=wait, values=marks, weights=weights, ids=ids, slices=slices)
        self.missing += missing
        self.marked += len(marks) - missing
        return marks

    def _checked(self, mark: float | None) -> float:
        return mark if mark is not None and self._low <= mark <= self._high else math.nan
