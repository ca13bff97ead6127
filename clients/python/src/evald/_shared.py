"""Columns in shared memory: one segment of reusable blocks, on Linux.

A column is copied into a block before `push` returns, and the line names segment and offset. The
daemon copies it out while it applies the line, and answers in order: so every so many bytes the
writer thread puts a `stream/flush` behind a line, and its reply frees all blocks written before.

A loop that does nothing but push is faster than the daemon counts. Ever more memory, or base64,
would cost it three times what a push into known memory costs; so while two megabytes wait to be
read it waits, for milliseconds at most, until a block is free. Then the segment grows, and where
it can't, the column goes as base64.

The segment grows as it is needed, and its pages are reserved before they are touched: a full
/dev/shm is then an error of a call, where it would otherwise kill the process with SIGBUS.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import mmap
import os
import re
import secrets
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

_DIRECTORY = "/dev/shm"
_NAME = re.compile(r"evald_(\d+)_[0-9a-f]+")

# A column of half as many bytes costs as much either way: what it takes to look at the segment and
# read it in the daemon against encoding, piping and decoding.
_LEAST_BYTES = 2048
_MOST_BYTES = 64 << 20
_FIRST_BYTES = 2 << 20
_STEP_BYTES = 1 << 19
_PATIENCE = 1e-2  # seconds
_NAP = 1e-4
_ALIGN = 64
_MADV_POPULATE_WRITE = 23  # since Linux 5.14; the module mmap has no name for it


class Block:
    """The space of one column, free again when the last reference to this is gone.

    Whatever becomes of a push (written and answered, dropped, refused half-way by a TypeError,
    interrupted), its blocks can neither be lost nor be freed too early.
    """

    __slots__ = ("_record", "size", "start")

    def __init__(self, record: list[int], size: int) -> None:
        self._record = record
        self.start = record[0]
        self.size = size

    def __del__(self) -> None:
        self._record[1] = 0


class Parts(list[bytes]):
    """A line in pieces, and the blocks of shared memory that it speaks of."""

    ring: Ring | None = None
    blocks: list[Block] | None = None
    #: The end of a `stream/flush` request to the same stream.
    flush: bytes = b""


class Ring:
    """A segment of shared memory used round and round.

    Attributes:
        least: bytes of the smallest column that is put here.
        shared: how many columns were.
    """

    def __init__(self, limit: int, least: int = _LEAST_BYTES) -> None:
        """Makes a segment of at most `limit` bytes; none of them is reserved yet.

        Raises:
            OSError: there is no shared memory here.
        """
        self.least = least
        self.shared = 0
        self._limit, self._reserved = limit, 0
        self._head = 0  # where the next block begins
        # Of the blocks in use, oldest first: where each begins, and whether it is in use still.
        self._records: deque[list[int]] = deque()
        self._lock = threading.Lock()
        self._hungry = False  # no block was free for the last column that wanted one
        self._vain = False  # a wait for one was in vain, and none came free since
        self._written: list[Block] = []  # by the writer thread alone, as the next two
        self._written_bytes = 0
        self._flush = b""
        self._pid = os.getpid()
        self.name = f"evald_{self._pid}_{secrets.token_hex(6)}"
        self._place = b'"shared_memory":"%s","offset":%%d},' % self.name.encode()
        self._fd = -1
        self._path = os.path.join(_DIRECTORY, self.name)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        self._fd = os.open(self._path, flags, 0o600)
        try:
            # Held while this process lives; other processes take an unlocked segment for stale.
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(self._fd, limit)
            self._map = mmap.mmap(self._fd, limit)
        except BaseException:
            self.close()
            raise

    # By those who push

    def put(self, head: bytes, data: Any, size: int, out: Parts) -> bool:
        """Copies a column into a block and appends its text; false if no block is free.

        Args:
            head: the text before the place of the bytes.
            data: a C-contiguous buffer.
            size: its bytes, more than none.
            out: the line.

        Raises:
            ValueError: it is not contiguous.
        """
        few = max(_FIRST_BYTES, 4 * size)
        block = self._claim(size, few)
        if block is None and self._hungry and not self._lock.locked():
            block = self._wait(size, few)
        if block is None:
            return False
        start = block.start
        self._map[start : start + size] = data
        out.append(head)
        out.append(self._place % start)
        if out.blocks is None:
            out.blocks = [block]
        else:
            out.blocks.append(block)
        self.shared += 1
        return True

    def _claim(self, size: int, most: int) -> Block | None:
        """A free block, for which the segment may grow to `most` bytes; None if there is none.

        Then `_hungry` is set, unless the reason is that somebody else is here.
        """
        # A signal handler that pushes may come in between, so this must not wait.
        if not self._lock.acquire(blocking=False):
            return None
        try:
            start = self._take(size, most)
            if start < 0:
                if most >= self._limit:  # or else every line would bring a flush
                    self._hungry = True
                return None
            record = [start, 1]
            block = Block(record, size)
            self._records.append(record)
            self._head = start + (size + _ALIGN - 1) // _ALIGN * _ALIGN
            return block
        finally:
            self._lock.release()

    def _wait(self, size: int, few: int) -> Block | None:
        """A block that comes free within a short time, or one that the segment grows by."""
        # Once it was in vain it isn't tried again before the daemon has read something.
        if not self._vain:
            deadline = time.monotonic() + _PATIENCE
            while time.monotonic() < deadline:
                time.sleep(_NAP)
                block = self._claim(size, few)
                if block is not None:
                    return block
            self._vain = True
        return self._claim(size, self._limit)

    def _take(self, size: int, most: int) -> int:
        """Where a block of so many bytes fits, or -1."""
        records, head = self._records, self._head
        while records and not records[0][1]:
            records.popleft()
            self._vain = False
        if not records:
            head = self._head = 0
            tail = 0
        else:
            tail = records[0][0]
            if head <= tail:  # gone round: head must not reach tail, that would look like empty
                return head if tail - head > size + _ALIGN else -1
            if self._reserved - head < size and tail > size + _ALIGN:
                return 0
        if self._reserved - head >= size or self._reserve(head + size, most):
            return head
        return -1

    def _reserve(self, end: int, most: int) -> bool:
        """Makes the segment reach `end`; false if that is too far or there is no memory for it."""
        if end > min(self._limit, most):
            return False
        goal = min(self._limit, max(_FIRST_BYTES, -(-end // _STEP_BYTES) * _STEP_BYTES))
        try:
            os.posix_fallocate(self._fd, self._reserved, goal - self._reserved)
        except OSError:
            self._limit = self._reserved  # and goes on with what it has
            return False
        with contextlib.suppress(OSError):
            # One by one, at the first touch, pages cost several times as much.
            self._map.madvise(_MADV_POPULATE_WRITE, self._reserved, goal - self._reserved)
        self._reserved = goal
        return True

    # By the writer thread

    def written(self, parts: Parts) -> tuple[bytes, list[Block]] | None:
        """Takes over the blocks of a line. Now and then: the end of a flush to write after it,
        and the blocks to hold until its reply.
        """
        if parts.blocks:
            self._written += parts.blocks
            self._written_bytes += sum([block.size for block in parts.blocks])
            self._flush = parts.flush
            parts.blocks = None
        is_due = self._hungry or 4 * self._written_bytes >= self._reserved
        if not is_due or not self._written:
            return None
        blocks, self._written = self._written, []
        self._written_bytes = 0
        self._hungry = False
        return self._flush, blocks

    # Ending

    def close(self) -> None:
        """Removes the name; the memory goes when nobody uses it any more."""
        if os.getpid() == self._pid:
            with contextlib.suppress(OSError):
                os.unlink(self._path)

    def __del__(self) -> None:
        # Not in `close`: another thread may be about to reserve by this number.
        if self._fd >= 0:
            os.close(self._fd)

    def abandon_after_fork(self) -> None:
        """In a forked child: lets go of the parent's segment, and so of its lock."""
        fd, self._fd = self._fd, -1
        self._map.close()
        os.close(fd)


def open_ring(server: Mapping[str, Any], wanted: bool | None) -> Ring | None:
    """A ring for a daemon that reads shared memory, or None where it doesn't or none is wanted.

    Args:
        server: its reply to `initialize`.
        wanted: None for columns where it pays, True for all, False for none. EVALD_SHARED_MEMORY
            says the same by 1 and 0 where this is None.
    """
    if wanted is None:
        given = os.environ.get("EVALD_SHARED_MEMORY", "").lower()
        wanted = None if not given else given not in ("0", "false", "no", "off")
    capabilities = server.get("capabilities")
    encodings = capabilities.get("column_encodings") if isinstance(capabilities, dict) else None
    if wanted is False or sys.platform != "linux" or "shared_memory" not in (encodings or ()):
        return None
    try:
        remove_stale()
        facts = os.statvfs(_DIRECTORY)
        limit = min(_MOST_BYTES, facts.f_bavail * facts.f_frsize // 4) // mmap.PAGESIZE
        return Ring(limit * mmap.PAGESIZE, 1 if wanted else _LEAST_BYTES) if limit else None
    except (OSError, ValueError):
        return None


def remove_stale() -> None:
    """Removes what killed processes of this user have left."""
    for name in os.listdir(_DIRECTORY):
        match = _NAME.fullmatch(name)
        if match is not None and _is_dead(int(match[1])):
            with contextlib.suppress(OSError):
                _remove_unlocked(os.path.join(_DIRECTORY, name))


def _is_dead(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError as error:
        return error.errno == errno.ESRCH
    except OverflowError:
        return False
    return False


def _remove_unlocked(path: str) -> None:
    # Containers may share /dev/shm and not their process ids; the lock knows of all of them.
    if os.lstat(path).st_uid != os.geteuid():
        return
    fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.unlink(path)
    finally:
        os.close(fd)
