"""metric/subscribe: updates that come by themselves."""

from __future__ import annotations

import json
import time
from typing import Any

from support import Daemon, daemon, notification, request


def push(value: float) -> bytes:
    params = {"stream": "loss", "batch": {"values": [value]}}
    return notification("stream/push", params) + b"\n"


def subscribed(running: Daemon, **more: Any) -> str:
    running.ask(request(1, "stream/open", {"stream": "loss", "task": "scalar"}))
    params = {"stream": "loss", "metrics": ["mean"], **more}
    reply = json.loads(running.ask(request(2, "metric/subscribe", params)))["result"]
    assert reply["values"] == {"mean": None}
    name = reply["subscription"]
    assert isinstance(name, str)
    return name


def update(running: Daemon) -> Any:
    message = json.loads(running.read_line())
    assert message["method"] == "metric/update"
    return message["params"]


def test_changes_are_told_at_intervals_and_the_last_one_always() -> None:
    with daemon() as running:
        name = subscribed(running, min_interval_ms=100)
        start = time.monotonic()
        for value in range(50):
            running.send(push(value))
            time.sleep(0.01)
        seen = [update(running)]
        while seen[-1]["count"] < 50:
            seen.append(update(running))
        assert len(seen) <= (time.monotonic() - start) / 0.1 + 1
        assert [one["revision"] for one in seen] == sorted(
            {one["revision"] for one in seen}
        )
        assert seen[-1]["values"] == {"mean": 24.5}
        assert {one["subscription"] for one in seen} == {name}


def test_nothing_is_told_without_a_change() -> None:
    with daemon() as running:
        subscribed(running, min_interval_ms=50)
        running.send(push(1))
        assert update(running)["count"] == 1
        time.sleep(0.3)
        assert json.loads(running.ask(request(3, "ping")))["id"] == 3


def test_a_mark_tells_the_window_that_it_closes() -> None:
    with daemon() as running:
        subscribed(running, on="mark")
        running.send(push(1) + push(3))
        running.send(
            request(3, "stream/mark", {"stream": "loss", "label": "a"}) + b"\n"
        )
        both = [json.loads(running.read_line()) for _ in range(2)]
        assert both[0]["id"] == 3
        assert both[1]["params"]["values"] == {"mean": 2.0}
        assert both[1]["params"]["count"] == 2
        assert both[1]["params"]["label"] == "a"
        # A mark without a label is called by its number.
        running.send(request(4, "stream/mark", {"stream": "loss"}) + b"\n")
        both = [json.loads(running.read_line()) for _ in range(2)]
        assert both[0]["result"]["label"] == both[1]["params"]["label"] == "2"


def test_an_ended_subscription_is_silent() -> None:
    with daemon() as running:
        name = subscribed(running, min_interval_ms=50)
        gone = request(3, "metric/unsubscribe", {"subscription": name})
        assert json.loads(running.ask(gone))["result"] == {}
        running.send(push(1))
        time.sleep(0.2)
        assert json.loads(running.ask(request(4, "ping")))["id"] == 4
        again = json.loads(running.ask(gone))
        assert again["error"]["data"]["kind"] == "InvalidParams"


def test_a_deleted_stream_takes_its_subscriptions_along() -> None:
    with daemon() as running:
        name = subscribed(running, min_interval_ms=50)
        running.ask(request(3, "stream/delete", {"stream": "loss"}))
        assert json.loads(running.read_line()) == {
            "jsonrpc": "2.0",
            "method": "metric/ended",
            "params": {
                "subscription": name,
                "stream": "loss",
                "reason": "stream_deleted",
            },
        }
        running.ask(request(4, "stream/open", {"stream": "loss", "task": "scalar"}))
        running.send(push(1))
        time.sleep(0.2)
        assert json.loads(running.ask(request(5, "ping")))["id"] == 5


def test_there_are_not_more_than_the_limit() -> None:
    with daemon() as running:
        subscribed(running)
        ask = request(3, "metric/subscribe", {"stream": "loss"})
        kinds = [
            json.loads(running.ask(ask)).get("error", {}).get("data") for _ in range(64)
        ]
        assert kinds[:63] == [None] * 63
        assert kinds[63]["kind"] == "TooManyValues"
