"""Questions over many rows: the line goes on, and cancel and progress reach them."""

from __future__ import annotations

import base64
import json
import os
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import Daemon, daemon, notification, request

ROWS = 3_000_000


def packed(values: Any) -> dict[str, str]:
    return {"dtype": str(values.dtype), "base64": base64.b64encode(values).decode()}


def filled(running: Daemon, rows: int) -> None:
    rng = np.random.default_rng(3)
    scores = rng.random(rows, dtype=np.float32)
    labels = (rng.random(rows) < scores).astype(np.uint8)
    running.ask(request("open", "stream/open", {"stream": "s", "task": "binary"}))
    for start in range(0, rows, 500_000):
        part = slice(start, start + 500_000)
        batch = {"scores": packed(scores[part]), "labels": packed(labels[part])}
        running.ask(request("push", "stream/push", {"stream": "s", "batch": batch}))


def query(ident: int, **more: Any) -> bytes:
    params = {"stream": "s", "metrics": ["roc_auc", "ece"], **more}
    return request(ident, "metric/query", params) + b"\n"


def lines(running: Daemon, until: int) -> list[Any]:
    """Every message up to the reply with this id."""
    found: list[Any] = []
    while not found or found[-1].get("id") != until:
        found.append(json.loads(running.read_line()))
    return found


def test_a_ping_and_a_push_overtake_a_long_query() -> None:
    with daemon() as running:
        filled(running, ROWS)
        late = {"scores": [0.5], "labels": [1]}
        running.send(
            query(1)
            + request(2, "ping")
            + b"\n"
            + request(3, "stream/push", {"stream": "s", "batch": late})
            + b"\n"
        )
        found = {
            message["id"]: (place, message)
            for place, message in enumerate(lines(running, 1))
        }
        assert found[2][0] < found[1][0]
        assert found[3][0] < found[1][0]
        assert found[3][1]["result"]["count"] == ROWS + 1
        # It is about the rows that were there when it was asked.
        assert found[1][1]["result"]["count"] == ROWS
        running.send(query(4))
        assert lines(running, 4)[-1]["result"]["count"] == ROWS + 1


def test_the_answer_is_that_of_a_line_that_waits() -> None:
    with daemon() as running:
        filled(running, ROWS)
        running.send(query(1))
        later = lines(running, 1)[-1]["result"]
        # A batch array has one line of replies, so it is answered in place.
        running.send(b"[" + query(2).strip() + b"]\n")
        assert json.loads(running.read_line())[0]["result"] == later


def test_a_cancelled_query_is_answered_once() -> None:
    with daemon() as running:
        filled(running, ROWS)
        running.send(query(1) + notification("$/cancelRequest", {"id": 1}) + b"\n")
        first = json.loads(running.read_line())
        assert first["id"] == 1
        assert first["error"]["code"] == -32800
        assert first["error"]["data"]["kind"] == "RequestCancelled"
        running.send(query(2))
        rest = lines(running, 2)
        assert [message["id"] for message in rest] == [2]


@pytest.mark.parametrize("ident", ["1", 99, "unknown"])
def test_cancelling_what_is_not_there_does_nothing(ident: object) -> None:
    with daemon() as running:
        running.send(notification("$/cancelRequest", {"id": ident}) + b"\n")
        assert json.loads(running.ask(request(5, "ping")))["result"] == {}


def test_progress_for_who_asked_for_it() -> None:
    with daemon() as running:
        running.ask(request("i", "initialize", {"capabilities": {"progress": True}}))
        filled(running, ROWS)
        running.send(query(1, progress_token="t"))
        found = lines(running, 1)
        reports = [message["params"] for message in found[:-1]]
        assert all(message["method"] == "$/progress" for message in found[:-1])
        assert all(report["token"] == "t" for report in reports)
        kinds = [report["value"]["kind"] for report in reports]
        assert kinds[0] == "begin"
        assert kinds[-1] == "end"
        assert set(kinds[1:-1]) <= {"report"}
        times = [report["value"]["seconds"] for report in reports]
        assert times == sorted(times)


def test_no_progress_without_the_capability() -> None:
    with daemon() as running:
        filled(running, ROWS)
        running.send(query(1, progress_token="t"))
        assert len(lines(running, 1)) == 1


def test_the_end_of_input_waits_for_answers() -> None:
    with daemon() as running:
        filled(running, ROWS)
        running.send(query(1) + query(2))
        status, output, log = running.end()
        assert status == 0
        assert log == b""
        assert [json.loads(line)["id"] for line in output.splitlines()] == [1, 2]


@pytest.mark.measured
def test_what_a_long_query_sorted_is_not_sorted_again() -> None:
    with daemon() as running:
        filled(running, ROWS)
        start = time.monotonic()
        running.send(query(1))
        lines(running, 1)
        first = time.monotonic() - start
        start = time.monotonic()
        for ident in range(2, 12):
            running.send(query(ident))
            lines(running, ident)
        # Ten more for the price of less than the first: far from what sorting anew would take.
        assert time.monotonic() - start < max(first, 0.5)


def without_threads() -> None:
    """Becomes a user who may have no further thread; root may always."""
    os.setgid(12345)
    os.setuid(12345)
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_without_a_thread_it_is_answered_all_the_same() -> None:
    with daemon(preexec_fn=without_threads) as running:
        filled(running, ROWS)
        for ident in (1, 2):
            running.send(query(ident))
            assert lines(running, ident)[-1]["result"]["count"] == ROWS
        assert len(list(Path(f"/proc/{running.process.pid}/task").iterdir())) == 1
        running.send(query(3))
        status, output, log = running.end()
        assert (status, json.loads(output)["id"], log) == (0, 3, b"")


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_what_needs_a_thread_says_so() -> None:
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o777)
        for durability, status in (("os", 0), ("disk", 0), ("interval", 1)):
            flags = ("--state", f"{directory}/{durability}", "--durability", durability)
            with daemon(*flags, preexec_fn=without_threads) as running:
                code, output, log = running.end()
                assert (code, output, b"thread" in log) == (status, b"", status == 1)
