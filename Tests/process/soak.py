"""Hours of what a fleet of trainers does to one evald, and what it costs it.

    python Tests/process/soak.py --minutes 60 --clients 32

One `evald serve` and many attached clients: each pushes to a stream of its own and to one that all
share, marks, asks, subscribes, takes checkpoints, rolls back, exports, and now and then deletes its
stream, or dies in the middle of a line. Prints a row a period: resident memory, descriptors, the
latency of a question. Fails when memory, descriptors or latency grow, or an answer is not the one
that was due.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import select
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from typing import Any

from support import PATIENCE, Daemon, binary, daemon, request, resident_bytes

# What each period of a run may be above the first after the warm-up.
MEMORY_ROOM = 1.10
LATENCY_ROOM = 4.0
PERIODS = 12
ROWS = 256
# Batches that each trainer has ready, so that evald is what is busy.
BATCHES = 64


class Replies:
    """What an evald answers, read in pieces: exported states have megabytes."""

    def __init__(self, evald: Daemon) -> None:
        self.descriptor = evald.stdout.fileno()
        self.rest = b""

    def read(self) -> Any:
        """The next one."""
        pieces = [self.rest]
        deadline = time.monotonic() + PATIENCE
        while b"\n" not in pieces[-1]:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.descriptor], [], [], left)[0]:
                raise AssertionError("no reply in time")
            piece = os.read(self.descriptor, 1 << 18)
            if not piece:
                raise AssertionError("the output has ended")
            pieces.append(piece)
        line, _, self.rest = b"".join(pieces).partition(b"\n")
        return json.loads(line)


def batches(stream: str, rng: random.Random) -> list[bytes]:
    """Lines that push a batch to a stream of one's own, and a few values to the shared one."""
    lines = []
    for _ in range(BATCHES):
        scores = [rng.random() for _ in range(ROWS)]
        batch = {
            "scores": scores,
            "labels": [int(rng.random() < score) for score in scores],
            "slices": {"part": rng.choice("abc")},
        }
        shared = {"stream": "shared", "batch": {"values": scores[:8]}}
        lines.append(
            request(1, "stream/push", {"stream": stream, "batch": batch})
            + b"\n"
            + request(1, "stream/push", shared)
            + b"\n"
        )
    return lines


class Trainer(threading.Thread):
    """One attached client; what it pushed is known, so each count is."""

    def __init__(self, name: str, number: int, stop: threading.Event) -> None:
        super().__init__(name=f"trainer {number}", daemon=True)
        self.socket = name
        self.stream = f"run {number}"
        self.rng = random.Random(number)
        self.stop = stop
        self.latencies: list[float] = []
        self.pushes = 0
        self.fault: Exception | None = None
        self.rows = 0
        self.batches = batches(self.stream, self.rng)

    def run(self) -> None:
        """Sessions one after the other, until told to stop."""
        try:
            while not self.stop.is_set():
                self.session()
        except (AssertionError, OSError, ValueError) as fault:  # for the main thread
            self.fault = fault

    def session(self) -> None:
        """One connection: a few hundred calls, then an end of one kind or another."""
        with daemon("attach", self.socket) as evald:
            self.replies = Replies(evald)
            self.call(
                evald,
                "stream/open",
                stream=self.stream,
                task="binary",
                slices=["part"],
            )
            self.call(evald, "stream/open", stream="shared", task="scalar")
            self.call(evald, "stream/reset", stream=self.stream)
            self.rows = 0
            self.call(evald, "metric/subscribe", stream="shared", min_interval_ms=500)
            for _ in range(self.rng.randrange(50, 400)):
                if self.stop.is_set():
                    break
                self.step(evald)
            if self.rng.random() < 0.3:
                self.call(evald, "stream/delete", stream=self.stream)
            if self.rng.random() < 0.3:
                evald.send(b'{"jsonrpc":"2.0","id":1,"method":"stream/pu')
                evald.process.kill()

    def step(self, evald: Daemon) -> None:
        """One call, as a training loop mixes them."""
        kind = self.rng.random()
        if kind < 0.7:
            evald.send(self.rng.choice(self.batches))
            self.result("stream/push")
            self.result("stream/push")
            self.rows += ROWS
            self.pushes += 2
        elif kind < 0.85:
            before = time.perf_counter()
            answer = self.call(evald, "metric/query", stream=self.stream)
            self.latencies.append(time.perf_counter() - before)
            if answer["count"] != self.rows or not answer["complete"]:
                raise AssertionError(f"{self.rows} rows were pushed: {answer}")
        elif kind < 0.93:
            self.call(evald, "stream/mark", stream=self.stream)
            self.rows = 0
        elif kind < 0.97:
            self.call(
                evald, "stream/checkpoint", stream=self.stream, name="step", keep=2
            )
            self.call(evald, "stream/rollback", stream=self.stream, name="step")
        else:
            self.call(evald, "state/export", stream=self.stream)
            if self.rng.random() < 0.1:
                self.call(evald, "stream/reset", stream="shared")

    def call(self, evald: Daemon, method: str, **params: Any) -> Any:
        """The result of a request."""
        evald.send(request(1, method, params) + b"\n")
        return self.result(method)

    def result(self, method: str) -> Any:
        """The next reply; updates of subscriptions are passed over."""
        while True:
            reply = self.replies.read()
            if "method" in reply:
                continue
            if "error" in reply:
                raise AssertionError(f"{method}: {reply['error']}")
            return reply["result"]


def quantile(values: list[float], at: float) -> float:
    """The value at a share of the sorted ones; 0 without any."""
    return sorted(values)[int(at * (len(values) - 1))] if values else 0.0


@dataclass
class Period:
    """The most that was seen in a part of the run; latencies of questions in milliseconds."""

    memory: float = 0.0
    # What evald itself says that its streams take; the rest is its own, and what malloc keeps.
    accounted: float = 0.0
    descriptors: int = 0
    median: float = 0.0
    slowest: float = 0.0

    def __str__(self) -> str:
        return (
            f"{self.memory:7.1f} MiB ({self.accounted:5.1f} of streams)  {self.descriptors:3} descriptors  "
            f"p50 {self.median:6.2f} ms  p99 {self.slowest:6.2f} ms"
        )


def observe(evald: Daemon, pid: int, trainers: list[Trainer], seconds: float) -> Period:
    """Looks on for one period."""
    for trainer in trainers:
        trainer.latencies.clear()
    seen = Period()
    end = time.monotonic() + seconds
    replies = Replies(evald)
    while time.monotonic() < end:
        time.sleep(min(1.0, seconds / 5))
        evald.send(request(1, "server/status") + b"\n")
        accounted = replies.read()["result"]["memory"]["accounted_bytes"]
        seen.accounted = max(seen.accounted, accounted / 2**20)
        seen.memory = max(seen.memory, resident_bytes(pid) / 2**20)
        seen.descriptors = max(
            seen.descriptors, len(os.listdir(f"/proc/{pid}/fd"))
        )
        for trainer in trainers:
            if trainer.fault:
                raise trainer.fault
    latencies = [value for trainer in trainers for value in list(trainer.latencies)]
    seen.median = quantile(latencies, 0.5) * 1e3
    seen.slowest = quantile(latencies, 0.99) * 1e3
    return seen


def check(periods: list[Period]) -> None:
    """Holds the last periods against the first after the warm-up."""
    first, last = periods[2:5], periods[-3:]
    for name, room, slack in (
        ("memory", MEMORY_ROOM, 8),
        ("descriptors", 1.0, 4),
        ("slowest", LATENCY_ROOM, 4),
    ):
        before = max(getattr(period, name) for period in first)
        after = max(getattr(period, name) for period in last)
        assert after <= before * room + slack, (name, before, after)


def soak(minutes: float, clients: int, state: str | None) -> None:
    """Runs the fleet, and holds the last periods against the first."""
    name = "soak"
    durable = ["--state", state] if state else []
    serve = subprocess.Popen(
        [binary(), "serve", name, *durable], stdin=subprocess.DEVNULL
    )
    time.sleep(1)
    stop = threading.Event()
    trainers = [Trainer(name, number, stop) for number in range(clients)]
    try:
        for trainer in trainers:
            trainer.start()
        periods = []
        with daemon("attach", name) as observer:
            for number in range(1, PERIODS + 1):
                seconds = minutes * 60 / PERIODS
                periods.append(observe(observer, serve.pid, trainers, seconds))
                pushes = sum(trainer.pushes for trainer in trainers)
                print(
                    f"{number:2}/{PERIODS}  {periods[-1]}  {pushes:9,} pushes",
                    flush=True,
                )
        check(periods)
    finally:
        stop.set()
        for trainer in trainers:
            trainer.join(30)
        serve.terminate()
        assert serve.wait(30) == 0


def main() -> None:
    """Reads the arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--state", action="store_true", help="with a state directory")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        # Where `evald ps` of others does not see it; short, since the path of a socket must be.
        os.environ["XDG_RUNTIME_DIR"] = directory
        state = f"{directory}/state" if arguments.state else None
        soak(arguments.minutes, arguments.clients, state)
    print("nothing grew")


if __name__ == "__main__":
    main()
