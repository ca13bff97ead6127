"""Streams: named evaluations in progress."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

from . import _html, _wire
from ._arrays import Parts
from ._buffers import give
from ._columns import put_batch, split
from ._errors import EvaldError, LineTooLong
from ._producer import ExplicitSender, Producer, Sender
from ._quiet import harmless
from ._result import Record, Result, record
from ._upkeep import Upkeep

if TYPE_CHECKING:
    from ._client import Evald

_TAIL_ROOM = 256  # bytes of a line after its batch


class Stream(Upkeep):
    """A named evaluation in progress, made by `Evald.stream`.

    Everything speaks of the current window: the rows since the last `mark`, which is an epoch.
    `window="all"` speaks of all rows. `slice={"language": "fr"}` speaks of a part of them.
    """

    def __init__(
        self,
        evald: Evald,
        name: str,
        task: str | None,
        opened: Mapping[str, Any],
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self._evald = evald  # kept, so that the connection lives as long as its streams
        self._link = evald._link
        self._producer = self._link.producers.setdefault(name, Producer(name))
        self._head = b'"params":{"stream":%s,' % _wire.dumps(name)
        self._notification = b'{"jsonrpc":"2.0","method":"stream/push",' + self._head
        #: The stream's name.
        self.name = name
        #: The stream's task, such as `"binary"`; None if the stream was only looked up.
        self.task = task
        #: The options that the stream was opened with, such as `score_kind`.
        self.options: Record = record(dict(options or {}))
        #: The daemon's answer to opening: `created`, `count`, `producers`, `checkpoints`.
        self.opened: Record = record(dict(opened))

    def __repr__(self) -> str:
        return f"<evald stream {self.name!r}{f' of task {self.task}' if self.task else ''}>"

    def _repr_html_(self) -> str:
        task = f", {self.task}" if self.task else ""
        caption = f"stream {self.name}{task}"
        params = {"stream": self.name}
        try:
            found = Result(
                self._link.glance("metric/query", params), dropped=self._producer.dropped_batches
            )
        except EvaldError as error:
            return _html.page(f"{caption}: {error}", incomplete=True)
        return found._html_with(caption)

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("an evald stream can't be pickled or copied; open it in each process")

    # Pushing

    @overload
    def push(
        self,
        *,
        wait: Literal[True],
        row_metrics: Sequence[str] | None = None,
        producer: str | None = None,
        seq: int | None = None,
        **columns: Any,
    ) -> Record: ...

    @overload
    def push(
        self,
        *,
        wait: bool = False,
        row_metrics: Sequence[str] | None = None,
        producer: str | None = None,
        seq: int | None = None,
        **columns: Any,
    ) -> Record | None: ...

    def push(
        self,
        *,
        wait: bool = False,
        row_metrics: Sequence[str] | None = None,
        producer: str | None = None,
        seq: int | None = None,
        **columns: Any,
    ) -> Record | None:
        """Sends a batch in the background; the arrays may be changed as soon as this returns.

        It returns at once, unless megabytes of earlier batches still wait to be counted: a loop
        that does nothing but push is slowed down to the daemon's pace.

        Args:
            columns: the task's columns, such as `scores=` and `labels=`, and for every task
                `weights=`, `ids=`, `inputs=` and `slices={"language": ["en", …]}` (or one value
                for the whole batch). Arrays of numpy, torch and anything of the buffer protocol,
                `__array__` or `__dlpack__`; lists and tuples; a single number is one row; None
                is a column that is not given. Tensors are detached and copied to the processor.
            wait: wait until the batch is counted, and return the daemon's answer.
            row_metrics: metrics to answer for this batch alone, row by row; implies `wait`.
            producer: for a run that resumes and keeps its own numbers; left out, the client
                numbers batches itself, so that none counts twice.
            seq: the batch's number under that producer, from 1 in steps of 1.

        Returns:
            With `wait`: `count`, `total_count`, `revision`, `duplicate`, `row_values`, …
            Without: None.

        Raises:
            TypeError: a value is not a column.
            EvaldError: with `wait`, why the batch was refused. Without it, the refusal of an
                earlier batch if the connection has `on_error="raise"` (a warning otherwise).
        """
        link = self._link
        if link.alarm and not link.surface():
            return harmless("stream/push") if wait or row_metrics else None
        parts = Parts((self._notification,))
        if link.ring is not None:
            parts.ring = link.ring
        put_batch(columns, parts)
        if parts.lent:
            give(parts, self.name)
        if wait or row_metrics is not None or producer is not None:
            return self._push_with(parts, wait, row_metrics, producer, seq, columns)
        if seq is not None:
            raise TypeError("seq needs producer")
        size = sum(map(len, parts))
        if size > link.max_line_bytes - _TAIL_ROOM:
            self._push_in_pieces(size, columns)
        elif not link.send_push(self._producer, parts, size):
            self._producer.dropped_batches += 1
            link.surface()
        return None

    def _push_with(
        self,
        parts: Parts,
        wait: bool,
        row_metrics: Sequence[str] | None,
        producer: str | None,
        seq: int | None,
        columns: Mapping[str, Any],
    ) -> Record | None:
        link, sender = self._link, self._sender(producer, seq)
        size = sum(map(len, parts))
        if size > link.max_line_bytes - _TAIL_ROOM:
            if producer is not None or row_metrics is not None:
                raise self._too_long(size)
            return self._push_in_pieces(size, columns, wait=True)
        if row_metrics is not None:
            parts.append(b',"row_metrics":' + _wire.dumps(list(row_metrics)))
        if not wait and row_metrics is None:
            link.send_push(sender, parts, size)
            return None

        def compose(number: int) -> tuple[Sender, Parts]:
            parts[0] = b'{"jsonrpc":"2.0","id":%d,"method":"stream/push",' % number + self._head
            return sender, parts

        reply = self._evald._ask("stream/push", None, compose=compose, on_refusal=self._refused)
        return harmless("stream/push") if isinstance(reply, EvaldError) else Record(record(reply))

    def _sender(self, producer: str | None, seq: int | None) -> Sender:
        if producer is None:
            return self._producer
        return ExplicitSender(self.name, producer, seq)

    def _push_in_pieces(
        self, size: int, columns: Mapping[str, Any], wait: bool = False
    ) -> Record | None:
        pieces = split(columns, 2 * size // self._link.max_line_bytes + 1)
        if pieces is None:
            raise self._too_long(size)
        reply = None
        for piece in pieces:
            reply = self.push(wait=wait, **piece)
        return reply

    def _too_long(self, size: int) -> LineTooLong:
        return LineTooLong(
            f"the batch takes {size} bytes, the daemon reads {self._link.max_line_bytes} at most",
            hint="push fewer rows at a time",
        )

    def _refused(self, error: EvaldError) -> None:
        if self._producer.is_out_of_step(error, None):
            self._link.renumber(self._producer)
