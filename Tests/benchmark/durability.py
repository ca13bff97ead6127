"""What a state directory costs: pushes with --state beside pushes without, and how long a start takes.

python Tests/benchmark/durability.py
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import evald
import numpy as np

ROWS = 4096
DURABILITIES = ("os", "interval", "disk")


@dataclass
class Cost:
    """What so many pushes took, in seconds: of all processors, of the daemon's, and by the wall."""

    processor: float
    daemon: float
    wall: float


def pushes(batches: int, shared: bool, *arguments: str, kill: bool = False) -> Cost:
    """What so many pushes cost, from the first to the answer behind the last."""
    rng = np.random.default_rng(7)
    scores = rng.random((64, ROWS), dtype=np.float32)
    labels = rng.integers(0, 2, (64, ROWS), dtype=np.uint8)
    with evald.start(args=list(arguments), shared_memory=shared) as server:
        stream = server.stream("s", task="binary")
        stream.query("f1")
        own, pid = time.process_time(), server.pid or 0
        daemon, start = seconds_of(pid), time.monotonic()
        for number in range(batches):
            stream.push(scores=scores[number % 64], labels=labels[number % 64])
        count = stream.query("f1").count
        wall = time.monotonic() - start
        own, daemon = time.process_time() - own, seconds_of(pid) - daemon
        assert count == batches * ROWS
        if kill:
            os.kill(pid, signal.SIGKILL)
    return Cost(own + daemon, daemon, wall)


def seconds_of(pid: int) -> float:
    """Processor seconds of a process so far, all of its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def start_of(state: Path) -> tuple[float, float]:
    """How long a start takes until it answers, and how much of that is recovery."""
    start = time.monotonic()
    with evald.start(args=["--state", str(state)]) as server:
        recovery = server.status()["recovery"]
        return time.monotonic() - start, recovery["seconds"]


def size_of(state: Path, pattern: str) -> float:
    """Megabytes of the files that match."""
    return sum(file.stat().st_size for file in state.glob(pattern)) / 1e6


def pushing(batches: int, rounds: int, folder: Path) -> None:
    """The table of what pushes cost."""
    print("| | columns | processor µs a batch | × without | wall µs a batch | × without |")
    print("|---|---|--:|--:|--:|--:|")
    for shared in (False, True):
        base: Cost | None = None
        for name in ("without", *DURABILITIES):
            found = []
            for number in range(rounds):
                state = folder / f"{name}{shared}{number}"
                flags = ["--state", str(state), "--durability", name]
                found.append(
                    pushes(batches, shared, *([] if name == "without" else flags))
                )
                shutil.rmtree(state, ignore_errors=True)
            best = Cost(
                min(cost.processor for cost in found),
                min(cost.daemon for cost in found),
                min(cost.wall for cost in found),
            )
            base = base or best
            cells = [
                f"`{name}`" if base is not best else name,
                "shared memory" if shared else "base64",
                f"{best.processor * 1e6 / batches:.1f}",
                f"{best.processor / base.processor:.2f}",
                f"{best.wall * 1e6 / batches:.1f}",
                f"{best.wall / base.wall:.2f}",
            ]
            print("| " + " | ".join(cells) + " |", flush=True)


def starting(rows: int, folder: Path) -> None:
    """The table of what a start takes."""
    print("\n| a start from | MB | s | of it recovery, s |")
    print("|---|--:|--:|--:|")
    state = folder / "start"
    pushes(rows // ROWS, True, "--state", str(state), kill=True)
    # More rows than these make a snapshot of their own, and then this is both.
    name = "the journal" + (" and a snapshot" if list(state.glob("snap-*")) else "")
    size = size_of(state, "*-*")
    total, recovery = start_of(state)
    print(f"| {name} | {size:.0f} | {total:.2f} | {recovery:.2f} |")
    # The end of that one wrote a snapshot.
    size = size_of(state, "snap-*")
    total, recovery = start_of(state)
    print(f"| a snapshot | {size:.0f} | {total:.2f} | {recovery:.2f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=2442)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=10_000_000)
    arguments = parser.parse_args()
    print(
        f"{arguments.batches * ROWS:,} rows in batches of {ROWS:,}, "
        f"the best of {arguments.rounds}:\n"
    )
    with tempfile.TemporaryDirectory(dir=os.environ.get("STATE_DIR")) as name:
        pushing(arguments.batches, arguments.rounds, Path(name))
        starting(arguments.rows, Path(name))


if __name__ == "__main__":
    main()
