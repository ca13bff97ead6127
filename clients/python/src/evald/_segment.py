"""A segment of shared memory on Linux: its file, its mapping, and its pages as they are needed."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import mmap
import os
import secrets

DIRECTORY = "/dev/shm"
"""Where segments are."""

_MADV_POPULATE_WRITE = 23  # since Linux 5.14; the module mmap has no name for it


class Segment:
    """Memory that another process can read by the segment's name.

    Pages are reserved before they are touched: a full /dev/shm is then an error of a call, where it
    would otherwise kill the process with SIGBUS.
    """

    def __init__(self, limit: int) -> None:
        """Makes one of at most `limit` bytes; none of them is reserved yet.

        Raises:
            OSError: there is no shared memory here.
        """
        self._limit, self._reserved = limit, 0
        self._pid = os.getpid()
        self.name = f"evald_{self._pid}_{secrets.token_hex(6)}"
        self._fd = -1
        self._path = os.path.join(DIRECTORY, self.name)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        self._fd = os.open(self._path, flags, 0o600)
        try:
            # Held while this process lives; other processes take an unlocked segment for stale.
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(self._fd, limit)
            self._map = mmap.mmap(self._fd, limit)
            self._address = ctypes.addressof(ctypes.c_char.from_buffer(self._map))
        except BaseException:
            self.close()
            raise

    def offset(self, address: int) -> int:
        """Where an address is in the segment; -1 if elsewhere."""
        start = address - self._address
        return start if 0 <= start < self._limit else -1

    def _extend(self, goal: int) -> bool:
        """Reserves pages up to `goal`; false if there are none, and then it never gets larger."""
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
        del self._map  # it stays mapped where there are arrays in it
        os.close(fd)
