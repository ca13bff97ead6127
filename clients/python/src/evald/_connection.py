"""One connection: a daemon's process, or a bridge to one, and the thread that reads from it."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from . import _wire
from ._errors import ConnectionClosed, ConnectionLost, RequestTimeout, StartFailed
from ._outgoing import write_all
from ._process import Process
from ._replies import Replies

_READ_BYTES = 1 << 18
_INITIALIZE = {
    "client": {"name": "evald-python", "version": "0.1.0"},
    "protocol_versions": [1],
    "capabilities": {"push_failed": True},
}


class Connection:
    """What is spoken to. A link has one after the other, where it may be made anew.

    Attributes:
        process: the process at the other end of the pipes.
        broken: it says nothing more, or takes nothing more.
    """

    def __init__(
        self,
        command: Sequence[str],
        env: Mapping[str, str] | None,
        receive: Callable[[bytearray], None],
        ended: Callable[[Connection], None],
    ) -> None:
        self.broken = False
        self._receive, self._ended = receive, ended
        self.process = Process(command, env)
        self.reader = threading.Thread(target=self._read, name="evald-reader", daemon=True)

    def _read(self) -> None:
        fd, rest = self.process.stdout, bytearray()
        # The same room again and again: new room of that size is a mapping of its own each time.
        room = memoryview(bytearray(_READ_BYTES))
        with contextlib.suppress(OSError):
            while count := os.readv(fd, (room,)):
                searched = len(rest)
                rest += room[:count]
                if rest.find(b"\n", searched) < 0:
                    continue
                *lines, last = rest.split(b"\n")
                rest = last
                for line in lines:
                    self._receive(line)
        self.broken = True
        self._ended(self)
        self.process.close_stdout()

    def ask(
        self,
        replies: Replies,
        method: str,
        params: Any,
        seconds: float,
        is_over: Callable[[], bool] = lambda: False,
    ) -> Any:
        """A request beside the queue, as long as nobody else writes.

        Raises:
            EvaldError: of the kind that the daemon gives, RequestTimeout or ConnectionLost.
        """
        reply = replies.expect(replies.number())
        line = _wire.request(reply.number, method, params)
        deadline = time.monotonic() + seconds
        try:
            with contextlib.suppress(OSError):  # then it ends soon, and says why
                write_all(self.process.stdin, [line], len(line))
            while not reply.event.wait(0.05):
                if is_over():
                    raise ConnectionClosed("this evald connection was closed")
                if self.broken and not reply.event.is_set():
                    raise ConnectionLost(self.process.obituary())
                if time.monotonic() > deadline:
                    raise RequestTimeout(f"no reply to {method} within {seconds:g} s")
        finally:
            replies.forget(reply)
        return reply.result()

    def initialize(
        self, replies: Replies, seconds: float, is_over: Callable[[], bool] = lambda: False
    ) -> dict[str, Any]:
        """What the daemon says of itself.

        Raises:
            StartFailed: it says nothing, or is none.
        """
        try:
            result = self.ask(replies, "initialize", _INITIALIZE, seconds, is_over)
            int(result["limits"]["max_line_bytes"])
        except (ConnectionLost, RequestTimeout) as error:
            raise StartFailed(f"evald did not answer: {error.message}") from error
        except (KeyError, TypeError, ValueError) as error:
            raise StartFailed(f"not an evald: its answer to initialize lacks {error}") from error
        return dict(result)

    def abort(self) -> None:
        """Ends the process at once."""
        self.process.kill()
        self.process.end(1.0)
        self.process.close_stdin()
