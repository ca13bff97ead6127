"""Sessions with the fake daemon, and their limits."""

from __future__ import annotations

import sys
import threading
from typing import Any

import pytest

import evald
from conftest import Starter
from programs import alive


def scores(ev: evald.Evald) -> list[Any]:
    return [batch["batch"]["x"]["base64"] for batch in ev.request("fake/batches")]


def test_a_session(fake: Starter) -> None:
    with fake() as ev:
        stream = ev.stream("val", "scalar")
        for _ in range(100):
            assert stream.push(x=[0.5]) is None
        assert stream.push(x=[0.5], wait=True)["count"] == 101
        numbers = [batch["seq"] for batch in ev.request("fake/batches")]
        assert numbers == list(range(1, 102))
        pid = ev.pid
    assert not alive(pid)
    ev.close()  # a second time does nothing
    with pytest.raises(evald.ConnectionClosed):
        stream.query()
    with pytest.raises(evald.ConnectionClosed):
        stream.push(x=[0.5])


def test_arrays_are_copied_before_push_returns(fake: Starter) -> None:
    np = pytest.importorskip("numpy")
    ev = fake()
    stream, values = ev.stream("val", "scalar"), np.zeros(4)
    for number in range(50):
        values[:] = number
        stream.push(x=values)
    values[:] = -1
    import base64

    got = [np.frombuffer(base64.b64decode(text))[0] for text in scores(ev)]
    assert got == list(range(50))


def test_what_the_user_numbers_himself(fake: Starter) -> None:
    ev = fake()
    stream = ev.stream("val", "scalar")
    stream.push(x=[0.5], producer="rank0", seq=1)
    reply = stream.push(x=[0.5], producer="rank0", seq=1, wait=True)
    assert reply is not None
    assert reply.duplicate is True
    batch = ev.request("fake/batches")
    assert [(item["producer"], item["seq"]) for item in batch] == [("rank0", 1)]
    with pytest.raises(TypeError, match="seq needs producer"):
        stream.push(x=[0.5], seq=1)
    with pytest.raises(TypeError, match="positional"):
        stream.push([0.5])  # type: ignore[call-overload]


def test_row_metrics_are_asked_for(fake: Starter) -> None:
    ev = fake()
    ev.stream("val", "scalar").push(x=[0.5], row_metrics=["bleu"])
    assert ev.request("fake/batches")[0]["row_metrics"] == ["bleu"]


def test_two_connections_never_share_a_producer(fake: Starter) -> None:
    names = set()
    for _ in range(3):
        ev = fake()
        ev.stream("val", "scalar").push(x=[1.0])
        names.add(ev.request("fake/batches")[0]["producer"])
    assert len(names) == 3


def test_a_batch_longer_than_a_line_is_split(fake: Starter) -> None:
    np = pytest.importorskip("numpy")
    ev = fake("max_line=5000")
    stream = ev.stream("val", "binary")
    values = np.arange(3000, dtype="f4")
    stream.push(x=values, ids=[str(i) for i in range(3000)], slices={"a": "one", "b": values})
    from columns import decode

    batches = [batch["batch"] for batch in ev.request("fake/batches")]
    assert len(batches) > 3
    for name in ("x", "ids"):
        got = [item for batch in batches for item in decode(batch[name])]
        assert got == (values.tolist() if name == "x" else [str(i) for i in range(3000)])
    assert all(batch["slices"]["a"] == "one" for batch in batches)
    reply = stream.push(x=values, wait=True)
    assert reply is not None
    assert reply["count"] > len(batches)
    with pytest.raises(evald.LineTooLong, match="fewer rows"):
        stream.push(x=values, y=values[:2000])
    with pytest.raises(evald.LineTooLong):
        stream.push(x=values, producer="me", seq=1)


def test_many_threads_may_push(fake: Starter) -> None:
    ev = fake()
    stream = ev.stream("val", "binary")
    threads = [
        threading.Thread(target=lambda: [stream.push(x=[0.5]) for _ in range(500)])
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [batch["seq"] for batch in ev.request("fake/batches")] == list(range(1, 4001))


def test_rollback_reset_and_delete_take_a_new_producer(fake: Starter) -> None:
    ev = fake()
    stream = ev.stream("val", "binary")
    for act in (
        lambda: stream.rollback("c"),
        stream.reset,
        stream.delete,
        lambda: ev.rollback("c"),
        lambda: None,
    ):
        stream.push(x=[0.5])
        stream.push(x=[0.5])
        act()
    batches = ev.request("fake/batches")
    assert [batch["seq"] for batch in batches] == [1, 2] * 5
    assert len({batch["producer"] for batch in batches}) == 5


def test_connections_and_streams_are_not_pickled(fake: Starter) -> None:
    import copy
    import pickle

    ev = fake()
    for thing in (ev, ev.stream("val", "binary")):
        for act in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="can't be pickled"):
                act(thing)


def test_errors_survive_pickling() -> None:
    import pickle

    error = evald.InvalidBatch("m", path="/p", hint="h", data={"expected": 3})
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is evald.InvalidBatch
    assert (str(again), again.code, again.data) == (str(error), 1003, {"expected": 3})


def test_wrong_settings() -> None:
    with pytest.raises(ValueError, match="on_error"):
        evald.start(sys.executable, on_error="ignore")  # type: ignore[arg-type]
