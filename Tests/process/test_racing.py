"""Many that start at once, and are killed as they do: one daemon has a name."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import time

import pytest
from sharing import IN_USE, Place, evald, has_ended, holders, wait_until
from support import PATIENCE, ping, pong, request


def race(place: Place, starters: list[list[str]]) -> list[subprocess.Popen[bytes]]:
    return [
        evald(
            place,
            *arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for arguments in starters
    ]


def finish(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.kill()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()
        process.wait()


@pytest.mark.parametrize("stale", [False, True], ids=["nothing there", "a stale socket"])
def test_of_64_racing_daemons_one_lives(place: Place, stale: bool) -> None:
    if stale:
        with place.owned() as dead:
            dead.process.kill()
            dead.wait()
    processes = race(place, [["serve", "run"]] * 64)
    try:
        wait_until(lambda: sum(p.poll() is None for p in processes) == 1, "one is left")
        ended = [p for p in processes if p.poll() is not None]
        assert {p.returncode for p in ended} == {IN_USE}
        (winner,) = set(processes) - set(ended)
        (listed,) = place.processes()
        assert listed["pid"] == winner.pid
        assert place.ask("shutdown") is None
        assert winner.wait(PATIENCE) == 0
    finally:
        finish(processes)


def test_of_64_racing_attaches_one_daemon_comes(place: Place) -> None:
    """Everyone is served, by the same one."""
    processes = race(place, [["attach", "run", "--or-start"]] * 64)
    try:
        line = request(1, "stream/open", {"stream": "s", "task": "scalar"}) + b"\n"
        push = request(2, "stream/push", {"stream": "s", "batch": {"values": [1]}}) + b"\n"
        for process in processes:
            assert process.stdin
            process.stdin.write(line + push)
            process.stdin.close()
        for process in processes:
            assert process.stdout and process.stderr
            assert process.stdout.read().count(b'"result"') == 2
            assert process.stderr.read() == b""
            assert process.wait(PATIENCE) == 0
        (listed,) = place.processes()
        (stream,) = place.ask("stream/list")["streams"]
        assert stream["count"] == 64
        assert place.ask("shutdown") is None
        wait_until(lambda: not place.socket("run").exists(), "the daemon ends")
        wait_until(lambda: has_ended(listed["pid"]), "it is gone")
    finally:
        finish(processes)


# Rounds of starters that are killed at random steps; EVALD_ROUNDS=10000 is the long form.
ROUNDS = int(os.environ.get("EVALD_ROUNDS", "12"))


def end_holders(place: Place) -> bool:
    """Kills who has the name; whether nobody had it. One whose starter was killed may come late."""
    pids = holders(place.lock("run"))
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return not pids


def test_starters_that_are_killed_leave_the_name_usable(place: Place) -> None:
    seed = random.randrange(1 << 32)
    print("seed", seed)
    chance = random.Random(seed)
    for _ in range(ROUNDS):
        starters = [["attach", "run", "--or-start"], ["serve", "run"], ["--name", "run"]]
        processes = race(place, [chance.choice(starters) for _ in range(16)])
        try:
            time.sleep(chance.random() * 0.03)
            killed = [process for process in processes if chance.random() < 0.7]
            for process in killed:
                process.kill()
                time.sleep(chance.random() * 0.003)
            # One that is dying still has its socket, and takes who comes in that moment along.
            for process in killed:
                process.wait()
            # Whatever is left of them, the name can be had, and belongs to one.
            done = place.run("attach", "run", "--or-start", data=ping())
            assert (done.returncode, done.stdout) == (0, pong()), done.stderr
            assert len(holders(place.lock("run"))) == 1
            assert len(place.processes()) == 1
        finally:
            finish(processes)
        wait_until(lambda: end_holders(place), "the lock is free")
