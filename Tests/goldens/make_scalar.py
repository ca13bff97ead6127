"""Writes the goldens of the scalar task from numpy, scipy and Python's own exact arithmetic.

python Tests/goldens/make_scalar.py
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
from golden import Case, Data, Expected, Options, Undefined, prefixes, write, write_rows
from scipy.stats import sem as scipy_sem

Floats = npt.NDArray[np.float64]
Answer = Callable[[Floats, Floats, Options], Expected]

PACKAGES = ["numpy", "scipy"]


def repeated(values: Floats, weights: Floats) -> Floats:
    """Weights are whole numbers here, so that they can be repetitions."""
    return np.repeat(values, weights.astype(int))


def needs_weight(answer: Answer) -> Answer:
    def checked(values: Floats, weights: Floats, options: Options) -> Expected:
        if weights.sum() == 0:
            return Undefined("zero_division")
        return answer(values, weights, options)

    return checked


def mean(values: Floats, weights: Floats, _: Options) -> Expected:
    exact = sum(
        (
            Fraction(v) * Fraction(w)
            for v, w in zip(values.tolist(), weights.tolist(), strict=True)
        ),
        Fraction(0),
    ) / Fraction(weights.sum())
    assert math.isclose(
        float(exact), np.average(values, weights=weights), rel_tol=1e-6, abs_tol=1
    )
    return float(exact)


def std(values: Floats, weights: Floats, _: Options) -> Expected:
    rows = repeated(values, weights)
    if len(rows) < 2:
        return Undefined("too_few_rows")
    # Exact where numpy rounds; they agree where numpy can.
    found: float = statistics.stdev(rows.tolist())
    slack = max(1e-15 * float(np.abs(rows).max()), 1e-300)
    assert math.isclose(found, np.std(rows, ddof=1), rel_tol=1e-9, abs_tol=slack)
    return found


def sem(values: Floats, weights: Floats, options: Options) -> Expected:
    deviation = std(values, weights, options)
    if isinstance(deviation, Undefined):
        return deviation
    assert isinstance(deviation, float)
    rows = repeated(values, weights)
    found = deviation / math.sqrt(len(rows))
    slack = max(1e-15 * float(np.abs(rows).max()), 1e-300)
    assert math.isclose(found, scipy_sem(rows), rel_tol=1e-9, abs_tol=slack)
    return found


def quantile(values: Floats, weights: Floats, options: Options) -> Expected:
    share = options.get("q", 0.5)
    if (weights == 1).all():
        return float(np.quantile(values, share))
    held = weights > 0
    return float(
        np.quantile(values[held], share, weights=weights[held], method="inverted_cdf")
    )


METRICS: dict[str, Answer] = {
    "mean": needs_weight(mean),
    "std": std,
    "sum": lambda v, w, _: math.fsum(v * w),
    "min": needs_weight(lambda v, w, _: float(v[w > 0].min())),
    "max": needs_weight(lambda v, w, _: float(v[w > 0].max())),
    "sem": sem,
    "median": needs_weight(
        lambda v, w, o: float(np.median(v)) if (w == 1).all() else quantile(v, w, o)
    ),
    "quantile": needs_weight(quantile),
}

OPTIONS: dict[str, list[Options]] = {
    "quantile": [{}, {"q": 0}, {"q": 1}, {"q": 0.1}, {"q": 0.75}, {"q": 0.333}]
}


def datasets() -> list[Data]:
    rng = np.random.default_rng(7)
    n = 60

    def rows(name: str, values: Any, weights: Any = None) -> Data:
        columns = {"values": np.asarray(values, dtype=float).tolist()}
        if weights is not None:
            columns["weights"] = np.asarray(weights, dtype=float).tolist()
        return Data(name, columns)

    losses = rng.gamma(2.0, 0.5, n)
    return [
        rows("losses", losses),
        rows("two digits", np.round(losses, 2)),
        rows("all equal", np.full(20, 0.1)),
        rows("around 1e9", 1e9 + rng.normal(0, 1, n)),
        rows("large terms that cancel", rng.choice([1e16, -1e16, 1.0, 3.0], n)),
        rows("denormals", rng.integers(0, 9, n) * 5e-324),
        rows("both signs", np.round(rng.normal(0, 10, n), 1)),
        rows("weights", np.round(losses, 3), rng.integers(1, 5, n)),
        rows("some rows without weight", np.round(losses, 3), rng.integers(0, 3, n)),
        rows("no weight at all", losses[:5], np.zeros(5)),
    ]


def main() -> None:
    data = datasets()
    write_rows("scalar", data)
    for name, answer in METRICS.items():
        cases = []
        for item in data:
            for options in OPTIONS.get(name, [{}]):
                metric: str | dict[str, Any] = (
                    {"metric": name, **options} if options else name
                )
                found = []
                for rows in prefixes(item.rows):
                    columns = item.prefix(rows)
                    values = np.array(columns["values"])
                    weights = np.array(columns.get("weights", [1.0] * rows))
                    found.append((rows, answer(values, weights, options)))
                cases.append(Case(item.name, metric, None, found))
        write("scalar", name, PACKAGES, cases)


if __name__ == "__main__":
    main()
