"""Many clients on one daemon: nobody waits for one that floods, asks much, or never reads."""

from __future__ import annotations

import json
import os
import random
import select
import threading
import time

import pytest
from sharing import OPEN, Place, fill, push, slowest_ping
from support import notification, ping, pong, request, resident_bytes

DISCOVER = request("d", "rpc.discover") + b"\n"


@pytest.mark.measured
@pytest.mark.parametrize("flood", ["pings", "questions", "large lines"])
def test_who_floods_does_not_starve_others(place: Place, flood: str) -> None:
    with place.serving(), place.client() as other:
        other.result("stream/open", {"stream": "b", "task": "binary"})
        rows = 60_000
        scores = [random.random() for _ in range(rows)]
        batch = {"scores": scores, "labels": [k % 2 for k in range(rows)]}
        other.result("stream/push", {"stream": "b", "batch": batch})
        small = {"stream": "b", "batch": {"scores": [0.25], "labels": [1]}}
        data = {
            "pings": ping() * 5000,
            # Each sorts anew, so one read's worth of them would take seconds.
            "questions": (
                notification("stream/push", small)
                + b"\n"
                + request(1, "metric/query", {"stream": "b"})
                + b"\n"
            )
            * 500,
            "large lines": b"[" + b"1," * 500_000 + b"1]\n",
        }[flood]
        stop = threading.Event()

        def work() -> None:
            with place.client() as client:
                client.socket.setblocking(False)
                rest = memoryview(data)
                while not stop.is_set():
                    readable, writable, _ = select.select(
                        [client.socket], [client.socket], [], 0.1
                    )
                    if readable:
                        client.socket.recv(1 << 20)
                    if writable:
                        rest = rest[client.socket.send(rest) :] or memoryview(data)

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        time.sleep(0.3)
        longest, count = slowest_ping(other, 2)
        stop.set()
        for thread in threads:
            thread.join()
        assert longest < 1.0, f"{longest} s"
        assert count > 20


@pytest.mark.measured
def test_a_reader_that_never_reads_is_closed_alone(place: Place) -> None:
    """Others go on at full speed beside it."""
    with place.serving() as running, place.client() as other:
        alone = slowest_ping(other, 0.5)[1] / 0.5
        stuck = place.connect()
        stuck.socket.settimeout(20)
        closed: list[float] = []
        start = time.monotonic()

        def flood() -> None:
            try:
                while True:
                    stuck.send(DISCOVER * 1000)
            except (BrokenPipeError, ConnectionResetError):
                closed.append(time.monotonic() - start)

        thread = threading.Thread(target=flood)
        thread.start()
        time.sleep(1.5)  # by now its queue is full
        longest, count = slowest_ping(other, 1.5)
        assert longest < 1.0
        assert count / 1.5 > alone / 10
        assert resident_bytes(running.process.pid) < 300 << 20
        thread.join(20)
        assert closed and 4.5 < closed[0] < 19
        assert other.ask(ping("x")[:-1]) == pong("x")
        stuck.close()
        log = os.read(running.stderr.fileno(), 10_000)
        assert log.count(b"\n") == 1 and b"did not read" in log


@pytest.mark.measured
def test_a_million_unread_replies(place: Place) -> None:
    """They fit into what is kept for a client, and all of them are there in the end."""
    count = 1_000_000
    with place.serving() as running, place.client() as other, place.client() as client:
        piece = 10_000
        for first in range(0, count, piece):
            client.send(b"".join(ping(n) for n in range(first, first + piece)))
        assert slowest_ping(other, 0.2)[1] > 10
        assert resident_bytes(running.process.pid) < 300 << 20
        client.end_input()
        received = client.read_all()
        assert received == b"".join(pong(n) for n in range(count))


@pytest.mark.measured
def test_long_questions_of_one_hold_up_nobody(place: Place) -> None:
    question = {"stream": "long", "metrics": ["roc_auc", "ece"]}
    small = {"stream": "long", "batch": {"scores": [0.5], "labels": [1]}}
    with place.serving(), place.client() as other, place.client() as curious:
        fill(other)
        lines = b""
        for number in range(40):
            lines += notification("stream/push", small) + b"\n"
            lines += request(number, "metric/query", question) + b"\n"
        curious.send(lines)
        longest, count = slowest_ping(other, 1.0)
        assert longest < 1.0 and count > 20
        curious.end_input()
        answers = [json.loads(line) for line in curious.read_all().splitlines()]
        assert sorted(answer["id"] for answer in answers) == list(range(40))
        assert [a["result"]["count"] for a in sorted(answers, key=lambda a: int(a["id"]))] == [
            600_001 + number for number in range(40)
        ]


@pytest.mark.measured
def test_a_subscriber_that_never_reads_gets_no_pile(place: Place) -> None:
    with place.serving() as running, place.client() as writer, place.client() as lazy:
        writer.result("stream/open", OPEN)
        lazy.result("metric/subscribe", {"stream": "s", "on": "mark"})
        before = resident_bytes(running.process.pid)
        for _ in range(100):
            writer.send((push([1]) + notification("stream/mark", {"stream": "s"}) + b"\n") * 200)
        assert writer.result("ping") == {}
        assert resident_bytes(running.process.pid) - before < 100 << 20
