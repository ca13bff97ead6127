"""Columns in shared memory: the same as in base64, and nobody else's files."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from multiprocessing import shared_memory
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import Daemon, daemon, request

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="evald reads /dev/shm")

DTYPES = ["float16", "float32", "float64", "int8", "int16", "int32", "int64"]
DTYPES += ["uint8", "uint16", "uint32", "uint64", "bool"]


@pytest.fixture
def segment() -> Iterator[shared_memory.SharedMemory]:
    made = shared_memory.SharedMemory(create=True, size=1 << 16)
    yield made
    made.close()
    made.unlink()


def column(name: str, dtype: str, shape: list[int], offset: int = 0) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "shared_memory": name, "offset": offset}


def opened(running: Daemon) -> None:
    running.ask(request(1, "stream/open", {"stream": "s", "task": "scalar"}))


def push(running: Daemon, values: dict[str, Any]) -> Any:
    params = {"stream": "s", "batch": {"values": values}}
    return json.loads(running.ask(request(2, "stream/push", params)))


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_reads_as_it_was_written(
    segment: shared_memory.SharedMemory, dtype: str
) -> None:
    values = np.arange(100).astype(dtype)
    offset = 24
    buffer = segment.buf
    assert buffer is not None
    buffer[offset : offset + values.nbytes] = values.tobytes()
    del buffer  # a view that is left would keep the segment from closing
    with daemon() as running:
        opened(running)
        reply = push(running, column(segment.name, dtype, [100], offset))
        assert reply["result"]["count"] == 100
        found = json.loads(
            running.ask(
                request(3, "metric/query", {"stream": "s", "metrics": ["sum", "max"]})
            )
        )["result"]["values"]
        assert found == {
            "sum": float(values.astype(float).sum()),
            "max": float(values.max()),
        }


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"shape": [1 << 14], "offset": 8}, "shared_memory"),  # ends behind the segment
        ({"offset": -8}, "offset"),
        ({"offset": 1.5}, "offset"),
        ({"shape": None}, "shape"),
        ({"shape": [-1]}, "shape"),
        ({"shape": [1 << 62, 4]}, "shape"),
        ({"shared_memory": ""}, "shared_memory"),
        ({"shared_memory": "."}, "shared_memory"),
        ({"shared_memory": "../../etc/passwd"}, "shared_memory"),
        ({"shared_memory": "evald-there-is-no-such-segment"}, "shared_memory"),
        ({"shared_memory": 7}, "shared_memory"),
        ({"base64": "AAAA"}, "shared_memory"),
    ],
)
def test_what_cannot_be_read_is_refused(
    segment: shared_memory.SharedMemory, change: dict[str, Any], place: str
) -> None:
    with daemon() as running:
        opened(running)
        reply = push(running, {**column(segment.name, "float32", [4]), **change})
        assert reply["error"]["data"]["kind"] == "InvalidBatch"
        assert reply["error"]["data"]["path"] == f"/params/batch/values/{place}"
        described = json.loads(
            running.ask(request(3, "stream/describe", {"stream": "s"}))
        )
        assert described["result"]["count"] == 0


def test_a_link_is_not_followed() -> None:
    with tempfile.NamedTemporaryFile() as secret:
        secret.write(b"\0" * 64)
        secret.flush()
        link = Path("/dev/shm") / f"evald-test-link-{os.getpid()}"
        link.symlink_to(secret.name)
        try:
            with daemon() as running:
                opened(running)
                reply = push(running, column(link.name, "float32", [4]))
                assert reply["error"]["data"]["kind"] == "InvalidBatch"
        finally:
            link.unlink()


def test_more_than_memory_allows_is_refused_before_it_is_read(
    segment: shared_memory.SharedMemory,
) -> None:
    with daemon("--max-memory", "1MiB") as running:
        opened(running)
        reply = push(running, column(segment.name, "float32", [1 << 20]))
        assert reply["error"]["data"]["kind"] == "MemoryLimit"
