"""Arrays that lie in shared memory: pushed without a copy, and never with another one's numbers."""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import signal
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import evald
from conftest import Starter
from evald import _segments, _shared
from evald._buffers import Buffer
from test_shared_memory import fill, offset, put, ring_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="shared memory is for Linux")

DTYPES = ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?"]


def is_in_place(array: Any) -> bool:
    return isinstance(array.base, Buffer)


@pytest.fixture
def copies(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the columns that were copied into shared memory."""
    from evald._shared import Ring

    found: list[int] = []
    original = Ring.put

    def noted(self: Ring, head: bytes, data: Any, size: int, out: Any) -> bool:
        found.append(size)
        return original(self, head, data, size, out)

    monkeypatch.setattr(Ring, "put", noted)
    return found


# The same answers, without a copy


@pytest.mark.parametrize("code", DTYPES)
def test_every_dtype(real: Starter, copies: list[int], code: str) -> None:
    values = (np.random.default_rng(1).random((300, 10)) * 100).astype(code)
    ev = real(shared_memory=True)
    stream = ev.stream("s", "scalar", metrics=["sum", "max", "median"])
    plain = ev.stream("plain", "scalar", metrics=["sum", "max", "median"])
    array = ev.empty(3000, code)
    assert type(array) is np.ndarray
    assert is_in_place(array)
    assert (array.dtype, array.shape, array.ctypes.data % 64) == (values.dtype, (3000,), 0)
    array.reshape(values.shape)[...] = values
    for part in (slice(0, 1000), slice(1000, 1001), slice(1001, 3000)):
        stream.push(values=array[part])
    assert ring_of(ev).shared == 3
    assert not copies
    plain.push(values=values.ravel())
    assert str(stream.query()) == str(plain.query()).replace("plain", "s")


def test_two_dimensions_slices_and_what_is_beside(real: Starter, copies: list[int]) -> None:
    rng = np.random.default_rng(2)
    logits = rng.standard_normal((256, 50), dtype="f4")
    weights: Any = rng.random((50, 50), dtype="f4")
    labels = rng.integers(0, 50, 256)
    ev = real(shared_memory=True)
    answers = []
    for name in ("in place", "copied"):
        stream = ev.stream(name, "multiclass", classes=50, score_kind="logit", slices=["part"])
        if name == "in place":
            scores = ev.empty(logits.shape)
            np.matmul(logits, weights, out=scores)
        else:
            assert copies == [256, 256]
            scores = logits @ weights
        codes: Any = np.arange(256, dtype="u1") % 2
        words = {"dictionary": ["a", "b"], "indices": codes}
        stream.push(scores=scores, labels=labels.astype("u1"), slices={"part": words})
        answers.append(str(stream.slices("part", "accuracy", "log_loss")))
    assert answers[0] == answers[1]


@pytest.mark.parametrize("view", [np.s_[::2], np.s_[::-1], np.s_[:, 1]])
def test_what_is_not_in_one_piece_is_copied(real: Starter, copies: list[int], view: Any) -> None:
    ev = real(shared_memory=True)
    stream = ev.stream("s", "scalar")
    array = ev.empty((100, 4), "f8")
    array[...] = np.arange(400).reshape(100, 4)
    part = array[view]
    stream.push(values=part[:, 0] if part.ndim == 2 else part)
    assert stream.query("sum")["sum"] == (part[:, 0] if part.ndim == 2 else part).sum()
    assert len(copies) == 1
    assert array.flags.writeable


def test_torch(real: Starter, copies: list[int]) -> None:
    torch: Any = pytest.importorskip("torch")
    ev = real(shared_memory=True)
    stream = ev.stream("s", "scalar")
    tensor = torch.from_numpy(ev.empty(4000))
    tensor.copy_(torch.arange(4000.0))
    stream.push(values=tensor[:1000])
    stream.push(values=tensor[1000:])
    whole = torch.from_numpy(ev.empty(2000, "i8"))
    whole.copy_(torch.arange(2000))
    stream.push(values=whole)
    bits = torch.from_numpy(ev.empty(8, "u2")).view(torch.bfloat16)
    bits.copy_(torch.full((8,), 0.5))
    stream.push(values=bits)
    assert not copies
    assert ring_of(ev).shared == 4
    assert stream.query("sum")["sum"] == 3999 * 2000 + 1999 * 1000 + 4
    stream.push(values=tensor[::2])
    assert copies == [8000]


def test_small_or_without_room_it_is_an_ordinary_array(
    real: Starter, monkeypatch: pytest.MonkeyPatch
) -> None:
    ev = real()
    assert not is_in_place(ev.empty(10))
    assert not is_in_place(ev.empty((0, 1000)))
    assert is_in_place(ev.empty((1000, 10), "f8"))
    assert ev.empty((), "f8").shape == ()
    others = [real(shared_memory=False)]
    monkeypatch.setenv("EVALD_DISABLED", "1")
    others.append(evald.start())
    for without in others:
        array = without.empty((1000, 10), "f8")
        assert not is_in_place(array)
        array[...] = 1
        without.stream("s", "scalar").push(values=array.ravel())


def test_who_keeps_arrays_is_woken_by_the_last_reply(
    real: Starter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is kept never comes free, and two fifths of the segment might not."""
    monkeypatch.setattr(_shared, "_NAP", 2.0)
    monkeypatch.setattr(_shared, "_PATIENCE", 20.0)
    ev = real(shared_memory=True)
    stream = ev.stream("s", "scalar")
    kept = [ev.empty(1 << 17) for _ in range(5)]
    assert all(map(is_in_place, kept))
    start = time.monotonic()
    for _ in range(20):
        array = ev.empty(1 << 17)
        assert is_in_place(array)
        array[...] = 1
        stream.push(values=array)
    assert stream.query("sum")["sum"] == 20 << 17
    assert time.monotonic() - start < 8


@pytest.mark.parametrize("dtype", ["complex64", "U5", "O", ">f4", "datetime64[s]", "longdouble"])
def test_types_that_no_column_has(real: Starter, dtype: str) -> None:
    with pytest.raises(TypeError, match="no place on the wire"):
        real().empty(1000, dtype)


# Numbers that can't be mixed up


def test_from_push_on_it_is_read_only(real: Starter) -> None:
    ev = real(shared_memory=True)
    stream = ev.stream("s", "scalar")
    array = ev.empty((10, 100))
    array[...] = 1
    stream.push(values=array[0])
    for target in (array, array[3], array[0]):
        with pytest.raises(ValueError, match="read-only"):
            target[...] = 2
    stream.push(values=array[1])  # what was written before is pushed as before
    assert stream.query("sum")["sum"] == 200


def test_one_buffer_for_all_batches_is_found_out(real: Starter) -> None:
    """However it is written to, where numpy doesn't see it."""
    torch: Any = pytest.importorskip("torch")
    ev = real(shared_memory=True)
    stream, other = ev.stream("s", "scalar"), ev.stream("other", "scalar")
    array = ev.empty(1000)
    tensor, view = torch.from_numpy(array), array[:]
    tensor.fill_(1)
    stream.push(values=array)
    other.push(values=array)
    view[...] = 3
    for again in (array, tensor, view):
        with pytest.raises(ValueError, match="pushed to 's' before"):
            stream.push(values=again)
    assert other.query("sum").count == stream.query("sum").count == 1000


def test_a_push_that_fails_leaves_it_as_it_was(real: Starter) -> None:
    ev = real(shared_memory=True)
    stream = ev.stream("s", "binary")
    scores = ev.empty(1000)
    scores[...] = 0.5
    with pytest.raises(TypeError):
        stream.push(scores=scores, labels=object())
    scores[...] = 0.25
    stream.push(scores=scores, labels=np.ones(1000, "u1"))
    assert stream.query("brier")["brier"] == 0.75**2


def test_memory_comes_back_after_the_answer_only(real: Starter) -> None:
    ev = real(shared_memory=True)
    ring = ring_of(ev)
    stream = ev.stream("s", "scalar")
    os.kill(ev.pid or 0, signal.SIGSTOP)
    array = ev.empty(1 << 16)  # 256 KiB of 2 MiB
    place = array.ctypes.data
    array[...] = 7
    stream.push(values=array)
    del array
    gc.collect()
    seen = set()
    for _ in range(30):
        seen.add(ev.empty(1 << 16).ctypes.data)  # and nobody keeps it
    assert place not in seen
    os.kill(ev.pid or 0, signal.SIGCONT)
    ev.ping()
    for _ in range(3):  # a later push, whose ping is answered
        stream.push(values=np.zeros(1 << 17))
        ev.ping()
    del seen
    assert stream.query("sum")["sum"] == 7 << 16
    assert place in {ev.empty(1 << 16).ctypes.data for _ in range(30)}
    assert ring._reserved == 2 << 20


def test_views_keep_it(real: Starter) -> None:
    ev = real(shared_memory=True)
    views = [ev.empty((64, 1024))[3:5] for _ in range(4)]
    for number, view in enumerate(views):
        view[...] = number
    for _ in range(50):
        ev.empty((64, 1024))[...] = 99
        ev.stream("s", "scalar").push(values=np.full(5000, 99.0))
    assert [view.mean() for view in views] == [0, 1, 2, 3]


def test_batches_one_after_the_other(real: Starter) -> None:
    """Far more than there is room for, each with its own numbers."""
    ev = real(shared_memory=True)
    stream = ev.stream("s", "scalar")
    expected = 0
    for number in range(400):
        values = ev.empty(1 << 15, "f8")
        values[...] = number
        expected += number << 15
        stream.push(values=values)
    assert stream.query("sum")["sum"] == expected
    assert ring_of(ev).shared > 10  # the others where the daemon was too slow


def test_arrays_that_are_kept_hold_up_nobody(real: Starter) -> None:
    ev = real(shared_memory=True)
    stream = ev.stream("s", "scalar")
    kept, rng, expected = [], np.random.default_rng(5), 0.0
    for number in range(600):
        size = int(rng.integers(300, 60_000))
        if number % 20 == 0:
            kept.append(ev.empty(1000, "f8"))
            kept[-1][...] = number
            stream.push(values=kept[-1])
            expected += 1000 * number
        values = ev.empty(size) if number % 2 else np.empty(size, "f4")
        values[...] = number % 7
        expected += size * (number % 7)
        stream.push(values=values)
    assert stream.query("sum")["sum"] == expected
    assert [array[0] for array in kept] == list(range(0, 600, 20))
    assert ring_of(ev).shared > 30


def test_a_ring_full_of_kept_arrays_gives_ordinary_ones(
    real: Starter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_segments, "_MOST_BYTES", 4 << 20)
    ev = real(shared_memory=True)
    stream = ev.stream("s", "scalar")
    kept = [ev.empty(1 << 17) for _ in range(12)]  # of half a megabyte
    for number, array in enumerate(kept):
        array[...] = number
    assert [is_in_place(array) for array in kept] == [True] * 8 + [False] * 4
    for array in kept:
        stream.push(values=array)
    assert stream.query("sum")["sum"] == sum(range(12)) << 17
    del array
    kept.clear()
    ev.ping()
    assert is_in_place(ev.empty(1 << 17))


def test_the_ring_goes_round_kept_blocks() -> None:
    from evald._shared import Ring

    rng = np.random.default_rng(6)
    ring = Ring(1 << 20)
    arrays: list[tuple[Any, int]] = []
    sent: list[tuple[Any, int, bytes]] = []
    from evald._buffers import empty

    for number in range(4000):
        size = int(rng.integers(100, 40_000))
        if rng.random() < 0.2:
            array = empty(ring, size + 2048, "u1")
            array[...] = number % 251
            arrays.append((array, number % 251))
        else:
            data = bytes([number % 251]) * size
            parts = put(ring, data)
            if parts is not None:
                sent.append((parts, offset(parts), data))
        while len(arrays) > 6 or (arrays and rng.random() < 0.1):
            array, value = arrays.pop(int(rng.integers(0, len(arrays))))
            assert (array == value).all()
        while len(sent) > 12:
            parts, place, data = sent.pop(0)
            assert ring._map[place : place + len(data)] == data
    assert ring.shared > 2000
    arrays.clear()
    sent.clear()
    del array, parts
    assert offset(put(ring, b"x" * (1 << 20))) == 0
    ring.close()


# Ends, and beginnings anew


def test_it_outlives_the_connection(real: Starter) -> None:
    ev = real(shared_memory=True)
    array = ev.empty(1000)
    array[...] = 3
    ev.close()
    del ev
    gc.collect()
    assert array.sum() == 3000
    assert pickle.loads(pickle.dumps(array)).sum() == 3000
    again = real(shared_memory=True)
    stream = again.stream("s", "scalar")
    stream.push(values=array)  # of another ring: copied
    array[...] = 4
    assert stream.query("sum")["sum"] == 3000


def test_a_daemon_that_is_killed(real: Starter) -> None:
    ev = real(shared_memory=True, on_error="warn")
    stream = ev.stream("s", "scalar")
    array = ev.empty(1000)
    array[...] = 1
    os.kill(ev.pid or 0, signal.SIGKILL)
    until = time.monotonic() + 5
    while ev._link.ring is not None and time.monotonic() < until:
        time.sleep(0.01)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stream.push(values=array)
        later = ev.empty(1000)
        later[...] = 2
        stream.push(values=later)
    assert not is_in_place(later)
    assert array.sum() == 1000


def test_what_was_not_acknowledged_is_sent_again(real: Starter, tmp_path: Path) -> None:
    """With a state directory: each batch counts once, with its own numbers, through kills."""
    ev = real(shared_memory=True, state=tmp_path, on_error="warn")
    stream = ev.stream("s", "scalar")
    expected = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number in range(300):
            values = ev.empty(20_000)
            values[...] = number
            expected += 20_000 * number
            stream.push(values=values)
            if number % 60 == 30:
                with contextlib.suppress(ProcessLookupError):  # not up again since the last
                    os.kill(ev.pid or 0, signal.SIGKILL)
        result = stream.query("sum")
    assert result.complete
    assert (result.count, result["sum"]) == (300 * 20_000, expected)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_still_has_the_array(real: Starter) -> None:
    ev = real(shared_memory=True)
    array = ev.empty(1000)
    array[...] = 3
    child = os.fork()
    if child == 0:
        is_same = array.sum() == 3000 and not is_in_place(ev.empty(1000))
        del array
        gc.collect()
        os._exit(0 if is_same else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    stream = ev.stream("s", "scalar")
    stream.push(values=array)
    assert stream.query("sum")["sum"] == 3000


def test_a_full_ring_is_waited_for(real: Starter, monkeypatch: pytest.MonkeyPatch) -> None:
    ev = real(shared_memory=True)
    ring = ring_of(ev)
    held = fill(ring)
    naps = []

    def nap(waker: Any) -> None:
        naps.append(waker)
        del held[:2]

    monkeypatch.setattr(_shared, "_nap", nap)
    array = ev.empty(1 << 16)
    assert len(naps) == 1
    assert is_in_place(array)
    assert ring._reserved == 2 << 20
