"""The segmentation task against scikit-learn, and torchmetrics where it can be compared."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from driver import Daemon, Refused
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from packing import packed
from reference import assert_close
from sklearn import metrics
from sklearn.datasets import load_digits
from torchmetrics.classification import MulticlassAccuracy, MulticlassJaccardIndex
from torchmetrics.functional.segmentation import dice_score, mean_iou

Mask = npt.NDArray[np.int64]
HOLE = 9

SCALARS = [
    "pixel_accuracy",
    "mean_accuracy",
    "iou_macro",
    "frequency_weighted_iou",
    "dice_macro",
]
IMAGE_IOU = {"metric": "iou_macro", "aggregation": "image", "as": "image_iou"}
IMAGE_DICE = {"metric": "dice_macro", "aggregation": "image", "as": "image_dice"}


@st.composite
def masks(draw: st.DrawFn, holes: bool = False) -> tuple[Mask, Mask, int]:
    """Targets, predictions and the number of classes; pixels of class 9 are holes."""
    classes = draw(st.integers(1, 5))
    shape = draw(hnp.array_shapes(min_dims=3, max_dims=3, max_side=5))
    pixels = st.integers(0, classes - 1)
    if holes:
        pixels = st.one_of(pixels, pixels, st.just(HOLE))
    # Long stretches of one class beside single pixels, as the counting goes by stretches.
    fill = draw(pixels)
    found = [
        draw(hnp.arrays(np.int64, shape, elements=pixels, fill=st.just(fill)))
        for _ in range(2)
    ]
    if draw(st.booleans()):
        found = [np.repeat(mask, 20, axis=2) for mask in found]
    return found[0], found[1], classes


def valid(targets: Mask, predictions: Mask) -> tuple[Mask, Mask]:
    """The pixels that count; a prediction of a hole is one of no class."""
    keep = targets != HOLE
    return targets[keep], np.where(predictions[keep] == HOLE, -1, predictions[keep])


def expected(targets: Mask, predictions: Mask) -> dict[str, Any]:
    t, p = valid(targets, predictions)
    present = sorted((set(t.tolist()) | set(p.tolist())) - {-1})
    if not len(t):
        return dict.fromkeys(SCALARS, "zero_division")
    occurring = sorted(set(t.tolist()))
    options: dict[str, Any] = {"labels": present, "zero_division": 0}
    return {
        "pixel_accuracy": metrics.accuracy_score(t, p),
        "mean_accuracy": np.mean(
            metrics.recall_score(t, p, labels=occurring, average=None, zero_division=0)
        ),
        "iou_macro": metrics.jaccard_score(t, p, average="macro", **options),
        "frequency_weighted_iou": metrics.jaccard_score(t, p, average="weighted", **options),
        "dice_macro": metrics.f1_score(t, p, average="macro", **options),
    }


def image_means(targets: Mask, predictions: Mask) -> dict[str, Any]:
    """The mean over images with any pixel of the mean over the classes of the image."""
    found = [
        expected(t[None], p[None])
        for t, p in zip(targets, predictions, strict=True)
        if (t != HOLE).any()
    ]
    if not found:
        return {"image_iou": "zero_division", "image_dice": "zero_division"}
    return {
        "image_iou": float(np.mean([x["iou_macro"] for x in found])),
        "image_dice": float(np.mean([x["dice_macro"] for x in found])),
    }


@given(masks(holes=True), st.data())
def test_every_metric(
    daemon: Daemon, found: tuple[Mask, Mask, int], data: st.DataObject
) -> None:
    targets, predictions, classes = found
    options: dict[str, Any] = {"ignore_index": HOLE}
    if data.draw(st.booleans()):
        options["classes"] = classes
    cut = data.draw(st.integers(0, len(targets)))
    with daemon.stream("segmentation", options=options) as stream:
        for part in (slice(0, cut), slice(cut, None)):
            if len(targets[part]):
                stream.push(
                    targets=targets[part].tolist(), predictions=predictions[part].tolist()
                )
        answer = stream.values(*SCALARS, IMAGE_IOU, IMAGE_DICE)
    assert_close(answer, expected(targets, predictions) | image_means(targets, predictions))


@given(masks())
def test_values_by_class(daemon: Daemon, found: tuple[Mask, Mask, int]) -> None:
    targets, predictions, classes = found
    t, p = targets.ravel(), predictions.ravel()
    labels = list(range(classes + 1))
    absent = ~(np.isin(labels, t) | np.isin(labels, p))
    iou = metrics.jaccard_score(t, p, labels=labels, average=None, zero_division=0)
    dice = metrics.f1_score(t, p, labels=labels, average=None, zero_division=0)
    with daemon.stream("segmentation", options={"classes": classes + 1}) as stream:
        stream.push(targets=targets.tolist(), predictions=predictions.tolist())
        answer = stream.values("iou_per_class", "dice_per_class")
    for name, wanted in (("iou_per_class", iou), ("dice_per_class", dice)):
        rows = answer[name]
        assert [row["class"] for row in rows] == labels
        for row, value, is_absent in zip(rows, wanted, absent, strict=True):
            if is_absent:
                assert row["value"] is None
            else:
                assert row["value"] == pytest.approx(value, rel=1e-12)


@given(masks(), st.sampled_from(["uint8", "int32", "int64", "float32", "int16", "uint16"]))
def test_counts_and_every_type_say_the_same(
    daemon: Daemon, found: tuple[Mask, Mask, int], dtype: str
) -> None:
    targets, predictions, classes = found
    counts = metrics.confusion_matrix(
        targets.ravel(), predictions.ravel(), labels=range(classes)
    )
    options = {"classes": classes}
    shape = list(targets.shape)
    with (
        daemon.stream("segmentation", options=options) as one,
        daemon.stream("segmentation", options=options) as two,
        daemon.stream("segmentation", options=options) as three,
    ):
        one.push(targets=targets.tolist(), predictions=predictions.tolist())
        two.push(confusion=counts.tolist())
        three.push(
            targets=packed(targets.ravel(), dtype, shape),
            predictions=packed(predictions.ravel(), "uint8", shape),
        )
        names = [*SCALARS, "iou_per_class", "dice_per_class"]
        assert one.values(*names) == two.values(*names) == three.values(*names)
        assert one.values(IMAGE_IOU) == three.values(IMAGE_IOU)
        assert two.values(IMAGE_IOU)["image_iou"] == "not_kept"


@given(masks(), st.booleans())
def test_torchmetrics(
    daemon: Daemon, found: tuple[Mask, Mask, int], background: bool
) -> None:
    """In float32, as torchmetrics computes; macro of its classification metrics, images of the others."""
    targets, predictions, classes = found
    classes = max(classes, 2)
    t, p = torch.tensor(targets), torch.tensor(predictions)
    images = mean_iou(p, t, classes, background, True, "index")
    # It marks a class that is absent from an image by -1.
    held = [row[row >= 0].mean().item() for row in images.double() if (row >= 0).any()]
    options = {"classes": classes, "include_background": background}
    with daemon.stream("segmentation", options=options) as stream:
        stream.push(targets=targets.tolist(), predictions=predictions.tolist())
        answer = stream.values(
            *SCALARS, IMAGE_IOU, {"metric": "dice_per_class", "aggregation": "image", "as": "dice"}
        )
    if held:
        assert answer["image_iou"] == pytest.approx(np.mean(held), rel=1e-6)
    dice = dice_score(p, t, classes, background, average=None, input_format="index").double()
    for row, values in zip(answer["dice"], dice.T, strict=True):
        present = values[~values.isnan()]
        if len(present):
            assert row["value"] == pytest.approx(present.mean().item(), rel=1e-6)
        else:
            assert row["value"] is None
    if background:
        seen = sorted(set(targets.ravel().tolist()) | set(predictions.ravel().tolist()))
        jaccard = MulticlassJaccardIndex(classes, average=None)(p, t)[seen].mean().item()
        assert answer["iou_macro"] == pytest.approx(jaccard, rel=1e-6)
        right = MulticlassAccuracy(classes, average="micro")(p.ravel(), t.ravel()).item()
        assert answer["pixel_accuracy"] == pytest.approx(right, rel=1e-6)


def test_masks_of_digits(daemon: Daemon) -> None:
    """What two thresholds make of real pictures, seen sharp and blurred."""
    pictures = load_digits().images
    blurred = (pictures + np.roll(pictures, 1, axis=2) + np.roll(pictures, 1, axis=1)) / 3
    targets = np.digitize(pictures, [1, 8]).astype(np.int64)
    predictions = np.digitize(blurred, [1, 8]).astype(np.int64)
    targets[:, 0, 0] = HOLE
    labels = load_digits().target
    with daemon.stream(
        "segmentation",
        options={"classes": ["paper", "edge", "ink"], "ignore_index": HOLE},
        slices=["digit"],
    ) as stream:
        for part in np.array_split(np.arange(len(pictures)), 7):
            stream.push(
                targets=packed(targets[part].ravel(), "uint8", [len(part), 8, 8]),
                predictions=packed(predictions[part].ravel(), "uint8", [len(part), 8, 8]),
                slices={"digit": labels[part].tolist()},
            )
        answer = stream.values(*SCALARS, IMAGE_IOU, IMAGE_DICE, "iou_per_class")
        assert_close(
            answer, expected(targets, predictions) | image_means(targets, predictions)
        )
        assert [row["class"] for row in answer["iou_per_class"]] == ["paper", "edge", "ink"]
        for digit in range(10):
            held = labels == digit
            assert_close(
                stream.values(*SCALARS, IMAGE_IOU, slice={"digit": digit}),
                expected(targets[held], predictions[held])
                | {"image_iou": image_means(targets[held], predictions[held])["image_iou"]},
            )


@pytest.mark.parametrize(
    ("options", "pixel", "row"), [({}, -1, 2), ({"classes": 3}, 3, 1), ({}, 65536, 0)]
)
def test_a_pixel_of_no_class(
    daemon: Daemon, options: dict[str, Any], pixel: int, row: int
) -> None:
    targets = np.ones((3, 40, 40), np.int64)
    targets[row, 7, 30] = pixel
    with daemon.stream("segmentation", options=options) as stream:
        with pytest.raises(Refused) as refused:
            stream.push(targets=targets.tolist(), predictions=np.ones((3, 40, 40)).tolist())
        assert refused.value.path == f"/params/batch/targets/{row}"
