"""Looking after a stream: its marks, its checkpoints, its states, its end."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from typing import Any

from ._checkpoints import load_stream, save_stream
from ._errors import EvaldError
from ._questions import Questions, without_none
from ._quiet import AnyLink
from ._result import Record, Row, epoch_row, record
from ._states import merge_state


class Upkeep(Questions):
    """The part of a Stream that is neither pushing nor asking."""

    _link: AnyLink

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
