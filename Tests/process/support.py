"""Runs the real binary: $EVALD_BIN, else the release build of this checkout."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[2]

# What a wait may take before a test calls it a hang. Far above what is measured, so that a busy
# machine fails no test.
PATIENCE = 30.0


def binary() -> str:
    """The path of the evald under test."""
    return os.environ.get("EVALD_BIN") or str(ROOT / ".build" / "release" / "evald")


def request(ident: int | str, method: str, params: object = None) -> bytes:
    """One request as a line without its LF."""
    message: dict[str, object] = {"jsonrpc": "2.0", "id": ident, "method": method}
    if params is not None:
        message["params"] = params
    return json.dumps(message).encode()


def notification(method: str, params: object = None) -> bytes:
    """One notification as a line without its LF."""
    message: dict[str, object] = {"jsonrpc": "2.0", "method": method}
    if params is not None:
        message["params"] = params
    return json.dumps(message).encode()


def ping(ident: int | str = 1) -> bytes:
    """A ping as a line with its LF."""
    return request(ident, "ping") + b"\n"


def pong(ident: int | str = 1) -> bytes:
    """What answers a ping, byte for byte."""
    return b'{"jsonrpc":"2.0","id":%s,"result":{}}\n' % json.dumps(ident).encode()


def run(
    data: bytes,
    *arguments: str,
    timeout: float = PATIENCE,
    env: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Feeds `data` to an evald of its own and waits for its end."""
    return subprocess.run(
        [binary(), *arguments],
        env=env,
        input=data,
        capture_output=True,
        timeout=timeout,
        check=False,
    )


def replies(output: bytes) -> list[Any]:
    """Every line of an output, parsed; an output that is no sequence of lines fails."""
    if not output:
        return []
    assert output.endswith(b"\n"), output[-200:]
    return [json.loads(line) for line in output[:-1].split(b"\n")]


class Daemon:
    """An evald on two pipes, perhaps started by the command `under`."""

    def __init__(
        self,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        under: Sequence[str] = (),
        **options: Any,
    ) -> None:
        self.process = subprocess.Popen(
            [*under, binary(), *arguments],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            **options,
        )

    @property
    def stdin(self) -> IO[bytes]:
        assert self.process.stdin is not None
        return self.process.stdin

    @property
    def stdout(self) -> IO[bytes]:
        assert self.process.stdout is not None
        return self.process.stdout

    @property
    def stderr(self) -> IO[bytes]:
        assert self.process.stderr is not None
        return self.process.stderr

    def send(self, data: bytes) -> None:
        """Writes all of it, waiting while the pipe is full."""
        view = memoryview(data)
        while view:
            view = view[os.write(self.stdin.fileno(), view) :]

    def read_line(self, timeout: float = PATIENCE) -> bytes:
        """The next line, with its LF; what there is of it at the end of the output."""
        line = b""
        deadline = time.monotonic() + timeout
        while not line.endswith(b"\n"):
            left = deadline - time.monotonic()
            assert left > 0 and select.select([self.stdout], [], [], left)[0], (
                "no reply in time"
            )
            byte = os.read(self.stdout.fileno(), 1)
            if not byte:
                break
            line += byte
        return line

    def ask(self, line: bytes) -> bytes:
        """Sends a line without its LF; the reply with its LF."""
        self.send(line + b"\n")
        return self.read_line()

    def wait(self, timeout: float = PATIENCE) -> int:
        """The exit status."""
        return self.process.wait(timeout)

    def close_input(self) -> None:
        """Ends the input."""
        self.stdin.close()

    def end(self) -> tuple[int, bytes, bytes]:
        """Ends the input; status, the rest of the output, and the log."""
        output, log = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, output, log


@contextlib.contextmanager
def daemon(
    *arguments: str, env: Mapping[str, str] | None = None, **options: Any
) -> Iterator[Daemon]:
    """An evald that is gone at the end of the block, whatever happens in it."""
    running = Daemon(*arguments, env=env, **options)
    try:
        yield running
    finally:
        running.process.kill()
        for pipe in (running.stdin, running.stdout, running.stderr):
            with contextlib.suppress(OSError):
                pipe.close()
        running.process.wait()


def cpu_seconds(pid: int) -> float:
    """The processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_bytes(pid: int) -> int:
    """The memory of a process that is in RAM."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf(
        "SC_PAGE_SIZE"
    )


def chunks(data: bytes, sizes: Sequence[int]) -> Iterator[bytes]:
    """Cuts `data` into pieces of these sizes, over and over."""
    start = 0
    turn = 0
    while start < len(data):
        yield data[start : start + sizes[turn % len(sizes)]]
        start += sizes[turn % len(sizes)]
        turn += 1
