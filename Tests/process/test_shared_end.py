"""Who ends when: owners, guests, and daemons without an owner."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from sharing import OPEN, Place, evald, in_threads, push, wait_until
from support import PATIENCE, binary, cpu_seconds, notification, ping, pong, request


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
