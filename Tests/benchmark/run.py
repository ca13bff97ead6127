"""The benchmark: evald beside torchmetrics and scikit-learn, the same rows, one run.

    python Tests/benchmark/run.py            1e7 rows and a query each 100 batches; about half an hour
    python Tests/benchmark/run.py --rows 1e6 the same in a few minutes
    python Tests/benchmark/run.py --long     only the queries on 1e7 rows, beside torchmetrics; 7 minutes

Prints the tables of the README. Ratios are of processor time, evald's daemon and client together,
since a shared machine's wall clock says little; the wall time stands beside it. Each peer has a
process of its own and one thread.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from evald._binary import find_binary

HERE = Path(__file__).parent
NAMES = {
    "evald": "**evald**, all six",
    "torchmetrics": "torchmetrics, five exact",
    "torchmetrics_auroc": "torchmetrics, exact AUROC alone",
    "torchmetrics_200": "torchmetrics, five, 200 thresholds",
    "scikit_learn": "scikit-learn, all six",
}
# A training step's batch is also beside what many loops have: one collection, asked once an epoch.
EIGHT = "torchmetrics_eight"
LABELS = NAMES | {EIGHT: "torchmetrics, a collection of eight"}


IN_FLOAT32 = ("brier", "ece")


def peer(name: str, rows: int, batch: int, every: int) -> dict[str, Any]:
    command = [
        sys.executable,
        str(HERE / "peers.py"),
        name,
        str(rows),
        str(batch),
        str(every),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{name} failed:\n{done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def check_values(found: list[dict[str, Any]]) -> None:
    """The peers that are exact must agree before their times are compared."""
    ours = found[0]["values"]
    for other in found[1:]:
        if other["peer"] == "torchmetrics_200":
            continue
        for name, value in other["values"].items():
            if name not in ours:
                continue
            # torchmetrics computes in float32, and scikit-learn does where the scores alone decide.
            close = 1e-12 if other["peer"] == "scikit_learn" and name not in IN_FLOAT32 else 2e-3
            if abs(value - ours[name]) > close * max(1.0, abs(value)):
                sys.exit(f"{name}: evald {ours[name]!r}, {other['peer']} {value!r}")


def table(title: str, found: list[dict[str, Any]]) -> None:
    ours = found[0]
    print(f"\n{title}\n")
    print("| | processor ns a row | × evald | wall ns a row | × evald | loop µs a batch | peak MiB |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for one in found:
        cells = [LABELS[one["peer"]]]
        for kind in ("processor_ns_row", "wall_ns_row"):
            cells += [f"{one[kind]:,.1f}", f"{one[kind] / ours[kind]:,.1f}"]
        cells += [f"{one['loop_us_batch']:,.1f}", f"{one['peak_mib']:,.0f}"]
        print(f"| {' | '.join(cells)} |")
    sys.stdout.flush()


def start_up(binary: str, rounds: int = 40) -> tuple[float, float]:
    """Milliseconds from spawn to the first reply, and resident MiB when idle; medians."""
    times, memory = [], []
    for _ in range(rounds):
        start = time.perf_counter()
        child = subprocess.Popen(
            [binary], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert child.stdin and child.stdout
        child.stdin.write(b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n')
        child.stdin.flush()
        child.stdout.readline()
        times.append((time.perf_counter() - start) * 1e3)
        status = Path(f"/proc/{child.pid}/status")
        if status.exists():
            line = next(
                x for x in status.read_text().splitlines() if x.startswith("VmRSS")
            )
            memory.append(int(line.split()[1]) / 1024)
        child.stdin.close()
        child.wait()
    return statistics.median(times), statistics.median(memory) if memory else float(
        "nan"
    )


def every_table(rows: int, batch: int, every: int, names: list[str]) -> None:
    """Queries in between, all rows each time."""
    found = [peer(name, rows, batch, every) for name in names]
    check_values(found)
    batches = "batch" if every == 1 else f"{every} batches"
    table(f"{rows:,} rows, a query every {batches}:", found)


def small_batches() -> None:
    """Batches of a training step, and how long each holds up the loop."""
    names = ("evald", "torchmetrics", "torchmetrics_200", EIGHT)
    found = [peer(name, 256 * 4000, 256, 0) for name in names]
    check_values(found)
    table("Batches of 256, as in a training step:", found)
    ours, *_, eight = (one["loop_us_p50"] for one in found)
    print(
        f"\nA push of 256 scores holds up the loop {ours:.1f} µs (p50), an update of a collection "
        f"of eight {eight:.0f} µs: {eight / ours:.0f} times as long."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--rows", type=lambda text: int(float(text)), default=10_000_000
    )
    parser.add_argument("--batch", type=int, default=4096)
    parser.add_argument("--every", type=int, default=100)
    parser.add_argument(
        "--rows-every", type=lambda text: int(float(text)), default=None
    )
    parser.add_argument(
        "--long", action="store_true", help="only the queries, without scikit-learn"
    )
    given = parser.parse_args()
    print(
        f"{platform.machine()}, {os.cpu_count()} cores; torch {version('torch')}, torchmetrics "
        f"{version('torchmetrics')}, scikit-learn {version('scikit-learn')}, numpy "
        f"{version('numpy')}; one thread each, and evald's daemon beside its client."
    )
    rows = given.rows_every or given.rows
    if given.long:
        peers = ["evald", "torchmetrics_200", "torchmetrics"]
        every_table(rows, given.batch, given.every, peers)
        return
    found = [peer(name, given.rows, given.batch, 0) for name in NAMES]
    check_values(found)
    table(
        f"{given.rows:,} rows in batches of {given.batch:,}, one query at the end:",
        found,
    )
    peers = [name for name in NAMES if name != "torchmetrics_auroc"]
    every_table(rows, given.batch, given.every, peers)
    small_batches()
    milliseconds, mib = start_up(find_binary())
    print(
        f"\nFirst reply {milliseconds:.1f} ms after spawn; idle, {mib:.1f} MiB resident."
    )


if __name__ == "__main__":
    main()
