"""One peer of the benchmark in a process of its own: feeds it the rows, prints what that cost as JSON.

python peers.py PEER ROWS BATCH EVERY [--seed N]

EVERY is how many batches lie between queries; 0 asks once, at the end. Everything runs on one
thread, evald's daemon being the one other process; its processor time is counted in.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import numpy as np
import numpy.typing as npt

Batch = tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]
Feed = Callable[[Any, Any], None]
Ask = Callable[[], dict[str, float]]


def rows(count: int, seed: int) -> Batch:
    """30 % positives; scores of a model that is right somewhat more often than not."""
    rng = np.random.default_rng(seed)
    labels = (rng.random(count) < 0.3).astype(np.uint8)
    logits = rng.standard_normal(count, dtype=np.float32) + 0.8 * labels - 1
    return (1 / (1 + np.exp(-logits))).astype(np.float32), labels


class Evald:
    """All six from the daemon, through the Python client, encoding and pipe included."""

    def __init__(self) -> None:
        import evald

        self.daemon = evald.start()
        self.stream = self.daemon.stream("val", task="binary")

    def feed(self, scores: Any, labels: Any) -> None:
        self.stream.push(scores=scores, labels=labels)

    def ask(self) -> dict[str, float]:
        names = ["roc_auc", "average_precision", "optimal_f1", "f1", "ece", "brier"]
        found = self.stream.query(metrics=names)
        return {name: float(found[name]) for name in names}

    def close(self) -> None:
        self.daemon.close()


class Torchmetrics:
    """Five metrics that keep every row, or their forms with 200 thresholds, or one."""

    def __init__(self, thresholds: int | None, only_auroc: bool = False) -> None:
        import torch
        import torchmetrics.classification as tm

        torch.set_num_threads(1)
        self.torch = torch
        self.metrics: dict[str, Any] = {
            "roc_auc": tm.BinaryAUROC(thresholds=thresholds)
        }
        if not only_auroc:
            self.metrics |= {
                "average_precision": tm.BinaryAveragePrecision(thresholds=thresholds),
                "optimal_f1": tm.BinaryPrecisionRecallCurve(thresholds=thresholds),
                "f1": tm.BinaryF1Score(),
                "ece": tm.BinaryCalibrationError(n_bins=15),
            }

    def feed(self, scores: Any, labels: Any) -> None:
        scores, labels = (
            self.torch.from_numpy(scores),
            self.torch.from_numpy(labels).long(),
        )
        for metric in self.metrics.values():
            metric.update(scores, labels)

    def ask(self) -> dict[str, float]:
        found = {}
        for name, metric in self.metrics.items():
            # Without this torchmetrics hands out the value of the last question.
            metric._computed = None
            value = metric.compute()
            if name == "optimal_f1":
                precision, recall, _ = value
                value = self.torch.nan_to_num(
                    2 * precision * recall / (precision + recall)
                ).max()
            found[name] = float(value)
        return found

    def close(self) -> None:
        pass


class Collection:
    """Eight usual metrics in one collection, which updates once those that share what they keep."""

    def __init__(self) -> None:
        import torch
        import torchmetrics
        import torchmetrics.classification as tm

        torch.set_num_threads(1)
        self.torch = torch
        self.metrics = torchmetrics.MetricCollection(
            {
                "accuracy": tm.BinaryAccuracy(),
                "precision": tm.BinaryPrecision(),
                "recall": tm.BinaryRecall(),
                "f1": tm.BinaryF1Score(),
                "specificity": tm.BinarySpecificity(),
                "roc_auc": tm.BinaryAUROC(),
                "average_precision": tm.BinaryAveragePrecision(),
                "ece": tm.BinaryCalibrationError(n_bins=15),
            }
        )

    def feed(self, scores: Any, labels: Any) -> None:
        self.metrics.update(
            self.torch.from_numpy(scores), self.torch.from_numpy(labels).long()
        )

    def ask(self) -> dict[str, float]:
        return {name: float(value) for name, value in self.metrics.compute().items()}

    def close(self) -> None:
        pass


class ScikitLearn:
    """Six metrics of all the rows so far."""

    def __init__(self) -> None:
        self.scores: list[Any] = []
        self.labels: list[Any] = []

    def feed(self, scores: Any, labels: Any) -> None:
        self.scores.append(scores.copy())
        self.labels.append(labels.copy())

    def ask(self) -> dict[str, float]:
        from sklearn import metrics as sk

        scores, labels = np.concatenate(self.scores), np.concatenate(self.labels)
        precision, recall, _ = sk.precision_recall_curve(labels, scores)
        with np.errstate(invalid="ignore"):
            best = np.nanmax(2 * precision * recall / (precision + recall))
        bins = np.searchsorted(np.linspace(0, 1, 16)[1:-1], scores)
        gaps = np.bincount(bins, scores, 15) - np.bincount(bins, labels, 15)
        return {
            "roc_auc": float(sk.roc_auc_score(labels, scores)),
            "average_precision": float(sk.average_precision_score(labels, scores)),
            "optimal_f1": float(best),
            "f1": float(sk.f1_score(labels, scores >= 0.5)),
            "ece": float(np.abs(gaps).sum() / len(scores)),
            "brier": float(sk.brier_score_loss(labels, scores)),
        }

    def close(self) -> None:
        pass


PEERS: dict[str, Callable[[], Any]] = {
    "evald": Evald,
    "torchmetrics": lambda: Torchmetrics(None),
    "torchmetrics_auroc": lambda: Torchmetrics(None, only_auroc=True),
    "torchmetrics_200": lambda: Torchmetrics(200),
    "torchmetrics_eight": Collection,
    "scikit_learn": ScikitLearn,
}


def batches(data: Batch, size: int) -> Iterator[Batch]:
    scores, labels = data
    for start in range(0, len(scores), size):
        yield scores[start : start + size], labels[start : start + size]


def processor_seconds() -> float:
    """Of this process and of those of its children that have ended."""
    own, children = (
        resource.getrusage(who)
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def measure(name: str, count: int, size: int, every: int, seed: int) -> dict[str, Any]:
    data = rows(count, seed)
    peer = PEERS[name]()
    for batch in batches((data[0][: 4 * size], data[1][: 4 * size]), size):
        peer.feed(*batch)  # imports and first calls are not what is compared
    peer.ask()
    peer.close()
    peer = PEERS[name]()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    processor, wall = processor_seconds(), time.perf_counter()
    found: dict[str, float] = {}
    queries = 0
    feeding: list[float] = []
    for number, batch in enumerate(batches(data, size), 1):
        start = time.perf_counter()
        peer.feed(*batch)
        feeding.append(time.perf_counter() - start)
        if every and number % every == 0:
            found = peer.ask()
            queries += 1
    if not every or number % every:
        found = peer.ask()
        queries += 1
    wall = time.perf_counter() - wall
    peer.close()
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    child = (
        resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss if name == "evald" else 0
    )
    return {
        "peer": name,
        "rows": count,
        "queries": queries,
        "wall_ns_row": wall / count * 1e9,
        "processor_ns_row": (processor_seconds() - processor) / count * 1e9,
        "loop_us_batch": sum(feeding) / number * 1e6,
        "loop_us_p50": statistics.median(feeding) * 1e6,
        "peak_mib": (own + child) / 1024,
        "values": found,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("rows", type=lambda text: int(float(text)))
    parser.add_argument("batch", type=int)
    parser.add_argument("every", type=int)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    print(
        json.dumps(
            measure(given.peer, given.rows, given.batch, given.every, given.seed)
        )
    )
