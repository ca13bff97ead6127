"""A server on two pipes, framed as it wants it: lines, or LSP's headers."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import IO, Any

PATIENCE = 4.0


@dataclass(frozen=True)
class Kind:
    """A server: its command, and how it frames a message."""

    name: str
    command: list[str]
    frames: bool
    initialize: dict[str, object]

    def frame(self, body: bytes) -> bytes:
        """The bytes of a message on the wire."""
        return (
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
            if self.frames
            else body + b"\n"
        )


class Server:
    """One process on two pipes, and what it has said."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.process = subprocess.Popen(
            kind.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.stdin: IO[bytes] = self.process.stdin
        self.stdout: IO[bytes] = self.process.stdout
        os.set_blocking(self.stdin.fileno(), False)
        self.buffer = b""

    def send(self, data: bytes, patience: float = PATIENCE) -> bool:
        """Writes all of it; false when the server takes no more."""
        deadline = time.monotonic() + patience
        while data:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([], [self.stdin], [], left)[1]:
                return False
            try:
                data = data[os.write(self.stdin.fileno(), data[: 1 << 16]) :]
            except BlockingIOError:
                continue
            except BrokenPipeError:
                return False
        return True

    def say(self, body: object) -> bool:
        """Sends one message; bytes go as they are."""
        return self.send(
            self.kind.frame(
                body if isinstance(body, bytes) else json.dumps(body).encode()
            )
        )

    def next_message(self, patience: float) -> Any:
        """The next message of the server; None at the end or when none comes."""
        deadline = time.monotonic() + patience
        while True:
            found = self._take()
            if found is not None:
                return found
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.stdout], [], [], left)[0]:
                return None
            more = os.read(self.stdout.fileno(), 1 << 16)
            if not more:
                return None
            self.buffer += more

    def _take(self) -> Any:
        if not self.kind.frames:
            line, end, rest = self.buffer.partition(b"\n")
            if not end:
                return None
            self.buffer = rest
            return json.loads(line)
        head, end, rest = self.buffer.partition(b"\r\n\r\n")
        if not end:
            return None
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        if len(rest) < length:
            return None
        self.buffer = rest[length:]
        return json.loads(rest[:length])

    def reply(self, idents: list[object], patience: float = PATIENCE) -> Any:
        """The next reply with one of these ids; None when none comes."""
        deadline = time.monotonic() + patience
        while (left := deadline - time.monotonic()) > 0:
            found = self.next_message(left)
            if found is None:
                return None
            if isinstance(found, list) or (
                "method" not in found and found.get("id") in idents
            ):
                return found
        return None

    def death(self, patience: float = PATIENCE) -> str | None:
        """How the process ended; None while it lives."""
        try:
            status = self.process.wait(patience)
        except subprocess.TimeoutExpired:
            return None
        return signal.Signals(-status).name if status < 0 else f"exit {status}"

    def end(self) -> None:
        """Ends it whatever it does."""
        self.process.kill()
        self.process.wait()
        self.stdin.close()
        self.stdout.close()
