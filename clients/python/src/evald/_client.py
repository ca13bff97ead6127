"""The connection as its users see it."""

from __future__ import annotations

import os
import weakref
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

from . import _html
from ._asking import Found, ask
from ._binary import find_binary
from ._buffers import empty
from ._checkpoints import load_all, save_all
from ._errors import ConnectionLost, EvaldError, ResumeRefused
from ._link import Link
from ._questions import without_none
from ._quiet import AnyLink, NoLink, harmless, is_disabled
from ._result import Record, Row, Table, record
from ._states import merge_state
from ._stream import Stream
from ._teller import OnError
from ._warn import warn


class Evald:
    """A running evald. Use it as a context manager, or call `close`; at the exit of the program
    and when it is garbage it closes by itself.

    Args:
        binary: the evald program. Left out: the environment variable EVALD_BIN, the program
            inside the installed package, evald on PATH, in this order.
        args: further arguments of the program, such as `("--name", "run42")`.
        on_error: what becomes of errors that no call waits for (a batch that was refused, a
            daemon that died). `"warn"`: one clear EvaldWarning, training goes on, pushes do
            nothing and answers are nan and say that they are incomplete. `"raise"`: the next call
            raises; a question by itself where a push before it was refused. An error of the call
            itself, such as an unknown metric, is always raised.
        timeout: seconds that a question may take.
        push_timeout: seconds that a push may wait when the daemon takes nothing and the queue
            is full. After that, batches are dropped until there is room.
        queue_bytes: how much may be queued.
        state: a directory in which evald keeps what it was told, so that it survives the end of
            the process, `kill -9` included; one process at a time has it. See `durability`.
        durability: how soon it also survives a power cut: `"os"`, `"interval"` (1 s) or `"disk"`
            (before a push is acknowledged).
        name: other programs reach this evald by it: `evald.attach(name)`, `evald call name`.
        reconnect: whether a connection that breaks is made anew, and pushes sent again that were
            not acknowledged, each counted once. Left out: where there is a state directory, or
            the evald is a shared one. Otherwise its counts are gone with it.
        env: environment variables to add for the program.
        shared_memory: on Linux, how arrays travel. None: in shared memory where that costs less,
            else in the text of the message. True: in shared memory whatever their size, False:
            never; EVALD_SHARED_MEMORY=1 and 0 say the same. At most 64 MiB of /dev/shm and a
            quarter of what is free there are used, and where that is full, the text.

    In a forked child, as a DataLoader's worker, the connection does nothing and never holds the
    daemon up: with `"warn"` it warns once, with `"raise"` it raises ForkedProcess.

    With EVALD_DISABLED=1 nothing is started, pushes do nothing and answers are nan.

    Raises:
        BinaryNotFound: with every place that was tried.
        StartFailed: it did not come up.
    """

    def __init__(
        self,
        binary: str | os.PathLike[str] | None = None,
        *,
        args: Sequence[str] = (),
        state: str | os.PathLike[str] | None = None,
        durability: str | None = None,
        name: str | None = None,
        reconnect: bool | None = None,
        on_error: OnError = "warn",
        timeout: float = 120.0,
        push_timeout: float = 5.0,
        queue_bytes: int = 64 << 20,
        env: Mapping[str, str] | None = None,
        shared_memory: bool | None = None,
    ) -> None:
        #: The state directory, None if what is counted ends with the process.
        self.state: str | None = None if state is None else os.path.abspath(state)
        self._resumed: set[str] = set()
        own = _arguments(self.state, durability, name)
        self._link: AnyLink
        if is_disabled():
            self._link = NoLink()
        else:
            self._link = Link(
                [find_binary(binary), *args, *own],
                on_error=on_error,
                timeout=timeout,
                push_timeout=push_timeout,
                queue_bytes=queue_bytes,
                env=env,
                shared_memory=shared_memory,
                reconnect=state is not None if reconnect is None else reconnect,
                in_use_patience=12.0 if state is not None else 3.0 if name is not None else 0.0,
            )
        #: What the daemon said of itself: `server`, `capabilities`, `limits`.
        self.server: Record = record(self._link.server)
        self._finalizer = weakref.finalize(self, _finish, self._link)

    def __enter__(self) -> Evald:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # An exception on its way says more than a refusal that is told late.
        self._close(quietly=error is not None)

    def __repr__(self) -> str:
        if isinstance(self._link, NoLink):
            return "<evald, disabled by EVALD_DISABLED>"
        state = f", {self._link.trouble.kind}" if self._link.trouble else ""
        return f"<evald, process {self._link.process.pid}{state}>"

    def _repr_html_(self) -> str:
        try:
            streams = self._link.glance("stream/list", {})["streams"]
        except EvaldError as error:
            return _html.page(f"evald: {error}", incomplete=True)
        server = self.server.get("server") or {}
        count = "no stream" if not streams else "1 stream" if len(streams) == 1 else ""
        said = f"evald {server.get('version', '')}, process {self.pid}"
        said += f": {count or f'{len(streams)} streams'}"
        heads = ["stream", "task", "count", "total_count", "revision"]
        return _html.table(
            heads, [[row.get(key) for key in heads] for row in streams], caption=said
        )

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("an evald connection can't be pickled or copied; start one where it's used")

    @property
    def pid(self) -> int | None:
        """The process id of the daemon; None if disabled."""
        return None if isinstance(self._link, NoLink) else self._link.process.pid

    @property
    def stderr(self) -> list[str]:
        """The last lines that the daemon wrote to its standard error; none while it is well."""
        return [] if isinstance(self._link, NoLink) else self._link.process.stderr_tail(50)

    def stream(
        self,
        name: str,
        task: str | None = None,
        *,
        metrics: Sequence[str | Mapping[str, Any]] | None = None,
        slices: Sequence[str | Mapping[str, Any]] | None = None,
        keep_windows: int | None = None,
        metadata: Mapping[str, Any] | None = None,
        resume: str | None = None,
        **options: Any,
    ) -> Stream:
        """Opens a stream, or finds one that is open.

        Args:
            name: its name; opening it again with the same schema is fine.
            task: `"binary"`, `"scalar"`, …; left out for a stream that must be there already.
            metrics: what `query()` answers by default; all others of the task stay available.
            slices: columns that come with every batch, by which answers can be split: names, or
                `{"name": "length", "edges": [64, 512]}` for numbers.
            keep_windows: how many marked windows stay open to questions.
            metadata: kept beside the stream.
            resume: whether the stream may be there from an earlier run: `"allow"`, `"must"` or
                `"never"`. Left out, it may, but in a state directory of this process only until
                it has rows: those of another run are never mixed in unasked. `load_state_dict`
                asks.
            options: of the task, such as `threshold=0.5`, `score_kind="logit"`.

        Raises:
            EvaldError: SchemaMismatch, UnknownTask, UnknownMetric, ResumeRefused, …
        """
        if task is None:
            opened = self._ask("stream/describe", {"stream": name})
        else:
            opened = self._ask(
                "stream/open",
                without_none(
                    stream=name,
                    task=task,
                    options=options or None,
                    metrics=None if metrics is None else list(metrics),
                    slices=None if slices is None else list(slices),
                    keep_windows=keep_windows,
                    metadata=metadata,
                    resume=resume,
                ),
            )
        reply = {} if isinstance(opened, EvaldError) else opened
        if task is not None:
            self._note_resumption(name, resume, reply)
        return Stream(self, name, task, reply, options or reply.get("options"))

    def empty(self, shape: int | Sequence[int], dtype: Any = "float32") -> Any:
        """A numpy array that lies where evald reads, so that pushing it copies nothing.

            scores = ev.empty((256, 1000))
            torch.from_numpy(scores).copy_(logits)  # straight from the GPU
            val.push(scores=scores, labels=labels)

        Take a new one for each batch: its memory comes back by itself once it is read and no array
        shows it any more. From `push` on it is read-only, and what still can write to it, such as
        a tensor of `torch.from_numpy`, must not. Parts of it that are contiguous may be pushed one
        by one, but none twice to the same column.

        Args:
            shape: as of `numpy.empty`; what is in it is anything.
            dtype: of numpy. Integers are sent as they are: uint8 masks cost an eighth of int64.

        Returns:
            An ordinary array where it is small, or there is no shared memory, or no room in it;
            then `push` copies it as any other.

        Raises:
            TypeError: a type that no column has.
        """
        return empty(self._link.ring, shape, dtype)

    def merge(self, name: str, *states: bytes | str | os.PathLike[str]) -> Stream:
        """Adds exported states, or the files that hold them, to a stream, which is made if it is
        not there, with the schema of the first.

        Raises:
            EvaldError: SchemaMismatch, DuplicateIds, StateDamaged, StateTooNew, …
        """
        for state in states:
            merge_state(self, name, state)
        return self.stream(name)

    def _note_resumption(self, name: str, resume: str | None, reply: Mapping[str, Any]) -> None:
        is_known = name in self._resumed or resume is not None or self.state is None
        if is_known or reply.get("created", True) or not reply.get("revision"):
            self._resumed.add(name)
            return
        raise ResumeRefused(
            f"the state directory {self.state} has a stream {name!r} of an earlier run",
            path="/params/resume",
            hint='load_state_dict goes back to where a checkpoint of that run was, resume="allow"'
            " goes on behind its last batch, and another name or directory begins anew",
        )

    def list(self) -> Table:
        """The streams: name, task, counts."""
        reply = self._ask("stream/list", {})
        return Table([] if isinstance(reply, EvaldError) else map(Row, reply["streams"]))

    def catalog(self, task: str | None = None) -> Table:
        """The metrics there are: options, range, which way is better, when undefined."""
        reply = self._ask("metric/catalog", without_none(task=task))
        return Table([] if isinstance(reply, EvaldError) else map(Row, reply["metrics"]))

    def status(self) -> Record:
        """The daemon's counters and memory."""
        return self._record("server/status", {})

    def ping(self) -> None:
        """Waits for the daemon's answer: everything pushed before has been taken."""
        self._ask("ping", {})

    def checkpoint(self, name: str, keep: int | None = None) -> Record:
        """Remembers the state of all streams by a name."""
        return self._record("stream/checkpoint", without_none(name=name, keep=keep))

    def rollback(self, name: str) -> Record:
        """Takes all streams back to a checkpoint, exactly."""
        reply = self._record("stream/rollback", {"name": name})
        self._start_afresh()
        return reply

    def state_dict(self, *, embed: bool | None = None, keep: int | None = None) -> dict[str, Any]:
        """A checkpoint of all streams, to be saved with that of the model; see
        `Stream.state_dict`.
        """
        return save_all(self, embed, keep)

    def load_state_dict(self, state: Mapping[str, Any] | None) -> None:
        """Takes all streams back to where `state_dict` was called; see `Stream.load_state_dict`.

        Streams that were not there then are emptied; all of them where `state` is None. Of an evald
        that others use too, take back your own streams one by one.
        """
        load_all(self, state)

    def _start_afresh(self) -> None:
        for producer in list(self._link.producers.values()):
            producer.dropped_batches = 0
            self._link.renumber(producer)

    def request(self, method: str, params: Mapping[str, Any] | None = None) -> Any:
        """Any method of the protocol: its result as it came, or the error raised."""
        reply = self._ask(method, dict(params or {}))
        return harmless(method) if isinstance(reply, EvaldError) else reply

    def close(self) -> None:
        """Sends what is queued and ends the daemon; a second call does nothing.

        Raises:
            EvaldError: with `on_error="raise"`, a refusal that was not told yet.
        """
        self._close(quietly=False)

    def _close(self, quietly: bool) -> None:
        if self._finalizer.detach() is None:
            return
        link, lost = self._link, self._link.trouble
        link.close()
        if quietly or isinstance(link, NoLink):
            return
        link.tell_notices()
        if isinstance(lost, ConnectionLost):
            link.tell(lost, str(lost))

    def _record(self, method: str, params: Mapping[str, Any]) -> Record:
        reply = self._ask(method, params)
        found = harmless(method) if isinstance(reply, EvaldError) else record(reply)
        return found if isinstance(found, Record) else Record()

    def _ask(
        self,
        method: str,
        params: Any,
        compose: Any = None,
        on_refusal: Any = None,
        found: Found | None = None,
    ) -> Any:
        """The result; or, where errors only warn and there is no daemon, the reason as a value."""
        return ask(self._link, method, params, compose, on_refusal, found)


def _arguments(state: str | None, durability: str | None, name: str | None) -> list[str]:
    given = {"--state": state, "--durability": durability, "--name": name}
    return [word for flag, value in given.items() if value is not None for word in (flag, value)]


def _finish(link: AnyLink) -> None:
    """Ends a connection that nobody closed: at exit, or as garbage."""
    link.close()
    if isinstance(link, Link):
        for notice in link.untold():
            warn(f"a batch was not counted, told at the end: {notice}")


#: Starts an evald: `with evald.start() as ev:`. The same as `Evald`.
start = Evald
