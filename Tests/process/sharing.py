"""Daemons that several processes reach, each test in a directory for sockets of its own."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from support import (
    PATIENCE,
    Daemon,
    binary,
    daemon,
    notification,
    ping,
    pong,
    request,
    run,
)

# The status of one that finds its name taken.
IN_USE = 3
OPEN = {"stream": "s", "task": "scalar", "metrics": ["mean", "sum"]}


def has_ended(pid: int) -> bool:
    """Whether a process is gone, or is only waited for by whoever inherited it."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
    return stat.rpartition(")")[2].split()[0] in "ZX"


def wait_until(condition: Callable[[], bool], what: str, timeout: float = PATIENCE) -> None:
    """Waits for something that is to become true soon."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"not in time: {what}"
        time.sleep(0.005)


class Place:
    """A directory for sockets, and evalds that use it."""

    def __init__(self) -> None:
        # Short, since the path of a socket must be.
        self.root = Path(tempfile.mkdtemp(prefix="ev", dir="/tmp"))
        self.env = {**os.environ, "XDG_RUNTIME_DIR": str(self.root)}

    @property
    def directory(self) -> Path:
        return self.root / "evald"

    def socket(self, name: str) -> Path:
        return self.directory / f"{name}.sock"

    def lock(self, name: str) -> Path:
        return self.directory / f"{name}.sock.lock"

    def run(
        self, *arguments: str, data: bytes = b"", timeout: float = PATIENCE
    ) -> subprocess.CompletedProcess[bytes]:
        return run(data, *arguments, env=self.env, timeout=timeout)

    def daemon(self, *arguments: str) -> contextlib.AbstractContextManager[Daemon]:
        return daemon(*arguments, env=self.env)

    @contextlib.contextmanager
    def owned(self, name: str = "run", *arguments: str) -> Iterator[Daemon]:
        """A daemon with an owner that listens."""
        with self.daemon("--name", name, *arguments) as running:
            assert running.ask(ping()[:-1]) == pong()
            yield running

    @contextlib.contextmanager
    def serving(self, name: str = "run", *arguments: str) -> Iterator[Daemon]:
        """A daemon without an owner."""
        with self.daemon("serve", name, *arguments) as running:
            wait_until(lambda: self.is_reachable(name), "the daemon listens")
            yield running

    def is_reachable(self, name: str) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self.socket(name))) == 0

    def client(self, name: str = "run") -> contextlib.closing[Client]:
        """For a `with`: a client that is gone at its end."""
        return contextlib.closing(self.connect(name))

    def connect(self, name: str = "run") -> Client:
        return Client(self.socket(name))

    def ask(self, method: str, params: object = None, name: str = "run") -> Any:
        """The result of `evald call`."""
        done = self.run("call", name, method, json.dumps(params or {}))
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout)

    def processes(self) -> list[Any]:
        """What `evald ps` lists of those in this directory; the user may have others elsewhere."""
        done = self.run("ps", "--json")
        assert (done.returncode, done.stderr) == (0, b"")
        listed = json.loads(done.stdout)
        assert isinstance(listed, list)
        return [one for one in listed if Path(one["path"]).is_relative_to(self.root)]

    def close(self) -> None:
        """Ends what a test started here without being its parent."""
        for path in self.root.rglob("*.lock"):
            for pid in holders(path):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.root, ignore_errors=True)


def holders(path: Path) -> list[int]:
    """The processes that have a lock on a file, as the system lists them."""
    with contextlib.suppress(FileNotFoundError):
        inode = path.stat().st_ino
        return [
            int(fields[4])
            for fields in map(str.split, Path("/proc/locks").read_text().splitlines())
            if len(fields) > 5 and fields[5].endswith(f":{inode}") and int(fields[4]) > 0
        ]
    return []


class Client:
    """A client that is connected to a socket without a bridge."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        # Before there is a time limit: it would make a full queue at the door an error.
        self.socket.connect(str(path))
        self.socket.settimeout(PATIENCE)
        self._rest = b""

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def read_line(self) -> bytes:
        """The next line, with its LF; what there is of it at the end."""
        while b"\n" not in self._rest:
            piece = self.socket.recv(1 << 16)
            if not piece:
                line, self._rest = self._rest, b""
                return line
            self._rest += piece
        line, _, self._rest = self._rest.partition(b"\n")
        return line + b"\n"

    def read_all(self) -> bytes:
        """Everything up to the end."""
        pieces = [self._rest]
        self._rest = b""
        with contextlib.suppress(ConnectionResetError):
            while piece := self.socket.recv(1 << 20):
                pieces.append(piece)
        return b"".join(pieces)

    def ask(self, line: bytes) -> bytes:
        self.send(line + b"\n")
        return self.read_line()

    def result(self, method: str, params: object = None) -> Any:
        reply = json.loads(self.ask(request("q", method, params or {})))
        assert "result" in reply, reply
        return reply["result"]

    def end_input(self) -> None:
        self.socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.socket.close()


def evald(place: Place, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    """Starts an evald of which the test is the parent."""
    return subprocess.Popen([binary(), *arguments], env=place.env, **options)


def push(values: list[float], stream: str = "s") -> bytes:
    return notification("stream/push", {"stream": stream, "batch": {"values": values}}) + b"\n"


def in_threads(count: int, body: Callable[[int], None]) -> None:
    """Runs `body` so many times at once; what one of them raises is raised."""
    faults: list[Exception] = []

    def guarded(number: int) -> None:
        try:
            body(number)
        except (AssertionError, OSError, ValueError) as fault:
            faults.append(fault)

    threads = [threading.Thread(target=guarded, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE * 2)
    assert not faults, faults[0]


def slowest_ping(client: Client, seconds: float) -> tuple[float, int]:
    """The longest that a ping takes, and how many there were."""
    longest, count, end = 0.0, 0, time.monotonic() + seconds
    while (start := time.monotonic()) < end:
        assert client.ask(ping(count)[:-1]) == pong(count)
        longest = max(longest, time.monotonic() - start)
        count += 1
    return longest, count


def fill(client: Client, rows: int = 600_000) -> None:
    """A stream whose questions are long ones."""
    client.result("stream/open", {"stream": "long", "task": "binary"})
    chance = random.Random(3)
    for _ in range(rows // 100_000):
        scores = [chance.random() for _ in range(100_000)]
        batch = {"scores": scores, "labels": [score > chance.random() for score in scores]}
        client.result("stream/push", {"stream": "long", "batch": batch})
