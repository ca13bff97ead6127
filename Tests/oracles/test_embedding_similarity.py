"""The embedding_similarity task against bert_score's greedy matching, and its definition in numpy."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import embeddings
import numpy as np
import pytest
import torch
from driver import Daemon, Refused
from embeddings import Row, Text, batch, by_bert_score, by_numpy, idf_of
from hypothesis import given, settings
from hypothesis import strategies as st
from packing import FLOATS, rounded
from rows import cuts

EVERY = ["bertscore_precision", "bertscore_recall", "bertscore_f1"]


@st.composite
def vectors(draw: st.DrawFn, dimension: int, kind: str, dtype: str) -> Any:
    """Embeddings of a text: random, of few directions, nearly equal, or of wild lengths."""
    count = draw(st.integers(0, 7))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    found: Any
    if kind == "random":
        found = rng.normal(size=(count, dimension))
    elif kind == "few":
        found = rng.integers(-1, 2, (count, dimension)) + 0.5
    elif kind == "near":
        found = 1 + rng.integers(-3, 4, (count, dimension)) * 2.0**-7
    else:
        found = rng.normal(size=(count, dimension)) * 2.0 ** rng.integers(
            -9, 10, (count, 1)
        )
    found = rounded(found, dtype)
    found[~found.any(axis=1), 0] = 1  # what rounds to zero has no direction
    return found


@st.composite
def rows(draw: st.DrawFn) -> tuple[list[Row], str]:
    """Rows of one dimension and type."""
    dimension = draw(st.integers(1, 20))
    dtype = draw(st.sampled_from(FLOATS))
    kind = draw(st.sampled_from(["random", "few", "near", "wild"]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))

    def text() -> Text:
        found = draw(vectors(dimension, kind, dtype))
        ids = rng.integers(0, 9, len(found)).tolist()
        text = embeddings.special(rng, found, ids)
        text.vectors = rounded(text.vectors, dtype)
        return text

    count = draw(st.integers(1, 6))
    return [
        Row(
            text(),
            [text() for _ in range(draw(st.integers(1, 3)))],
            draw(st.sampled_from([0.5, 1.0, 3.0])),
        )
        for _ in range(count)
    ], dtype


def mean(scores: list[float], weights: list[float]) -> float | None:
    """Over the rows; 0 for one without a value, unless none has one."""
    known = [(s, w) for s, w in zip(scores, weights, strict=True) if not math.isnan(s)]
    if not known:
        return None
    return math.fsum(s * w for s, w in known) / math.fsum(weights)


def close(found: float | None, wanted: float | None, slack: float) -> bool:
    """Equal to a slack that is relative above 1: an F of scores of two signs has no bound."""
    if found is None or wanted is None:
        return found == wanted
    return abs(found - wanted) <= slack * max(1.0, abs(wanted))


def well_conditioned(scores: tuple[float, float, float]) -> bool:
    """Whether an F tells more than the rounding of P + R."""
    return math.isnan(scores[2]) or abs(scores[0] + scores[1]) > 1e-3 or scores[2] == 0


@settings(max_examples=300)
@given(rows(), st.booleans(), st.data())
def test_is_bert_score(
    daemon: Daemon, made: tuple[list[Row], str], has_idf: bool, data: st.DataObject
) -> None:
    texts, dtype = made
    idf = idf_of(texts) if has_idf else None
    ends = data.draw(cuts(len(texts)))
    scores = [by_numpy(row, idf) for row in texts]
    weights = [row.weight for row in texts]
    with daemon.stream("embedding_similarity", options={"idf": has_idf}) as stream:
        for start, end in pairwise(ends):
            part = texts[start:end]
            if not part:
                continue
            stream.push(**batch(part, dtype), weights=[row.weight for row in part])
        answer = stream.query(*EVERY)
    for place, name in enumerate(EVERY):
        found = answer["values"][name]
        if place == 2 and not all(map(well_conditioned, scores)):
            continue
        wanted = mean([score[place] for score in scores], weights)
        assert close(found, wanted, 1e-9), name
    for row, score in zip(texts, scores, strict=True):
        theirs = by_bert_score(row, idf)
        for place in range(3):
            # Its F of a nan is 0, and its infinite F of opposite scores is 0 here.
            if math.isnan(score[place]) or not well_conditioned(score):
                continue
            # Opposite scores cancel here, and leave the rounding of one of them there.
            if place == 2 and not well_conditioned(theirs):
                continue
            if math.isfinite(theirs[place]):
                assert close(score[place], theirs[place], 1e-9)


def many(seed: int, count: int, kind: str) -> list[Row]:
    """Rows of one reference each, of up to 24 tokens."""
    rng = np.random.default_rng(seed)
    dimension = int(rng.choice([3, 8, 32, 48]))
    directions = rng.normal(size=(7, dimension))

    def text() -> Text:
        count = int(rng.integers(1, 25))
        if kind == "random":
            found = rng.normal(size=(count, dimension)) + 0.4
        elif (
            kind == "repeated"
        ):  # the same few vectors again and again, as repeated words are
            found = directions[rng.integers(0, 7, count)]
        elif kind == "near":  # angles that single precision does not tell apart
            found = directions[0] + rng.normal(size=(count, dimension)) * 1e-4
        else:
            found = -np.abs(rng.normal(size=(count, dimension)))
            found *= rng.choice([-1, 1], (count, 1))
        return embeddings.special(
            rng, found.astype(np.float32), rng.integers(1000, 1500, count).tolist()
        )

    return [Row(text(), [text()]) for _ in range(count)]


@pytest.mark.parametrize("kind", ["random", "repeated", "near", "opposite"])
@pytest.mark.parametrize("has_idf", [False, True])
def test_many_pairs(daemon: Daemon, kind: str, has_idf: bool) -> None:
    """10,000 pairs in all: 1e-9 of double precision, 1e-6 of what the library computes in single."""
    checked = 0
    for seed in range(5):
        texts = many(seed * 7 + has_idf, 250, kind)
        idf = idf_of(texts) if has_idf else None
        with daemon.stream("embedding_similarity", options={"idf": has_idf}) as stream:
            found = stream.call(
                "stream/push", batch=batch(texts, "float32"), row_metrics=EVERY
            )["row_values"]
        for place, row in enumerate(texts):
            exact = by_numpy(row, idf)
            single = by_bert_score(row, idf, torch.float32)
            for part, name in enumerate(EVERY):
                if part < 2 or well_conditioned(exact):
                    value = found[name][place]
                    assert close(value, exact[part], 1e-9), (seed, place, name)
                    assert close(value, single[part], 1e-6 if part < 2 else 1e-3), name
            checked += 1
    assert checked == 1250


@given(rows(), st.booleans(), st.randoms())
def test_no_order_and_no_split_shows(
    daemon: Daemon, made: tuple[list[Row], str], has_idf: bool, random: Any
) -> None:
    texts, dtype = made
    other = texts.copy()
    random.shuffle(other)
    schema: Any = {"task": "embedding_similarity", "options": {"idf": has_idf}}
    with daemon.stream(**schema) as one, daemon.stream(**schema) as two:
        one.push(**batch(texts, dtype))
        for row in other:
            two.push(**batch([row], "float64"))
        assert one.values(*EVERY) == two.values(*EVERY)


@given(rows(), st.floats(-1, 0.99))
def test_rescaling(daemon: Daemon, made: tuple[list[Row], str], base: float) -> None:
    texts, dtype = made
    three = {"precision": base, "recall": 0.5, "f1": 0}
    with (
        daemon.stream("embedding_similarity") as plain,
        daemon.stream(
            "embedding_similarity", options={"rescale_baseline": three}
        ) as stream,
    ):
        for each in (plain, stream):
            each.push(**batch(texts, dtype))
        raw, found = plain.values(*EVERY), stream.values(*EVERY)
    for name, low in zip(EVERY, three.values(), strict=True):
        assert found[name] == (raw[name] - low) / (1 - low)


def test_a_tiny_push_with_odd_rows_is_refused_whole(daemon: Daemon) -> None:
    with daemon.stream("embedding_similarity") as stream:
        with pytest.raises(Refused) as refused:
            stream.push(
                prediction_embeddings=[[1, 0], [0, 0]],
                reference_embeddings=[[1, 0], [1, 1]],
                prediction_lengths=[1, 1],
                reference_lengths=[1, 1],
            )
        assert refused.value.path == "/params/batch/prediction_embeddings/1"
        assert stream.query()["count"] == 0
