"""What a state directory costs: pushes with --state beside pushes without, and how long a start takes.

python Tests/benchmark/durability.py
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path

import evald
import numpy as np

ROWS = 4096


def processor() -> float:
    """Seconds of this process and of its children that have ended."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in (
            resource.getrusage(resource.RUSAGE_SELF),
            resource.getrusage(resource.RUSAGE_CHILDREN),
        )
    )


def pushes(batches: int, *arguments: str) -> tuple[float, float]:
    """Processor and wall seconds of so many pushes, from the first to the answer behind the last."""
    rng = np.random.default_rng(7)
    scores = rng.random((64, ROWS), dtype=np.float32)
    labels = rng.integers(0, 2, (64, ROWS), dtype=np.uint8)
    before, start = processor(), time.monotonic()
    with evald.start(args=list(arguments)) as server:
        stream = server.stream("s", task="binary")
        for number in range(batches):
            stream.push(scores=scores[number % 64], labels=labels[number % 64])
        count = stream.query("f1").count
        wall = time.monotonic() - start
    assert count == batches * ROWS
    return processor() - before, wall


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=2442)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    batches = arguments.batches
    print(
        f"{batches * ROWS:,} rows in batches of {ROWS:,}, the best of {arguments.rounds}:\n"
    )
    print("| | processor µs a batch | × without | wall µs a batch | × without |")
    print("|---|--:|--:|--:|--:|")
    base = (0.0, 0.0)
    with tempfile.TemporaryDirectory(dir=os.environ.get("STATE_DIR")) as folder:
        for name in ("without", "os", "interval", "disk"):
            found = []
            for number in range(arguments.rounds):
                state = Path(folder) / f"{name}{number}"
                flags = ["--state", str(state), "--durability", name]
                found.append(pushes(batches, *([] if name == "without" else flags)))
            cost = tuple(
                min(column) * 1e6 / batches for column in zip(*found, strict=True)
            )
            if name == "without":
                base = (cost[0], cost[1])
            print(
                f"| {name} | {cost[0]:.1f} | {cost[0] / base[0]:.2f} "
                f"| {cost[1]:.1f} | {cost[1] / base[1]:.2f} |"
            )
        state = Path(folder) / "interval0"
        start = time.monotonic()
        with evald.start(args=["--state", str(state)]) as server:
            server.status()
            print(f"\nA start from the snapshot: {time.monotonic() - start:.2f} s.")


if __name__ == "__main__":
    main()
