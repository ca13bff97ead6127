"""What rows cost the daemon: memory by how many there are, and pushes by how many there were.

    python Tests/benchmark/memory.py [--rows 5e7]     a minute or two

Float32 scores come in batches of 4,096. Resident memory is read before the first question, after it,
and after it was asked again; the transient peak is the most that the process ever had. Processor
time is the daemon's alone, by tenths of the stream, so that it shows whether a push costs more when
there are many rows. The same for 16-bit scores, and for a stream that is far past its memory budget.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import evald
import numpy as np
import numpy.typing as npt

BATCH = 4096
METRICS = ["roc_auc", "average_precision", "optimal_f1", "f1", "ece", "brier"]
TICKS = os.sysconf("SC_CLK_TCK")
Batch = tuple[npt.NDArray[Any], npt.NDArray[np.uint8]]


def batches(rows: int, dtype: str) -> Iterator[Batch]:
    """Rows of which no two blocks are alike, made a million at a time."""
    rng = np.random.default_rng(3)
    left = rows
    while left > 0:
        count = min(left, 256 * BATCH)
        labels = (rng.random(count, dtype=np.float32) < 0.3).astype(np.uint8)
        logits = rng.standard_normal(count, dtype=np.float32) + 0.8 * labels - 1
        scores = (1 / (1 + np.exp(-logits))).astype(dtype)
        for start in range(0, count, BATCH):
            yield scores[start : start + BATCH], labels[start : start + BATCH]
        left -= count


class Daemon:
    """What the system knows of the process."""

    def __init__(self, pid: int) -> None:
        self.folder = Path("/proc") / str(pid)

    def mib(self, field: str) -> float:
        text = (self.folder / "status").read_text()
        line = next(x for x in text.splitlines() if x.startswith(field))
        return int(line.split()[1]) / 1024

    def seconds(self) -> float:
        """Of all its threads, to the nanosecond where the system counts them so."""
        threads = (self.folder / "task").iterdir()
        return sum(
            int((one / "schedstat").read_text().split()[0]) / 1e9 for one in threads
        )


def feed(stream: Any, daemon: Daemon, rows: int, dtype: str) -> list[float]:
    """Pushes the rows; the daemon's processor time a row in each tenth, in nanoseconds."""
    tenth, found = max(1, rows // BATCH // 10), []
    stream.flush()
    before, counted = daemon.seconds(), 0
    for number, (scores, labels) in enumerate(batches(rows, dtype), 1):
        stream.push(scores=scores, labels=labels)
        counted += len(labels)
        if number % tenth == 0:
            stream.flush()
            now = daemon.seconds()
            found.append((now - before) / counted * 1e9)
            before, counted = now, 0
    stream.flush()
    return found[:10]


def ask(stream: Any) -> float:
    """Milliseconds of a question."""
    start = time.perf_counter()
    stream.query(metrics=METRICS)
    return (time.perf_counter() - start) * 1e3


def measure(rows: int, dtype: str, **options: Any) -> None:
    with evald.start() as ev:
        daemon = Daemon(ev.pid or 0)
        stream = ev.stream("s", task="binary", **options)
        idle = daemon.mib("VmRSS")
        tenths = feed(stream, daemon, rows, dtype)
        pushed = daemon.mib("VmRSS")
        first = ask(stream)
        asked = daemon.mib("VmRSS")
        again = min(ask(stream) for _ in range(20))
        for _ in range(200):
            ask(stream)
        after, peak = daemon.mib("VmRSS"), daemon.mib("VmHWM")
    what = "".join(f", {name} {value:,}" for name, value in options.items())
    print(f"\n{rows:,} rows of {dtype}{what}")
    print(
        f"  resident: idle {idle:.1f} MiB, pushed {pushed:.0f}, asked {asked:.0f}, "
        f"asked 221 times {after:.0f}, peak {peak:.0f}"
    )
    print(
        f"  bytes a row: pushed {(pushed - idle) * 2**20 / rows:.2f}, asked "
        f"{(asked - idle) * 2**20 / rows:.2f}, at the peak {(peak - idle) * 2**20 / rows:.2f}"
    )
    print(
        "  daemon ns a row, by tenths: "
        + " ".join(f"{value:.1f}" for value in tenths)
    )
    print(f"  first question {first:.0f} ms, the same again {again:.2f} ms", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--rows", type=lambda text: int(float(text)), default=50_000_000
    )
    most = parser.parse_args().rows
    for rows in (most // 50, most // 5, most):
        measure(rows, "float32")
    for rows in (most // 50, most // 5):
        measure(rows, "float16")
    measure(most, "float32", memory_budget_bytes=most)


if __name__ == "__main__":
    main()
