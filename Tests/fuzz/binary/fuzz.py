"""Feeds the real binary with mutated messages and holds it to its word.

Invariants: every request is answered once and under its own id, in order; a notification never;
what is no JSON is refused as such, and nothing else is; every byte on standard output is part of a
line that parses; the process lives; a stream that nobody touches answers as before.
With `--state`, each process has a state directory and is killed at its end: the next one on that
directory must tell the same of every stream.

    python Tests/fuzz/binary/fuzz.py --seconds 20 --seed 1

A failure prints the seed and writes the lines of that process to a file.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import mutate
import oracle
from transcripts import LABELS, MESSAGES, SCORES, call

ROOT = Path(__file__).resolve().parents[3]
CANARY = "canary 5f1d"
LINES_A_ROUND = 100
ROUNDS_A_PROCESS = 20
PATIENCE = 60.0


class Failure(Exception):
    """An invariant that does not hold."""


class Evald:
    """One process; a thread drains its output, so that no pipe can fill up."""

    def __init__(self, binary: str, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [binary, "--max-memory", "256MiB", "--max-streams", "50", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.lines: list[bytes] = []
        self.arrived = threading.Condition()
        self.ended = False
        self.reader = threading.Thread(target=self._drain, daemon=True)
        self.reader.start()

    def _drain(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self.arrived:
                self.lines.append(line)
                self.arrived.notify()
        with self.arrived:
            self.ended = True
            self.arrived.notify()

    def send(self, data: bytes) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(data)
            self.process.stdin.flush()
        except BrokenPipeError as error:
            raise Failure("the process is gone") from error

    def next_line(self) -> bytes:
        deadline = time.monotonic() + PATIENCE
        with self.arrived:
            while not self.lines:
                left = deadline - time.monotonic()
                if self.ended or left <= 0 or not self.arrived.wait(left):
                    if self.lines:
                        break
                    status = self.process.poll()
                    raise Failure(f"no reply; the process's status is {status}")
            return self.lines.pop(0)

    def ask(self, message: dict[str, Any]) -> Any:
        """The result of one request that must succeed."""
        self.send(request("ask", message))
        reply = next_reply(self)
        if "result" not in reply:
            raise Failure(f"{message} was answered {reply!r}")
        return reply["result"]

    def kill(self) -> None:
        """Ends it as the system does that wants its memory."""
        self.process.kill()
        self.process.wait(PATIENCE)

    def close(self) -> None:
        assert self.process.stdin is not None and self.process.stderr is not None
        self.process.stdin.close()
        status = self.process.wait(PATIENCE)
        log = self.process.stderr.read()
        if status != 0:
            raise Failure(f"status {status} at the end: {log[-2000:]!r}")
        if log:
            raise Failure(f"a healthy run logs nothing: {log[:2000]!r}")
        self.reader.join(PATIENCE)
        # A subscription may be due after the last reply.
        for line in self.lines:
            if "method" not in parsed(line):
                raise Failure(f"a line too many: {line[:500]!r}")


def parsed(line: bytes) -> Any:
    """A line of standard output."""
    if not line.endswith(b"\n"):
        raise Failure(f"an output line without its end: {line[-200:]!r}")
    try:
        return json.loads(line, parse_constant=lambda name: 1 / 0)
    except (ValueError, ZeroDivisionError) as error:
        raise Failure(f"not JSON: {line[:500]!r}") from error


def next_reply(evald: Evald) -> Any:
    """The next line that is no notification."""
    while True:
        value = parsed(evald.next_line())
        if isinstance(value, dict) and "method" in value:
            if "id" in value or value.get("jsonrpc") != "2.0":
                raise Failure(f"neither reply nor notification: {value!r}")
            continue
        return value


def check_reply(reply: Any, ident: Any, code: int | None) -> None:
    """Holds one reply against what the oracle says."""
    if not isinstance(reply, dict) or reply.get("jsonrpc") != "2.0":
        raise Failure(f"no reply: {reply!r}")
    if ("result" in reply) == ("error" in reply) or "id" not in reply:
        raise Failure(f"a reply has an id, and a result or an error: {reply!r}")
    if ident is not ... and (
        reply["id"] != ident or type(reply["id"]) is not type(ident)
    ):
        raise Failure(f"the id should be {ident!r}: {reply!r}")
    error = reply.get("error")
    if error is not None:
        data = error.get("data", {})
        if list(data)[:3] != ["kind", "path", "hint"] or not error.get("message"):
            raise Failure(f"an error without kind, path, hint or message: {reply!r}")
        if error["code"] in (-32603,):
            raise Failure(f"a fault of the server: {reply!r}")
    got = error["code"] if error is not None else None
    if code is None:
        if got == -32700:
            raise Failure(f"valid JSON was refused: {reply!r}")
    elif got != code:
        raise Failure(f"the code should be {code}: {reply!r}")


def check_line(evald: Evald, line: bytes) -> None:
    """Reads what a line must be answered with."""
    expected = oracle.expect(line)
    if not expected.replies:
        return
    reply = next_reply(evald)
    replies = reply if expected.is_batch else [reply]
    if not isinstance(replies, list) or len(replies) != len(expected.replies):
        raise Failure(f"{len(expected.replies)} replies were due: {reply!r}")
    for one, (ident, code) in zip(replies, expected.replies, strict=True):
        check_reply(one, ident, code)


class Fuzzer:
    """Mutated lines from one seed."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.idents = itertools.count(1)

    def message(self) -> Any:
        """A message, a notification, or a batch, mutated."""
        rng = self.rng
        if rng.random() < 0.05:
            return [self.message() for _ in range(rng.choice([0, 1, 2, 5]))]
        value: dict[str, Any] = dict(rng.choice(MESSAGES))
        if rng.random() < 0.8:
            ident = next(self.idents)
            value["id"] = ident if rng.random() < 0.8 else f"s{ident}"
        return mutate.mutate_value(rng, value)

    def line(self) -> bytes:
        """One line without its LF."""
        line = mutate.as_line(self.rng, self.message())
        if self.rng.random() < 0.25:
            line = mutate.mutate_bytes(
                self.rng, line, mutate.as_line(self.rng, self.message())
            )
        return line.replace(b"\n", b" ")


def request(ident: str, message: dict[str, Any]) -> bytes:
    """A canary's line."""
    return json.dumps({**message, "id": ident}).encode() + b"\n"


def canary_setup(evald: Evald) -> bytes:
    """Opens the stream that nobody touches; what asks for it."""
    evald.send(request("discover", call("rpc.discover")))
    methods = {item["name"] for item in next_reply(evald)["result"]["methods"]}
    if "metric/query" not in methods:
        return request("canary", call("ping"))
    batch = {"scores": SCORES, "labels": LABELS}
    for message in (
        call("stream/open", stream=CANARY, task="binary"),
        call("stream/push", stream=CANARY, batch=batch),
    ):
        evald.send(request("setup", message))
        if "result" not in next_reply(evald):
            raise Failure("the canary could not be set up")
    return request("canary", call("metric/query", stream=CANARY))


def canary_answer(reply: Any) -> Any:
    """The answer without what a rollback of all streams may raise."""
    result = dict(reply.get("result", {"failed": reply}))
    result.pop("revision", None)
    return result


def told(evald: Evald) -> list[Any]:
    """All that it says of its streams, without what depends on the moment."""
    found = [evald.ask(call("stream/list"))]
    for stream in [item["stream"] for item in found[0]["streams"]]:
        description = evald.ask(call("stream/describe", stream=stream))
        description.pop("memory_bytes")
        found.append(description)
        for window in ("current", "all"):
            question = call("metric/query", stream=stream, window=window)
            found.append(evald.ask(question))
        found.append(evald.ask(call("metric/history", stream=stream)))
    return found


def check_kill(evald: Evald, binary: str, directory: str) -> Evald:
    """Kills it; the next one on the same directory must know all that it knew."""
    before = told(evald)
    evald.kill()
    again = Evald(binary, "--state", directory)
    for one, other in itertools.zip_longest(before, told(again)):
        if one != other:
            raise Failure(f"after a kill {other!r}, and before it {one!r}")
    return again


def rounds(evald: Evald, fuzzer: Fuzzer, until: float, sent: list[bytes]) -> None:
    """Rounds of lines, each followed by the canary."""
    canary = canary_setup(evald)
    evald.send(canary)
    healthy = canary_answer(next_reply(evald))
    for _ in range(ROUNDS_A_PROCESS):
        lines = [fuzzer.line() for _ in range(LINES_A_ROUND)]
        sent.extend(lines)
        evald.send(b"".join(line + b"\n" for line in lines) + canary)
        for line in lines:
            try:
                check_line(evald, line)
            except Failure as failure:
                raise Failure(f"{failure}\nafter the line {line[:2000]!r}") from None
        answer = next_reply(evald)
        if answer.get("id") != "canary" or canary_answer(answer) != healthy:
            raise Failure(f"the canary answered {answer!r}, not {healthy!r}")
        if time.monotonic() > until:
            break


def one_process(
    binary: str, fuzzer: Fuzzer, until: float, sent: list[bytes], durable: bool
) -> None:
    """One process and its end, and with a state directory the one after it."""
    with tempfile.TemporaryDirectory() as directory:
        evald = Evald(binary, *(["--state", directory] if durable else []))
        try:
            rounds(evald, fuzzer, until, sent)
            if durable:
                evald = check_kill(evald, binary, directory)
            evald.close()
        finally:
            evald.kill()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0)
    release = ROOT / ".build" / "release" / "evald"
    parser.add_argument("--evald", default=os.environ.get("EVALD_BIN") or str(release))
    parser.add_argument("--state", action="store_true", help="with a state directory")
    options = parser.parse_args()
    fuzzer = Fuzzer(options.seed)
    until = time.monotonic() + options.seconds
    total = 0
    while time.monotonic() < until:
        sent: list[bytes] = []
        try:
            one_process(options.evald, fuzzer, until, sent, options.state)
        except Failure as failure:
            descriptor, path = tempfile.mkstemp(prefix="evald-fuzz-", suffix=".jsonl")
            with os.fdopen(descriptor, "wb") as file:
                file.write(b"".join(line + b"\n" for line in sent))
            print(f"seed {options.seed}: {failure}\nlines: {path}", file=sys.stderr)
            return 1
        total += len(sent)
    print(f"seed {options.seed}: {total} lines, all as they should be")
    return 0


if __name__ == "__main__":
    sys.exit(main())
