"""Writes the goldens of the segmentation task from scikit-learn.

python Tests/goldens/make_segmentation.py
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from golden import (
    Case,
    Columns,
    Data,
    Expected,
    Options,
    Undefined,
    prefixes,
    write,
    write_rows,
)
from sklearn import metrics
from sklearn.datasets import load_digits

PACKAGES = ["scikit-learn"]

Mask = npt.NDArray[np.int64]


class Images:
    """Masks of a stream, with what its options leave of them."""

    def __init__(self, columns: Columns, options: Options) -> None:
        self.targets: Mask = np.array(columns["targets"])
        self.predictions: Mask = np.array(columns["predictions"])
        self.ignored = options.get("ignore_index")
        declared = options.get("classes")
        self.declared = declared is not None
        seen = [m[m != self.ignored] for m in (self.targets, self.predictions)]
        most = max((int(m.max()) for m in seen if m.size), default=-1)
        self.classes: int = declared if declared is not None else most + 1
        self.first = 0 if options.get("include_background", True) else 1
        self.weights = np.array(columns.get("weights", [1.0] * len(self.targets)))

    def pixels(self) -> tuple[Mask, Mask, npt.NDArray[np.float64]]:
        """Targets, predictions and weights of the pixels that count; -1 is a prediction of nothing."""
        keep = self.targets != self.ignored
        predictions = np.where(self.predictions == self.ignored, -1, self.predictions)
        weights = np.broadcast_to(self.weights[:, None, None], self.targets.shape)
        return self.targets[keep], predictions[keep], weights[keep]

    def present(self, image: int | None = None) -> list[int]:
        """The classes that are in targets or predictions."""
        targets, predictions, _ = self.pixels()
        if image is not None:
            one = slice(image, image + 1)
            keep = self.targets[one] != self.ignored
            targets = self.targets[one][keep]
            predictions = self.predictions[one][keep]
        found = set(targets.tolist()) | set(predictions.tolist())
        return [c for c in sorted(found) if c >= self.first and c != self.ignored]


def by_class(images: Images, score: Callable[..., Any]) -> dict[int, float]:
    """The score of each class over the pixels of all images."""
    t, p, w = images.pixels()
    classes = images.present()
    if not classes:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = score(t, p, labels=classes, average=None, sample_weight=w, zero_division=0)
    values: list[float] = found.tolist()
    return dict(zip(classes, values, strict=True))


def rows(images: Images, values: dict[int, float]) -> Expected:
    """What a metric by class answers."""
    t, p, _ = images.pixels()
    seen = (set(t.tolist()) | set(p.tolist())) - {-1}
    listed = range(images.classes) if images.declared else sorted(seen)
    told: list[Any] = [
        {"class": c, "value": values.get(c)} for c in listed if c >= images.first
    ]
    return told


def average(values: list[float]) -> Expected:
    return float(np.mean(values)) if values else Undefined("zero_division")


def macro(score: Callable[..., Any]) -> Callable[[Images], Expected]:
    return lambda images: average(list(by_class(images, score).values()))


def per_class(score: Callable[..., Any]) -> Callable[[Images], Expected]:
    return lambda images: rows(images, by_class(images, score))


def pixel_accuracy(images: Images) -> Expected:
    t, p, w = images.pixels()
    if not len(t):
        return Undefined("zero_division")
    return float(metrics.accuracy_score(t, p, sample_weight=w))


def mean_accuracy(images: Images) -> Expected:
    t, _, _ = images.pixels()
    found = by_class(images, metrics.recall_score)
    return average([found[c] for c in sorted(set(t.tolist())) if c >= images.first])


def frequency_weighted(images: Images) -> Expected:
    t, p, w = images.pixels()
    classes = images.present()
    if not np.isin(t, classes).any():
        return Undefined("zero_division")
    return float(
        metrics.jaccard_score(t, p, labels=classes, average="weighted", sample_weight=w)
    )


def image_scores(images: Images, score: Callable[..., Any]) -> list[dict[int, float]]:
    """The scores of the classes that each image has."""
    found = []
    for image in range(len(images.targets)):
        keep = images.targets[image] != images.ignored
        t, p = images.targets[image][keep], images.predictions[image][keep]
        present = images.present(image)
        values: list[float] = []
        if present:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                values = score(t, p, labels=present, average=None, zero_division=0).tolist()
        found.append(dict(zip(present, values, strict=True)))
    return found


def image_macro(score: Callable[..., Any]) -> Callable[[Images], Expected]:
    def answer(images: Images) -> Expected:
        scores = image_scores(images, score)
        held = [
            (np.mean(list(s.values())), w)
            for s, w in zip(scores, images.weights, strict=True)
            if s and w > 0
        ]
        if not held:
            return Undefined("zero_division")
        return float(np.average([x for x, _ in held], weights=[w for _, w in held]))

    return answer


def image_rows(score: Callable[..., Any]) -> Callable[[Images], Expected]:
    def answer(images: Images) -> Expected:
        scores = image_scores(images, score)
        values = {}
        for c in images.present():
            held = [
                (s[c], w) for s, w in zip(scores, images.weights, strict=True) if c in s
            ]
            if sum(w for _, w in held) > 0:
                values[c] = float(
                    np.average([x for x, _ in held], weights=[w for _, w in held])
                )
        return rows(images, values)

    return answer


BY_IMAGE = {"aggregation": "image"}

METRICS: dict[str, list[tuple[Options, Callable[[Images], Expected]]]] = {
    "pixel_accuracy": [({}, pixel_accuracy)],
    "mean_accuracy": [({}, mean_accuracy)],
    "iou_macro": [({}, macro(metrics.jaccard_score)), (BY_IMAGE, image_macro(metrics.jaccard_score))],
    "iou_per_class": [({}, per_class(metrics.jaccard_score)), (BY_IMAGE, image_rows(metrics.jaccard_score))],
    "frequency_weighted_iou": [({}, frequency_weighted)],
    "dice_macro": [({}, macro(metrics.f1_score)), (BY_IMAGE, image_macro(metrics.f1_score))],
    "dice_per_class": [({}, per_class(metrics.f1_score)), (BY_IMAGE, image_rows(metrics.f1_score))],
}


def masks(
    rng: np.random.Generator, images: int, classes: int, holes: float = 0
) -> Columns:
    targets = rng.integers(0, classes, (images, 4, 6))
    predictions = np.where(
        rng.random(targets.shape) < 0.7, targets, rng.integers(0, classes, targets.shape)
    )
    for mask in (targets, predictions):
        mask[rng.random(mask.shape) < holes] = 255
    return {"predictions": predictions.tolist(), "targets": targets.tolist()}


def digits(images: int) -> Columns:
    """Ink on paper, and what half of the ink seems to be."""
    pictures = load_digits().images[:images]
    targets = np.where(pictures > 7, 2, np.where(pictures > 0, 1, 0))
    blurred = (pictures + np.roll(pictures, 1, axis=2)) / 2
    predictions = np.where(blurred > 7, 2, np.where(blurred > 0, 1, 0))
    return {"predictions": predictions.tolist(), "targets": targets.tolist()}


def datasets() -> list[Data]:
    rng = np.random.default_rng(9)
    weights = [0.5, 2.0, 1.0, 0.0, 3.0, 1.0, 0.25, 1.0]
    return [
        Data("four classes", masks(rng, 10, 4)),
        Data("digits", digits(16)),
        Data("holes", masks(rng, 8, 3, holes=0.3), {"ignore_index": 255}),
        Data("a class that never comes", masks(rng, 6, 3), {"classes": 5}),
        Data(
            "without background",
            masks(rng, 8, 3, holes=0.2),
            {"classes": 4, "ignore_index": 255, "include_background": False},
        ),
        Data("weights", {**masks(rng, 8, 3), "weights": weights}),
    ]


def main() -> None:
    data = datasets()
    write_rows("segmentation", data)
    for name, asked in METRICS.items():
        cases = []
        for item in data:
            for options, answer in asked:
                metric: str | dict[str, Any] = {"metric": name, **options} if options else name
                found: list[tuple[int, Expected]] = [
                    (n, answer(Images(item.prefix(n), item.options)))
                    for n in prefixes(item.rows)
                ]
                cases.append(Case(item.name, metric, None, found))
        write("segmentation", name, PACKAGES, cases)


if __name__ == "__main__":
    main()
