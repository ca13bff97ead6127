"""Many clients on one daemon: order, fairness, isolation, subscriptions, and who ends when."""

from __future__ import annotations

import ctypes
import json
import os
import random
import resource
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sharing import Client, Place, evald, wait_until
from support import (
    PATIENCE,
    binary,
    cpu_seconds,
    notification,
    ping,
    pong,
    request,
    resident_bytes,
)

OPEN = {"stream": "s", "task": "scalar", "metrics": ["mean", "sum"]}
DISCOVER = request("d", "rpc.discover") + b"\n"


def push(values: list[float], stream: str = "s") -> bytes:
    return notification("stream/push", {"stream": stream, "batch": {"values": values}}) + b"\n"


def in_threads(count: int, body: Callable[[int], None]) -> None:
    """Runs `body` so many times at once; what one of them raises is raised."""
    faults: list[Exception] = []

    def guarded(number: int) -> None:
        try:
            body(number)
        except (AssertionError, OSError, ValueError) as fault:
            faults.append(fault)

    threads = [threading.Thread(target=guarded, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE * 2)
    assert not faults, faults[0]


def test_owner_and_guests_see_the_same_streams(place: Place) -> None:
    with place.owned() as running, place.client() as first, place.client() as second:
        assert json.loads(running.ask(request(1, "stream/open", OPEN)))["result"]["created"]
        assert first.result("stream/open", OPEN)["created"] is False
        first.send(push([1, 2]))
        assert first.result("ping") == {}
        second.send(push([6]))
        revision = second.result("stream/flush", {"stream": "s"}) and second.result(
            "metric/query", {"stream": "s"}
        )
        assert revision["values"] == {"mean": 3.0, "sum": 9.0}
        reply = json.loads(running.ask(request(2, "metric/query", {"stream": "s"})))["result"]
        assert reply == revision


def test_32_clients_at_once(place: Place) -> None:
    """Each has a stream of its own and all have one in common; every answer is the right one."""
    clients, rounds = 32, 40

    def work(number: int) -> None:
        own = f"own {number}"
        chance = random.Random(number)
        with place.client() as client:
            client.result("stream/open", {**OPEN, "stream": own})
            total = count = 0
            revision = 0
            for turn in range(rounds):
                values = [chance.randrange(1000) for _ in range(chance.randrange(1, 40))]
                total += sum(values)
                count += len(values)
                client.send(push([float(v) for v in values], own))
                client.send(push([1.0]))
                answer = client.result("metric/query", {"stream": own})
                assert answer["values"]["sum"] == total
                assert answer["count"] == count
                assert answer["revision"] == turn + 1
                shared = client.result("metric/query", {"stream": "s"})
                # Its own rows are there, nothing is half there, and time only goes on.
                assert shared["count"] == shared["values"]["sum"] == shared["revision"]
                assert shared["revision"] > revision and shared["count"] > turn
                revision = shared["revision"]

    with place.serving():
        place.ask("stream/open", OPEN)
        in_threads(clients, work)
        end = place.ask("metric/query", {"stream": "s"})
        assert end["count"] == clients * rounds
        assert place.ask("server/status")["streams"] == clients + 1


def test_what_one_has_written_another_can_wait_for(place: Place) -> None:
    with place.serving(), place.client() as writer, place.client() as reader:
        writer.result("stream/open", OPEN)
        for turn in range(200):
            revision = writer.result(
                "stream/push", {"stream": "s", "batch": {"values": [float(turn)]}}
            )["revision"]
            query = {"stream": "s", "at_least_revision": revision}
            assert reader.result("metric/query", query)["count"] == turn + 1
        query["at_least_revision"] += 1
        refused = json.loads(reader.ask(request(1, "metric/query", query)))
        assert refused["error"]["data"]["kind"] == "OutOfSequence"


def test_producers_on_many_connections_are_one_order(place: Place) -> None:
    """The same numbered batches, sent by 8 connections: each counts once."""
    with place.serving():
        place.ask("stream/open", OPEN)

        def work(_: int) -> None:
            with place.client() as client:
                seq = 1
                while seq <= 200:
                    params = {
                        "stream": "s",
                        "batch": {"values": [float(seq)]},
                        "producer": "p",
                        "seq": seq,
                    }
                    reply = json.loads(client.ask(request(seq, "stream/push", params)))
                    assert "result" in reply, reply
                    seq += 1

        in_threads(8, work)
        answer = place.ask("metric/query", {"stream": "s"})
        assert (answer["count"], answer["values"]["sum"]) == (200, 200 * 201 / 2)


def slowest_ping(client: Client, seconds: float) -> tuple[float, int]:
    """The longest that a ping takes, and how many there were."""
    longest, count, end = 0.0, 0, time.monotonic() + seconds
    while (start := time.monotonic()) < end:
        assert client.ask(ping(count)[:-1]) == pong(count)
        longest = max(longest, time.monotonic() - start)
        count += 1
    return longest, count


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


def test_garbage_and_half_lines_touch_nobody_else(place: Place) -> None:
    with place.serving(), place.client() as healthy:
        healthy.result("stream/open", OPEN)
        chance = random.Random(5)
        for turn in range(60):
            rude = place.connect()
            rude.send(
                [
                    b"\xff\xfe\x00garbage\n" * 100,
                    push([1])[:-20],
                    b"{" * 1_000_000,
                    request(1, "metric/subscribe", {"stream": "s"}) + b"\n",
                    b'{"jsonrpc":"2.0","method":"exit"}\n',
                    request(1, "shutdown")[:-1],
                ][turn % 6]
            )
            if chance.random() < 0.5:
                # As a process that is killed: whatever it has not read is reset.
                rude.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            rude.close()
            answer = healthy.result("metric/query", {"stream": "s"})
            # A line that is complete but for its LF counts as one at the end of the input.
            assert answer["complete"] and answer["count"] == 0
        assert place.ask("server/status")["streams"] == 1


def test_a_client_that_dies_has_been_heard(place: Place) -> None:
    """What it sent counts, though nobody is there for the answers."""
    with place.serving(), place.client() as other:
        other.result("stream/open", OPEN)
        client = place.connect()
        line = request(1, "stream/push", {"stream": "s", "batch": {"values": [1.0]}}) + b"\n"
        client.send(line * 2000)
        client.close()
        wait_until(
            lambda: other.result("metric/query", {"stream": "s"})["count"] == 2000, "all is applied"
        )


def fill(client: Client, rows: int = 600_000) -> None:
    """A stream whose questions are long ones."""
    client.result("stream/open", {"stream": "long", "task": "binary"})
    chance = random.Random(3)
    for _ in range(rows // 100_000):
        scores = [chance.random() for _ in range(100_000)]
        batch = {"scores": scores, "labels": [score > chance.random() for score in scores]}
        client.result("stream/push", {"stream": "long", "batch": batch})


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


def test_cancel_reaches_only_ones_own(place: Place) -> None:
    question = {"stream": "long", "metrics": ["roc_auc"]}
    with place.serving(), place.client() as asker, place.client() as other:
        fill(asker)
        asker.send(request(7, "metric/query", question) + b"\n")
        for _ in range(20):
            other.send(notification("$/cancelRequest", {"id": 7}) + b"\n")
        assert other.ask(ping()[:-1]) == pong()
        reply = json.loads(asker.read_line())
        assert reply["id"] == 7 and reply["result"]["count"] == 600_000
        # Equal ids on two connections are two requests.
        for client in (asker, other):
            client.send(request(8, "metric/query", question) + b"\n")
        asker.send(notification("$/cancelRequest", {"id": 8}) + b"\n")
        assert "result" in json.loads(other.read_line())
        assert json.loads(asker.read_line())["id"] == 8


def test_who_leaves_takes_his_questions_along(place: Place) -> None:
    question = {"stream": "long", "metrics": ["roc_auc"]}
    small = {"stream": "long", "batch": {"scores": [0.5], "labels": [1]}}
    with place.serving(), place.client() as other:
        fill(other)
        for _ in range(5):
            gone = place.connect()
            for number in range(10):
                gone.send(notification("stream/push", small) + b"\n")
                gone.send(request(number, "metric/query", question) + b"\n")
            gone.close()
        assert other.result("metric/query", question)["count"] >= 600_000
        wait_until(
            lambda: other.result("metric/query", question)["count"] == 600_050, "pushes count"
        )


def update(client: Client) -> Any:
    message = json.loads(client.read_line())
    assert message["method"] == "metric/update", message
    return message["params"]


def test_subscriptions_reach_every_subscriber(place: Place) -> None:
    with place.owned() as owner, place.client() as writer:
        owner.ask(request(1, "stream/open", OPEN))
        subscribers = [place.connect() for _ in range(20)]
        names = set()
        for client in subscribers:
            params = {"stream": "s", "min_interval_ms": 50}
            names.add(client.result("metric/subscribe", params)["subscription"])
        on_mark = place.connect()
        on_mark.result("metric/subscribe", {"stream": "s", "on": "mark"})
        assert len(names) == 20
        writer.send(push([1, 2, 3]))
        for client in subscribers:
            assert update(client)["values"] == {"mean": 2.0, "sum": 6.0}
        owner.send(push([6]))
        for client in subscribers:
            assert update(client)["values"] == {"mean": 3.0, "sum": 12.0}
        # One that is gone is no matter to the others.
        subscribers.pop().close()
        writer.result("stream/mark", {"stream": "s", "label": "epoch"})
        assert update(on_mark)["label"] == "epoch"
        for client in subscribers:
            assert update(client)["values"]["sum"] is None
            client.close()
        on_mark.close()


def test_a_subscriber_that_never_reads_gets_no_pile(place: Place) -> None:
    with place.serving() as running, place.client() as writer, place.client() as lazy:
        writer.result("stream/open", OPEN)
        lazy.result("metric/subscribe", {"stream": "s", "on": "mark"})
        before = resident_bytes(running.process.pid)
        for _ in range(100):
            writer.send((push([1]) + notification("stream/mark", {"stream": "s"}) + b"\n") * 200)
        assert writer.result("ping") == {}
        assert resident_bytes(running.process.pid) - before < 100 << 20


def test_a_subscription_of_another_cannot_be_ended(place: Place) -> None:
    with place.serving(), place.client() as mine, place.client() as other:
        mine.result("stream/open", OPEN)
        name = mine.result("metric/subscribe", {"stream": "s"})["subscription"]
        gone = {"subscription": name}
        assert "error" in json.loads(other.ask(request(1, "metric/unsubscribe", gone)))
        assert mine.result("metric/unsubscribe", gone) == {}


# The end


def test_shutdown_and_exit_of_a_guest_end_that_guest_alone(place: Place) -> None:
    with place.owned() as owner, place.client() as other:
        for lines in (
            request(1, "shutdown") + b"\n" + notification("exit") + b"\n",
            notification("exit") + b"\n",
        ):
            with place.client() as guest:
                guest.send(lines)
                guest.read_all()
        with place.client() as guest:
            assert guest.result("shutdown") is None
            refused = json.loads(guest.ask(request(2, "ping")))
            assert refused["error"]["code"] == -32600
            assert other.ask(ping()[:-1]) == pong()
        assert owner.ask(ping()[:-1]) == pong()
        assert place.is_reachable("run")


@pytest.mark.parametrize("way", ["end of input", "shutdown and exit", "exit"])
def test_the_socket_ends_with_its_owner(place: Place, way: str) -> None:
    with place.owned() as owner, place.client() as guest, place.client() as silent:
        guest.result("stream/open", OPEN)
        # What it has sent by now is answered.
        guest.send(push([1.0]) + request("last", "metric/query", {"stream": "s"}))
        start = time.monotonic()
        if way == "shutdown and exit":
            assert json.loads(owner.ask(request(1, "shutdown"))) == {
                "jsonrpc": "2.0",
                "id": 1,
                "result": None,
            }
        if way != "end of input":
            owner.send(notification("exit") + b"\n")
        status, output, log = owner.end()
        assert (status, output, log) == (1 if way == "exit" else 0, b"", b"")
        assert time.monotonic() - start < 3
        reply = json.loads(guest.read_line())
        assert reply["id"] == "last" and reply["result"]["count"] == 1
        assert guest.read_line() == silent.read_line() == b""
        assert list(place.directory.iterdir()) == []


OWNER = """
import subprocess, sys, time, os
child = subprocess.Popen([sys.argv[1], "--name", "run"], stdin=subprocess.PIPE)
if sys.argv[2] == "worker" and os.fork() == 0:
    time.sleep(60)
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("worker", ["worker", "alone"])
def test_an_owner_that_is_killed_while_others_are_attached(place: Place, worker: str) -> None:
    """They are answered and told the end within 3 s, though a forked worker holds the pipe."""
    assert ctypes.CDLL(None).prctl(36, 1, 0, 0, 0) == 0  # orphans come to us
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, binary(), worker],
        env=place.env,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as owner:
        assert owner.stdout
        pid = int(owner.stdout.readline())
        wait_until(lambda: place.is_reachable("run"), "it listens")
        with place.client() as guest:
            guest.result("stream/open", OPEN)
            attached = evald(
                place, "attach", "run", stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )  # fmt: skip
            assert attached.stdin and attached.stdout
            os.write(attached.stdin.fileno(), ping())
            assert attached.stdout.readline() == pong()
            start = time.monotonic()
            guest.send(push([1, 2]) + request(1, "metric/query", {"stream": "s"}) + b"\n")
            owner.kill()
            assert json.loads(guest.read_line())["result"]["count"] == 2
            assert guest.read_line() == b""
            assert time.monotonic() - start < 3.5
            assert attached.wait(PATIENCE) == 1
            assert b"gone" in attached.communicate()[1]
        owner.wait()  # only then is its child ours
        status = os.waitpid(pid, 0)[1]
        assert os.waitstatus_to_exitcode(status) == 0
        assert list(place.directory.iterdir()) == []
        if worker == "worker":
            os.killpg(owner.pid, signal.SIGKILL)


def test_a_killed_daemon_ends_its_clients(place: Place) -> None:
    with place.owned() as owner, place.client() as guest:
        assert guest.ask(ping()[:-1]) == pong()
        owner.process.kill()
        assert guest.read_line() == b""


def test_serve_ends_by_shutdown_once_nobody_is_there(place: Place) -> None:
    with place.serving() as running, place.client() as other:
        other.result("stream/open", OPEN)
        assert place.ask("shutdown") is None
        time.sleep(0.2)
        # Who is there is served on, and so is who comes meanwhile.
        assert other.result("stream/list")["streams"][0]["stream"] == "s"
        assert place.ask("ping") == {}
        other.close()
        assert running.wait() == 0
        assert running.stderr.read() == b""
        assert list(place.directory.iterdir()) == []


def test_serve_outlives_an_exit_without_shutdown(place: Place) -> None:
    with place.serving():
        with place.client() as rude:
            rude.send(notification("exit") + b"\n")
            assert rude.read_all() == b""
        time.sleep(0.2)
        assert place.ask("ping") == {}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_serve_ends_by_a_signal(place: Place, number: signal.Signals) -> None:
    with place.serving() as running:
        running.process.send_signal(number)
        assert running.wait(5) == 0
        assert list(place.directory.iterdir()) == []
    with place.serving() as running, place.client() as client:
        client.result("stream/open", OPEN)
        running.process.send_signal(number)
        for _ in range(5):
            time.sleep(0.1)
            assert client.ask(ping()[:-1]) == pong()
        client.close()
        assert running.wait(5) == 0
        assert running.stderr.read() == b""


def test_serve_waits_ten_seconds_after_a_signal(place: Place) -> None:
    with place.serving() as running, place.client() as client:
        assert client.ask(ping()[:-1]) == pong()
        running.process.send_signal(signal.SIGTERM)
        start = time.monotonic()
        time.sleep(3)
        used = cpu_seconds(running.process.pid)
        time.sleep(2)
        assert cpu_seconds(running.process.pid) - used < 0.1
        client.send(ping(2))
        assert client.read_line() == pong(2)
        assert running.wait() == 0
        assert 9 < time.monotonic() - start < 13
        assert client.read_line() == b""


def test_a_second_sigterm_ends_serve_now(place: Place) -> None:
    with place.serving() as running, place.client() as client:
        running.process.send_signal(signal.SIGTERM)
        assert client.ask(ping()[:-1]) == pong()
        running.process.send_signal(signal.SIGTERM)
        assert running.wait(3) == 0
        assert list(place.directory.iterdir()) == []


def test_ignored_signals(place: Place) -> None:
    with place.serving() as running:
        for number in (signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE):
            running.process.send_signal(number)
            assert place.ask("ping") == {}


def test_interrupt_at_a_terminal_ends_serve_cleanly(place: Place) -> None:
    ours, theirs = os.openpty()
    with evald(place, "serve", "run", stdin=theirs) as process:
        os.close(theirs)
        wait_until(lambda: place.is_reachable("run"), "it listens")
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
    os.close(ours)
    assert list(place.directory.iterdir()) == []


def test_idle_exit(place: Place) -> None:
    start = time.monotonic()
    with place.serving("run", "--idle-exit", "1") as running:
        with place.client() as client:
            time.sleep(1.5)  # somebody is there, if only silently
            assert client.ask(ping()[:-1]) == pong()
        left = time.monotonic()
        assert running.wait(PATIENCE) == 0
        assert 0.9 < time.monotonic() - left < 3
        assert time.monotonic() - start > 2.4
        assert list(place.directory.iterdir()) == []


def test_nobody_is_lost_to_an_idle_exit(place: Place) -> None:
    """Daemons that end at once when nobody is there, and clients that come in that moment."""
    count = 60

    def work(_: int) -> None:
        for _ in range(count // 4):
            done = place.run(
                "attach", "run", "--or-start", "--idle-exit", "0", data=ping()
            )
            assert (done.returncode, done.stdout) == (0, pong()), done.stderr

    in_threads(4, work)
    wait_until(lambda: place.processes() == [], "the last one ends")


# Limits


def test_connections_are_limited(place: Place) -> None:
    with place.serving("run", "--max-connections", "3") as running:
        # The probe of `serving` may still be there.
        wait_until(lambda: place.run("call", "run", "ping").returncode == 0, "it answers")
        time.sleep(0.1)
        clients = [place.connect() for _ in range(3)]
        for client in clients:
            assert client.ask(ping()[:-1]) == pong()
        refused = json.loads(place.run("call", "run", "ping").stderr)
        assert refused["data"]["kind"] == "Overloaded"
        assert "--max-connections" in refused["data"]["hint"]
        clients.pop().close()
        wait_until(lambda: place.run("call", "run", "ping").returncode == 0, "there is room again")
        for client in clients:
            client.close()
        wait_until(
            lambda: b"max_connections" in place.run("call", "run", "initialize").stdout, "it is told"
        )
        assert running.process.poll() is None


def test_without_descriptors_it_waits_and_does_not_spin(place: Place) -> None:
    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (24, 24))

    with evald(
        place, "serve", "run", preexec_fn=few, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL
    ) as process:
        wait_until(lambda: place.is_reachable("run"), "it listens")
        clients = [place.connect() for _ in range(40)]
        assert clients[0].ask(ping()[:-1]) == pong()
        time.sleep(0.3)
        used = cpu_seconds(process.pid)
        time.sleep(2)
        assert cpu_seconds(process.pid) - used < 0.2
        assert clients[0].ask(ping(2)[:-1]) == pong(2)
        for client in clients[:30]:
            client.close()
        assert clients[39].ask(ping(3)[:-1]) == pong(3)
        for client in clients[30:]:
            client.close()
        process.terminate()
        assert process.wait(PATIENCE) == 0
        assert process.stderr
        log = process.stderr.read()
        assert b"no descriptor" in log and log.count(b"\n") < 12


def test_connections_that_come_and_go_leave_nothing(place: Place) -> None:
    with place.serving() as running:
        descriptors = Path(f"/proc/{running.process.pid}/fd")
        before = len(list(descriptors.iterdir()))
        for _ in range(500):
            with place.client() as client:
                client.send(ping())
        wait_until(lambda: len(list(descriptors.iterdir())) == before, "all are closed")
        held = resident_bytes(running.process.pid)
        for _ in range(500):
            with place.client() as client:
                assert client.ask(ping()[:-1]) == pong()
        assert resident_bytes(running.process.pid) - held < 8 << 20


def test_an_idle_shared_daemon_costs_no_processor_time(place: Place) -> None:
    with place.owned() as running, place.client() as client:
        client.ask(ping()[:-1])
        client.send(b'{"half a line')
        before = cpu_seconds(running.process.pid)
        time.sleep(2)
        assert cpu_seconds(running.process.pid) - before < 0.05


def test_serve_holds_nothing_of_who_started_it(place: Place) -> None:
    """`out=$(evald serve run &)` returns, since standard output is let go."""
    done = subprocess.run(
        ["sh", "-c", '"$0" serve run & echo started', binary()],
        env=place.env,
        capture_output=False,
        stdout=subprocess.PIPE,
        timeout=PATIENCE,
        check=True,
    )
    assert done.stdout == b"started\n"
    wait_until(lambda: place.is_reachable("run"), "it listens")
    assert place.ask("shutdown") is None
