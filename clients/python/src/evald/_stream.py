"""Streams: named evaluations in progress."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

from . import _html, _wire
from ._arrays import Parts
from ._buffers import give
from ._checkpoints import load_stream, save_stream
from ._columns import put_batch, split
from ._errors import EvaldError, LineTooLong
from ._producer import ExplicitSender, Producer, Sender
from ._questions import Questions, without_none
from ._quiet import harmless
from ._result import Record, Result, Row, epoch_row, record
from ._states import merge_state

if TYPE_CHECKING:
    from ._client import Evald

_TAIL_ROOM = 256  # bytes of a line after its batch


class Stream(Questions):
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

    # Looking after the stream

    def mark(self, label: str | None = None, **extra: Any) -> Row:
        """Closes the window, as at the end of an epoch, and returns its row.

        Args:
            label: the epoch's name.
            extra: what else belongs into the row, such as `loss=0.31`.
        """
        params = {"stream": self.name, **without_none(label=label, extra=extra or None)}
        marks = self._marks() if self._link.unacknowledged is not None else 0
        reply = self._evald._ask("stream/mark", params, found=lambda: self._row_after(marks))
        dropped, self._producer.dropped_batches = self._producer.dropped_batches, 0
        if isinstance(reply, EvaldError):
            return epoch_row({"label": label, "extra": extra}, harmless=True)
        return epoch_row({**reply, "complete": False} if dropped else reply)

    def _marks(self) -> int:
        reply = self._ask("stream/describe")
        return 0 if isinstance(reply, EvaldError) else int(reply["marks"])

    def _row_after(self, marks: int) -> Any:
        """The last row of the history if there are more than so many; None otherwise."""
        if self._marks() <= marks:
            return None
        reply = self._ask("metric/history")
        return reply if isinstance(reply, EvaldError) else reply["rows"][-1]

    def describe(self) -> Record:
        """The schema, the counters, what was rejected, the memory."""
        return self._record("stream/describe")

    def flush(self, acknowledge: bool = False) -> Record:
        """Waits until all that was pushed is counted: `applied`, `durable`, `rejected`.

        `acknowledge=True` says that the refusals have been seen, and later answers are complete.
        """
        reply = self._record("stream/flush", acknowledge=acknowledge or None)
        if acknowledge:
            self._producer.dropped_batches = 0
        return reply

    def reset(self) -> None:
        """Forgets all rows, marks and refusals; the stream stays open."""
        self._ask("stream/reset")
        self._start_afresh()

    def delete(self) -> None:
        """Removes the stream."""
        self._ask("stream/delete")
        self._start_afresh()

    def checkpoint(self, name: str, keep: int | None = None) -> Record:
        """Remembers the stream's state by a name; `keep` bounds how many are remembered."""
        return self._record("stream/checkpoint", name=name, keep=keep)

    def rollback(self, name: str) -> Record:
        """Goes back to a checkpoint, exactly: rows, marks, ids and numbers of producers."""
        reply = self._record("stream/rollback", name=name)
        self._start_afresh()
        return reply

    def state_dict(self, *, embed: bool | None = None, keep: int | None = None) -> dict[str, Any]:
        """A checkpoint of the stream, to be saved with that of the model, by `torch.save` too.

            torch.save({"model": model.state_dict(), "val": val.state_dict()}, path)

        Args:
            embed: whether the rows themselves are in it. Left out: where there is no state
                directory, since a new process has nothing else to load. With one it holds names
                and numbers only, and the directory keeps the rows.
            keep: how many checkpoints of the stream evald keeps, 16 unless told otherwise; the
                oldest go. To load an older one it must have been embedded.

        Returns:
            Strings, numbers and bytes, which `torch.load(weights_only=True)` reads.
        """
        return save_stream(self, embed, keep)

    def load_state_dict(self, state: Mapping[str, Any] | None) -> None:
        """Takes the stream back to where `state_dict` was called, exactly: rows, marks, history,
        ids and numbers of producers. What was pushed since is forgotten. None is the beginning: a
        run that was killed before its first checkpoint starts with an empty stream.

        Raises:
            CheckpointNotFound: it was not embedded, and this evald does not have it.
            SchemaMismatch: it is of a stream with another task, options or slices.
            StateDamaged: what was embedded is not what it was.
            ValueError: it is of another stream, or was not made by `state_dict`.
        """
        load_stream(self, state)

    def export(self, path: str | os.PathLike[str] | None = None, *, window: Any = None) -> bytes:
        """The rows of a window as one state: merged elsewhere, they count as if pushed there.

        Args:
            path: the daemon writes the state to this file, and b"" is returned. For large ones.
            window: which rows, `"current"` unless told otherwise.

        Raises:
            EvaldError: NotApplicable, if batches of the window were refused, DurabilityFailed.
        """
        name = None if path is None else os.path.abspath(path)
        reply = self._ask("state/export", path=name, window=window)
        state = "" if isinstance(reply, EvaldError) else reply.get("state", "")
        return base64.b64decode(state)

    def merge(self, state: bytes | str | os.PathLike[str]) -> Record:
        """Adds an exported state, or the file that holds one, to the current window.

        Returns:
            `merged`, the rows that came, `count`, `total_count`, `revision`.

        Raises:
            EvaldError: SchemaMismatch, DuplicateIds, StateDamaged, StateTooNew, …
        """
        reply = merge_state(self._evald, self.name, state)
        return Record() if isinstance(reply, EvaldError) else Record(record(reply))

    def _start_afresh(self) -> None:
        # The daemon's numbers went back, ours did not.
        self._producer.dropped_batches = 0
        self._link.renumber(self._producer)
