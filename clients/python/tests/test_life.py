"""Starting and ending: signals, garbage, the end of the program."""

from __future__ import annotations

import gc
import sys
import time

import pytest

import evald
from conftest import Starter
from programs import FAKE, SCRIPT, alive, run


@pytest.mark.parametrize(
    ("setting", "said"), [("nonsense", "not an evald"), ("old", "no common version")]
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
    # Its lines are read by a thread of its own, which may be behind the reply.
    deadline = time.monotonic() + 30
    while not ev.stderr[-1].startswith("noise 19999") and time.monotonic() < deadline:
        time.sleep(0.01)
    assert ev.stderr[-1].startswith("noise 19999")
    assert len(ev.stderr) <= 50


def test_lines_that_are_not_messages_are_told_once(fake: Starter) -> None:
    with pytest.warns(evald.EvaldWarning, match="not a message"):
        ev = fake("garbage=1")
        stream = ev.stream("val", "binary")
        assert stream.query()["f1"] == 0.75


def test_garbage_collection_closes() -> None:
    ev = evald.start(sys.executable, args=(str(FAKE),))
    stream = ev.stream("val", "binary")
    pid = ev.pid
    del ev
    gc.collect()
    assert alive(pid)  # a stream keeps its connection
    del stream
    gc.collect()
    assert not alive(pid)


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
    script = (
        SCRIPT
        + """
import signal, time
# A job of a shell in the background inherits an interrupt that is ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    os.killpg(0, signal.SIGINT)
    time.sleep(5)
except KeyboardInterrupt:
    assert val.query()["f1"] == 0.75
    print("still there")
"""
    )
    done = run(script, start_new_session=True)
    assert done.stdout.endswith("still there\n"), done.stderr


def test_interrupts_at_any_moment_tear_no_line_and_skip_no_number() -> None:
    """Ctrl-C lands anywhere in push; what was queued arrives whole, in order, and once."""
    script = (
        SCRIPT
        + """
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
    )
    done = run(script)
    assert done.stdout.endswith("fine\n"), done.stderr


def test_a_signal_handler_may_push_and_ask() -> None:
    """The handler runs in the middle of the main thread's own pushes."""
    script = (
        SCRIPT
        + """
import signal, time
asked = 0
def handler(*_):
    global asked
    val.push(x=[1.0]); val.query(); asked += 1
    signal.setitimer(signal.ITIMER_REAL, 0.003)  # once more, so that handlers don't pile up
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.001)
end = time.monotonic() + 1.0
while time.monotonic() < end:
    val.push(x=[0.5] * 100)
signal.signal(signal.SIGALRM, signal.SIG_IGN)
assert asked > 5, asked
seqs = [b["seq"] for b in ev.request("fake/batches")]
assert seqs == list(range(1, len(seqs) + 1))
print("fine")
"""
    )
    done = run(script)
    assert done.stdout.endswith("fine\n"), done.stderr
