"""A daemon that dies, refuses or takes nothing: what the training loop gets to know."""

from __future__ import annotations

import os
import signal
import threading
import time
import warnings

import pytest

import evald
from conftest import Starter
from evald import _outbox
from evald._link import Link
from programs import alive


def test_death_is_one_warning_and_training_goes_on(fake: Starter) -> None:
    ev = fake("die_after=3")
    stream = ev.stream("val", "binary")
    for _ in range(3):
        stream.push(x=[0.5])
    deadline = time.monotonic() + 10
    while not ev._link.trouble and time.monotonic() < deadline:
        time.sleep(0.01)
    with pytest.warns(evald.EvaldWarning) as told:
        for _ in range(1000):
            stream.push(x=[0.5])
        result = stream.query()
        row = stream.mark("epoch 1", loss=0.25)
        best = stream.best["f1"]["value"]
        chosen = stream.threshold()
    assert len(told) == 1
    text = str(told[0].message)
    assert "status 7" in text
    assert "the fake was told to die" in text
    assert told[0].filename == __file__
    assert not result.complete
    assert isinstance(result.error, evald.ConnectionLost)
    assert result["f1"] != result["f1"]
    assert result.roc_auc != result.roc_auc
    assert "no answer" in repr(result)
    assert (row["label"], row["loss"]) == ("epoch 1", 0.25)
    assert f"{row['f1']:.3f} {best:.3f} {chosen.threshold:.3f}" == "nan nan nan"
    assert len(stream.history()) == len(stream.slices("language")) == 0
    assert len(stream.curve("roc")) == 0
    assert stream.calibration().ece != 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ev.close()


def test_death_raises_if_asked(fake: Starter) -> None:
    ev = fake("die_after=1", on_error="raise")
    stream = ev.stream("val", "binary")
    stream.push(x=[0.5])
    with pytest.raises(evald.ConnectionLost, match="status 7"):
        stream.query()
    for _ in range(2):
        with pytest.raises(evald.ConnectionLost):
            stream.push(x=[0.5])


def test_death_during_a_question_is_told_at_once(fake: Starter) -> None:
    ev = fake("silent=metric/query")
    stream = ev.stream("val", "binary")
    assert ev.pid is not None
    threading.Timer(0.2, os.kill, (ev.pid, signal.SIGKILL)).start()
    started = time.monotonic()
    with pytest.warns(evald.EvaldWarning, match="signal 9"):
        assert stream.query().error is not None
    assert time.monotonic() - started < 5


def test_a_death_that_nobody_noticed_is_told_at_the_end(fake: Starter) -> None:
    ev = fake("die_after=1")
    ev.stream("val", "binary").push(x=[0.5])
    ev._link.connection.reader.join(10)  # type: ignore[union-attr]
    with pytest.warns(evald.EvaldWarning, match="status 7"):
        ev.close()


def test_refused_pushes_warn_once_a_kind(fake: Starter) -> None:
    ev = fake("refuse=InvalidBatch", "refuse_every=2")
    stream = ev.stream("val", "binary")
    with pytest.warns(evald.EvaldWarning) as told:
        for _ in range(50):
            stream.push(x=[0.5])
            ev.ping()
        result = stream.query()
    assert len(told) == 1
    text = str(told[0].message)
    for part in ("InvalidBatch", "labels must be 0 or 1", "/labels/17", "look at row 17", "'val'"):
        assert part in text
    assert not result.complete
    assert result.rejected.batches == 25
    assert "INCOMPLETE: 25 batches" in repr(result)
    assert len(ev.request("fake/batches")) == 25  # and all others were taken


def test_refused_pushes_raise_at_the_next_call(fake: Starter) -> None:
    ev = fake("refuse=InvalidBatch", on_error="raise")
    stream = ev.stream("val", "binary")
    stream.push(x=[0.5])
    ev._link.request("ping", {})
    with pytest.raises(evald.InvalidBatch) as caught:
        stream.push(x=[0.5])
    assert caught.value.path == "/params/batch/labels/17"
    assert caught.value.hint == "look at row 17"
    assert caught.value.data["seq"] == 1
    assert not stream.query().complete  # told once, and the connection works on
    stream.push(x=[0.5])
    with pytest.raises(evald.InvalidBatch):
        ev.close()
    assert not alive(ev.pid)


def test_a_question_raises_for_the_pushes_before_it(fake: Starter) -> None:
    ev = fake("refuse=InvalidBatch", on_error="raise")
    stream = ev.stream("val", "binary")
    stream.push(x=[0.5])
    with pytest.raises(evald.InvalidBatch, match="labels must be 0 or 1"):
        stream.query()
    assert not stream.query().complete  # told once
    stream.push(x=[0.5])
    stream.mark("epoch 1")  # done, and its row is not lost
    with pytest.raises(evald.InvalidBatch):
        stream.query()
    ev.close()


def test_an_exception_on_its_way_is_not_replaced(fake: Starter) -> None:
    with pytest.raises(ZeroDivisionError):  # noqa: SIM117
        with fake("refuse=InvalidBatch", on_error="raise") as ev:
            ev.stream("val", "binary").push(x=[0.5])
            raise ZeroDivisionError


def test_refusal_of_a_waiting_push_is_raised(fake: Starter) -> None:
    ev = fake("refuse=InvalidBatch")
    stream = ev.stream("val", "binary")
    with pytest.raises(evald.InvalidBatch):
        stream.push(x=[0.5], wait=True)


@pytest.mark.parametrize("wait", [True, False])
def test_a_number_that_was_not_used_up_does_not_lose_later_batches(
    fake: Starter, wait: bool
) -> None:
    """After MemoryLimit the daemon still waits for that number; everything after it is a gap."""
    ev = fake("refuse=MemoryLimit", "refuse_every=10")
    stream = ev.stream("val", "binary")
    refused = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", evald.EvaldWarning)
        for _ in range(95):
            try:
                stream.push(x=[0.5], wait=wait)
            except evald.MemoryLimit:
                refused += 1
            if not wait:
                ev.ping()
    assert refused == (9 if wait else 0)
    assert len(ev.request("fake/batches")) == 95 - 9


def test_after_a_burst_of_gaps_pushing_works_again(fake: Starter) -> None:
    ev = fake("refuse=MemoryLimit", "refuse_every=100")
    stream = ev.stream("val", "binary")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", evald.EvaldWarning)
        for _ in range(150):
            stream.push(x=[0.5])
        ev.ping()
        before = len(ev.request("fake/batches"))
        for _ in range(20):
            stream.push(x=[0.5])
        assert len(ev.request("fake/batches")) == before + 20


def test_unknown_kinds_keep_their_name(fake: Starter) -> None:
    ev = fake()
    with pytest.raises(evald.EvaldError) as caught:
        ev.stream("nope", "binary").delete()
    error = caught.value
    assert (type(error), error.kind, error.code) == (evald.EvaldError, "Brandnew", 4711)
    assert (error.path, error.hint, error.data) == ("/params/stream", "h", {"near": ["no"]})
    assert str(error) == "Brandnew: never (at /params/stream). Hint: h"


def test_a_push_never_waits_longer_than_its_limit(fake: Starter) -> None:
    ev = fake("stop_after=1", push_timeout=0.3, queue_bytes=1 << 20)
    stream = ev.stream("val", "binary")
    batch = bytes(200_000)
    with pytest.warns(evald.EvaldWarning, match="Stalled") as told:
        started = time.monotonic()
        for _ in range(40):
            stream.push(x=batch)
        taken = time.monotonic() - started
    assert len(told) == 1
    assert 0.25 < taken < 2.0  # waited once, not once a push


def test_a_loop_that_only_pushes_keeps_the_pace(
    real: Starter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_outbox, "_AHEAD_BYTES", 1 << 18)
    monkeypatch.setattr(_outbox, "_PATIENCE", 20.0)
    ev = real(shared_memory=False)
    assert isinstance(ev._link, Link)
    stream, outbox = ev.stream("val", "scalar"), ev._link.outbox
    most = 0
    for _ in range(100):
        stream.push(values=bytes(100_000))
        most = max(most, outbox.put - outbox.taken)
    assert 0 < most < 600_000
    assert stream.query().count == 100 * 100_000


def test_a_loop_waits_once_where_nothing_is_taken(fake: Starter) -> None:
    ev = fake("stop_after=1")
    stream = ev.stream("val", "binary")
    started = time.monotonic()
    for _ in range(100):
        stream.push(x=bytes(200_000))
    assert 0.05 <= time.monotonic() - started < 1.0


def test_a_stall_raises_if_asked(fake: Starter) -> None:
    ev = fake("stop_after=1", push_timeout=0.1, queue_bytes=1 << 20, on_error="raise")
    stream = ev.stream("val", "binary")
    with pytest.raises(evald.Stalled):
        for _ in range(40):
            stream.push(x=bytes(200_000))


def test_after_a_stall_answers_are_incomplete_until_the_mark(fake: Starter) -> None:
    ev = fake("stop_after=1", "stop_for=1.5", push_timeout=0.1, queue_bytes=1 << 20)
    stream = ev.stream("val", "binary")
    with pytest.warns(evald.EvaldWarning, match="Stalled"):
        for _ in range(40):
            stream.push(x=bytes(200_000))
    result = stream.query()  # by then it reads again
    assert result.error is None
    assert result.dropped > 0
    assert not result.complete
    assert f"{result.dropped} dropped" in repr(result)
    assert len(ev.request("fake/batches")) == 40 - result.dropped
    stream.push(x=[0.5])
    assert len(ev.request("fake/batches")) == 41 - result.dropped
    stream.mark("epoch 1")
    assert stream.query().complete


def test_no_reply_in_time(fake: Starter) -> None:
    ev = fake("silent=metric/query", timeout=0.2)
    stream = ev.stream("val", "binary")
    with pytest.warns(evald.EvaldWarning, match="RequestTimeout"):
        assert stream.query().error is not None
    assert len(ev.request("fake/cancelled")) == 1
    ev = fake("silent=metric/query", timeout=0.2, on_error="raise")
    with pytest.raises(evald.RequestTimeout, match="metric/query"):
        ev.stream("val", "binary").query()
