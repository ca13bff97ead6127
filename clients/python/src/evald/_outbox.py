"""What waits for the writer thread: one queue, and how far a loop may run ahead of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from queue import SimpleQueue

from ._outgoing import Item
from ._producer import Producer
from ._unacknowledged import Barrier

# A loop that only pushes is faster than the daemon counts. With so many bytes waiting it goes at
# the daemon's pace: ever more memory costs it more than memory that is used again.
_AHEAD_BYTES = 4 << 20
_PATIENCE = 5e-2  # seconds
_NAP = 5e-4
_LONG_NAP = 2e-3


class Outbox:
    """Lines for the daemon, in the order in which they were made.

    `queue.SimpleQueue.put` is safe in signal handlers and finalizers and can't be interrupted
    half-way, so a Ctrl-C in the training loop tears no line.

    Attributes:
        queue: of lines, and of what else the writer thread is to do in between; None ends it.
        limit: bytes that may wait.
        timeout: seconds to wait for room.
        put: bytes that were put in.
        taken: bytes that were taken out. Neither is exact when several threads push at once; they
            are exact enough for a bound, and made equal whenever the queue runs empty.
        stalled: no room came within the timeout, and none has since.
    """

    def __init__(self, limit: int, timeout: float) -> None:
        self.queue: SimpleQueue[Item | Producer | Barrier | bool | None] = SimpleQueue()
        self.limit, self.timeout = limit, timeout
        self.put = self.taken = 0
        self.stalled = False
        self._vain = -1  # what was taken when a wait in `_slow_down` was in vain

    def add(self, item: Item, size: int) -> None:
        """Queues a line of so many bytes."""
        self.put += size
        self.queue.put(item)

    def has_room(self, size: int, is_over: Callable[[], bool]) -> bool:
        """Whether so many bytes may be added; if not at once, it waits for that.

        False if no room came in time or it `is_over`; the next who asks doesn't wait.
        """
        waiting = self.put - self.taken
        if waiting > _AHEAD_BYTES:
            self._slow_down(is_over)
        return waiting + size <= self.limit or self._wait(size, is_over)

    def _slow_down(self, is_over: Callable[[], bool]) -> None:
        """Waits for a moment until half of what may wait is taken; not again while nothing is."""
        if self.taken == self._vain:
            return
        deadline = time.monotonic() + _PATIENCE
        while self.put - self.taken > _AHEAD_BYTES // 2 and not is_over():
            if time.monotonic() >= deadline:
                self._vain = self.taken
                return
            time.sleep(_NAP)

    def _wait(self, size: int, is_over: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + (0 if self.stalled else self.timeout)
        while self.put - self.taken + size > self.limit and self.put > self.taken:
            if is_over():
                return False
            if time.monotonic() >= deadline:
                self.stalled = True
                return False
            time.sleep(_LONG_NAP)
        self.stalled = False
        return True

    def took(self, size: int) -> None:
        """Notes that the writer thread has handed over so many bytes."""
        self.taken += size
        if self.queue.empty():
            self.taken = self.put
