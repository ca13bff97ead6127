"""Pushes that were written and may not have been counted, kept until the daemon says so.

Only where a broken connection is made anew: there they are sent again under the same numbers. What
is kept is bounded, since every so many lines the writer thread puts a `stream/flush` behind them,
whose reply says that everything before it was counted or refused.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from . import _wire
from ._errors import EvaldError
from ._producer import Producer, Sender
from ._replies import Replies

_FLUSH_EVERY = 64  # pushes


class Sent:
    """A push that was written: its line in parts, and what it takes to send it again."""

    __slots__ = ("blocks", "line", "number", "place", "producer", "sender", "seq", "size")

    def __init__(
        self, sender: Sender, line: list[bytes], number: int, blocks: list[Any] | None
    ) -> None:
        self.sender, self.line, self.number = sender, line, number
        self.producer, self.seq = sender.name, sender.seq
        self.place = 0  # in the order of writing
        self.blocks = blocks  # of shared memory, which must not be used for others meanwhile
        self.size = sum(map(len, line)) + sum(block.size for block in blocks or ())

    @property
    def stream(self) -> str:
        """The name of its stream."""
        return self.sender.stream


class Barrier:
    """Waits until everything that was pushed before is counted or refused."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.passed = False

    def end(self, passed: bool) -> None:
        """Lets go of who waits."""
        self.passed = passed
        self.event.set()


class Receipt:
    """Takes the reply to a `stream/flush`, upon which what was written before it is let go."""

    __slots__ = ("_barrier", "_last", "_owner", "_stream")
    sent = True

    def __init__(
        self, owner: Unacknowledged, stream: str, last: Sent | None, barrier: Barrier | None
    ) -> None:
        self._owner, self._stream, self._last, self._barrier = owner, stream, last, barrier

    def settle(self, message: dict[str, Any] | EvaldError | None) -> None:
        """Acknowledges, or lets the barrier know that it wasn't passed."""
        answered = isinstance(message, dict)
        if isinstance(message, dict):
            result = message.get("result")
            applied = result.get("applied") if isinstance(result, dict) else None
            self._owner.let_go(self._stream, self._last, applied or {})
        if self._barrier is not None:
            self._barrier.end(answered)


class Unacknowledged:
    """What was pushed and not acknowledged, in the order of writing."""

    def __init__(self, limit: int) -> None:
        #: Recoveries since anything was acknowledged.
        self.fruitless = 0
        self._limit = limit
        self._sent: deque[Sent] = deque()
        self._bytes = self._places = 0
        self._change = threading.Condition()
        # By the writer thread alone: streams with pushes since their last flush, and how many.
        self._dirty: dict[str, Sent] = {}
        self._count = self._size = 0

    # By the writer thread

    def add(self, sent: Sent) -> bool:
        """Keeps a push that is about to be written; true if it is time for a flush."""
        with self._change:
            self._places += 1
            sent.place = self._places
            self._sent.append(sent)
            self._bytes += sent.size
        self._dirty[sent.stream] = sent
        self._count += 1
        self._size += sent.size
        return self._count >= _FLUSH_EVERY or 8 * self._size >= self._limit

    def flushes(self, replies: Replies, barrier: Barrier | None = None) -> list[bytes]:
        """The lines of a flush of each stream that was pushed to since its last."""
        dirty, self._dirty = self._dirty, {}
        self._count = self._size = 0
        lines = []
        for place, (stream, last) in enumerate(dirty.items(), 1):
            at_end = barrier if place == len(dirty) else None
            number = replies.wait(Receipt(self, stream, last, at_end))
            lines.append(_wire.request(number, "stream/flush", {"stream": stream}))
        if not dirty and barrier is not None:
            # What was flushed may not be answered yet: replies come in order, this one's last.
            number = replies.wait(Receipt(self, "", None, barrier))
            lines.append(_wire.request(number, "ping", {}))
        return lines

    def wait_for_room(self, is_over: Callable[[], bool]) -> None:
        """Waits while too much is kept, unless the connection is over."""
        with self._change:
            while self._bytes > self._limit and self._sent and not is_over():
                self._change.wait(0.05)

    def again(self) -> list[Sent]:
        """Everything that is kept, all of it to be flushed again."""
        with self._change:
            found = list(self._sent)
        self._dirty = {sent.stream: sent for sent in found}
        return found

    # By the reader thread, and whoever else learns what became of a push

    def let_go(self, stream: str, last: Sent | None, applied: dict[str, Any]) -> None:
        """Everything of a stream up to `last` was counted or refused."""
        if last is None:
            return
        with self._change:
            kept: deque[Sent] = deque()
            for sent in self._sent:
                if sent.stream != stream or sent.place > last.place:
                    kept.append(sent)
                    continue
                self._bytes -= sent.size
                sender = sent.sender
                if isinstance(sender, Producer) and sender.name == sent.producer:
                    sender.counted = max(sender.counted, int(applied.get(sent.producer, 0)))
            self._sent = kept
            self.fruitless = 0
            self._change.notify_all()

    def drop(self, is_meant: Callable[[Sent], bool]) -> None:
        """Pushes that must not be sent again: refused, answered, or of a producer that is past."""
        with self._change:
            self._sent = deque(sent for sent in self._sent if not is_meant(sent))
            self._bytes = sum(sent.size for sent in self._sent)
            self._change.notify_all()

    def answered(self, number: int) -> None:
        """A push that somebody waited for was answered."""
        if any(sent.number == number for sent in list(self._sent)):
            self.fruitless = 0
            self.drop(lambda sent: sent.number == number)

    def numbers(self) -> set[int]:
        """The numbers of the requests among them, whose replies will still come."""
        with self._change:
            return {sent.number for sent in self._sent if sent.number}
