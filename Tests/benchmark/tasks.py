"""Classes, masks, numbers and rankings beside the libraries that they agree with; prints README's tables.

    python Tests/benchmark/tasks.py                          everything, about two minutes
    python Tests/benchmark/tasks.py multiclass ranking --share 0.1

EVALD_BIN names the executable, else it is the one that the client finds. Every peer gets the same arrays
and has one thread; evald's processor time is that of client and daemon together, encoding included. All
take turns, and the least of three runs is what is compared. Before that, values must agree.
"""

from __future__ import annotations

import argparse
import gc
import math
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import evald
import numpy as np
from evald import _base64

TURNS = 3

Batch = dict[str, Any]
Values = dict[str, float]


class Evald:
    """A stream of a daemon of its own: fed by push, asked once at the end."""

    def __init__(self, task: str, metrics: list[Any], shared: bool, **options: Any):
        self.daemon = evald.start(shared_memory=shared)
        self.stream = self.daemon.stream("s", task=task, **options)
        self.metrics = metrics

    def feed(self, batch: Batch) -> None:
        self.stream.push(**batch)

    def ask(self) -> Values:
        found = self.stream.query(metrics=self.metrics)
        assert found.complete
        return {
            name: float(len(found[name]["counts"]) if name == "cells" else found[name])
            for name in found
        }

    def close(self) -> None:
        self.daemon.close()


class InPlace(Evald):
    """The same, whose arrays are made where evald reads them.

    A model's output is written once in any case. That is not part of what is compared, and all others
    find it written: so the time of writing these is set aside. Masks are written as uint8, which a
    copy from a device does in passing.
    """

    def __init__(
        self, task: str, metrics: list[Any], columns: dict[str, Any], **options: Any
    ):
        super().__init__(task, metrics, True, **options)
        self.columns = columns
        self.set_aside = (0.0, 0.0)

    def feed(self, batch: Batch) -> None:
        made = dict(batch)
        for name, dtype in self.columns.items():
            made[name] = self.daemon.empty(batch[name].shape, dtype)
            processor, wall = time.thread_time(), time.perf_counter()
            np.copyto(made[name], batch[name], casting="unsafe")
            self.set_aside = (
                self.set_aside[0] + time.thread_time() - processor,
                self.set_aside[1] + time.perf_counter() - wall,
            )
        super().feed(made)


class Torchmetrics:
    """A collection: `names` of its metrics, each updated with the two columns of a batch as tensors."""

    columns = ("scores", "labels")

    def __init__(self) -> None:
        import torch

        torch.set_num_threads(1)
        self.torch = torch
        self.metrics: dict[str, Any] = {}

    def feed(self, batch: Batch) -> None:
        first, second = (self.torch.from_numpy(batch[name]) for name in self.columns)
        for metric in self.metrics.values():
            metric.update(first, second)

    def ask(self) -> Values:
        found = {name: metric.compute() for name, metric in self.metrics.items()}
        return {
            name: float((value != 0).sum() if name == "cells" else value)
            for name, value in found.items()
        }

    def close(self) -> None:
        """Nothing of it is outside of this process."""


@dataclass
class Case:
    """What is compared: the data, how many rows in all, and the peers by name, evald's first."""

    title: str
    row: str
    batches: list[Batch]
    rows: int
    total: int
    peers: dict[str, Callable[[], Any]]
    tolerance: float

    def feed(self) -> Iterator[Batch]:
        """The batches again and again, until there are enough rows."""
        for number in range(max(1, self.total // self.rows)):
            yield self.batches[number % len(self.batches)]


# Multiclass


def multiclass(share: float) -> Case:
    rows, classes = 256, 1000
    batches = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        labels = rng.integers(0, classes, rows)
        logits = rng.standard_normal((rows, classes), dtype=np.float32)
        logits[np.arange(rows), labels] += 4  # of a model that is mostly right
        batches.append({"scores": logits, "labels": labels})
    names = ["accuracy", "top_k_accuracy@5", "f1_macro", "log_loss", "ece"]
    cells = {"metric": "confusion_matrix", "sparse": True, "as": "cells"}

    options = {"classes": classes, "score_kind": "logit"}

    def ours(shared: bool) -> Evald:
        return Evald("multiclass", [*names, cells], shared, **options)

    def in_place() -> Evald:
        return InPlace("multiclass", [*names, cells], {"scores": np.float32}, **options)

    class Peer(Torchmetrics):
        def __init__(self) -> None:
            super().__init__()
            import torchmetrics as tm
            import torchmetrics.classification as tc

            self.metrics = {
                "accuracy": tc.MulticlassAccuracy(classes, average="micro"),
                "top_k_accuracy@5": tc.MulticlassAccuracy(
                    classes, average="micro", top_k=5
                ),
                "f1_macro": tc.MulticlassF1Score(classes, average="macro"),
                "cells": tc.MulticlassConfusionMatrix(classes),
                "ece": tc.MulticlassCalibrationError(classes, n_bins=15),
            }
            self.loss = tm.MeanMetric()

        def feed(self, batch: Batch) -> None:
            super().feed(batch)
            scores, labels = (self.torch.from_numpy(batch[n]) for n in self.columns)
            loss = self.torch.nn.functional.cross_entropy(scores, labels)
            self.loss.update(loss, weight=len(labels))

        def ask(self) -> Values:
            return {**super().ask(), "log_loss": float(self.loss.compute())}

    return Case(
        "Batches of 256 rows of 1,000 logits: accuracy, top-5, macro F1, confusion matrix, log loss and ECE",
        "row",
        batches,
        rows,
        int(400_000 * share),
        {
            "evald, in place": in_place,
            "evald, shared memory": lambda: ours(True),
            "evald, base64": lambda: ours(False),
            "torchmetrics": Peer,
        },
        1e-4,
    )


# Regression


def regression(share: float, rows: int = 1024) -> Case:
    batches = []
    for seed in range(64):
        rng = np.random.default_rng(seed)
        targets = rng.standard_normal(rows, dtype=np.float32)
        noise = rng.standard_normal(rows, dtype=np.float32)
        batches.append({"predictions": targets + noise / 2, "targets": targets})
    names = ["mae", "mse", "r2", "pearson", "explained_variance"]

    class Peer(Torchmetrics):
        columns = ("predictions", "targets")

        def __init__(self) -> None:
            super().__init__()
            import torchmetrics.regression as tr

            self.metrics = {
                "mae": tr.MeanAbsoluteError(),
                "mse": tr.MeanSquaredError(),
                "r2": tr.R2Score(),
                "pearson": tr.PearsonCorrCoef(),
                "explained_variance": tr.ExplainedVariance(),
            }

    return Case(
        f"10,000,000 pairs in batches of {rows:,}: MAE, MSE, R², Pearson and explained variance",
        "pair",
        batches,
        rows,
        int(10_000_000 * share),
        {
            "evald, shared memory": lambda: Evald("regression", names, True),
            "evald, base64": lambda: Evald("regression", names, False),
            "torchmetrics": Peer,
        },
        1e-3,
    )


# Ranking


def ranking(share: float) -> Case:
    queries, depth = 50, 1000
    batches = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        documents = np.concatenate(
            [rng.choice(100_000, depth, replace=False) for _ in range(queries)]
        )
        batches.append(
            {
                "queries": np.repeat(np.arange(queries), depth),
                "documents": documents,
                "scores": rng.standard_normal(queries * depth, dtype=np.float32),
                "relevances": (rng.random(queries * depth) < 0.05).astype(np.uint8),
            }
        )
    names = {
        "ndcg@10": "ndcg_cut_10",
        "map": "map",
        "mrr": "recip_rank",
        "precision@10": "P_10",
        "recall@100": "recall_100",
    }

    class Ours(Evald):
        """Queries of another batch are other queries, as for the peer."""

        def __init__(self, shared: bool) -> None:
            super().__init__("ranking", [*names], shared)
            self.first = 0

        def feed(self, batch: Batch) -> None:
            super().feed({**batch, "queries": batch["queries"] + self.first})
            self.first += queries

    class Peer:
        """Its dictionaries are made of the arrays, as its users have to."""

        def __init__(self) -> None:
            import pytrec_eval

            self.trec = pytrec_eval
            self.found: list[dict[str, float]] = []

        def feed(self, batch: Batch) -> None:
            ids = [str(each) for each in batch["documents"].tolist()]
            scores, judged = batch["scores"].tolist(), batch["relevances"].tolist()
            run, truth = {}, {}
            for query in range(queries):
                part = slice(query * depth, (query + 1) * depth)
                run[str(query)] = dict(zip(ids[part], scores[part], strict=True))
                truth[str(query)] = dict(zip(ids[part], judged[part], strict=True))
            asked = {"ndcg_cut.10", "map", "recip_rank", "P.10", "recall.100"}
            evaluator = self.trec.RelevanceEvaluator(truth, asked)
            self.found += evaluator.evaluate(run).values()

        def ask(self) -> Values:
            return {
                ours: math.fsum(one[theirs] for one in self.found) / len(self.found)
                for ours, theirs in names.items()
            }

        def close(self) -> None:
            """Nothing of it is outside of this process."""

    return Case(
        "Queries with 1,000 documents each, 50 a batch: NDCG@10, MAP, MRR, P@10 and recall@100",
        "document",
        batches,
        queries * depth,
        int(2_000_000 * share),
        {
            "evald, shared memory": lambda: Ours(True),
            "evald, base64": lambda: Ours(False),
            "pytrec_eval, with its dictionaries": Peer,
        },
        1e-9,
    )


# Segmentation


def segmentation(share: float) -> Case:
    images, side, classes = 8, 512, 21
    batches = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        # Regions, as masks have them, with some pixels of the prediction gone wrong.
        small = rng.integers(0, classes, (images, side // 32, side // 32))
        targets = small.repeat(32, axis=1).repeat(32, axis=2)
        wrong = rng.random(targets.shape) < 0.02
        predictions = np.where(wrong, rng.integers(0, classes, targets.shape), targets)
        batches.append({"predictions": predictions, "targets": targets})
    per_image = {"metric": "iou_macro", "aggregation": "image", "as": "iou"}

    class Ours(Evald):
        def __init__(self, shared: bool, narrow: bool) -> None:
            super().__init__("segmentation", [per_image], shared, classes=classes)
            self.narrow = narrow

        def feed(self, batch: Batch) -> None:
            if self.narrow:
                batch = {name: mask.astype(np.uint8) for name, mask in batch.items()}
            super().feed(batch)

    def in_place() -> Evald:
        columns = {"predictions": np.uint8, "targets": np.uint8}
        return InPlace("segmentation", [per_image], columns, classes=classes)

    class Peer(Torchmetrics):
        columns = ("predictions", "targets")

        def __init__(self) -> None:
            super().__init__()
            from torchmetrics.segmentation import MeanIoU

            self.metrics = {"iou": MeanIoU(classes, input_format="index")}

    return Case(
        "Batches of 8 masks of 512 × 512 pixels and 21 classes, int64: mean IoU",
        "pixel",
        batches,
        images * side * side,
        int(64 * side * side * images * share),
        {
            "evald, in place": in_place,
            "evald, shared memory": lambda: Ours(True, False),
            "evald, base64": lambda: Ours(False, False),
            "torchmetrics MeanIoU": Peer,
        },
        1e-5,
    )


CASES: dict[str, Callable[[float], Case]] = {
    "multiclass": multiclass,
    "regression": regression,
    "small_regression": partial(regression, rows=256),
    "large_regression": partial(regression, rows=4096),
    "ranking": ranking,
    "segmentation": segmentation,
}


# Measuring


def processor_seconds() -> float:
    """Of this process and of those of its children that have ended."""
    own, children = (
        resource.getrusage(who)
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def measure(case: Case, make: Callable[[], Any]) -> tuple[float, float, Values]:
    """Nanoseconds a row, of processor time and of the wall's, and the values."""
    peer = make()
    for batch in case.batches[:2]:
        peer.feed(batch)  # imports and first calls are not what is compared
    peer.ask()
    peer.close()
    # What others left, such as the modules of torch, is searched now and not at this one's expense.
    gc.collect()
    peer = make()
    rows = 0
    processor, wall = processor_seconds(), time.perf_counter()
    for batch in case.feed():
        peer.feed(batch)
        rows += case.rows
    values = peer.ask()
    wall = time.perf_counter() - wall
    peer.close()
    processor = processor_seconds() - processor
    writing, wall_writing = getattr(peer, "set_aside", (0.0, 0.0))
    processor, wall = processor - writing, wall - wall_writing
    return processor / rows * 1e9, wall / rows * 1e9, values


def compare(case: Case) -> None:
    """Prints the table of a case."""
    turns = [
        {name: measure(case, make) for name, make in case.peers.items()}
        for _ in range(TURNS)
    ]
    found = {
        name: (
            min(turn[name][0] for turn in turns),
            min(turn[name][1] for turn in turns),
            turns[0][name][2],
        )
        for name in case.peers
    }
    *_, wanted = list(found.values())[-1]
    for name, (_, _, values) in found.items():
        for key, value in wanted.items():
            if not math.isclose(values[key], value, rel_tol=case.tolerance):
                raise SystemExit(f"{name}: {key} is {values[key]!r}, not {value!r}")
    print(f"{case.title}:\n")
    print(f"| | processor ns a {case.row} | × | wall ns a {case.row} | × |")
    print("|---|--:|--:|--:|--:|")
    base, base_wall, _ = list(found.values())[-1]
    for name, (processor, wall, _) in found.items():
        shown = f"**{name}**" if name.startswith("evald") else name
        print(
            f"| {shown} | {processor:,.1f} | {base / processor:,.1f} "
            f"| {wall:,.1f} | {base_wall / wall:,.1f} |"
        )
    print(flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--share", type=float, default=1.0, help="of the rows")
    given = parser.parse_args()
    unknown = [name for name in given.cases if name not in CASES]
    if unknown:
        sys.exit(f"unknown case {unknown[0]}; there are {', '.join(CASES)}")
    fast = _base64.encode is not _base64.plain
    print(f"base64 in the client by {'pybase64' if fast else 'binascii'}\n")
    for name in given.cases or CASES:
        compare(CASES[name](given.share))


if __name__ == "__main__":
    main()
