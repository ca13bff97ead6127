"""What happens to the training loop when the daemon misbehaves. Against the fake."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from typing import Any

import pytest

import evald
from conftest import Starter


def alive(pid: int | None) -> bool:
    assert pid is not None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


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
        stream.push([0.5])  # type: ignore[misc]


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


# A daemon that dies


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
    ev._link._reader.join(10)  # type: ignore[union-attr]
    with pytest.warns(evald.EvaldWarning, match="status 7"):
        ev.close()


# Refusals


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


def test_an_exception_on_its_way_is_not_replaced(fake: Starter) -> None:
    with pytest.raises(ZeroDivisionError):  # noqa: PT012, SIM117
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
    assert str(error) == "Brandnew: never heard of (at /params/stream). Hint: h"


# A daemon that is slow


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


def test_a_stall_raises_if_asked(fake: Starter) -> None:
    ev = fake("stop_after=1", push_timeout=0.1, queue_bytes=1 << 20, on_error="raise")
    stream = ev.stream("val", "binary")
    with pytest.raises(evald.Stalled):  # noqa: PT012
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


# Starting


@pytest.mark.parametrize(
    ("setting", "said"), [("nonsense", "not an evald"), ("old", "no version in common")]
)
def test_what_is_no_evald_is_not_started(fake: Starter, setting: str, said: str) -> None:
    with pytest.raises(evald.EvaldError, match=said):
        fake(f"initialize={setting}")


def test_a_program_that_ends_at_once_is_told_with_its_last_words() -> None:
    with pytest.raises(evald.StartFailed, match="can't open file") as caught:
        evald.start(sys.executable, args=("/nonexistent.py",))
    assert "status 2" in str(caught.value)


def test_a_flooded_stderr_holds_nothing_up(fake: Starter) -> None:
    ev = fake("flood=20000")
    stream = ev.stream("val", "binary")
    stream.push(x=[0.5])
    stream.query()
    assert ev.stderr[-1].startswith("noise 19999")
    assert len(ev.stderr) <= 50


def test_lines_that_are_not_messages_are_told_once(fake: Starter) -> None:
    with pytest.warns(evald.EvaldWarning, match="not a message"):
        ev = fake("garbage=1")
        stream = ev.stream("val", "binary")
        assert stream.query()["f1"] == 0.75


# Ending


def test_garbage_collection_closes(fake: Starter) -> None:
    ev = evald.start(sys.executable, args=(os.path.join(os.path.dirname(__file__), "fake_evald.py"),))
    stream = ev.stream("val", "binary")
    pid = ev.pid
    del ev
    gc.collect()
    assert alive(pid)  # a stream keeps its connection
    del stream
    gc.collect()
    assert not alive(pid)


SCRIPT = """
import os, sys, evald
ev = evald.start(sys.executable, args=(sys.argv[1], *sys.argv[2:]))
val = ev.stream("val", "binary")
val.push(x=[0.5])
print(ev.pid, flush=True)
"""


def run(script: str, *settings: str, **options: Any) -> subprocess.CompletedProcess[str]:
    fake = os.path.join(os.path.dirname(__file__), "fake_evald.py")
    source = os.path.dirname(os.path.dirname(evald.__file__))
    return subprocess.run(
        [sys.executable, "-c", script, fake, *settings],
        env={**os.environ, "PYTHONPATH": source, **options.pop("env", {})},
        capture_output=True,
        text=True,
        timeout=60,
        **options,
    )


def test_the_end_of_the_program_closes() -> None:
    done = run(SCRIPT)
    assert done.returncode == 0
    assert done.stderr == ""
    assert not alive(int(done.stdout))


def test_the_end_of_the_program_tells_what_was_not_counted() -> None:
    done = run(SCRIPT, "refuse=InvalidBatch")
    assert done.returncode == 0
    assert "labels must be 0 or 1" in done.stderr


def test_a_daemon_that_does_not_end_is_ended() -> None:
    started = time.monotonic()
    done = run(SCRIPT + "ev._link.close(patience=1.0)\n", "linger=1", "silent=shutdown")
    assert done.returncode == 0
    assert time.monotonic() - started < 10
    assert not alive(int(done.stdout))


def test_ctrl_c_does_not_reach_the_daemon() -> None:
    script = SCRIPT + """
import signal, time
try:
    os.killpg(0, signal.SIGINT)
    time.sleep(5)
except KeyboardInterrupt:
    assert val.query()["f1"] == 0.75
    print("still there")
"""
    done = run(script, start_new_session=True)
    assert done.stdout.endswith("still there\n"), done.stderr


def test_interrupts_at_any_moment_tear_no_line_and_skip_no_number() -> None:
    """Ctrl-C lands anywhere in push; what was queued arrives whole, in order, and once."""
    script = SCRIPT + """
import signal, random
class Interrupt(Exception): ...
def interrupt(*_): raise Interrupt
signal.signal(signal.SIGALRM, interrupt)
returned = interrupted = 0
while interrupted < 300:
    try:
        signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-5, 1e-3))
        while True:
            val.push(x=[0.5] * 300)
            returned += 1
    except Interrupt:
        interrupted += 1
signal.setitimer(signal.ITIMER_REAL, 0)
seqs = [b["seq"] for b in ev.request("fake/batches")]
assert seqs == list(range(1, len(seqs) + 1))
assert returned <= len(seqs) <= returned + interrupted + 1, (returned, interrupted, len(seqs))
print("fine")
"""
    done = run(script)
    assert done.stdout.endswith("fine\n"), done.stderr


def test_a_signal_handler_may_push_and_ask() -> None:
    """The handler runs in the middle of the main thread's own pushes."""
    script = SCRIPT + """
import signal, time
asked = 0
def handler(*_):
    global asked
    val.push(x=[1.0]); val.query(); asked += 1
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.003)
end = time.monotonic() + 1.0
while time.monotonic() < end:
    val.push(x=[0.5] * 100)
signal.setitimer(signal.ITIMER_REAL, 0)
assert asked > 10, asked
seqs = [b["seq"] for b in ev.request("fake/batches")]
assert seqs == list(range(1, len(seqs) + 1))
print("fine")
"""
    done = run(script)
    assert done.stdout.endswith("fine\n"), done.stderr


# Limits


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
