"""Columns in shared memory: one segment of reusable blocks, on Linux.

A column is copied into a block before `push` returns, and the line names segment and offset. The
daemon copies it out while it applies the line, and answers in order: so every so many bytes the
writer thread puts a `stream/flush` behind a line, and its reply frees all blocks written before.
Where no block is free, a large column waits for one, but no longer than base64 would take to
encode, pipe and decode; then the segment grows. Where it can't, the daemon is far behind, and
base64 would only add to what it has to do: the column waits some times longer before it goes so.

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
# Up to so many bytes it grows at once: more would no longer stay in a processor's cache.
_READY_BYTES = 16 << 20
# Behind so many a flush is due, so that blocks come free before all are used.
_FLUSH_BYTES = 2 << 20
# What base64 takes of both processes, and how long one sleeps at least.
_SECONDS_A_BYTE = 4e-9
_NAP_SECONDS = 1e-4
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
        self._hungry = False
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
        ready = max(_READY_BYTES, 4 * size)
        block = self._claim(size, ready) or self._wait_for(size, ready)
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

    def _wait_for(self, size: int, ready: int) -> Block | None:
        """A block that comes free in the time that base64 would take, or else a new one."""
        naps = int(size * _SECONDS_A_BYTE / _NAP_SECONDS)
        for number in range(5 * naps):
            time.sleep(_NAP_SECONDS)
            block = self._claim(size, ready if number < naps else self._limit)
            if block is not None:
                return block
        return self._claim(size, self._limit)

    def _claim(self, size: int, limit: int) -> Block | None:
        """A block of so many bytes in a segment of up to `limit`; None where none is free."""
        # A signal handler that pushes may come in between, so this must not wait.
        if not self._lock.acquire(blocking=False):
            return None
        try:
            start = self._take(size, limit)
            if start < 0:
                if limit >= self._limit:  # or else every line would bring a flush
                    self._hungry = True
                return None
            record = [start, 1]
            self._records.append(record)
            self._head = start + (size + _ALIGN - 1) // _ALIGN * _ALIGN
            return Block(record, size)
        finally:
            self._lock.release()

    def _take(self, size: int, limit: int) -> int:
        """Where a block of so many bytes fits, or -1."""
        records, head = self._records, self._head
        while records and not records[0][1]:
            records.popleft()
        if not records:
            head = self._head = 0
            tail, limit = 0, self._limit
        else:
            tail = records[0][0]
            if head <= tail:  # gone round: head must not reach tail, that would look like empty
                return head if tail - head > size + _ALIGN else -1
            if self._reserved - head < size and tail > size + _ALIGN:
                return 0
        if self._reserved - head >= size:
            return head
        return head if head + size <= limit and self._reserve(head + size) else -1

    def _reserve(self, end: int) -> bool:
        """Makes the segment reach `end`; false if there is no memory for it."""
        if end > self._limit:
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
        due = min(self._reserved // 4, _FLUSH_BYTES)
        is_due = self._hungry or self._written_bytes >= due
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
