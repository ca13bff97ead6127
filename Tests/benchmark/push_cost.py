"""What a push costs the training loop, by size and by what the loop does between pushes.

    python Tests/benchmark/push_cost.py [--pushes N] [--json]

The loop's cost is the time inside `push`: encoding, handing over, and whatever the daemon and the
client's own threads take from the processor meanwhile. It is measured beside two things that a loop
might do instead: keep the arrays in a list, and update one torchmetrics metric.

Between pushes the loop does nothing ("tight"), multiplies matrices, which lets other threads run
("numpy"), or waits for a device ("sleep"); the last two are what training is like.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import time
from collections.abc import Callable
from typing import Any

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import evald
import numpy as np

SIZES = (256, 4096, 65536)
WARM_UP = 50


def percentiles(nanoseconds: list[int]) -> dict[str, float]:
    """Microseconds."""
    values = np.asarray(nanoseconds) / 1e3
    p50, p90, p99 = np.percentile(values, [50, 90, 99])
    worst = values.max()
    found = {"p50": p50, "p90": p90, "p99": p99, "max": worst}
    return {name: round(float(value), 1) for name, value in found.items()}


def step(kind: str) -> Callable[[], object]:
    """What the loop does between two pushes."""
    matrix = np.random.default_rng(0).random((300, 300))
    steps: dict[str, Callable[[], object]] = {
        "tight": lambda: None,
        "numpy": lambda: matrix @ matrix,
        "sleep": lambda: time.sleep(0.001),
    }
    return steps[kind]


def measure(
    act: Callable[[Any, Any], object], size: int, pushes: int, kind: str
) -> dict[str, float]:
    """The cost of `act` for a batch of float32 scores and int64 labels."""
    rng = np.random.default_rng(1)
    scores, labels = rng.random(size, dtype=np.float32), rng.integers(0, 2, size)
    between, costs = step(kind), []
    for number in range(pushes + WARM_UP):
        began = time.perf_counter_ns()
        act(scores, labels)
        ended = time.perf_counter_ns()
        if number >= WARM_UP:
            costs.append(ended - began)
        between()
    return percentiles(costs)


def torchmetrics() -> Callable[[Any, Any], object] | None:
    """Updates one exact AUROC with tensors, where torchmetrics is installed."""
    try:
        import torch
        from torchmetrics.classification import BinaryAUROC
    except ImportError:
        return None
    torch.set_num_threads(1)
    metric = BinaryAUROC(validate_args=False)
    return lambda scores, labels: metric.update(
        torch.from_numpy(scores), torch.from_numpy(labels)
    )


def appending() -> Callable[[Any, Any], object]:
    """Keeps copies: the least that a loop can do, and it still has all the work before it."""
    kept: list[Any] = []
    return lambda scores, labels: kept.append((scores.copy(), labels.copy()))


def push_row(size: int, pushes: int, kind: str) -> dict[str, Any]:
    """The cost of evald's push, and by how much this process grew meanwhile."""
    with evald.start(on_error="raise") as ev:
        val = ev.stream("val", task="binary")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found = measure(lambda s, t: val.push(scores=s, labels=t), size, pushes, kind)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert val.query("f1").count == (pushes + WARM_UP) * size
    return {"what": "evald push", "client_grew_kib": grown, **found}


def table(rows: list[dict[str, Any]]) -> None:
    """Prints the rows."""
    print("microseconds a call, float32 scores and int64 labels\n")
    print(f"{'':28}{'rows':>7} {'between':8}{'p50':>9}{'p90':>9}{'p99':>9}{'max':>10}")
    for row in rows:
        numbers = f"{row['p50']:9}{row['p90']:9}{row['p99']:9}{row['max']:10}"
        print(f"{row['what']:28}{row['rows']:7} {row['between']:8}{numbers}")
    grown = max(row.get("client_grew_kib", 0) for row in rows)
    print(f"\nthe client grew by {grown} KiB at most while it pushed")


def main() -> None:
    """Measures every size in every kind of loop."""
    parser = argparse.ArgumentParser(description="What a push costs the training loop.")
    parser.add_argument("--pushes", type=int, default=2000)
    parser.add_argument(
        "--json", action="store_true", help="print JSON instead of a table"
    )
    arguments = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for size in SIZES:
        pushes = min(arguments.pushes, 20_000_000 // size)
        for kind in ("tight", "numpy", "sleep"):
            found = [push_row(size, pushes, kind)]
            others = {
                "list.append of copies": appending(),
                "torchmetrics AUROC": torchmetrics(),
            }
            for what, act in others.items():
                if act is not None:
                    found.append({"what": what, **measure(act, size, pushes, kind)})
            rows += [{"rows": size, "between": kind, **row} for row in found]
    if arguments.json:
        print(json.dumps(rows))
    else:
        table(rows)


if __name__ == "__main__":
    main()
