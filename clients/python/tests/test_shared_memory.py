"""Columns in shared memory: the same answers, no block reused early, nothing left behind."""

from __future__ import annotations

import errno
import fcntl
import gc
import math
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import evald
from conftest import Starter
from evald import _segments, _shared
from evald._link import Link
from evald._parts import Parts
from evald._shared import Ring
from programs import alive, run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="shared memory is for Linux")

SEGMENTS = Path("/dev/shm")


def ring_of(ev: evald.Evald) -> Ring:
    assert isinstance(ev._link, Link)
    assert ev._link.ring is not None
    return ev._link.ring


def segments(pid: int) -> list[str]:
    return [path.name for path in SEGMENTS.glob(f"evald_{pid}_*")]


def put(ring: Ring, data: bytes) -> Parts | None:
    parts = Parts()
    parts.ring = ring
    return parts if ring.put(b"", data, len(data), parts) else None


def offset(parts: Parts | None) -> int:
    assert parts is not None
    return int(parts[-1].split(b":")[-1][:-2])


@pytest.fixture
def ring() -> Any:
    ring = Ring(1 << 20)
    yield ring
    ring.close()


# The same answers


KINDS = ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?", ">f8", ">i4"]


@pytest.mark.parametrize("code", KINDS)
def test_every_dtype_answers_as_base64_does(real: Starter, code: str) -> None:
    values = (np.random.default_rng(1).random(3001) * 100).astype(code)
    answers = []
    for shared in (True, False):
        ev = real(shared_memory=shared)
        stream = ev.stream("s", "scalar", metrics=["sum", "min", "max", "median", "std"])
        for batch in (values, values[::-2], values[:2, None], values[:0], values[:1]):
            stream.push(values=batch)
        result = stream.query()
        answers.append({name: float(result[name]) for name in ("sum", "max", "median", "std")})
        assert answers[-1]["max"] == float(values.astype("f8").max())
        if shared:
            assert ring_of(ev).shared == 4  # all but the empty one
    assert answers[0] == answers[1]


def test_torch_tensors_lists_ids_and_slices(real: Starter) -> None:
    torch: Any = pytest.importorskip("torch")
    answers = []
    for shared in (True, False):
        ev = real(shared_memory=shared)
        stream = ev.stream("s", "binary", slices=["part"], unique_ids=True)
        for number, kind in enumerate((torch.float16, torch.bfloat16, torch.float32)):
            codes: Any = np.arange(600) % 3
            batch: dict[str, Any] = {
                "scores": torch.linspace(0, 1, 600).to(kind).view(-1, 2).T.reshape(-1),
                "labels": [int(item) for item in codes > 0],
                "ids": np.arange(600) + 600 * number,
                "slices": {"part": {"dictionary": ["a", "b", "c"], "indices": codes}},
            }
            stream.push(**batch)
        assert stream.push(**batch, wait=True).dropped_duplicates == 600
        answers.append([stream.query("roc_auc"), stream.slices("part", "roc_auc", "brier")])
    assert str(answers[0]) == str(answers[1])
    assert "1800 rows" in str(answers[0][0])


def test_embeddings_of_tokens(real: Starter) -> None:
    rng = np.random.default_rng(3)
    lengths = rng.integers(1, 30, (2, 40))
    said, wanted = (
        rng.normal(size=(int(row.sum()), 16)).astype(np.float32) + 0.2 for row in lengths
    )
    names = ["bertscore_precision", "bertscore_recall", "bertscore_f1"]
    answers = []
    for shared in (True, False):
        ev = real(shared_memory=shared)
        stream = ev.stream("s", "embedding_similarity", dimension=16)
        stream.push(
            prediction_embeddings=said,
            prediction_lengths=lengths[0],
            reference_embeddings=wanted,
            reference_lengths=lengths[1],
        )
        answers.append([stream.query(*names)[name] for name in names])
        if shared:
            assert ring_of(ev).shared >= 2
    assert answers[0] == answers[1]
    assert all(0 < value < 1 for value in answers[0])


def test_refusals_name_the_row_and_taint_as_ever(real: Starter) -> None:
    ev = real(shared_memory=True, on_error="warn")
    stream = ev.stream("s", "scalar")
    batch = np.ones(100)
    batch[17] = math.nan
    with pytest.raises(evald.InvalidBatch) as caught:
        stream.push(values=batch, wait=True)
    assert caught.value.path == "/params/batch/values/17"
    stream.push(values=batch)
    with pytest.warns(evald.EvaldWarning, match="not counted"):
        result = stream.query()
    assert not result.complete
    stream.push(values=np.ones(5))
    assert stream.query().count == 5


# Where it is used


def test_used_by_itself_where_it_pays(real: Starter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EVALD_SHARED_MEMORY", raising=False)
    ev = real()
    stream = ev.stream("s", "scalar")
    stream.push(values=np.ones(_shared.LEAST_BYTES // 8 - 1))
    assert ring_of(ev).shared == 0
    stream.push(values=np.ones(_shared.LEAST_BYTES // 8))
    assert ring_of(ev).shared == 1
    assert stream.query("sum")["sum"] == _shared.LEAST_BYTES // 4 - 1


@pytest.mark.parametrize(
    ("given", "said", "least"),
    [
        (None, "1", 1),
        (None, "0", None),
        (False, "1", None),
        (True, "0", 1),
        (None, "", _shared.LEAST_BYTES),
    ],
)
def test_forced(
    real: Starter, monkeypatch: pytest.MonkeyPatch, given: Any, said: str, least: int | None
) -> None:
    monkeypatch.setenv("EVALD_SHARED_MEMORY", said)
    ev = real(shared_memory=given)
    ring = ev._link.ring
    assert (ring.least if ring is not None else None) == least
    assert len(segments(os.getpid())) == (ring is not None)


def test_not_used_with_a_daemon_that_does_not_offer_it(fake: Starter) -> None:
    assert fake(shared_memory=True)._link.ring is None


@pytest.mark.parametrize("room", [0, 1000, 64 << 20])
def test_a_quarter_of_what_is_free(
    real: Starter, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    facts = os.statvfs(SEGMENTS)
    values = {"f_bavail": room // facts.f_frsize, "f_frsize": facts.f_frsize}
    monkeypatch.setattr(os, "statvfs", lambda path: type("Facts", (), values))
    ev = real(shared_memory=True)
    if room < 1 << 20:
        assert ev._link.ring is None
        return
    stream = ev.stream("s", "scalar")
    os.kill(ev.pid or 0, signal.SIGSTOP)
    for _ in range(40):
        stream.push(values=np.ones(1 << 16))  # 512 KiB
    os.kill(ev.pid or 0, signal.SIGCONT)
    size = (SEGMENTS / ring_of(ev).name).stat().st_size
    assert size == room // 4
    assert ring_of(ev).shared == 32  # of 40; the others went as base64
    assert stream.query().count == 40 << 16


def test_it_stays_small_while_blocks_come_free() -> None:
    ring = Ring(64 << 20)
    for _ in range(100):
        assert put(ring, bytes(1 << 20)) is not None  # and is free again at once
    assert ring._reserved == _shared._FIRST_BYTES
    ring.close()


def test_no_room_falls_back_to_base64(real: Starter, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(os, "posix_fallocate", full)
    ev = real(shared_memory=True)
    stream = ev.stream("s", "scalar")
    for _ in range(20):
        stream.push(values=np.ones(10_000))
    assert stream.query("sum")["sum"] == 200_000
    assert ring_of(ev).shared == 0


def test_a_segment_that_the_daemon_cannot_open_is_used_no_more(real: Starter) -> None:
    ev = real(shared_memory=True, on_error="warn")
    stream = ev.stream("s", "scalar")
    (SEGMENTS / ring_of(ev).name).unlink()
    stream.push(values=np.ones(10))
    with pytest.warns(evald.EvaldWarning, match="segment"):
        assert not stream.query().complete
    assert ev._link.ring is None
    stream.push(values=np.ones(10))
    assert stream.query().count == 10


# Reuse


def test_blocks_do_not_overlap_and_come_back(ring: Ring) -> None:
    rng = np.random.default_rng(2)
    kept: list[tuple[int, bytes, Parts]] = []
    refused = 0
    for number in range(5000):
        data = bytes([number % 251]) * int(rng.integers(1, 70_000))
        parts = put(ring, data)
        if parts is None:
            refused += 1
        else:
            kept.append((offset(parts), data, parts))
        if parts is None or rng.random() < 0.2:
            for _ in range(min(len(kept), int(rng.integers(1, 8)))):
                # Mostly the oldest, as replies do; now and then another, as dropped pushes do.
                place, data, held = kept.pop(0 if rng.random() < 0.9 else len(kept) // 2)
                assert ring._map[place : place + len(data)] == data
                del held
    assert 0 < refused < 2500
    kept.clear()
    assert offset(put(ring, b"x" * (1 << 20))) == 0  # all of it is free again


def test_a_block_is_not_free_before_the_reply_of_a_ping(ring: Ring) -> None:
    first = put(ring, b"a" * (1 << 19))
    second = put(ring, b"b" * (1 << 19))
    assert first is not None
    assert second is not None
    asked = ring.written(first)
    assert asked is not None
    del first
    assert put(ring, b"c") is None
    assert ring.written(second) is not None  # forgets the blocks at once, as if answered
    del second
    assert put(ring, b"c") is None  # the first is still waited for
    del asked
    assert offset(put(ring, b"c")) == 0


def test_who_waits_has_a_reply_to_wait_for() -> None:
    """Also where a few columns fill the ring: no later line brings the ping of the last one."""
    ring = Ring(4 << 20)
    for size in (520_000, 300_000):
        parts = put(ring, b"x" * size)
        assert parts is not None
        assert ring.written(parts) is not None
    ring.close()


def test_a_push_that_fails_half_way_gives_its_block_back(real: Starter) -> None:
    ev = real(shared_memory=True)
    stream = ev.stream("s", "binary")
    for _ in range(3):
        with pytest.raises(TypeError):
            stream.push(scores=np.ones(1 << 20), labels=object())
    gc.collect()
    parts = put(ring_of(ev), b"x" * (1 << 20))
    assert offset(parts) == 0


@pytest.mark.parametrize("hungry", [False, True])
def test_a_push_during_a_push_takes_base64(
    ring: Ring, monkeypatch: pytest.MonkeyPatch, hungry: bool
) -> None:
    """As in a signal handler; waiting for the lock would be for ever."""
    ring._hungry = hungry
    with ring._lock, monkeypatch.context() as patched:
        patched.setattr(_shared, "_nap", lambda _: pytest.fail("it waits"))
        assert put(ring, b"x") is None
    assert put(ring, b"x") is not None


def fill(ring: Ring) -> list[Parts]:
    """Takes all of the first size of the segment."""
    held = [put(ring, b"x" * (1 << 18)) for _ in range(8)]
    assert ring._reserved == _shared._FIRST_BYTES
    return [parts for parts in held if parts is not None]


def test_a_full_ring_waits_for_a_block_and_does_not_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    ring = Ring(8 << 20)
    held = fill(ring)
    naps = []

    def nap(waker: Any) -> None:
        naps.append(waker)
        if len(naps) == 3:
            del held[:2]  # as the reply to a ping does

    monkeypatch.setattr(_shared, "_nap", nap)
    assert offset(put(ring, b"y" * (1 << 18))) == 0
    assert len(naps) == 3
    assert ring._reserved == _shared._FIRST_BYTES
    ring.close()


def test_a_reply_wakes_who_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_shared, "_NAP", 30.0)
    monkeypatch.setattr(_shared, "_PATIENCE", 60.0)
    ring = Ring(8 << 20)
    held = fill(ring)
    assert any(ring.written(parts) for parts in held[-2:])  # whose reply is still to come

    def answer() -> None:
        while not ring._waiting:
            time.sleep(0.001)
        del held[:4]
        ring.answered()

    thread = threading.Thread(target=answer)
    thread.start()
    start = time.monotonic()
    assert offset(put(ring, b"y" * (1 << 18))) == 0
    assert time.monotonic() - start < 10
    thread.join()
    assert not ring._waiting
    ring.close()


def test_replies_wake_a_loop_of_pushes(real: Starter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_shared, "_NAP", 2.0)
    monkeypatch.setattr(_shared, "_PATIENCE", 20.0)
    ev = real(shared_memory=True)
    stream = ev.stream("s", "scalar")
    start = time.monotonic()
    for _ in range(40):
        stream.push(values=np.ones(1 << 17))
    assert stream.query("sum")["sum"] == 40 << 17
    assert time.monotonic() - start < 8


def test_a_full_ring_waits_once_and_then_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    ring = Ring(3 << 20)
    held = fill(ring)
    start = time.monotonic()
    held.append(put(ring, b"y" * (1 << 18)) or Parts())
    assert _shared._PATIENCE <= time.monotonic() - start < 1
    assert offset(held[-1]) == _shared._FIRST_BYTES
    with monkeypatch.context() as patched:
        # Nothing came free, so that nothing is waited for; at its limit the rest is base64.
        patched.setattr(_shared, "_nap", lambda _: pytest.fail("it waits again"))
        held += [put(ring, b"y" * (1 << 18)) or Parts() for _ in range(4)]
    assert [bool(parts) for parts in held[-4:]] == [True] * 3 + [False]
    held.clear()
    held = [put(ring, b"z" * (1 << 18)) or Parts() for _ in range(12)]  # waits again when full
    start = time.monotonic()
    assert put(ring, b"z") is None
    assert time.monotonic() - start >= _shared._PATIENCE
    ring.close()


def test_a_column_larger_than_the_first_size_does_not_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ring = Ring(16 << 20)
    monkeypatch.setattr(_shared, "_nap", lambda _: pytest.fail("it waits"))
    held = [put(ring, b"x" * (3 << 20)) for _ in range(4)]
    assert all(held)
    ring.close()


def test_arrays_may_change_after_push_and_blocks_after_the_reply_only(
    real: Starter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_segments, "_MOST_BYTES", 1 << 20)
    ev = real(shared_memory=True)
    stream = ev.stream("s", "scalar", metrics=["sum"])
    batch, expected = np.zeros(5000), 0
    for number in range(300):
        if number in (50, 150):  # the daemon falls behind: everything waits in the pipe
            os.kill(ev.pid or 0, signal.SIGSTOP)
        if number in (100, 200):
            time.sleep(0.05)
            shared = ring_of(ev).shared
            os.kill(ev.pid or 0, signal.SIGCONT)
            stream.flush()
        batch[:] = number
        stream.push(values=batch)
        expected += 5000 * number
    assert stream.query("sum")["sum"] == expected
    assert ring_of(ev).shared > shared  # it is used again after it was full


def test_rows_keep_their_order(real: Starter) -> None:
    """Batches of both kinds, numbered by one producer, none refused as out of sequence."""
    ev = real()
    stream = ev.stream("s", "scalar")
    for number in range(200):
        stream.push(values=np.ones(5000 if number % 3 else 5))
    reply = stream.flush()
    assert list(reply.applied.values()) == [200]
    assert reply.rejected.batches == 0


# Ends


def test_close_leaves_nothing(real: Starter) -> None:
    ev = real(shared_memory=True)
    ev.stream("s", "scalar").push(values=np.ones(10))
    assert segments(os.getpid())
    files = len(os.listdir("/proc/self/fd"))
    ev.close()
    del ev
    gc.collect()
    assert not segments(os.getpid())
    assert len(os.listdir("/proc/self/fd")) < files


def test_a_dead_daemon_leaves_nothing(real: Starter) -> None:
    ev = real(shared_memory=True, on_error="warn")
    stream = ev.stream("s", "scalar")
    stream.push(values=np.ones(10))
    os.kill(ev.pid or 0, signal.SIGKILL)
    until = time.monotonic() + 5
    while segments(os.getpid()) and time.monotonic() < until:
        time.sleep(0.01)
    assert not segments(os.getpid())
    with pytest.warns(evald.EvaldWarning):
        for _ in range(3):
            stream.push(values=np.ones(100_000))


SCRIPT = """
import os, sys, time, array, evald
ev = evald.start(sys.argv[2], shared_memory=True)
stream = ev.stream("s", "scalar")
stream.push(values=array.array("d", [1.0] * 100000))
stream.flush()
print(os.getpid(), flush=True)
"""


@pytest.mark.parametrize(
    "end",
    ["", "sys.exit(3)", "1 / 0", "del ev, stream; time.sleep(0.1)", "os.kill(ev.pid, 9)"],
)
def test_no_exit_leaves_a_segment_or_a_word(real_binary: str, end: str) -> None:
    done = run(SCRIPT + end, real_binary)
    assert not segments(int(done.stdout))
    assert "resource_tracker" not in done.stderr
    assert "leaked" not in done.stderr
    if not end:
        assert done.stderr == ""


def test_the_next_start_removes_what_a_killed_one_left(real: Starter, real_binary: str) -> None:
    done = run(SCRIPT + "os.kill(os.getpid(), 9)", real_binary)
    pid = int(done.stdout)
    assert len(segments(pid)) == 1
    lives = SEGMENTS / f"evald_{pid}_0a0a"  # of another container, as its lock shows
    lives.touch()
    mine = SEGMENTS / f"evald_{os.getpid()}_0b0b"
    mine.touch()
    others = SEGMENTS / f"evald_{pid}_notours"
    others.touch()
    try:
        with lives.open("rb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            real()
            assert sorted(segments(pid)) == [lives.name, others.name]
        assert mine.exists()
        real()
        assert segments(pid) == [others.name]
    finally:
        for path in (lives, mine, others):
            path.unlink(missing_ok=True)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_touches_nothing(real: Starter) -> None:
    ev = real(shared_memory=True)
    stream = ev.stream("s", "scalar")
    stream.push(values=np.ones(1000))
    name = ring_of(ev).name
    child = os.fork()
    if child == 0:
        status = 1
        try:
            before = (SEGMENTS / name).read_bytes()
            try:
                stream.push(values=np.zeros(1000))
            except evald.ForkedProcess:
                status = 0
            ev._close(quietly=True)
            gc.collect()
            mapped = name in Path("/proc/self/maps").read_text()
            if before != (SEGMENTS / name).read_bytes() or mapped or ev._link.ring is not None:
                status = 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    stream.push(values=np.ones(1000))
    result = stream.query("sum")
    assert (result.count, result["sum"]) == (2000, 2000)
    assert ring_of(ev).shared == 2


def test_a_child_that_lives_on_does_not_keep_the_lock(real: Starter, real_binary: str) -> None:
    """As a DataLoader's worker outlives a trainer that was killed."""
    script = SCRIPT + "\nif os.fork() == 0: time.sleep(20)\nelse: os.kill(os.getpid(), 9)"
    program = [sys.executable, "-W", "ignore", "-c", script, "", real_binary]
    source = str(Path(evald.__file__).parents[1])
    with subprocess.Popen(
        program,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": source},
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout is not None
            pid = int(process.stdout.readline())
            process.wait(20)
            assert not alive(pid)
            until = time.monotonic() + 5
            while segments(pid) and time.monotonic() < until:
                real()._close(quietly=True)  # the child lets go a moment after its fork
            assert not segments(pid)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
