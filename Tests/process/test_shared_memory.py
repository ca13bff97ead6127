"""Columns in shared memory: the same as in base64, and nobody else's files."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from multiprocessing import shared_memory
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from failing_calls import can_trace
from support import Daemon, daemon, notification, ping, request

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


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_only_a_file_is_a_segment(path: Path, make: Callable[[Path], None]) -> None:
    """A pipe that nobody writes to would be waited for."""
    make(path)
    try:
        with daemon() as running:
            opened(running)
            reply = push(running, column(path.name, "float32", [0]))
            assert reply["error"]["data"]["kind"] == "InvalidBatch"
            assert "shared_memory" in reply["error"]["data"]["path"]
    finally:
        if path.is_dir():
            path.rmdir()


def test_more_than_memory_allows_is_refused_before_it_is_read(
    segment: shared_memory.SharedMemory,
) -> None:
    with daemon("--max-memory", "1MiB") as running:
        opened(running)
        reply = push(running, column(segment.name, "float32", [1 << 20]))
        assert reply["error"]["data"]["kind"] == "MemoryLimit"


@pytest.fixture
def path() -> Iterator[Path]:
    """A name in /dev/shm that nothing has yet."""
    name = Path("/dev/shm") / f"evald-test-{os.getpid()}"
    yield name
    name.unlink(missing_ok=True)


def lines(pushed: list[tuple[str, int, int]]) -> bytes:
    """Pushes of segment, offset and count, with the sum of all rows after each."""
    found = []
    for number, (name, offset, count) in enumerate(pushed):
        batch = {"values": column(name, "float64", [count], offset)}
        found.append(
            request(10 + 2 * number, "stream/push", {"stream": "s", "batch": batch})
        )
        asked = {"stream": "s", "metrics": ["sum"]}
        found.append(request(11 + 2 * number, "metric/query", asked))
    return b"".join(line + b"\n" for line in found)


def answers(running: Daemon, pushed: list[tuple[str, int, int]]) -> list[Any]:
    """The sums after each push; for one that is refused, the message why."""
    running.send(lines(pushed))
    # Questions about many rows are answered beside what comes after them.
    replies = {each["id"]: each for each in read(running, 2 * len(pushed))}
    found = []
    for number in range(len(pushed)):
        reply, summed = (replies[first + 2 * number] for first in (10, 11))
        refused = reply["error"]["message"] if "error" in reply else ""
        found.append(refused or summed["result"]["values"]["sum"])
    return found


def read(running: Daemon, count: int) -> list[Any]:
    return [json.loads(running.read_line()) for _ in range(count)]


def test_what_was_written_since_the_last_input_is_seen(path: Path) -> None:
    """Neighbouring columns may be read at once, but none before the line that names it has come."""
    rng = np.random.default_rng(3)
    values = np.zeros(1 << 14)
    total, places = 0.0, len(values) // 64
    with daemon() as running:
        opened(running)
        for _ in range(60):
            # Some next to each other, some not, some so large that they are read by themselves.
            first = int(rng.integers(0, places))
            count = int(rng.choice([1, 7, 60, 500, 3000]))
            step = int(rng.integers(1, 3)) * -(-count // 64)
            chosen = [(first + number * step) % places for number in range(12)]
            values[:] = rng.integers(-99, 99, len(values))
            path.write_bytes(values.tobytes())
            pushed, sums = [], []
            for place in chosen:
                part = values[64 * place :][:count]
                pushed.append((path.name, 512 * place, len(part)))
                total += part.sum()
                sums.append(total)
            assert answers(running, pushed) == sums


def test_replies_are_not_held_back_while_more_is_read(path: Path) -> None:
    """A client that waits for room in the segment goes on while the rest is counted."""
    count = 1 << 17
    path.write_bytes(np.ones(count).tobytes())
    first_reads = []
    with daemon() as running:
        opened(running)
        for _ in range(3):  # this process may be held up
            found = []
            for number in range(40):
                batch = {"values": column(path.name, "float64", [count])}
                found.append(
                    notification("stream/push", {"stream": "s", "batch": batch})
                )
                found.append(ping(number))
            running.send(b"".join(line + b"\n" for line in found))
            read(running, 1)
            first_reads.append(os.read(running.stdout.fileno(), 1 << 16).count(b"\n"))
            read(running, 39 - first_reads[-1])
    assert min(first_reads) < 39


def test_a_segment_of_the_same_name_is_another_one(path: Path) -> None:
    with daemon() as running:
        opened(running)
        path.write_bytes(np.full(8, 1.0).tobytes())
        assert answers(running, [(path.name, 0, 8)]) == [8.0]
        path.unlink()
        path.write_bytes(np.full(8, 2.0).tobytes())
        assert answers(running, [(path.name, 0, 8)]) == [24.0]
        path.unlink()
        (found,) = answers(running, [(path.name, 0, 8)])
        assert "cannot be opened" in found


@pytest.mark.parametrize("count", [8, 4096])
def test_a_segment_may_grow_and_become_shorter(path: Path, count: int) -> None:
    with daemon() as running:
        opened(running)
        path.write_bytes(np.ones(count).tobytes())
        behind = (path.name, 8 * count, count)
        first, refused = answers(running, [(path.name, 0, count), behind])
        assert first == count
        assert f"behind the segment's {8 * count} bytes" in refused
        with path.open("ab") as more:
            more.write(np.ones(count).tobytes())
        assert answers(running, [(path.name, 0, count), behind]) == [
            2 * count,
            3 * count,
        ]
        os.truncate(path, 8)
        first, refused = answers(running, [(path.name, 0, 1), (path.name, 0, count)])
        assert first == 3 * count + 1
        assert "behind the segment's 8 bytes" in refused


def test_a_segment_that_is_shortened_all_the_time(path: Path) -> None:
    """Whenever it happens, a push is whole or refused."""
    size = 1 << 20
    with daemon() as running:
        opened(running)
        path.write_bytes(np.ones(size // 8).tobytes())
        total, refusals = 0.0, 0
        child = os.fork()
        if child == 0:
            while True:
                os.truncate(path, 100)
                path.open("r+b").write(np.ones(size // 8).tobytes())
        try:
            while refusals < 50:
                pushed = [(path.name, 64 * n, 1 << n) for n in range(17)]
                for (_, _, count), found in zip(
                    pushed, answers(running, pushed), strict=True
                ):
                    if isinstance(found, str):
                        refusals += 1
                        assert "behind the segment" in found or "shorter" in found
                    else:
                        # A hole that is being filled again reads as zeros.
                        assert total <= found <= total + count
                        total = found
        finally:
            os.kill(child, 9)
            os.waitpid(child, 0)


@pytest.mark.parametrize(("call", "gone"), [(1, (True, False)), (2, (False, True))])
def test_a_segment_that_becomes_shorter_between_two_looks(
    path: Path, call: int, gone: tuple[bool, ...]
) -> None:
    """What was read before does not stand in for what is gone."""
    if not can_trace():
        pytest.skip("no strace, or it may not look on")
    path.write_bytes(np.ones(16).tobytes())
    # One of the first two reads, before the segment is mapped, finds nothing though its size said otherwise.
    at = [
        "-P",
        str(path),
        "-e",
        "trace=pread64",
        "-e",
        f"inject=pread64:retval=0:when={call}",
    ]
    with daemon(under=["strace", "-D", "-f", "-qq", "-o", "/dev/null", *at]) as running:
        opened(running)
        for expected in gone:
            (found,) = answers(running, [(path.name, 0, 8)])
            assert ("shorter" in str(found)) is expected


def test_segments_are_let_go(path: Path) -> None:
    with daemon() as running:
        opened(running)
        descriptors = Path(f"/proc/{running.process.pid}/fd")
        before = len(list(descriptors.iterdir()))
        for number in range(20):
            path.unlink(missing_ok=True)
            path.write_bytes(np.ones(8).tobytes())
            assert answers(running, [(path.name, 0, 8)]) == [8.0 * (number + 1)]
        assert len(list(descriptors.iterdir())) <= before + 1


def test_a_segment_that_is_shortened_between_two_columns_of_it(path: Path) -> None:
    """What was mapped is gone when it is touched, and the daemon lives on."""
    rows, few = 1 << 21, 1 << 16
    pushed = [(path.name, 0, rows), (path.name, 8 * (rows - few), few)]
    with daemon() as running:
        opened(running)
        wait, seen = 1e-3, 0
        for _ in range(200):
            if seen == 2:
                break
            path.write_bytes(bytes(8 * rows))
            running.send(lines(pushed))
            time.sleep(wait)
            os.truncate(path, 4096)
            found = {each["id"]: each for each in read(running, 4)}
            first, second = (
                found[number].get("error", {}).get("message", "") for number in (10, 12)
            )
            if "shorter" in second and not first:
                seen += 1
            # Too early where the first was hit too, too late where the second was not.
            wait *= 1.3 if first else 0.8
            path.unlink()
        assert seen == 2
        path.write_bytes(np.ones(few).tobytes())
        assert answers(running, [(path.name, 0, few)]) == [few]


def test_holes_of_a_segment_stay_holes(path: Path) -> None:
    """To touch a hole would take memory, of which nobody was asked."""
    count = 1 << 14
    with daemon() as running:
        opened(running)
        with path.open("wb") as made:
            made.write(np.ones(count).tobytes())
            made.truncate(1 << 26)
        before = path.stat().st_blocks
        for number in (1, 2):
            pushed = [(path.name, 0, count), (path.name, 1 << 24, 4 * count)]
            wanted = [float(number * count)] * 2
            assert answers(running, pushed) == wanted
        assert path.stat().st_blocks == before
        with path.open("r+b") as made:
            made.seek(1 << 24)
            made.write(np.ones(4 * count).tobytes())
        assert answers(running, pushed) == [3 * count, 7 * count]


def test_a_segment_of_another_user_is_refused(path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may give a file away")
    path.write_bytes(np.ones(8).tobytes())
    os.chown(path, 12345, -1)
    with daemon() as running:
        opened(running)
        for _ in range(2):
            (found,) = answers(running, [(path.name, 0, 8)])
            assert found == "the segment is not this user's"


def test_columns_of_one_push_may_lie_in_two_segments() -> None:
    one = shared_memory.SharedMemory(create=True, size=1 << 16)
    two = shared_memory.SharedMemory(create=True, size=1 << 12)
    try:
        values = np.arange(100, dtype=np.float32)
        weights = np.arange(100, dtype=np.uint8) % 3 + 1
        for made, offset, written in ((one, 60_000, values), (two, 0, weights)):
            buffer = made.buf
            assert buffer is not None
            buffer[offset : offset + written.nbytes] = written.tobytes()
            del buffer
        batch = {
            "values": column(one.name, "float32", [100], 60_000),
            "weights": column(two.name, "uint8", [100]),
        }
        with daemon() as running:
            opened(running)
            lines = [
                request(number, "stream/push", {"stream": "s", "batch": dict(columns)})
                for number, columns in (
                    (2, batch.items()),
                    (3, reversed(batch.items())),
                )
            ]
            for line in lines:
                assert "result" in json.loads(running.ask(line))
            query = request(4, "metric/query", {"stream": "s", "metrics": ["sum"]})
            found = json.loads(running.ask(query))["result"]["values"]
        assert found["sum"] == 2 * float((values * weights).sum())
    finally:
        for made in (one, two):
            made.close()
            made.unlink()


def test_two_spellings_of_a_letter_are_two_segments() -> None:
    # Not by multiprocessing, which gives its helpers names in ASCII only.
    made = [
        Path(f"/dev/shm/evald-{os.getpid()}-{name}") for name in ("caf\u00e9", "cafe\u0301")
    ]
    try:
        with daemon() as running:
            opened(running)
            for number, each in enumerate(made):
                each.write_bytes(np.float64(number + 1).tobytes())
                push(running, column(each.name, "float64", [1]))
            one, two = (column(each.name, "float64", [1]) for each in made)
            both = {"stream": "s", "batch": {"values": two, "weights": one}}
            running.ask(request(3, "stream/push", both))  # twos of weight 1
            asked = request(4, "metric/query", {"stream": "s", "metrics": ["sum"]})
            assert json.loads(running.ask(asked))["result"]["values"] == {"sum": 5}
    finally:
        for each in made:
            each.unlink(missing_ok=True)
