"""Rows that hypothesis makes: small ones that it can shrink, with the values that are trouble."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import strategies as st
from reference import Binary

# Powers of two and sums of few, so that every library adds them without rounding.
DYADIC = [0.25, 0.5, 1.0, 1.5, 2.0, 3.0]


def scores(kind: str) -> st.SearchStrategy[float]:
    """Scores with many ties, on edges of bins, at ends of ranges, and any others."""
    if kind == "probability":
        return st.one_of(
            st.integers(0, 100).map(lambda k: k / 100),
            st.integers(0, 15).map(lambda k: float(np.linspace(0, 1, 16)[k])),
            st.sampled_from(
                [0.0, -0.0, 0.5, 1.0, 5e-324, 1e-310, 1 - 2**-53, 0.1 + 0.2]
            ),
            st.floats(0, 1),
        )
    if kind == "logit":
        return st.one_of(
            st.integers(-20, 20).map(lambda k: k / 4),
            # Probabilities of different logits must differ by more than the last bits, in which
            # logistic functions do: whether two are tied decides in which bin they are.
            st.floats(-20, 20).map(lambda z: round(z, 6)),
            st.sampled_from([0.0, -0.0, 5e-324, -800.0, 800.0]),
        )
    return st.one_of(
        st.integers(-5, 5).map(float),
        st.floats(allow_nan=False, allow_infinity=False),
        st.integers(0, 50).map(lambda k: 1e9 + k / 8),
        st.sampled_from([0.0, -0.0, 5e-324, -5e-324, 1.7e308, -1.7e308]),
    )


@st.composite
def binary(
    draw: st.DrawFn,
    kind: str | None = None,
    weighted: bool | None = None,
    two_classes: bool = False,
    largest: int = 40,
) -> Binary:
    """Rows of a binary stream; at least one of them has weight."""
    chosen = (
        draw(st.sampled_from(["probability", "logit", "score"]))
        if kind is None
        else kind
    )
    pool = draw(st.lists(scores(chosen), min_size=1, max_size=largest))
    n = draw(st.integers(2, largest))
    s = draw(st.lists(st.sampled_from(pool), min_size=n, max_size=n))
    y = draw(st.lists(st.integers(0, 1), min_size=n, max_size=n))
    if two_classes:
        y[:2] = [0, 1]
    has_weights = draw(st.booleans()) if weighted is None else weighted
    w = [1.0] * n
    if has_weights:
        choice = DYADIC if two_classes else [0.0, *DYADIC]
        w = [
            1.5,
            *draw(st.lists(st.sampled_from(choice), min_size=n - 1, max_size=n - 1)),
        ]
    return Binary(np.array(s), np.array(y), np.array(w), chosen)


def cuts(n: int) -> st.SearchStrategy[list[int]]:
    """Where n rows are cut into batches."""
    return st.lists(st.integers(0, n), max_size=4).map(lambda c: sorted([0, *c, n]))


def batches(rows: Binary, ends: list[int]) -> list[dict[str, Any]]:
    """The rows in JSON batches, cut at these ends."""
    found = []
    for start, end in pairwise(ends):
        batch: dict[str, Any] = {
            "scores": rows.scores[start:end].tolist(),
            "labels": rows.labels[start:end].tolist(),
        }
        if (rows.weights != 1).any():
            batch["weights"] = rows.weights[start:end].tolist()
        found.append(batch)
    return found
