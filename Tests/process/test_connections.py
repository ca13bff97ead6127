"""How many connections there may be, and what they leave and cost."""

from __future__ import annotations

import json
import resource
import subprocess
import time
from pathlib import Path

import pytest
from sharing import Place, evald, wait_until
from support import PATIENCE, binary, cpu_seconds, ping, pong, resident_bytes


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


@pytest.mark.measured
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


@pytest.mark.measured
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
