"""Every encoding of every type gives the answers that scikit-learn gives for the numbers it carries."""

from __future__ import annotations

import numpy as np
import pytest
import reference
from driver import Daemon, Refused
from packing import (
    FLOATS,
    INTEGERS,
    label_encodings,
    packed,
    plain,
    rounded,
    score_encodings,
)
from reference import DECISIONS, LOSSES, RANKS, Binary, assert_close
from test_binary import wanted

EVERY = [*DECISIONS, *RANKS, *LOSSES]
RNG = np.random.default_rng(17)
LABELS = RNG.integers(0, 2, 60)
SCORES = np.clip(RNG.normal(0.4 + 0.2 * LABELS, 0.3), 0, 1)


@pytest.mark.parametrize("dtype", FLOATS)
def test_scores(daemon: Daemon, dtype: str) -> None:
    rows = Binary(rounded(SCORES, dtype), LABELS, np.ones(len(LABELS)))
    answers = wanted(rows, 0.5)
    seen = []
    for encode in score_encodings(dtype).values():
        with daemon.stream("binary") as stream:
            stream.push(scores=encode(SCORES), labels=plain(LABELS))
            seen.append(stream.values(*EVERY))
        assert_close(seen[-1], answers)
    assert all(values == seen[0] for values in seen)


def test_mixed_types_in_one_stream(daemon: Daemon) -> None:
    parts = np.array_split(np.arange(len(LABELS)), len(FLOATS) + 2)
    scores = SCORES.copy()
    with daemon.stream("binary") as stream:
        for part, dtype in zip(parts, FLOATS, strict=False):
            scores[part] = rounded(SCORES[part], dtype)
            stream.push(
                scores=packed(SCORES[part], dtype), labels=packed(LABELS[part], "uint8")
            )
        for part, dtype in zip(parts[-2:], ["uint8", "bool"], strict=True):
            scores[part] = SCORES[part] > 0.5
            stream.push(
                scores=packed(scores[part], dtype), labels=packed(LABELS[part], "int64")
            )
        rows = Binary(scores, LABELS, np.ones(len(LABELS)))
        assert_close(stream.values(*EVERY), wanted(rows, 0.5))


@pytest.mark.parametrize("dtype", FLOATS)
def test_sixteen_bits_in_great_number(daemon: Daemon, dtype: str) -> None:
    """From 131,072 rows on, 16-bit scores are counted in tables."""
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 2, 150_000)
    scores = np.clip(rng.normal(0.4 + 0.2 * labels, 0.3), 0, 1)
    rows = Binary(rounded(scores, dtype), labels, np.ones(len(labels)))
    with daemon.stream("binary") as stream:
        for part in np.array_split(np.arange(len(labels)), 7):
            stream.push(
                scores=packed(scores[part], dtype), labels=packed(labels[part], "uint8")
            )
        assert_close(stream.values(*EVERY), wanted(rows, 0.5), 1e-11)


def test_labels_and_predictions(daemon: Daemon) -> None:
    decided = (SCORES > 0.5).astype(int)
    answers = reference.decisions(LABELS, decided, np.ones(len(LABELS)))
    for encode in label_encodings().values():
        with daemon.stream("binary") as stream:
            stream.push(predictions=encode(decided), labels=encode(LABELS))
            assert_close(stream.values(*DECISIONS), answers)


def test_weights(daemon: Daemon) -> None:
    weights = RNG.choice([0.25, 0.5, 1, 2, 3], len(LABELS))
    rows = Binary(SCORES, LABELS, weights)
    for encoded in [plain(weights), *(packed(weights, dtype) for dtype in FLOATS)]:
        with daemon.stream("binary") as stream:
            stream.push(scores=plain(SCORES), labels=plain(LABELS), weights=encoded)
            assert_close(stream.values(*EVERY), wanted(rows, 0.5))
    whole = RNG.integers(0, 2, len(LABELS))
    rows = Binary(SCORES, LABELS, whole.astype(float))
    for dtype in INTEGERS:
        with daemon.stream("binary") as stream:
            stream.push(
                scores=plain(SCORES), labels=plain(LABELS), weights=packed(whole, dtype)
            )
            assert_close(stream.values(*EVERY), wanted(rows, 0.5))


def test_logits_of_two_columns_are_their_difference(daemon: Daemon) -> None:
    pairs = np.round(RNG.normal(0, 2, (len(LABELS), 2)), 1)
    for dtype in FLOATS:
        exact = rounded(pairs, dtype)
        rows = Binary(exact[:, 1] - exact[:, 0], LABELS, np.ones(len(LABELS)), "logit")
        for column in (packed(pairs, dtype, [len(LABELS), 2]), exact.tolist()):
            with daemon.stream("binary", options={"score_kind": "logit"}) as stream:
                stream.push(scores=column, labels=plain(LABELS))
                assert_close(stream.values(*EVERY), wanted(rows, 0.0))


def test_positive_labels(daemon: Daemon) -> None:
    rows = Binary(SCORES, LABELS, np.ones(len(LABELS)))
    words = np.array(["dog", "cat"])[LABELS]
    numbers = np.array([7, -3])[LABELS]
    for label, columns in {
        "cat": [
            words.tolist(),
            {"dictionary": ["dog", "cat"], "indices": packed(LABELS, "int8")},
        ],
        -3: [plain(numbers), packed(numbers, "int16"), packed(numbers, "float32")],
    }.items():
        for column in columns:
            with daemon.stream("binary", options={"positive_label": label}) as stream:
                stream.push(scores=plain(SCORES), labels=column)
                assert_close(stream.values(*EVERY), wanted(rows, 0.5))


def test_what_no_column_is(daemon: Daemon) -> None:
    with daemon.stream(
        "binary", slices=["language"], options={"unique_ids": True}
    ) as stream:

        def refused(path: str, **columns: object) -> None:
            batch = {
                "scores": [0.1, 0.9],
                "labels": [0, 1],
                "ids": [1, 2],
                "slices": {"language": "en"},
                **columns,
            }
            with pytest.raises(Refused) as error:
                stream.push(**batch)
            assert error.value.kind == "InvalidBatch"
            assert error.value.path == f"/params/batch/{path}"

        pairs = packed(np.ones((2, 2)), "int64", [2, 2])
        refused("ids", ids=pairs)
        refused("labels", labels=pairs)
        refused("weights", weights=pairs)
        refused("slices/language", slices={"language": pairs})
        # No row is without any value: that is no column at all.
        refused("ids/shape", ids=packed(np.ones((2, 0)), "int64", [2, 0]))
        refused("scores", scores=packed(np.ones((2, 3)), "float32", [2, 3]))
        refused("labels/1", labels=[0, 2])
        refused("scores/1", scores=[0.5, 1.5])
        refused("scores/0", scores=["NaN", 0.5])
        refused("weights/1", weights=[1, -1])
        assert stream.call("stream/describe")["total_count"] == 0
