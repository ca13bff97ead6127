"""The scalar task against numpy, scipy and exact arithmetic."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rows as made
from driver import Daemon
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from packing import FLOATS, INTEGERS, packed, rounded
from reference import assert_close, close

EVERY = ["mean", "std", "sum", "min", "max", "sem", "median", "quantile"]
NUMBERS = st.one_of(
    st.integers(-100, 100).map(lambda k: k / 4),
    st.floats(-1e9, 1e9),
    st.integers(0, 80).map(lambda k: 1e9 + k / 8),
    st.sampled_from([1e16, -1e16, 1.0, 5e-324, -0.0, 1e-310]),
)


def exact(
    values: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]
) -> dict[str, Any]:
    """Moments in fractions, rounded once; order statistics of numpy."""
    xs = [Fraction(x) for x in values.tolist()]
    ws = [Fraction(w) for w in weights.tolist()]
    total = sum(ws, Fraction(0))
    if not total:
        undefined = dict.fromkeys(EVERY, "zero_division")
        return {**undefined, "sum": 0.0, "std": "too_few_rows", "sem": "too_few_rows"}
    first = sum((w * x for w, x in zip(ws, xs, strict=True)), Fraction(0))
    found: dict[str, Any] = {"sum": float(first), "mean": float(first / total)}
    if total > 1:
        squares = sum((w * x * x for w, x in zip(ws, xs, strict=True)), Fraction(0))
        variance = (squares - first * first / total) / (total - 1)
        found["std"] = root(variance)
        found["sem"] = root(variance) / math.sqrt(total)
    else:
        found["std"] = found["sem"] = "too_few_rows"
    held = values[weights > 0]
    found["min"], found["max"] = float(held.min()), float(held.max())
    if np.isin(weights, (0, 1)).all():  # rows without weight are no rows
        found["median"] = float(np.median(held))
        found["quantile"] = float(np.quantile(held, 0.5))
    else:
        middle = np.quantile(
            held, 0.5, weights=weights[weights > 0], method="inverted_cdf"
        )
        found["median"] = found["quantile"] = float(middle)
    return found


def root(x: Fraction) -> float:
    """The square root of a fraction, correct to the last bits also where the fraction fits no double."""
    if not x:
        return 0.0
    shift = (x.numerator.bit_length() - x.denominator.bit_length()) // 2
    return math.ldexp(math.sqrt(x / Fraction(4) ** shift), shift)


@settings(max_examples=300)
@given(st.lists(NUMBERS, min_size=1, max_size=40), st.booleans(), st.data())
def test_every_metric(
    daemon: Daemon, numbers: list[float], weighted: bool, data: st.DataObject
) -> None:
    values = np.array(numbers)
    n = len(values)
    weights = np.ones(n)
    if weighted:
        weights = np.array(
            data.draw(
                st.lists(st.sampled_from([0, *made.DYADIC]), min_size=n, max_size=n)
            )
        )
    ends = data.draw(made.cuts(n))
    with daemon.stream("scalar") as stream:
        for start, end in pairwise(ends):
            batch: dict[str, Any] = {"values": values[start:end].tolist()}
            if weighted:
                batch["weights"] = weights[start:end].tolist()
            stream.push(**batch)
        found = stream.values(*EVERY)
    assert_close(found, exact(values, weights))
    if not weighted:
        assert found["sum"] == math.fsum(numbers)


@given(
    st.lists(NUMBERS, min_size=1, max_size=30), st.sampled_from([0, 0.1, 1 / 3, 0.9, 1])
)
def test_quantiles_are_those_of_numpy(
    daemon: Daemon, numbers: list[float], q: float
) -> None:
    with daemon.stream("scalar") as stream:
        stream.push(values=numbers)
        found = stream.values({"metric": "quantile", "q": q, "as": "x"})["x"]
        # To the bit; numpy's own answer is -0.0 for some zeros.
        assert found == float(np.quantile(np.array(numbers), q))


@given(st.lists(NUMBERS, min_size=2, max_size=30), st.randoms())
def test_no_order_and_no_split_shows(
    daemon: Daemon, numbers: list[float], random: Any
) -> None:
    other = numbers.copy()
    random.shuffle(other)
    assume(other != numbers)
    with daemon.stream("scalar") as one, daemon.stream("scalar") as two:
        one.push(values=numbers)
        for x in other:
            two.push(values=[x])
        assert one.values(*EVERY) == two.values(*EVERY)


@pytest.mark.parametrize("dtype", [*FLOATS, *INTEGERS])
def test_every_type(daemon: Daemon, dtype: str) -> None:
    rng = np.random.default_rng(1)
    values = rng.integers(0, 2 if dtype == "bool" else 100, 200).astype(float)
    if dtype in FLOATS:
        values = values + rng.random(200)
    with daemon.stream("scalar") as stream:
        stream.push(values=packed(values, dtype))
        carried = rounded(values, dtype) if dtype in FLOATS else values
        assert_close(stream.values(*EVERY), exact(carried, np.ones(200)))


def test_many_rows_around_1e9(daemon: Daemon) -> None:
    rng = np.random.default_rng(4)
    values = 1e9 + rng.normal(0, 1, 100_000)
    with daemon.stream("scalar") as stream:
        for part in np.array_split(values, 13):
            stream.push(values=packed(part, "float64"))
        found = stream.values(*EVERY)
    assert found["sum"] == math.fsum(values)
    assert close(found["std"], float(np.std(values - 1e9, ddof=1)), 1e-9)
    assert found["median"] == np.median(values)
