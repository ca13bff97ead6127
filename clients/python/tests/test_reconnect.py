"""A daemon that dies and keeps what it has taken: nothing is lost, and nothing counts twice."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import evald
from conftest import Starter
from evald._link import Link
from evald._producer import Producer
from evald._unacknowledged import Sent, Unacknowledged

Durable = Callable[..., evald.Evald]


@pytest.fixture
def durable(fake: Starter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Durable:
    """A fake daemon that keeps what it takes, and a client that starts it again."""
    # It has no state directory, but a file; the client waits for it as for one.
    init = Link.__init__

    def patiently(link: Link, *args: Any, **options: Any) -> None:
        init(link, *args, **{**options, "in_use_patience": 12.0})

    monkeypatch.setattr(Link, "__init__", patiently)

    def start(*settings: str, **options: Any) -> evald.Evald:
        return fake(f"keep={tmp_path / 'kept'}", *settings, reconnect=True, **options)

    return start


@pytest.fixture(autouse=True)
def _quietly() -> Iterator[None]:
    """That a connection was made anew is told by one warning, and has its own test."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*went on where it was", evald.EvaldWarning)
        yield


def values(ev: evald.Evald) -> list[Any]:
    ev._link.settle()  # it may die as long as there are pushes
    return [batch["batch"]["x"] for batch in ev.request("fake/batches")]


def push(stream: evald.Stream, number: int, **options: Any) -> Any:
    return stream.push(x=[f"row {number}"], **options)


def rows(first: int, end: int) -> list[Any]:
    return [[f"row {number}"] for number in range(first, end)]


@pytest.mark.parametrize("every", [2, 3, 7, 40, 100, 333])
def test_each_push_counts_once(durable: Durable, every: int) -> None:
    ev = durable(f"die_every={every}")
    stream = ev.stream("val", "binary")
    total = {2: 30, 3: 30, 7: 100}.get(every, 1000)
    for number in range(total):
        assert push(stream, number) is None
        if every < 7:  # one that dies at every push comes no further by pushing more at once
            ev.ping()
    assert values(ev) == rows(0, total)
    assert ev._link.trouble is None


def test_kills_at_any_moment(durable: Durable) -> None:
    ev = durable()
    stream = ev.stream("val", "binary")
    stop, pids = threading.Event(), set()
    link: Any = ev._link

    def kill() -> None:
        while not stop.wait(random.uniform(0.0, 0.5)):
            pid = ev.pid
            has_lived = not link.unacknowledged.fruitless and not link.connection.broken
            if pid is not None and pid not in pids and has_lived:
                pids.add(pid)
                os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    number = 0
    end = time.monotonic() + 5
    while time.monotonic() < end or len(pids) < 4:
        push(stream, number, wait=number % 97 == 0)
        number += 1
        if number % 50 == 0:
            time.sleep(0.001)
    stop.set()
    killer.join()
    assert values(ev) == rows(0, number)


def test_a_waiting_push_and_a_question_are_answered(durable: Durable) -> None:
    ev = durable("die_every=3")
    stream = ev.stream("val", "binary")
    for number in range(20):
        assert push(stream, number, wait=True)["count"] > 0
        assert stream.query().count == number + 1
    assert values(ev) == rows(0, 20)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_mark_is_made_once(durable: Durable, when: str) -> None:
    ev = durable("die_on=stream/mark", f"die_when={when}")
    stream = ev.stream("val", "binary")
    push(stream, 0)
    row = stream.mark("epoch 0", loss=0.25)
    assert (row["label"], row["loss"]) == ("epoch 0", 0.25)
    assert [row["label"] for row in stream.history()] == ["epoch 0"]
    push(stream, 1)
    assert values(ev) == rows(0, 2)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("method", ["checkpoint", "rollback"])
def test_checkpoints_and_rollbacks_are_exact(durable: Durable, when: str, method: str) -> None:
    ev = durable(f"die_on=stream/{method}", f"die_when={when}")
    stream = ev.stream("val", "binary")
    push(stream, 0)
    stream.checkpoint("c")
    for number in range(1, 30):
        push(stream, number)
    stream.rollback("c")
    push(stream, 1)
    assert values(ev) == rows(0, 2)


def test_a_merge_that_counts_is_not_repeated(durable: Durable) -> None:
    ev = durable("die_on=state/merge", "die_when=before")
    stream = ev.stream("val", "binary")
    assert stream.merge(b"state").merged == 1
    assert len(ev.request("fake/batches")) == 1


def test_a_merge_that_may_count_is_told(durable: Durable) -> None:
    ev = durable("die_on=state/merge", "die_when=after", on_error="raise")
    stream = ev.stream("val", "binary")
    with pytest.raises(evald.ConnectionLost, match="while a state was merged"):
        stream.merge(b"state")
    assert len(ev.request("fake/batches")) == 1
    push(stream, 0)
    assert len(ev.request("fake/batches")) == 2


def test_that_it_went_on_is_told_once(durable: Durable) -> None:
    ev = durable("die_every=3", on_error="raise")
    stream = ev.stream("val", "binary")
    with pytest.warns(evald.EvaldWarning, match="went on where it was") as told:
        for number in range(20):
            push(stream, number)
            ev.ping()
    assert len(told) == 1
    assert "status 7" in str(told[0].message)


def test_numbers_of_the_caller_are_kept(durable: Durable) -> None:
    ev = durable("die_every=5")
    stream = ev.stream("val", "binary")
    for number in range(30):
        push(stream, number, producer="rank 0", seq=number + 1)
        ev.ping()
    assert values(ev) == rows(0, 30)


def test_a_batch_without_a_number_is_told(durable: Durable) -> None:
    ev = durable("die_every=3", on_error="raise")
    stream = ev.stream("val", "binary")
    with pytest.raises(evald.Interrupted, match="without a number"):
        for number in range(10):
            push(stream, number, producer="rank 0", wait=True)


def test_what_is_kept_to_be_sent_again_is_bounded(durable: Durable) -> None:
    ev = durable()
    stream = ev.stream("val", "binary")
    link: Any = ev._link
    for number in range(2000):
        push(stream, number)
    ev.ping()  # answered after all that was flushed before it
    assert len(link.unacknowledged._sent) < 64
    stream.mark()
    assert len(link.unacknowledged._sent) == 0
    assert link.unacknowledged._bytes == 0


def test_a_daemon_without_what_was_counted_is_not_gone_on_with(fake: Starter) -> None:
    """One that keeps nothing, behind a client that was told it would."""
    ev = fake(reconnect=True)
    stream = ev.stream("val", "binary")
    push(stream, 0)
    stream._link.settle()
    assert ev.pid is not None
    os.kill(ev.pid, signal.SIGKILL)
    with pytest.warns(evald.EvaldWarning, match="has no stream 'val'") as told:
        result = stream.query()
        for number in range(10):
            push(stream, number)
    assert len(told) == 1
    assert not result.complete


def test_rows_that_are_missing_are_found_out(durable: Durable, tmp_path: Path) -> None:
    ev = durable()
    stream = ev.stream("val", "binary")
    for number in range(3):
        push(stream, number)
    stream._link.settle()
    assert ev.pid is not None
    os.kill(ev.pid, signal.SIGSTOP)
    kept = tmp_path / "kept"
    kept.write_text("".join(kept.read_text().splitlines(keepends=True)[:-1]))
    os.kill(ev.pid, signal.SIGKILL)
    with pytest.warns(evald.EvaldWarning, match="lacks rows of stream 'val'"):
        assert not stream.query().complete


def test_a_push_that_kills_is_not_sent_for_ever(durable: Durable) -> None:
    ev = durable("die_every=1", "die_when=before")
    stream = ev.stream("val", "binary")
    started = time.monotonic()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        push(stream, 0)
        while ev._link.trouble is None and time.monotonic() < started + 30:
            time.sleep(0.01)
        push(stream, 1)
    assert any("in a row" in str(item.message) for item in told)


def test_refused_pushes_are_not_sent_again(durable: Durable) -> None:
    """Whoever was told that a batch was refused pushes it again himself."""
    ev = durable("refuse=MemoryLimit", "refuse_every=2", on_error="raise")
    stream = ev.stream("val", "binary")
    refused = []
    for number in range(10):
        try:
            push(stream, number, wait=True)
        except evald.MemoryLimit:
            refused.append([f"row {number}"])
    assert len(refused) == 5
    assert ev.pid is not None
    os.kill(ev.pid, signal.SIGKILL)
    ev.ping()
    assert not [row for row in values(ev) if row in refused]


def test_an_answered_push_is_not_kept(durable: Durable) -> None:
    ev = durable("refuse=InvalidBatch", "refuse_every=2", on_error="raise")
    stream = ev.stream("val", "binary")
    link: Any = ev._link
    push(stream, 0, wait=True)
    assert not link.unacknowledged._sent
    with pytest.raises(evald.InvalidBatch):
        push(stream, 1, wait=True)
    assert not link.unacknowledged._sent


def test_only_what_was_flushed_is_let_go() -> None:
    kept = Unacknowledged(1000)
    senders = [Producer("a"), Producer("b")]
    sent = []
    for number in range(6):
        sender = senders[number % 2]
        sender.tail()
        sent.append(Sent(sender, [b"line"], 0, None))
        kept.add(sent[-1])
    kept.let_go("a", sent[2], {senders[0].name: 2})
    assert list(kept._sent) == [sent[1], sent[3], sent[4], sent[5]]
    assert [sender.counted for sender in senders] == [2, 0]
    kept.let_go("b", sent[5], {})
    assert list(kept._sent) == [sent[4]]


def test_closing_does_not_wait_for_what_does_not_come(fake: Starter, tmp_path: Path) -> None:
    ev = fake(f"keep={tmp_path / 'kept'}", reconnect=True, on_error="warn")
    push(ev.stream("val", "binary"), 0)
    link: Any = ev._link
    link._command = ["/nonexistent"]
    assert ev.pid is not None
    os.kill(ev.pid, signal.SIGKILL)
    started = time.monotonic()
    link.close(patience=1.0)
    assert time.monotonic() - started < 5


def test_a_directory_that_is_still_in_use_is_waited_for(durable: Durable) -> None:
    ev = durable("in_use=3")
    push(ev.stream("val", "binary"), 0)
    assert values(ev) == rows(0, 1)


def test_one_that_is_killed_as_it_starts_is_started_again(durable: Durable) -> None:
    ev = durable("killed=2")
    push(ev.stream("val", "binary"), 0)
    assert values(ev) == rows(0, 1)


def test_one_that_always_dies_as_it_starts_is_given_up(durable: Durable) -> None:
    with pytest.raises(evald.StartFailed, match="signal 9"):
        durable("killed=9")


def test_without_a_state_directory_it_is_not_waited_for(fake: Starter, tmp_path: Path) -> None:
    with pytest.raises(evald.StartFailed, match="status 3"):
        fake(f"keep={tmp_path / 'kept'}", "in_use=3")


def test_columns_in_shared_memory_are_sent_again(
    real: Starter, real_binary: str, tmp_path: Path
) -> None:
    """The space of a column is not given to another one before the daemon has it for good."""
    ev = real(reconnect=True, shared_memory=True)
    stream = ev.stream("val", "scalar")
    link: Any = ev._link
    if link.ring is None:
        pytest.skip("no shared memory here")
    seen: list[Sent] = []
    add = link.unacknowledged.add

    def note(sent: Sent) -> bool:
        seen.append(sent)
        return bool(add(sent))

    link.unacknowledged.add = note
    stream.push(values=[0.5] * 1000)
    stream.flush()
    assert seen[0].blocks
    assert seen[0].blocks[0].record[2]  # in use, although a later line was answered
    link.settle()
    seen.clear()
    stream.push(values=[0.5])
    assert stream.query("sum")["sum"] == 500.5


def test_forked_children_stay_out_of_it(durable: Durable) -> None:
    ev = durable("die_every=20")
    stream = ev.stream("val", "binary")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        for number in range(100):
            push(stream, number)
            if number % 25 == 0:
                child = os.fork()
                if child == 0:
                    warnings.simplefilter("ignore")
                    push(stream, -1)
                    os._exit(0 if stream.query().error else 1)
                assert os.waitpid(child, 0)[1] == 0
    assert values(ev) == rows(0, 100)
