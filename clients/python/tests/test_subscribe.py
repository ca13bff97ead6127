"""Results that come by themselves."""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
import warnings
from typing import Any

import pytest

import evald
from conftest import Starter
from evald._subscriptions import Inbox, Subscriptions


def scalar(ev: evald.Evald) -> evald.Stream:
    return ev.stream("val", "scalar", metrics=["sum", "mean"])


def until(condition: Any, seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_changes_come_by_themselves_the_answer_of_now_first(real: Starter) -> None:
    val = scalar(real())
    val.push(values=[1.0])
    with val.subscribe(metrics=["sum"], min_interval=0.05) as news:
        assert news.first["sum"] == 1.0
        found = next(news)
        assert (found["sum"], found.count, found.stream, found.complete) == (1.0, 1, "val", True)
        assert list(found) == ["sum"]
        val.push(values=[2.0, 3.0])
        assert next(news)["sum"] == 6.0
        assert news.get(timeout=0.2) is None
        assert "on change" in repr(news)
    assert "closed" in repr(news)
    assert list(news) == []
    assert news.get() is None
    val.push(values=[4.0])
    assert val.query()["sum"] == 10.0


def test_marks_come_one_by_one(real: Starter) -> None:
    val = scalar(real())
    news = val.subscribe(None, "sum", on="mark")
    for epoch in range(5):
        val.push(values=[float(epoch)])
        val.mark(f"epoch {epoch}")
    news.close()
    results = list(news)
    assert [found["sum"] for found in results] == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert [found.label for found in results] == [f"epoch {epoch}" for epoch in range(5)]
    assert news.missed == 0


def test_a_slice(real: Starter) -> None:
    val = real().stream("val", "scalar", metrics=["sum"], slices=["language"])
    news = val.subscribe(slice={"language": "fr"}, min_interval=0.05)
    val.push(values=[1.0, 2.0], slices={"language": ["en", "fr"]})
    assert next(news).count == 0
    assert next(news)["sum"] == 2.0


def test_an_update_before_the_reply_is_seen_is_kept(real: Starter) -> None:
    """The reader reads reply and updates at once, while who subscribed still sleeps."""
    ev = real()
    val = scalar(ev)
    link: Any = ev._link
    settle, held = link.replies.settle, threading.Event()

    def settle_at_last(message: dict[str, Any]) -> None:
        settle(message)
        held.set()

    def late(message: dict[str, Any]) -> bool:
        reply = link.replies._waiting.get(message.get("id", 0))
        if reply is not None and "subscription" in (message.get("result") or {}):
            link._send(
                b'{"jsonrpc":"2.0","method":"stream/push",'
                b'"params":{"stream":"val","batch":{"values":[7.0]}}}\n'
                b'{"jsonrpc":"2.0","method":"stream/mark","params":{"stream":"val"}}\n'
            )
            threading.Timer(1.0, settle_at_last, [message]).start()
            return True
        return bool(settle(message))

    link.replies.settle = late
    news = val.subscribe(on="mark")
    assert held.wait(5)
    found = news.get(timeout=5)
    assert found is not None
    assert found["sum"] == 7.0


def test_a_callback_is_called_and_may_ask(real: Starter) -> None:
    val = scalar(real())
    seen: list[tuple[float, float, str]] = []

    def look(found: evald.Result) -> None:
        name = threading.current_thread().name
        seen.append((found["sum"], val.query(window="all")["sum"], name))

    with val.subscribe(look, on="mark") as news:
        for value in (1.0, 2.0):
            val.push(values=[value])
            val.mark()
        with pytest.raises(TypeError, match="callback takes"):
            next(news)
    # close() has waited for what was due
    assert [found for found, _, _ in seen] == [1.0, 2.0]
    assert seen[1][1] == 3.0
    assert {name for _, _, name in seen} == {"evald-callback"}


def test_a_callback_goes_on_though_nobody_holds_its_subscription(real: Starter) -> None:
    val = scalar(real())
    seen: list[float] = []
    val.subscribe(lambda found: seen.append(found["sum"]), min_interval=0.05)
    gc.collect()
    assert until(lambda: len(seen) == 1)
    val.push(values=[1.0])
    assert until(lambda: seen[-1] == 1.0)


def test_what_a_callback_raises_is_told_once(real: Starter) -> None:
    val = scalar(real())
    calls: list[int] = []

    def fails(found: evald.Result) -> None:
        calls.append(found.count)
        raise ZeroDivisionError("of the callback")

    with (
        pytest.warns(evald.EvaldWarning, match="ZeroDivisionError: of the callback") as told,
        val.subscribe(fails, on="mark"),
    ):
        for _ in range(4):
            val.push(values=[1.0])
            val.mark()
    assert calls == [1, 1, 1, 1]
    assert len(told) == 1
    assert "fails" in str(told[0].message)
    assert val.query(window="all").count == 4


def test_a_callback_with_warnings_as_errors_goes_on(
    real: Starter, capfd: pytest.CaptureFixture[str]
) -> None:
    val = scalar(real())
    calls: list[int] = []

    def fails(found: evald.Result) -> None:
        calls.append(found.count)
        raise ZeroDivisionError

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with val.subscribe(fails, on="mark"):
            val.mark()
            val.mark()
    assert len(calls) == 2
    assert "ZeroDivisionError" in capfd.readouterr().err


def test_a_callback_may_close_its_own_subscription(real: Starter) -> None:
    val = scalar(real())
    seen: list[float] = []

    def once(found: evald.Result) -> None:
        seen.append(found["sum"])
        news.close()

    news = val.subscribe(once, on="mark")
    for _ in range(3):
        val.push(values=[1.0])
        val.mark()
        until(lambda: "closed" in repr(news))
    assert seen == [1.0]


def test_garbage_unsubscribes(real: Starter) -> None:
    """A connection has 64 subscriptions; 200 that nobody holds are no trouble."""
    val = scalar(real())
    for _ in range(200):
        val.subscribe()
        gc.collect()
    held = [val.subscribe() for _ in range(64)]
    with pytest.raises(evald.TooManyValues):
        val.subscribe()
    held[0].close()
    assert val.subscribe().first.count == 0


def test_mistakes_are_named(real: Starter) -> None:
    val = scalar(real())
    with pytest.raises(evald.UnknownMetric):
        val.subscribe(metrics=["summ"])
    with pytest.raises(evald.InvalidParams, match="min_interval_ms"):
        val.subscribe(min_interval=0)
    with pytest.raises(TypeError, match="metrics="):
        val.subscribe("sum")  # type: ignore[arg-type]


def test_the_end_of_the_connection_ends_the_waiting(real: Starter) -> None:
    ev = real(on_error="warn")
    news = scalar(ev).subscribe(on="mark")
    threading.Timer(0.3, ev.close).start()
    with pytest.raises(evald.ConnectionClosed):
        next(news)

    ev = real(on_error="warn")
    news = scalar(ev).subscribe(on="mark")
    assert ev.pid is not None
    os.kill(ev.pid, signal.SIGKILL)
    with pytest.warns(evald.EvaldWarning, match="signal 9"):
        assert list(news) == []
    assert list(scalar(ev).subscribe()) == []


def test_the_end_of_the_stream_ends_the_waiting(real: Starter) -> None:
    ev = real()
    val = scalar(ev)
    seen: list[int] = []
    with val.subscribe(on="mark") as news, val.subscribe(lambda f: seen.append(f.count)) as calls:
        val.push(values=[1.0])
        val.mark("last")
        threading.Timer(0.3, val.delete).start()
        assert [found.label for found in news] == ["last"]
        assert until(lambda: "closed" in repr(calls))
    assert seen[0] == 0
    again = scalar(ev)
    again.push(values=[2.0])
    assert again.query()["sum"] == 2.0


def test_an_end_before_the_reply_is_seen_is_kept() -> None:
    found = Subscriptions()
    with found.subscribing():
        found.ended("s1")
        assert found.claim("s1", {"on": "change"}).take(None) is None
    found.ended("s2")  # of nobody


def test_a_callback_does_not_hold_the_connection(real_binary: str) -> None:
    ev = evald.start(real_binary)
    scalar(ev).subscribe(lambda _: None)
    process = ev._link.process  # type: ignore[union-attr]
    del ev
    gc.collect()
    assert until(lambda: process._popen.poll() is not None)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # fork in a process with threads
def test_a_forked_child_is_not_kept_waiting(real: Starter) -> None:
    news = scalar(real(on_error="warn")).subscribe(on="mark")
    child = os.fork()
    if child == 0:
        warnings.simplefilter("ignore")
        os._exit(0 if news.get() is None else 1)
    assert until(lambda: os.waitpid(child, os.WNOHANG)[0] == child)


def test_disabled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALD_DISABLED", "1")
    called: list[Any] = []
    val = scalar(evald.start())
    with val.subscribe(called.append) as news:
        assert news.first.count == 0
    assert list(val.subscribe()) == []
    assert called == []


def test_a_full_inbox_keeps_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evald._subscriptions._KEPT", 3)
    inbox = Inbox()
    for count in range(5):
        inbox.put({"count": count})
    inbox.end()
    assert [inbox.take(0) for _ in range(4)] == [{"count": 2}, {"count": 3}, {"count": 4}, None]
    assert inbox.missed == 2


def test_updates_of_nobody_are_refused() -> None:
    found = Subscriptions()
    update = {"subscription": "s1"}
    assert not found.receive(update)
    with found.subscribing():
        assert found.receive(update)
        assert found.claim("s1", {"on": "change"}).take(0) == update
    assert found.receive(update)
    found.drop("s1")
    assert not found.receive(update)
    with found.subscribing():
        found.receive(update)
    with found.subscribing():
        assert found.claim("s1", {"on": "change"}).take(0) is None
