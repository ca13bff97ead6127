"""One evald a partition: what the helpers for Spark and Dask share.

A schema travels to the workers as an exported state without rows, so that a worker's stream is the
driver's to the last option. What comes back is a value, a state or an error, and never an effect: a
partition that an engine runs twice counts once, since only the result of one run is used.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ._client import Evald
from ._errors import BinaryNotFound, ConnectionLost, EvaldError, StartFailed
from ._quiet import is_disabled
from ._stream import Stream

#: Rows of a push. Any cut gives the same numbers; this one keeps lines short.
ROWS = 1 << 16

# Longer states go through a file instead of a line.
_INLINE_BYTES = 1 << 20

# Of the machine and not of the rows: left to the engine, which tries a partition again.
_PASSING = (BinaryNotFound, ConnectionLost, StartFailed)

Columns = Mapping[str, Any]
"""evald's columns by the columns of the data: `{"scores": "p", "slices": {"language": "lang"}}`."""


@dataclass(frozen=True)
class Outcome:
    """What became of a partition, or of several that were merged: a state or an error."""

    partition: int
    state: bytes = b""
    error: Exception | None = None


def evaluate_partition(
    schema: bytes,
    binary: str | None,
    partition: int,
    batches: Iterable[tuple[int, Mapping[str, Any]]],
) -> Outcome | None:
    """Pushes batches, each with its number of rows, into an evald of the partition's own.

    Returns:
        Its state, or why it was refused; None if there are no rows.

    Raises:
        EvaldError: evald could not be started or died, which another try may mend.
    """
    done = 0
    ev: Evald | None = None
    try:
        for rows, columns in batches:
            if ev is None:
                ev = Evald(binary, on_error="raise")
                stream = ev.merge("partition", schema)
            stream.push(wait=True, **columns)
            done += rows
        return None if ev is None else Outcome(partition, take_state(stream))
    except _PASSING as error:
        raise named(error, f"partition {partition}", partition) from error
    except (EvaldError, TypeError, ValueError) as error:
        place = f"partition {partition}, in the batch that begins with its row {done}"
        return Outcome(partition, error=named(error, place, partition))
    finally:
        if ev is not None:
            ev._close(quietly=True)


def merge_outcomes(binary: str | None, outcomes: Iterable[Outcome]) -> Outcome | None:
    """Several outcomes as one, on a worker; an error stays one. None if there are none."""
    first: Outcome | None = None
    ev: Evald | None = None
    try:
        for outcome in outcomes:
            if outcome.error is not None:
                return outcome
            if first is None:
                first = outcome
                continue
            if ev is None:
                ev = Evald(binary, on_error="raise")
                give_state(ev, "merged", first)
            give_state(ev, "merged", outcome)
        if first is None or ev is None:
            return first
        return Outcome(first.partition, take_state(ev.stream("merged")))
    except _PASSING:
        raise
    except EvaldError as error:
        return Outcome(-1, error=error)
    finally:
        if ev is not None:
            ev._close(quietly=True)


def named(error: Exception, place: str, partition: int) -> Exception:
    """The same error, saying of which partition it is."""
    if not isinstance(error, EvaldError):
        return type(error)(f"{place}: {error}")
    return type(error)(
        f"{place}: {error.message}",
        path=error.path,
        hint=error.hint,
        kind=error.kind,
        code=error.code,
        data={**error.data, "partition": partition},
    )


def take_state(stream: Stream) -> bytes:
    """A stream's rows as a state of any length."""
    with tempfile.TemporaryDirectory(prefix="evald-") as directory:
        path = os.path.join(directory, "state")
        stream.export(path)
        with open(path, "rb") as file:
            return file.read()


def give_state(ev: Evald, name: str, outcome: Outcome) -> None:
    """Merges the state of an outcome, of any length, into a stream."""
    try:
        if len(outcome.state) <= _INLINE_BYTES:
            ev.merge(name, outcome.state)
            return
        with tempfile.NamedTemporaryFile(prefix="evald-") as file:
            file.write(outcome.state)
            file.flush()
            ev.merge(name, file.name)
    except _PASSING:
        raise
    except EvaldError as error:
        raise named(error, f"partition {outcome.partition}", outcome.partition) from error


class Gathering:
    """The driver's side: the schema for the workers, and the stream that takes their states.

    Nothing reaches the stream before all partitions are known to be good, and then all do.
    """

    def __init__(
        self,
        into: Stream | None,
        task: str | None,
        binary: str | None,
        opening: Mapping[str, Any],
    ) -> None:
        if into is not None:
            given = [name for name, value in opening.items() if value is not None]
            if task is not None or given:
                more = ", ".join(["task"] if task is not None else given)
                raise TypeError(f"the stream given as into has its schema already; not {more}")
            self.stream = into
            ev = into._evald
            self._parts = f"evald.partitions.{secrets.token_hex(6)}"
        elif task is None:
            raise TypeError("either into, a stream, or task says what the rows are")
        else:
            ev = Evald(binary)
            self.stream = ev.stream("evaluation", task, **opening)
            self._parts = self.stream.name
        self._evald = ev
        #: Nothing is to be done, since EVALD_DISABLED is set or there is no daemon.
        self.idle = is_disabled() or ev._link.trouble is not None
        self.schema = b"" if self.idle else self._empty_state()

    def _empty_state(self) -> bytes:
        if self._parts == self.stream.name:
            return self.stream.export()
        self.stream.flush()
        parts = self._evald.merge(self._parts, self.stream.export())
        parts.reset()
        return parts.export()

    def finish(self, outcomes: Sequence[Outcome]) -> Stream:
        """Merges all, or raises the error of the first partition that has one."""
        outcomes = sorted(outcomes, key=lambda outcome: outcome.partition)
        for outcome in outcomes:
            if outcome.error is not None:
                raise outcome.error
        for outcome in outcomes:
            give_state(self._evald, self._parts, outcome)
        if self._parts != self.stream.name:
            state = take_state(self._evald.stream(self._parts))
            give_state(self._evald, self.stream.name, Outcome(-1, state))
        return self.stream

    def __enter__(self) -> Gathering:
        return self

    def __exit__(self, *error: object) -> None:
        if self._parts != self.stream.name and not self.idle:
            self._evald._ask("stream/delete", {"stream": self._parts})


def source_columns(columns: Columns) -> list[Any]:
    """The columns of the data that are asked for, each once."""
    found: list[Any] = []
    for value in columns.values():
        found += value.values() if isinstance(value, Mapping) else [value]
    if not found:
        raise TypeError("columns says which column is what, such as {'scores': 'p', 'labels': 'y'}")
    return found


def places(columns: Columns) -> dict[str, Any]:
    """The same without the columns of the data, which may be what can't be sent to workers."""
    return {
        name: dict.fromkeys(value) if isinstance(value, Mapping) else None
        for name, value in columns.items()
    }


def renamed(columns: Columns, values: Iterable[Any]) -> dict[str, Any]:
    """The columns of a push, of the values in the order of `source_columns`."""
    rest = iter(values)
    return {
        name: {key: next(rest) for key in value} if isinstance(value, Mapping) else next(rest)
        for name, value in columns.items()
    }
