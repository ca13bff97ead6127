"""What does not depend on how many rows there are: parsing, base64, round trips, the start.

    python Tests/benchmark/limits.py [--rounds N] [--swiftc PATH]

Each beside what it is measured by, in the same run: arrays of numbers in JSON beside orjson (both
only parse, the same text), base64 beside a table in C, a ping beside `cat`, which sends every line
back. Wants a Swift and a C compiler; the least of many rounds counts, of processor time where
nothing is waited for.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import orjson
from evald._binary import find_binary
from run import start_up

HERE = Path(__file__).parent
SOURCES = HERE.parents[1] / "Sources"


def build(folder: Path, swiftc: str) -> Path:
    """Compiles the parser, the decoders and the loops around them, optimised as evald is."""
    vectorised, asking = [], []
    if platform.machine() == "x86_64":
        vectorised, asking = ["-Xcc", "-mavx2"], ["-Xcc", "-mxsavec"]
    common = [swiftc, "-O", "-wmo", "-swift-version", "6", "-parse-as-library"]
    common += ["-enforce-exclusivity=unchecked"]
    program = folder / "wire-benchmark"

    def sources(module: str) -> list[str]:
        return [str(path) for path in sorted((SOURCES / module).glob("*.swift"))]

    def library(module: str, flags: list[str]) -> list[str]:
        command = [
            *common,
            *flags,
            "-module-name",
            module,
            "-emit-module",
            "-emit-module-path",
        ]
        command += [str(folder / f"{module}.swiftmodule"), "-c", *sources(module)]
        return [*command, "-o", str(folder / f"{module}.o")]

    objects = [str(folder / name) for name in ("Processors.o", "WireAVX2.o", "table.o")]
    for command in (
        ["cc", "-O3", "-c", str(HERE / "wire/table.c"), "-o", str(folder / "table.o")],
        library("Processors", asking),
        library("WireAVX2", vectorised),
        [
            *common,
            "-module-name",
            "WireBenchmark",
            "-I",
            str(folder),
            *sources("WireJSON"),
        ]
        + [str(HERE / "wire/WireBenchmark.swift"), *objects, "-o", str(program)],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{' '.join(command[:3])} failed:\n{done.stderr}")
    return program


def arrays() -> dict[str, bytes]:
    """Texts of 4,096 scores and labels: doubles in full, floats in full, and the labels alone."""
    rng = np.random.default_rng(0)
    labels = (rng.random(4096) < 0.3).astype(int).tolist()
    scores = rng.random(4096)
    return {
        "float64 scores and labels": orjson.dumps(
            {"scores": scores.tolist(), "labels": labels}
        ),
        "six digits and labels": orjson.dumps(
            {"scores": scores.round(6).tolist(), "labels": labels}
        ),
    }


def wire(swiftc: str, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        program = build(folder, swiftc)
        for what, text in arrays().items():
            (folder / "text").write_bytes(text)
            done = subprocess.run(
                [str(program), str(folder / "text"), str(rounds)],
                capture_output=True,
                text=True,
                check=True,
            )
            ours = dict(line.split() for line in done.stdout.splitlines())
            theirs = min(timed_parse(text) for _ in range(rounds))
            own = float(ours["json"])
            print(
                f"JSON, {what}, {len(text):,} bytes: evald {own / 1e3:.1f} µs, "
                f"orjson {theirs / 1e3:.1f} µs: {theirs / own:.2f} times"
            )
        own, table = float(ours["base64"]), float(ours["table"])
        print(
            f"base64 of 4,096 float32: evald {own / 1e3:.2f} µs, a table in C {table / 1e3:.2f} µs: "
            f"{table / own:.2f} times"
        )


def timed_parse(text: bytes) -> float:
    start = time.process_time_ns()
    for _ in range(20):
        orjson.loads(text)
    return (time.process_time_ns() - start) / 20


class Echo:
    """A process that answers each line with one."""

    def __init__(self, command: list[str]) -> None:
        self.child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )
        assert self.child.stdin and self.child.stdout
        self.write, self.read = self.child.stdin.fileno(), self.child.stdout.fileno()

    def round_trips(self, line: bytes, count: int) -> list[int]:
        taken = []
        for _ in range(count):
            start = time.perf_counter_ns()
            os.write(self.write, line)
            os.read(self.read, 4096)
            taken.append(time.perf_counter_ns() - start)
        return taken

    def close(self) -> None:
        assert self.child.stdin
        self.child.stdin.close()
        self.child.wait()


def ping(binary: str, rounds: int) -> None:
    line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping"}).encode() + b"\n"
    # On one processor a wake-up on another is not in the way.
    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(own)})
    ours, theirs = Echo([binary]), Echo(["cat"])
    os.sched_setaffinity(0, {min(own)})
    ratios, evald, cat = [], [], []
    for _ in range(rounds):
        a = statistics.median(ours.round_trips(line, 500))
        b = statistics.median(theirs.round_trips(line, 500))
        ratios.append(a / b)
        evald.append(a)
        cat.append(b)
    ours.close()
    theirs.close()
    os.sched_setaffinity(0, own)
    print(
        f"ping, p50 on one core: evald {min(evald) / 1e3:.2f} µs, cat {min(cat) / 1e3:.2f} µs: "
        f"{statistics.median(ratios):.2f} times (median of {rounds} pairs of 500)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--swiftc", default=shutil.which("swiftc") or "swiftc")
    given = parser.parse_args()
    binary = str(find_binary())
    print(f"{platform.machine()}, orjson {orjson.__version__}")
    wire(given.swiftc, given.rounds)
    ping(binary, given.rounds)
    milliseconds, mib = start_up(binary)
    print(
        f"first reply {milliseconds:.1f} ms after spawn; idle, {mib:.1f} MiB resident"
    )


if __name__ == "__main__":
    main()
