"""A small driver of the real binary over its standard input and output, one request at a time.

It writes the lines itself, not through the Python client, so that every encoding can be tried as any
program could send it.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


class Refused(Exception):
    """An error that evald answered."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(f"{error['code']}: {error['message']} {error.get('data')}")
        self.kind: str = error["data"]["kind"]
        self.path: str = error["data"]["path"]


class Daemon:
    """A running evald: $EVALD_BIN, else the release build of this checkout."""

    def __init__(self) -> None:
        binary = os.environ.get("EVALD_BIN") or str(
            ROOT / ".build" / "release" / "evald"
        )
        self._process = subprocess.Popen(
            [binary], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._numbers = itertools.count(1)

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def close(self) -> None:
        """Ends it as the end of its input does."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        assert self._process.wait(timeout=30) == 0

    def call(self, method: str, /, **params: Any) -> Any:
        """The result of a request; an error answer is raised."""
        assert self._process.stdin is not None and self._process.stdout is not None
        number = next(self._numbers)
        message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        self._process.stdin.flush()
        reply = json.loads(self._process.stdout.readline())
        assert reply["id"] == number
        if "error" in reply:
            raise Refused(reply["error"])
        return reply["result"]

    @contextlib.contextmanager
    def stream(self, task: str, **schema: Any) -> Iterator[Stream]:
        """A stream of its own, deleted when its test is done."""
        stream = Stream(self, f"s{next(self._numbers)}")
        stream.call("stream/open", task=task, **schema)
        try:
            yield stream
        finally:
            stream.call("stream/delete")


class Stream:
    """A stream of the daemon: every request names it."""

    def __init__(self, daemon: Daemon, name: str) -> None:
        self._daemon = daemon
        self._name = name

    def call(self, method: str, /, **params: Any) -> Any:
        return self._daemon.call(method, stream=self._name, **params)

    def push(self, **batch: Any) -> Any:
        return self.call("stream/push", batch=batch)

    def mark(self, label: str) -> Any:
        return self.call("stream/mark", label=label)

    def query(self, *metrics: Any, **scope: Any) -> Any:
        """The whole answer to these metrics."""
        return self.call("metric/query", metrics=list(metrics), **scope)

    def values(self, *metrics: Any, **scope: Any) -> dict[str, Any]:
        """The values of metrics by key; the reason, as text, where there is none."""
        answer = self.query(*metrics, **scope)
        undefined: dict[str, str] = answer["undefined"]
        values: dict[str, Any] = answer["values"]
        assert all(values[key] is None for key in undefined)
        assert {key for key, value in values.items() if value is None} == set(undefined)
        return {**values, **undefined}
