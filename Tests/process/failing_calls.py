"""System calls on a state directory that fail, in the real executable, and what must be so after that.

strace lets a call fail without making it: the Nth of its kind, or all from the Nth on. It counts those on
the files of the directory alone, so that what fails is what a broken or full disk would let fail.
"""

from __future__ import annotations

import errno
import functools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from state_model import Step, ask, told
from support import Daemon

STREAMS = ["ids", "plain"]
# More generations of files than a session makes.
GENERATIONS = 40
USAGE, DURABILITY_FAILED = 2, 1023


@dataclass(frozen=True)
class Fault:
    """One kind of call fails: once, at the call `first`, or from there on."""

    # As strace names them; each machine has some of these.
    calls: str
    error: str
    first: int
    lasts: bool = False
    # Another one that is there all the time, in strace's words.
    also: str = ""

    # The files it is about begin so.
    files: tuple[str, ...] = ("",)

    def command(self, state: Path, log: Path) -> list[str]:
        """strace, which is still to be told what to look at."""
        names = ["", "/", "/LOCK", "/quarantine"]
        # What has another name before it is whole.
        news = ["/FORMAT", "/MANIFEST"]
        for number in range(1, GENERATIONS):
            news += [f"/wal-{number:020}.evj", f"/snap-{number:020}.evs"]
        names += [*news, *(f"{name}.tmp" for name in news)]
        command = ["strace", "-f", "-qq", "--seccomp-bpf", "-o", str(log)]
        for name in names:
            if name.startswith(self.files):
                command += ["-P", f"{state}{name}"]
        kinds = ",".join(f"?{call}" for call in self.calls.split(","))
        when = f"{self.first}{'+' if self.lasts else ''}"
        command += ["-e", f"inject={kinds}:error={self.error}:when={when}"]
        if self.also:
            command += ["-e", f"inject={self.also}"]
            kinds += f",{self.also.partition(':')[0]}"
        return [*command, "-e", f"trace={kinds}"]

    @property
    def reason(self) -> bytes:
        """What the system calls it."""
        return os.strerror(getattr(errno, self.error)).encode()

    def was_met(self, log: str) -> bool:
        """Whether a call failed, by what strace saw."""
        calls = tuple(f" {call}(" for call in self.calls.split(","))
        injected = (line for line in log.splitlines() if "(INJECTED)" in line)
        return any(call in line for line in injected for call in calls)


def can_trace() -> bool:
    """Whether strace is there, and may look on."""
    if sys.platform != "linux":
        return False
    command = ["strace", "-D", "-f", "-o", "/dev/null", "--seccomp-bpf", "true"]
    try:
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def step(method: str, stream: str, **params: Any) -> Step:
    return {"method": method, "params": {"stream": stream, **params}}


def push(stream: str, seq: int, first: int) -> Step:
    """A few rows, the ids of which begin at `first`."""
    batch = {
        "scores": [(first * 7 + row * 31) % 97 / 97 for row in range(5)],
        "labels": [(first + row) % 2 for row in range(5)],
        "ids": [first + row for row in range(5)],
    }
    return step("stream/push", stream, batch=batch, producer="p", seq=seq)


@functools.cache
def exported() -> str:
    """The state of a stream of other rows."""
    evald = Daemon()
    ask(evald, step("stream/open", "plain", task="binary"))
    ask(evald, push("plain", 1, 500))
    state: str = ask(evald, step("state/export", "plain"))["state"]
    evald.end()
    return state


def opening() -> list[Step]:
    return [
        step("stream/open", "ids", task="binary", options={"unique_ids": True}),
        step("stream/open", "plain", task="binary"),
    ]


def session(first: int = 1, plain: int = 1) -> Iterator[Step]:
    """Every kind of change; the streams wait for pushes of these numbers."""
    yield from opening()
    yield push("ids", first, 10 * first)
    # Some of its ids were there before.
    yield push("ids", first + 1, 10 * first + 3)
    yield push("plain", plain, first)
    yield step("stream/checkpoint", "ids", name="kept")
    yield step("stream/mark", "ids")
    yield push("ids", first + 2, 10 * first + 20)
    yield step("stream/rollback", "ids", name="kept")
    yield push("ids", first + 2, 10 * first + 40)
    yield step("state/merge", "plain", state=exported())
    yield push("plain", plain + 1, first + 5)
    yield step("stream/reset", "plain")
    yield push("plain", 1, first + 9)


@functools.cache
def expected(done: tuple[str, ...]) -> list[str]:
    """What an evald without a directory tells after these steps, of the streams that it has."""
    evald = Daemon()
    for text in done:
        ask(evald, json.loads(text))
    answers = told(evald, opened(done))
    evald.end()
    return answers


def opened(done: tuple[str, ...]) -> list[str]:
    made = {json.loads(text)["params"]["stream"] for text in done}
    return [name for name in STREAMS if name in made]


@dataclass
class Run:
    """One evald that meets a fault, and its client, which sends again what was refused."""

    state: Path
    # Whether the client closes the input at the end; else evald is killed.
    ends: bool
    # What was acknowledged, in this process or before.
    done: list[str] = field(default_factory=list)
    refusals: int = 0
    # Whether the fault was told: by a refusal, or on standard error.
    told: bool = False
    # How many changes these were.
    changes: int = 0

    def take(self, evald: Daemon, step: Step) -> bool:
        """Whether the step was acknowledged. If not, it was refused as it should be."""
        line = {"jsonrpc": "2.0", "id": 1, **step}
        reply = json.loads(evald.ask(json.dumps(line).encode()))
        if "result" in reply:
            # What was refused before had not been counted.
            assert reply["result"].get("duplicate", False) is False, reply
            self.done.append(json.dumps(step))
            is_open = step["method"] == "stream/open"
            self.changes += not is_open or reply["result"]["created"]
            return True
        assert reply["error"]["code"] == DURABILITY_FAILED, (step, reply)
        assert reply["error"]["data"]["kind"] == "DurabilityFailed", reply
        self.refusals += 1
        self.told = True
        return False

    def under(self, fault: Fault, steps: list[Step]) -> bool:
        """Lives once with the fault; whether it was met."""
        with tempfile.NamedTemporaryFile() as log:
            # evald is the child that is started, and strace looks on.
            command = [*fault.command(self.state, Path(log.name)), "-D"]
            flags = ("--state", str(self.state), "--durability", "disk")
            evald = Daemon(*flags, under=command)
            try:
                self.live(evald, fault, steps)
            finally:
                evald.process.kill()
                _, complaints = evald.process.communicate()
            self.told |= fault.reason in complaints
            return fault.was_met(Path(log.name).read_text())

    def live(self, evald: Daemon, fault: Fault, steps: list[Step]) -> None:
        evald.send(b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n')
        if not evald.read_line():
            # It would not start, and says why.
            status, output, log = evald.end()
            assert (status, output) == (USAGE, b""), (fault, status, log)
            assert str(self.state).encode() in log and fault.reason in log, (fault, log)
            self.told = True
            return
        for step in steps:
            if self.take(evald, step) or self.take(evald, step):
                continue
            # What has passed is not in the way of what comes later.
            assert fault.lasts, (fault, step)
            break
        done = tuple(self.done)
        assert told(evald, opened(done)) == expected(done), fault
        if self.ends:
            status, output, log = evald.end()
            assert (status, output) == (0, b"")
            self.told |= fault.reason in log

    def check(self) -> None:
        """A start without a fault has all that was acknowledged, once, and goes on."""
        evald = Daemon("--state", str(self.state))
        try:
            done = tuple(self.done)
            status = ask(evald, {"method": "server/status"})
            assert status["durability"]["written_records"] == self.changes, status
            assert told(evald, opened(done)) == expected(done)
            if done and "stream/push" in done[-1]:
                assert ask(evald, json.loads(done[-1]))["duplicate"]
            ask(evald, opening()[0])
            about = ask(evald, step("stream/describe", "ids"))
            seq = about["producers"].get("p", 0) + 1
            assert not ask(evald, push("ids", seq, 9000))["duplicate"]
        finally:
            evald.process.kill()
            evald.process.communicate()
