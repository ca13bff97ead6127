"""What a state directory must hold after a kill, by a model that knows what was acknowledged.

A session pushes, marks, makes checkpoints, rolls back and resets on several streams, without waiting for
each reply, until evald is killed with SIGKILL at a random moment. The next start must hold all that was
acknowledged, and of the rest a beginning: what was sent after the last reply may be there up to any
point. The answers must be, digit for digit, those of an evald that was told the same and never killed.
"""

from __future__ import annotations

import json
import os
import random
import selectors
import subprocess
import time
from pathlib import Path
from typing import Any

from support import Daemon

STREAMS = ("a", "b", "c")
# Sent and not yet answered.
AHEAD = 40

Step = dict[str, Any]


def opening(stream: str) -> Step:
    options = {"unique_ids": True} if stream == "a" else {}
    params = {"stream": stream, "task": "binary", "options": options}
    return {"method": "stream/open", "params": params}


def questions(streams: list[str]) -> list[Step]:
    """What tells two servers with these streams apart."""
    asked: list[Step] = [{"method": "stream/list"}]
    for stream in streams:
        params: dict[str, Any] = {"stream": stream}
        for window in ("current", "all"):
            more = {"window": window, "metrics": ["f1", "roc_auc", "log_loss"]}
            asked.append({"method": "metric/query", "params": params | more})
        asked.append({"method": "stream/describe", "params": params})
        asked.append({"method": "metric/history", "params": params})
    return asked


def ask(evald: Daemon, step: Step) -> Any:
    """The result of one request."""
    line = json.dumps({"jsonrpc": "2.0", "id": 0, **step}).encode()
    evald.send(line + b"\n")
    reply = b""
    while not reply.endswith(b"\n"):
        piece = os.read(evald.stdout.fileno(), 1 << 16)
        assert piece, "evald has ended"
        reply += piece
    return json.loads(reply)["result"]


def told(evald: Daemon, streams: list[str]) -> list[str]:
    """Answers as text, without what depends on the moment."""
    found = []
    for question in questions(streams):
        result = ask(evald, question)
        for part in (result, *result.get("streams", [])):
            part.pop("memory_bytes", None)
        for row in result.get("rows", []):
            row.pop("time", None)
        found.append(json.dumps(result, sort_keys=True))
    return found


class Model:
    """An evald that is never killed, and is told what is known to have happened to the other."""

    def __init__(self) -> None:
        self.evald = Daemon()
        self.steps = 0
        self.opened: set[str] = set()
        self.sequence = dict.fromkeys(STREAMS, 0)
        self.next_id = 0
        self.checkpoints: set[str] = set()

    def apply(self, step: Step) -> None:
        ask(self.evald, step)
        self.steps += 1
        if step["method"] == "stream/open":
            self.opened.add(step["params"]["stream"])
        if step["method"] == "stream/checkpoint":
            self.checkpoints.add(step["params"]["stream"])

    def close(self) -> None:
        self.evald.process.kill()
        self.evald.process.communicate()

    def next_step(self, dice: random.Random) -> Step:
        """The next thing to do."""
        stream = dice.choice(STREAMS)
        params: dict[str, Any] = {"stream": stream}
        kind = dice.random()
        if kind < 0.88:
            count = dice.randrange(1, 100)
            self.next_id += count
            self.sequence[stream] += 1
            batch = {
                "scores": [round(dice.random(), 6) for _ in range(count)],
                "labels": [dice.randrange(2) for _ in range(count)],
                "ids": [self.next_id - dice.randrange(2 * count) for _ in range(count)],
            }
            params |= {"batch": batch, "producer": "p", "seq": self.sequence[stream]}
            return {"method": "stream/push", "params": params}
        if kind < 0.94:
            return {"method": "stream/mark", "params": params}
        if kind < 0.98 or stream not in self.checkpoints:
            params |= {"name": "kept", "keep": 1}
            return {"method": "stream/checkpoint", "params": params}
        # The numbers that are right after these are known only when they are done.
        if kind < 0.99:
            return {"method": "stream/rollback", "params": params | {"name": "kept"}}
        return {"method": "stream/reset", "params": params}


class Life:
    """One life of an evald, from its start to its kill."""

    def __init__(self, command: list[str], model: Model, dice: random.Random) -> None:
        self.model = model
        self.dice = dice
        self.sent: list[Step] = []
        self.pending = b""
        self.replies = b""
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )

    def add(self, step: Step) -> None:
        line = {"jsonrpc": "2.0", "id": len(self.sent), **step}
        self.pending += json.dumps(line).encode() + b"\n"
        self.sent.append(step)

    def run(self, seconds: float) -> int:
        """Goes on for so long, and kills; gives how many steps were acknowledged."""
        assert self.process.stdin and self.process.stdout
        for stream in STREAMS:
            if stream not in self.model.opened:
                self.add(opening(stream))
        end = time.monotonic() + seconds
        may_go_on = True
        os.set_blocking(self.process.stdin.fileno(), False)
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            selector.register(self.process.stdin, selectors.EVENT_WRITE)
            while time.monotonic() < end:
                answered = self.replies.count(b"\n")
                if not may_go_on and answered == len(self.sent):
                    break
                while may_go_on and len(self.sent) - answered < AHEAD:
                    step = self.model.next_step(self.dice)
                    self.add(step)
                    # What follows is numbered anew: it waits for the next life.
                    may_go_on = step["method"] not in (
                        "stream/rollback",
                        "stream/reset",
                    )
                for key, _ in selector.select(0.01):
                    if key.fileobj is self.process.stdout:
                        self.replies += os.read(key.fd, 1 << 16)
                    elif self.pending:
                        self.pending = self.pending[os.write(key.fd, self.pending) :]
                    else:
                        time.sleep(0.001)
        self.process.kill()
        rest, _ = self.process.communicate()
        self.replies += rest
        answered_lines = self.replies.split(b"\n")[:-1]
        for line in answered_lines:
            assert "result" in json.loads(line), line
        return len(answered_lines)


def kill_round(
    binary: str, state: Path, model: Model, dice: random.Random, number: int
) -> int:
    """Kills one evald and looks at what it left; gives how many steps it had acknowledged."""
    durability = dice.choice(["os", "interval", "disk"])
    command = [binary, "--state", str(state), "--durability", durability]
    life = Life(command, model, dice)
    acknowledged = life.run(dice.expovariate(1 / 0.15))
    after = Daemon("--state", str(state))
    try:
        written = ask(after, {"method": "server/status"})["durability"]
        done = written["written_records"] - model.steps
        where = f"round {number}, {durability}: {acknowledged} of {len(life.sent)} acknowledged, {done} there"
        assert acknowledged <= done <= len(life.sent), where
        for step in life.sent[:done]:
            model.apply(step)
        there = sorted(model.opened)
        assert told(after, there) == told(model.evald, there), where
        # What was sent and is not there is not sent again, so its numbers are free.
        model.sequence = dict.fromkeys(STREAMS, 0)
        for stream in there:
            about = {"method": "stream/describe", "params": {"stream": stream}}
            model.sequence[stream] = ask(after, about)["producers"].get("p", 0)
    finally:
        # Half of the lives end by their own, and leave a snapshot; the others leave a longer journal.
        if dice.random() < 0.5:
            after.process.kill()
        after.process.communicate()
    return acknowledged
