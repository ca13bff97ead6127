"""Bounds past a memory budget: what scikit-learn, scipy and numpy say of the rows lies within them, and
so does what evald says of the same rows without a budget.

Streams are small and budgets smaller, so that many can be tried; a few large ones come last.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import reference
import rows as made
from driver import Daemon
from hypothesis import given, settings
from hypothesis import strategies as st
from packing import packed
from reference import DECISIONS, LOSSES, RANKS, Binary, close
from scipy.special import expit
from test_binary import push

EVERY = [*DECISIONS, *RANKS, *LOSSES]
BUDGETS = st.sampled_from([64, 64, 100, 150, 250])


# --- Streams that are meant to hurt

Floats = npt.NDArray[np.float64]
Random = np.random.Generator


def near(middles: Any, most: int) -> Callable[[Random, int], Floats]:
    """Neighbours of some floats, which share all but the lowest bits."""

    def make(g: Random, n: int) -> Floats:
        x = g.choice(np.asarray(middles, float), n)
        up = g.integers(-most, most, n, endpoint=True)
        for k in range(most):
            x = np.where(abs(up) > k, np.nextafter(x, np.copysign(np.inf, up)), x)
        return x

    return make


def powers(low: int, high: int) -> Callable[[Random, int], Floats]:
    return lambda g, n: g.uniform(1, 9, n) * np.power(10.0, g.integers(low, high, n))


PROBABILITIES: dict[str, Callable[[Random, int], Floats]] = {
    "one bucket": near([0.3], 40),
    "edges of buckets": near([0.125, 0.25, 0.5, 0.75], 8),
    "edges of bins": near(np.arange(16) / 15, 3),
    "denormals": lambda g, n: g.integers(0, 300, n).astype(np.float64) * 5e-324,
    "every magnitude": powers(-300, -1),
    "ends": near([0.0, 1.0, 1e-16, 1 - 1e-15], 6),
    "floats": lambda g, n: g.random(n).astype(np.float32).astype(float),
    "uniform": lambda g, n: g.random(n),
    "tied": lambda g, n: np.where(g.random(n) < 0.8, 0.7, g.random(n)),
}
NUMBERS: dict[str, Callable[[Random, int], Floats]] = {
    "around 0": near([0.0, 5e-324, -5e-324], 30),
    "any magnitude": lambda g, n: g.choice([-1, 1], n) * powers(-300, 301)(g, n),
    "two clusters": near([-7.25, 7.25], 20),
    "negative": lambda g, n: -g.exponential(3, n),
}
LABELS: dict[str, Callable[[npt.NDArray[np.float64]], npt.NDArray[np.int64]]] = {
    "alternating in order of scores": lambda s: np.argsort(np.argsort(s)) % 2,
    "perfect": lambda s: (s >= np.median(s)).astype(int),
    "reversed": lambda s: (s < np.median(s)).astype(int),
    "one class": lambda s: np.ones(len(s), int),
    "one positive": lambda s: np.arange(len(s)) == len(s) // 2,
}


@st.composite
def adversarial(draw: st.DrawFn) -> Binary:
    g = np.random.default_rng(draw(st.integers(0, 2**32)))
    kind = draw(st.sampled_from(["probability", "probability", "score"]))
    kinds = PROBABILITIES if kind == "probability" else {**PROBABILITIES, **NUMBERS}
    n = int(g.integers(4, 90))
    scores = kinds[draw(st.sampled_from(sorted(kinds)))](g, n)
    if kind == "probability":
        scores = np.clip(scores, 0, 1)
    order = draw(st.sampled_from([*LABELS, "any"]))
    labels = LABELS[order](scores) if order != "any" else g.integers(0, 2, n)
    weights = np.ones(n)
    if draw(st.booleans()):
        weights = g.choice([0.25, 0.5, 1.0, 3.0, 1024.0], n)
    return Binary(scores, labels.astype(int), weights, kind)


# --- Comparing


@dataclass
class Tally:
    """What was seen, so that a test of nothing fails."""

    streams: int = 0
    approximate: int = 0
    bounds: int = 0


def within(bounds: dict[str, float], x: float, slack: float = 0) -> bool:
    slack *= max(1.0, abs(x)) if math.isfinite(x) else 0
    low, high = float(bounds["low"]), float(bounds["high"])  # "Infinity" too
    return low - slack <= x <= high + slack


def assert_within(
    answer: dict[str, Any], wanted: dict[str, Any], exact: dict[str, Any], tally: Tally
) -> None:
    """An answer past the budget, beside the library's numbers and the answer without a budget."""
    tally.streams += 1
    tally.approximate += bool(answer["bounds"])
    assert exact["bounds"] == {}
    assert answer["undefined"] == exact["undefined"]
    for name, x in wanted.items():
        bounds, found = answer["bounds"].get(name), answer["values"][name]
        same = exact["values"][name]
        if bounds is None:
            # Sums of weights are rounded in another order.
            assert close(found, same, 1e-13), (name, found, same)
            continue
        tally.bounds += 1
        assert bounds["low"] < bounds["high"]
        assert within(bounds, found) and within(bounds, same), (name, bounds, same)
        # The libraries' own rounding.
        assert within(bounds, x, 1e-12), (name, bounds, x)


def test_exact_answers_lie_within_bounds(daemon: Daemon) -> None:
    tally = Tally()

    @settings(max_examples=1200)
    @given(adversarial(), BUDGETS, st.data())
    def check(rows: Binary, budget: int, data: st.DataObject) -> None:
        some_score = data.draw(st.sampled_from(rows.scores.tolist()))
        threshold = data.draw(
            st.sampled_from(
                [some_score, math.nextafter(some_score, 0), 0.25, 0.5, 0.75]
            )
        )
        ends = data.draw(made.cuts(len(rows.labels)))
        options = {"score_kind": rows.kind}
        wanted = {**reference.ranks(rows), **reference.losses(rows)}
        if budget == 64:  # scikit-learn takes its time for them
            decided = (rows.scores >= threshold).astype(int)
            wanted |= reference.decisions(rows.labels, decided, rows.weights)
        with (
            daemon.stream(
                "binary", options={**options, "memory_budget_bytes": budget}
            ) as some,
            daemon.stream("binary", options=options) as all_of_it,
        ):
            push(some, rows, ends)
            push(all_of_it, rows)
            answer = some.query(*EVERY, threshold=threshold)
            exact = all_of_it.query(*EVERY, threshold=threshold)
            assert_within(answer, wanted, exact, tally)
            level = some.call("stream/describe")["memory_budget"]
            assert level["bytes"] == budget
            if level["dropped_bits"] == 0:
                assert answer["bounds"] == {}
            own = some.query(*DECISIONS)
            assert own["bounds"] == {}
            assert own["values"] == all_of_it.query(*DECISIONS)["values"]

    check()
    assert tally.streams >= 1000
    assert tally.approximate > 800
    assert tally.bounds > 5000


@settings(max_examples=200)
@given(adversarial(), BUDGETS, st.data())
def test_thresholds_calibration_and_fits(
    daemon: Daemon, rows: Binary, budget: int, data: st.DataObject
) -> None:
    options = {"score_kind": rows.kind}
    some_options = {**options, "memory_budget_bytes": budget}
    objective = data.draw(
        st.sampled_from(["f1", "youden", "mcc", "accuracy", "cost", "precision"])
    )
    with (
        daemon.stream("binary", options=some_options) as some,
        daemon.stream("binary", options=options) as all_of_it,
    ):
        push(some, rows)
        push(all_of_it, rows)

        def both(method: str, **params: Any) -> tuple[Any, Any]:
            return some.call(method, **params), all_of_it.call(method, **params)

        found, exact = both("threshold/optimize", objective=objective)
        assert "bounds" not in exact
        if exact["value"] is not None:
            check_choice(found, exact, "value")
            if rows.kind != "score" or math.isfinite(float(found["threshold"])):
                check_there(rows, found)
        asked = data.draw(st.lists(st.sampled_from(rows.scores.tolist()), max_size=4))
        found, exact = both("threshold/evaluate", thresholds=asked)
        for one, other in zip(found["rows"], exact["rows"], strict=True):
            check_choice(one, other, "f1")
        if rows.kind != "probability":
            return
        found, exact = both("calibration/query", bins=10)
        for name in ("ece", "mce", "ace", "brier"):
            check(name, found[name], exact[name], found.get("bounds"))
        for name in ("reliability", "resolution", "uncertainty", "within_bin"):
            parts = "brier_decomposition"
            bounds = found.get("bounds", {}).get(parts)
            check(name, found[parts][name], exact[parts][name], bounds)
        for one, other in zip(found["bins"], exact["bins"], strict=True):
            for name in ("count", "mean_score", "positive_rate"):
                check(name, one[name], other[name], one.get("bounds"), True)
        check_fit(rows, found=some.call("calibration/fit", method="platt"))
        check_fit(rows, found=some.call("calibration/fit", method="isotonic"))


def check(
    name: str,
    found: float | None,
    exact: float | None,
    bounds: dict[str, Any] | None,
    may_be_empty: bool = False,
) -> None:
    """A number beside the exact one, which is within its bounds or, without them, equal."""
    if found is None or exact is None:
        assert may_be_empty or found is exact
        return
    if bounds is None or name not in bounds:
        assert close(found, exact, 1e-13), (name, found, exact)
        return
    assert within(bounds[name], found) and within(bounds[name], exact), (
        name,
        bounds[name],
        found,
        exact,
    )


def check_choice(found: dict[str, Any], exact: dict[str, Any], value: str) -> None:
    bounds = found.get("bounds", {})
    low, high = (bounds.get("confusion", {}).get(end) for end in ("low", "high"))
    for name in ("threshold", value, "precision", "recall"):
        one, other = found[name], exact[name]
        if one is None or other is None:  # precision, where nothing is predicted
            continue
        check(name, float(one), float(other), bounds)
    for name, count in exact["confusion"].items():
        mine = found["confusion"][name]
        if low is None or high is None:
            assert close(mine, count, 1e-13)
        else:
            assert low[name] <= count <= high[name] and low[name] <= mine <= high[name]


def check_there(rows: Binary, found: dict[str, Any]) -> None:
    """What is said of the decisions at a chosen threshold is exact."""
    decided = (rows.scores >= float(found["threshold"])).astype(int)
    counts = reference.counts(rows.labels, decided, rows.weights)
    assert all(close(found["confusion"][k], x, 1e-13) for k, x in counts.items())


def interpolated(x: float, scores: list[float], probabilities: list[float]) -> float:
    """As numpy.interp, whose slopes overflow between denormals."""
    place = int(np.searchsorted(scores, x))
    if place == len(scores):
        return probabilities[-1]
    if place == 0 or scores[place] == x:
        return probabilities[place]
    share = (x - scores[place - 1]) / (scores[place] - scores[place - 1])
    low, high = probabilities[place - 1], probabilities[place]
    return low + (high - low) * share


def check_fit(rows: Binary, found: dict[str, Any]) -> None:
    """The losses of the very map that was fitted, on the rows that came."""
    if found.get("parameters") is None and found.get("map") is None:
        return
    p = rows.probabilities
    if "map" in found:
        q = np.array([interpolated(x, **found["map"]) for x in p])
    else:
        clipped = np.clip(p, 2.0**-52, 1 - 2.0**-52)
        z = np.log(clipped) - np.log1p(-clipped)
        parameters = found["parameters"]
        q = expit(parameters["slope"] * z + parameters["intercept"])
    for side, probabilities in (("before", p), ("after", q)):
        fitted = Binary(probabilities, rows.labels, rows.weights)
        bounds = found[side].get("bounds", {})
        for name, x in (
            ("brier", reference.brier(fitted)),
            ("log_loss", reference.log_loss(fitted)),
        ):
            if name in bounds:
                assert within(bounds[name], found[side][name])
                assert within(bounds[name], x, 1e-10), (side, name, bounds[name], x)


@settings(max_examples=150)
@given(
    st.sampled_from([*NUMBERS.values(), *PROBABILITIES.values()]),
    st.integers(0, 2**32),
    st.integers(3, 80),
    BUDGETS,
    st.floats(0, 1),
)
def test_quantiles_of_numbers(
    daemon: Daemon,
    shape: Callable[[Random, int], Floats],
    seed: int,
    count: int,
    budget: int,
    share: float,
) -> None:
    values = shape(np.random.default_rng(seed), count).tolist()
    with daemon.stream("scalar", options={"memory_budget_bytes": budget}) as stream:
        stream.push(values=values)
        metrics = ["median", {"metric": "quantile", "q": share, "as": "q"}]
        answer = stream.query(*metrics, "min", "max", "mean")
        assert not {"min", "max", "mean"} & set(answer["bounds"])
        column = np.array(values)
        with np.errstate(over="ignore", invalid="ignore"):
            wanted = {"median": np.median(column), "q": np.quantile(column, share)}
        for name, x in wanted.items():
            if not math.isfinite(x):  # numpy adds or subtracts two huge ones
                continue
            if name in answer["bounds"]:
                assert within(answer["bounds"][name], answer["values"][name])
                slack = 1e-15 * float(np.abs(column).max())
                bounds = answer["bounds"][name]
                assert bounds["low"] - slack <= x <= bounds["high"] + slack
            else:
                assert close(answer["values"][name], float(x)) or abs(x) > 1e300


@settings(max_examples=100)
@given(adversarial(), BUDGETS, st.data())
def test_any_order_and_batches_give_the_same_answer(
    daemon: Daemon, rows: Binary, budget: int, data: st.DataObject
) -> None:
    options = {"score_kind": rows.kind, "memory_budget_bytes": budget}
    found = []
    for _ in range(2):
        order = np.array(data.draw(st.permutations(range(len(rows.labels)))))
        moved = Binary(
            rows.scores[order], rows.labels[order], rows.weights[order], rows.kind
        )
        with daemon.stream("binary", options=options) as stream:
            push(stream, moved, data.draw(made.cuts(len(rows.labels))))
            answer = stream.query(*EVERY, threshold=0.3)
            del answer["revision"], answer["stream"]
            found.append(answer)
    assert found[0] == found[1]


def test_a_budget_that_is_not_exceeded_changes_no_bit(daemon: Daemon) -> None:
    @settings(max_examples=60)
    @given(adversarial())
    def check(rows: Binary) -> None:
        kind = {"score_kind": rows.kind}
        options = [kind, {**kind, "memory_budget_bytes": 16 * len(rows.labels) + 64}]
        found = []
        for chosen in options:
            with daemon.stream("binary", options=chosen) as stream:
                push(stream, rows)
                answer = stream.query(*EVERY, threshold=0.3)
                del answer["stream"]
                found.append(answer)
        assert found[0] == found[1]
        assert found[1]["bounds"] == {}

    check()


def test_large_streams(daemon: Daemon) -> None:
    """Bounds are not only wide enough: with room for thousands of groups they are narrow."""
    g = np.random.default_rng(7)
    for dtype, scale in (("float32", 1.0), ("float64", 1.0), ("float64", 1e-4)):
        scores = (0.5 + scale * (g.random(60_000) - 0.5)).astype(dtype)
        labels = (g.random(60_000) < 0.5 + (scores - 0.5) / scale * 0.8).astype(int)
        rows = Binary(scores.astype(float), labels, np.ones(len(labels)))
        options = {"memory_budget_bytes": 131_072}
        with daemon.stream("binary", options=options) as stream:
            for start, end in pairwise(range(0, 60_001, 4000)):
                stream.push(
                    scores=packed(scores[start:end], dtype),
                    labels=packed(labels[start:end], "uint8"),
                )
            answer = stream.query(*RANKS, *LOSSES)
            wanted = {**reference.ranks(rows), **reference.losses(rows)}
            for name in (*RANKS, *LOSSES):
                bounds = answer["bounds"][name]
                assert within(bounds, float(wanted[name]), 1e-12), name
                width = bounds["high"] - bounds["low"]
                if name not in ("optimal_threshold", "mce"):
                    assert width < 0.01, (name, bounds)
