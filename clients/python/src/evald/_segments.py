"""Segments of shared memory: whether there is one for a daemon, and what killed processes left."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import mmap
import os
import re
import sys
from collections.abc import Mapping
from typing import Any

from ._segment import DIRECTORY
from ._shared import LEAST_BYTES, Ring

_NAME = re.compile(r"evald_(\d+)_[0-9a-f]+")
_MOST_BYTES = 64 << 20


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
        facts = os.statvfs(DIRECTORY)
        limit = min(_MOST_BYTES, facts.f_bavail * facts.f_frsize // 4) // mmap.PAGESIZE
        return Ring(limit * mmap.PAGESIZE, 1 if wanted else LEAST_BYTES) if limit else None
    except (OSError, ValueError):
        return None


def remove_stale() -> None:
    """Removes what killed processes of this user have left."""
    for name in os.listdir(DIRECTORY):
        match = _NAME.fullmatch(name)
        if match is not None and _is_dead(int(match[1])):
            with contextlib.suppress(OSError):
                _remove_unlocked(os.path.join(DIRECTORY, name))


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
