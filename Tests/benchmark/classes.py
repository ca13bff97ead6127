"""multiclass beside torchmetrics: accuracy, top-5, macro F1, the confusion matrix, log loss and ECE.

    python Tests/benchmark/classes.py               200 batches of 256 rows of 1,000 logits
    python Tests/benchmark/classes.py --batches 20

evald takes the batches in shared memory and in base64, and is asked at the end, as torchmetrics is. Ratios
are of processor time, the daemon's and the client's together, and torch has one thread. Before times are
compared, values must agree.
"""

from __future__ import annotations

import argparse
import math
import os
import resource
import time
from typing import Any

os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import evald
import numpy as np
import numpy.typing as npt

Logits = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]

NAMES = ["accuracy", "top_k_accuracy@5", "f1_macro", "log_loss", "ece"]


def batch(rows: int, classes: int, seed: int) -> tuple[Logits, Labels]:
    """Logits of a model that is mostly right."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, rows)
    logits = rng.standard_normal((rows, classes), dtype=np.float32)
    logits[np.arange(rows), labels] += 4
    return logits, labels


class Evald:
    def __init__(self, classes: int, shared: bool) -> None:
        self.daemon = evald.start(shared_memory=shared)
        self.stream = self.daemon.stream(
            "val",
            task="multiclass",
            options={"classes": classes, "score_kind": "logit"},
        )

    def feed(self, logits: Logits, labels: Labels) -> None:
        self.stream.push(scores=logits, labels=labels)

    def ask(self) -> dict[str, float]:
        sparse = {"metric": "confusion_matrix", "sparse": True, "as": "matrix"}
        found = self.stream.query(metrics=[*NAMES, sparse])
        values = {name: float(found[name]) for name in NAMES}
        return values | {"cells": float(len(found["matrix"]["counts"]))}

    def close(self) -> None:
        self.daemon.close()


class Torchmetrics:
    def __init__(self, classes: int) -> None:
        import torch
        import torchmetrics as tm
        import torchmetrics.classification as tc

        torch.set_num_threads(1)
        self.torch = torch
        self.metrics = {
            "accuracy": tc.MulticlassAccuracy(classes, average="micro"),
            "top_k_accuracy@5": tc.MulticlassAccuracy(
                classes, average="micro", top_k=5
            ),
            "f1_macro": tc.MulticlassF1Score(classes, average="macro"),
            "cells": tc.MulticlassConfusionMatrix(classes),
            "log_loss": tm.MeanMetric(),
            "ece": tc.MulticlassCalibrationError(classes, n_bins=15),
        }

    def feed(self, logits: Logits, labels: Labels) -> None:
        scores, target = self.torch.from_numpy(logits), self.torch.from_numpy(labels)
        for name, metric in self.metrics.items():
            if name == "log_loss":
                loss = self.torch.nn.functional.cross_entropy(scores, target)
                metric.update(loss, weight=len(labels))
            else:
                metric.update(scores, target)

    def ask(self) -> dict[str, float]:
        found = {}
        for name, metric in self.metrics.items():
            value = metric.compute()
            found[name] = float((value != 0).sum() if name == "cells" else value)
        return found

    def close(self) -> None:
        pass


def processor_seconds() -> float:
    """Of this process and of those of its children that have ended."""
    own, children = (
        resource.getrusage(who)
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def measure(
    make: Any, data: list[tuple[Logits, Labels]], batches: int
) -> tuple[float, float, dict[str, float]]:
    """Microseconds a row, of processor time and of the wall's, and the values."""
    peer = make()
    for logits, labels in data[:2]:
        peer.feed(logits, labels)
    peer.ask()
    peer.close()
    peer = make()
    rows = 0
    processor, wall = processor_seconds(), time.perf_counter()
    for number in range(batches):
        logits, labels = data[number % len(data)]
        peer.feed(logits, labels)
        rows += len(labels)
    values = peer.ask()
    wall = time.perf_counter() - wall
    peer.close()
    processor = processor_seconds() - processor
    return processor / rows * 1e6, wall / rows * 1e6, values


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=200)
    parser.add_argument("--rows", type=int, default=256)
    parser.add_argument("--classes", type=int, default=1000)
    given = parser.parse_args()
    data = [batch(given.rows, given.classes, seed) for seed in range(8)]
    peers = {
        "torchmetrics": lambda: Torchmetrics(given.classes),
        "evald, base64": lambda: Evald(given.classes, shared=False),
        "evald, shared memory": lambda: Evald(given.classes, shared=True),
    }
    found = {
        name: measure(make, data, given.batches) for name, make in peers.items()
    }
    base, base_wall, wanted = found["torchmetrics"]
    for name, (processor, wall, values) in found.items():
        for key, value in wanted.items():
            # torch adds in float32.
            assert math.isclose(values[key], value, rel_tol=1e-4), (name, key)
        print(
            f"{name:22} {processor:7.2f} µs a row ({base / processor:5.1f} times), "
            f"{wall:7.2f} by the wall ({base_wall / wall:5.1f} times)"
        )


if __name__ == "__main__":
    main()
