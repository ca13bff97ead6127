"""Columns in shared memory: one segment of reusable blocks, on Linux.

A column is copied into a block before `push` returns, and the line names segment and offset. The
daemon copies it out while it applies the line, and answers in order: so every so many bytes the
writer thread puts a `ping` behind a line, and its reply frees all blocks written before. (With
`stream/flush` it would wait for the disk, where the daemon has a state directory.)

A loop that does nothing but push is faster than the daemon counts. Ever more memory, or base64,
would cost it three times what a push into known memory costs; so while two megabytes wait to be
read, or eight such columns, it waits, for milliseconds at most, until replies free blocks. Then the
segment grows, and where it can't, the column goes as base64.
"""

from __future__ import annotations

import contextlib
import threading
import time
import weakref
from collections import deque
from typing import Any

from . import _base64
from ._parts import LENT, SENT, Block, Hold, Parts
from ._segment import Segment

LEAST_BYTES = 2048 if _base64.encode is _base64.plain else 4096
"""A column of so many bytes costs as much either way: a place in the segment against encoding,
piping and decoding."""

# The end of a request, whose number goes before it.
_PING = b'"method":"ping"}\n'
_FIRST_BYTES = 2 << 20
_STEP_BYTES = 1 << 19
# To be woken takes as long as a column of half a megabyte: so there is room for several large ones,
# to be woken once for several; of the largest, four are enough to never run dry.
_ROOM_FOR, _ROOM_FOR_LARGEST, _MOST_WAITING = 8, 4, 16 << 20
_PATIENCE = 5e-2  # seconds
# Who waits is woken by replies; this is for blocks that come free by other ways.
_NAP = 5e-4
_ALIGN = 64


def _nap(waker: Any) -> None:
    """Waits until somebody releases the lock, or for a moment."""
    waker.acquire(timeout=_NAP)


class Ring(Segment):
    """A segment of shared memory used round and round.

    Attributes:
        least: bytes of the smallest column that is put here.
        shared: how many columns were.
        buffers: the arrays that lie here, by where they begin.
    """

    def __init__(self, limit: int, least: int = LEAST_BYTES) -> None:
        """Makes a segment of at most `limit` bytes; none of them is reserved yet.

        Raises:
            OSError: there is no shared memory here.
        """
        self.least = least
        self.shared = 0
        self._largest = 0  # the largest column that found no room at once
        self._few = _FIRST_BYTES  # it grows to so many bytes before it waits
        self._head = 0  # where the next block begins
        # Of the blocks in use, as they follow on the head, round and round: where each begins and
        # ends, and what becomes of it.
        self._records: deque[list[int]] = deque()
        self._lock = threading.Lock()
        self._hungry = False  # no block was free for the last column that wanted one
        self._vain = False  # a wait for one was in vain, and none came free since
        self._waiting: deque[Any] = deque()  # locks of those who wait for one
        self._written: list[Block] = []  # by the writer thread alone, as the next two
        self._written_bytes = 0
        self._asked = 0  # pings
        self._heard = 0  # and their replies, by the reader thread
        self.buffers: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
        super().__init__(limit)
        self._place = b'"shared_memory":"%s","offset":%%d},' % self.name.encode()

    # By those who push

    def put(self, head: bytes, data: Any, size: int, out: Parts) -> bool:
        """Copies a column into a block and appends its text; false if no block is free.

        Args:
            head: the text before the place of the bytes.
            data: a buffer; one that is not contiguous has a `tobytes`.
            size: its bytes, more than none.
            out: the line.
        """
        blocks = out.blocks
        if blocks is None:
            out.blocks = blocks = []
        start = self._claim(size, blocks)
        if start < 0:
            start = self._wait(size, blocks)
            if start < 0:
                return False
        try:
            self._map[start : start + size] = data
        except ValueError:  # the buffer protocol refuses, tobytes copies in C order
            self._map[start : start + size] = data.tobytes()
        out += (head, self._place % start)
        self.shared += 1
        return True

    def refer(self, head: bytes, block: Block, start: int, out: Parts) -> None:
        """Appends the text of a column that is in a block already."""
        if out.blocks is None:
            out.blocks = []
        out.blocks.append(block)
        out += (head, self._place % start)
        self.shared += 1

    def lend(self, size: int) -> tuple[Block, int, Any] | None:
        """A block for somebody's array, its address, and what keeps the memory mapped; None if
        none is free.
        """
        blocks: list[Block] = []
        start = self._claim(size, blocks, LENT)
        if start < 0:
            start = self._wait(size, blocks, LENT)
        return None if start < 0 else (blocks[0], self._address + start, self._map)

    def _claim(
        self, size: int, blocks: list[Block], use: int = SENT, may_grow: bool = False
    ) -> int:
        """Takes space, for which the segment may grow beyond its first size if it `may_grow`, and
        gives where it begins; -1 if there is none. What follows on the last of `blocks` is added to
        that one.

        Then `_hungry` is set, unless the reason is that somebody else is here.
        """
        lock = self._lock
        # A signal handler that pushes may come in between, so this must not wait.
        if not lock.acquire(False):
            return -1
        try:
            records, start = self._records, self._head
            first = records[0] if records else None
            # Mostly there is room behind the head, and nothing came free.
            if not first or not first[2] or start <= first[0] or start + size > self._reserved:
                start = self._take(size, may_grow)
                if start < 0:
                    self._hungry = True
                    return -1
            self._head = end = (start + size + _ALIGN - 1) & -_ALIGN
            if blocks:
                block = blocks[-1]
                last = block.record
                if last[1] == start and last[2] == use:
                    last[1] = end
                    block.size += size
                    return start
            record = [start, end, use]
            blocks.append(Block(record, size))
            records.append(record)
            return start
        finally:
            lock.release()

    def _wait(self, size: int, blocks: list[Block], use: int = SENT) -> int:
        """Space that comes free within a short time, or by which the segment grows."""
        if not self._hungry or self._lock.locked():
            return -1
        # Once it was in vain it isn't tried again before the daemon has read something.
        if not self._vain:
            deadline = time.monotonic() + _PATIENCE
            while time.monotonic() < deadline:
                # One of its own: a signal handler that pushes may come in between and wait, too.
                waker = threading.Lock()
                waker.acquire()
                self._waiting.append(waker)
                start = self._claim(size, blocks, use)  # it may have come free before that
                if start < 0:
                    _nap(waker)
                    start = self._claim(size, blocks, use)
                if start >= 0:
                    self._hungry = False
                    return start
            self._vain = True
        return self._claim(size, blocks, use, True)

    def answered(self) -> None:
        """A reply has come, and with it blocks may have come free: wakes those who wait once a
        third of the segment is, since being woken for each would cost more than it saves. The
        daemon has the rest to read meanwhile. Where that much never is, since arrays are kept by
        whom they were lent to, the last reply wakes them.
        """
        if not self._waiting:
            return
        free = sum(end - start for start, end, use in list(self._records) if not use)
        if self._asked == self._heard or 3 * free >= self._reserved:
            while self._waiting:
                with contextlib.suppress(IndexError):
                    self._waiting.popleft().release()

    def _take(self, size: int, may_grow: bool) -> int:
        """Where so many bytes fit, or -1."""
        records = self._records
        for _ in range(len(records) + 1):
            while records and not records[0][2]:
                records.popleft()
                self._vain = False
            start = self._fit(size, may_grow)
            if start >= 0 or not records or records[0][2] != LENT:
                return start
            # An array may be kept for long, and holds nobody up: the ring goes on behind it.
            self._head = records[0][1]
            records.rotate(-1)
        return -1

    def _fit(self, size: int, may_grow: bool) -> int:
        """Where so many bytes fit between the head and the first block behind it, or -1."""
        head = self._head
        if not self._records:
            head = self._head = 0
            tail = 0
        else:
            tail = self._records[0][0]
            if head <= tail:  # gone round: head must not reach tail, that would look like empty
                return head if tail - head > size + _ALIGN else -1
            if self._reserved - head < size and tail > size + _ALIGN:
                return 0
        if self._reserved - head >= size:
            return head
        self._largest = max(self._largest, size)
        room = min(_ROOM_FOR * size, max(_ROOM_FOR_LARGEST * size, _MOST_WAITING))
        self._few = max(self._few, room)
        most = self._limit if may_grow else self._few
        return head if self._reserve(head + size, most) else -1

    def _reserve(self, end: int, most: int) -> bool:
        """Makes the segment reach `end`; false if that is too far or there is no memory for it."""
        if end > min(self._limit, most):
            return False
        goal = min(self._limit, max(_FIRST_BYTES, -(-end // _STEP_BYTES) * _STEP_BYTES))
        return self._extend(goal)

    # By the writer thread

    def written(self, parts: Parts) -> tuple[bytes, Hold] | None:
        """Takes over the blocks of a line. Now and then: the end of a ping to write after it,
        and what holds the blocks until its reply.
        """
        if parts.blocks:
            self._written += parts.blocks
            for block in parts.blocks:
                self._written_bytes += block.size
            parts.blocks = None
        # Often enough that who waits for space has something to wait for.
        share = 4 if 7 * self._largest <= self._reserved else 8
        is_due = self._hungry or share * self._written_bytes >= self._reserved
        if not is_due or not self._written:
            return None
        blocks, self._written = self._written, []
        self._written_bytes = 0
        self._hungry = False
        self._asked += 1
        return _PING, Hold(self, blocks)

    # By the reader thread

    def heard(self) -> None:
        """One of the pings is answered, or never will be."""
        self._heard += 1
