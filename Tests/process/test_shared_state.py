"""State directories of daemons that many clients share."""

from __future__ import annotations

import base64
import contextlib
import json
import random
import struct
import threading
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from sharing import Client, Place, wait_until
from support import PATIENCE, Daemon, ping, pong, request

# As much as is worth a snapshot.
SNAPSHOT_BYTES = 64 << 20


def opening(stream: str) -> dict[str, str]:
    return {"stream": stream, "task": "scalar"}


def test_a_daemon_without_an_owner_looks_after_its_directory(
    place: Place, tmp_path: Path
) -> None:
    """Nobody calls, and what was pushed is on the disk within a second, and soon in a snapshot."""
    state = tmp_path / "state"
    values = base64.b64encode(struct.pack("<d", 0.5) * (1 << 20)).decode()
    batch = {"values": {"dtype": "float64", "base64": values}}
    count = SNAPSHOT_BYTES // (8 << 20)
    with place.serving("run", "--state", str(state)) as running:
        with place.client() as client:
            client.result("stream/open", opening("s"))
            for number in range(count):
                if number == count - 1:
                    # It looks after things once a second when somebody calls, so here for the last
                    # time: what comes next is nobody's but its own to notice.
                    time.sleep(1.1)
                    client.result("ping")
                client.result("stream/push", {"stream": "s", "batch": batch})
        wait_until(lambda: bool(list(state.glob("snap-*.evs"))), "a snapshot")
        # The clients that are gone have closed nothing.
        with place.client() as client:
            client.result("stream/push", {"stream": "s", "batch": {"values": [2]}})
            deadline = time.monotonic() + PATIENCE
            while True:
                told = client.result("server/status")["durability"]
                if told["durable_records"] == told["written_records"] == count + 2:
                    break
                assert time.monotonic() < deadline
                time.sleep(0.05)
        running.process.kill()
        running.wait()
    with place.serving("run", "--state", str(state)), place.client() as client:
        recovery = client.result("server/status")["recovery"]
        assert recovery["snapshot"] > 0
        assert recovery["records"] == 1
        found = client.result("metric/query", {"stream": "s", "metrics": ["sum"]})
        assert found["count"] == (count << 20) + 1
        assert found["values"]["sum"] == (count << 19) + 2


@dataclass
class Work:
    """What one client has sent, and what of it was answered."""

    number: int
    sent: int = 0
    acknowledged: int = 0

    @property
    def own(self) -> str:
        return f"own {self.number}"

    def line(self, stream: str, ident: int) -> bytes:
        """A push of its number, under that number."""
        params = {
            "stream": stream,
            "producer": f"p{self.number}",
            "seq": ident,
            "batch": {"values": [ident]},
        }
        return request(ident, "stream/push", params)

    def go_on(self, client: Client | Daemon) -> None:
        """Pushes to a stream of its own and to one that all have, until the daemon is gone."""
        with contextlib.suppress(OSError):
            while True:
                self.sent += 1
                for stream in (self.own, "common"):
                    reply = client.ask(self.line(stream, self.sent))
                    if not reply.endswith(b"\n"):
                        return
                    assert json.loads(reply)["result"]["duplicate"] is False, reply
                self.acknowledged = self.sent


@pytest.mark.parametrize("form", ["serve", "--name"])
def test_a_kill_takes_nothing_that_any_client_was_told(
    place: Place, tmp_path: Path, form: str
) -> None:
    dice = random.Random(11)
    flags = ("--state", str(tmp_path / "state"))
    works = [Work(number) for number in range(8)]
    streams = ["common", *(work.own for work in works)]
    for _ in range(6):
        start = place.serving if form == "serve" else place.owned
        with start("run", *flags) as running, contextlib.ExitStack() as stack:
            with place.client() as client:
                for stream in streams:
                    client.result("stream/open", opening(stream))
                check(client, works)
            threads = []
            for work in works:
                # Half of them come in by the program, and half by themselves.
                guest: Client | Daemon
                if work.number % 2:
                    guest = stack.enter_context(place.daemon("attach", "run"))
                else:
                    guest = stack.enter_context(place.client())
                assert guest.ask(ping()[:-1]) == pong()
                threads.append(threading.Thread(target=work.go_on, args=(guest,)))
            before = [work.acknowledged for work in works]
            for thread in threads:
                thread.start()
            wait_until(partial(have_pushed, works, before), "all have pushed")
            time.sleep(dice.random() / 5)
            running.process.kill()
            running.wait()
            for thread in threads:
                thread.join(PATIENCE)
                assert not thread.is_alive()
    with place.serving("run", *flags), place.client() as client:
        check(client, works)


def have_pushed(works: list[Work], before: list[int]) -> bool:
    """Whether each was answered since."""
    return all(
        work.acknowledged > old for work, old in zip(works, before, strict=True)
    )


def check(client: Client, works: list[Work]) -> None:
    """What was acknowledged is there, and each number once; then what may be missing is sent again."""
    total = 0
    for work in works:
        for stream in (work.own, "common"):
            about = client.result("stream/describe", {"stream": stream})
            there = about["producers"].get(f"p{work.number}", 0)
            assert work.acknowledged <= there <= work.sent
            for ident in range(work.acknowledged + 1, work.sent + 1):
                reply = json.loads(client.ask(work.line(stream, ident)))
                assert reply["result"]["duplicate"] is (ident <= there)
        work.acknowledged = work.sent
        total += work.sent
        expect(client, work.own, work.sent, sum_to(work.sent))
    expect(client, "common", total, sum(sum_to(work.sent) for work in works))


def sum_to(count: int) -> int:
    return count * (count + 1) // 2


def expect(client: Client, stream: str, count: int, total: int) -> None:
    found = client.result("metric/query", {"stream": stream, "metrics": ["sum"]})
    assert found["count"] == count
    if count > 0:
        assert found["values"]["sum"] == total
