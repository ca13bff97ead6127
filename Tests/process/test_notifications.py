"""What the server sends unasked."""

from __future__ import annotations

import json

from support import Daemon, daemon, notification, ping, pong, request

OPEN = request(1, "stream/open", {"stream": "a", "task": "binary"})
BAD_PUSH = notification(
    "stream/push", {"stream": "a", "batch": {"scores": [0.5], "labels": [2]}}
)


def initialize(evald: Daemon, **capabilities: bool) -> None:
    """A handshake."""
    reply = evald.ask(request(0, "initialize", {"capabilities": capabilities}))
    assert "result" in json.loads(reply)


def test_failed_pushes_are_told_to_who_asked() -> None:
    with daemon() as evald:
        initialize(evald, push_failed=True)
        assert "result" in json.loads(evald.ask(OPEN))
        told = json.loads(evald.ask(BAD_PUSH))
        assert told["method"] == "stream/push_failed" and "id" not in told
        assert told["params"]["stream"] == "a"
        assert told["params"]["error"]["data"]["path"] == "/params/batch/labels/0"
        assert evald.end() == (0, b"", b"")


def test_they_follow_in_order() -> None:
    """After the reply of the line before, and before the reply of the line after."""
    with daemon() as evald:
        initialize(evald, push_failed=True)
        evald.ask(OPEN)
        evald.send(ping(1) + BAD_PUSH + b"\n" + BAD_PUSH + b"\n" + ping(2))
        lines = [evald.read_line() for _ in range(4)]
        assert lines[0] == pong(1) and lines[3] == pong(2)
        assert all(b"stream/push_failed" in line for line in lines[1:3])


def test_nobody_else_is_told() -> None:
    with daemon() as evald:
        initialize(evald, push_failed=False)
        evald.ask(OPEN)
        evald.send(BAD_PUSH + b"\n" + ping(3))
        assert evald.end() == (0, pong(3), b"")
