"""Forked children: they neither disturb the connection nor hold the daemon up."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from typing import Any

import pytest

import evald
from conftest import Starter
from programs import FAKE, SCRIPT, alive, run

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


def in_child(act: Any) -> str:
    """What `act` returns in a forked child."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            told = repr(act())
        except BaseException as error:
            told = f"raised {error!r}"
        os.write(writing, told.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    return told


def test_a_child_warns_once_and_the_parent_goes_on(fake: Starter) -> None:
    ev = fake()
    stream = ev.stream("val", "binary")
    stream.push(x=[0.5])

    def child() -> Any:
        import warnings

        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            for _ in range(10):
                stream.push(x=[0.5])
            result = stream.query()
            ev.close()
        return [str(item.message)[:13] for item in told], result.f1, type(result.error).__name__

    assert in_child(child) == "(['ForkedProcess'], nan, 'ForkedProcess')"
    stream.push(x=[0.5])
    assert [batch["seq"] for batch in ev.request("fake/batches")] == [1, 2]


def test_a_child_raises_if_asked(fake: Starter) -> None:
    stream = fake(on_error="raise").stream("val", "binary")
    assert in_child(lambda: stream.push(x=[0.5])).startswith("raised ForkedProcess")
    assert in_child(lambda: stream.query()).startswith("raised ForkedProcess")
    stream.push(x=[0.5])
    assert stream.query().count == 1


def test_a_child_may_start_its_own(fake: Starter) -> None:
    ev = fake()
    ev.stream("val", "binary").push(x=[0.5])

    def child() -> Any:
        with evald.start(sys.executable, args=(str(FAKE),)) as own:
            own.stream("val", "binary").push(x=[0.5])
            return own.pid != ev.pid, len(own.request("fake/batches"))

    assert in_child(child) == "(True, 1)"


def test_a_child_does_not_hold_the_daemon_up() -> None:
    """As a DataLoader's worker, which outlives a parent that was killed."""
    script = (
        SCRIPT
        + """
import signal, time
if os.fork() == 0:
    os.close(1); os.close(2)
    time.sleep(5)
    os._exit(0)
os.kill(os.getpid(), signal.SIGKILL)
"""
    )
    started = time.monotonic()
    done = run(script)
    pid = int(done.stdout)
    while alive(pid) and time.monotonic() - started < 4:
        time.sleep(0.02)
    assert not alive(pid)
    assert time.monotonic() - started < 4


def test_a_child_that_exits_normally_does_not_end_the_daemon() -> None:
    script = (
        SCRIPT
        + """
import sys, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # of forking with threads
child = os.fork()
if child == 0:
    sys.exit(0)  # with atexit and garbage collection
os.waitpid(child, 0)
val.push(x=[0.5])
assert len(ev.request("fake/batches")) == 2
print("fine")
"""
    )
    done = run(script)
    assert done.stdout.endswith("fine\n"), done.stderr
    assert done.stderr == ""


def test_forking_while_other_threads_push(fake: Starter) -> None:
    import threading

    ev = fake()
    stream = ev.stream("val", "binary")
    stop = threading.Event()

    def push() -> None:
        while not stop.is_set():
            stream.push(x=[0.5] * 50)

    thread = threading.Thread(target=push)
    thread.start()
    try:
        for _ in range(30):
            assert "ForkedProcess" in in_child(lambda: stream.query().error)
    finally:
        stop.set()
        thread.join()
    batches = ev.request("fake/batches")
    assert [batch["seq"] for batch in batches] == list(range(1, len(batches) + 1))


def test_workers_of_a_data_loader(fake: Starter) -> None:
    torch: Any = pytest.importorskip("torch")
    ev = fake()
    stream = ev.stream("val", "binary")

    class Data(torch.utils.data.Dataset):  # type: ignore[misc]
        keeps = stream

        def __len__(self) -> int:
            return 64

        def __getitem__(self, index: int) -> Any:
            return torch.tensor(index / 64)

    loader = torch.utils.data.DataLoader(
        Data(), batch_size=8, num_workers=2, multiprocessing_context="fork"
    )
    for _ in range(2):
        for batch in loader:
            stream.push(x=batch)
    assert len(ev.request("fake/batches")) == 16


def _spawned(queue: Any) -> None:
    queue.put(evald.__version__)


def test_spawned_children_are_independent(fake: Starter) -> None:
    fake()
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    child = context.Process(target=_spawned, args=(queue,))
    child.start()
    assert queue.get(timeout=60) == evald.__version__
    child.join()
