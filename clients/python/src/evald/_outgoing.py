"""What the writer thread does to lines: ends them, and writes those that wait at once."""

from __future__ import annotations

import os

from ._parts import Parts
from ._producer import Sender
from ._replies import Replies

Item = tuple["Sender | None", list[bytes], int]
"""What goes through the queue: a line in parts, whose end the sender writes if there is one, and
the number of the request, 0 for a notification."""

JOIN_UP_TO = 1 << 16
"""Lines that wait are written together, until there are so many bytes."""

_COPY_UP_TO = 1 << 17  # joining many short pieces costs less than handing each to the kernel
_PIECES = 1024  # that one writev takes


def compose_line(
    sender: Sender | None, parts: list[bytes], lines: list[bytes], replies: Replies
) -> int:
    """Appends a line, and a ping if its shared memory asks for one; the size of the line."""
    lines += parts
    size = sum(map(len, parts))
    if sender is not None:
        lines.append(sender.tail())
    if isinstance(parts, Parts) and parts.ring is not None:
        asked = parts.ring.written(parts)
        if asked is not None:
            number = replies.wait(asked[1])
            lines.append(b'{"jsonrpc":"2.0","id":%d,%s' % (number, asked[0]))
    return size


def write_all(fd: int, pieces: list[bytes], size: int) -> None:
    """Writes pieces of about `size` bytes to a pipe that blocks.

    Raises:
        OSError: nobody reads it any more.
    """
    done = 0
    if size >= _COPY_UP_TO and len(pieces) <= _PIECES:
        done = os.writev(fd, pieces)  # without a copy
        if done >= sum(map(len, pieces)):
            return
    view = memoryview(b"".join(pieces))
    while done < len(view):
        done += os.write(fd, view[done:])
