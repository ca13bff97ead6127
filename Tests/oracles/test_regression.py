"""The regression task against scikit-learn, scipy, torch, statsmodels and exact arithmetic."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rows as made
import torch
from driver import Daemon, Refused, Stream
from hypothesis import given, settings
from hypothesis import strategies as st
from packing import FLOATS, INTEGERS, packed, rounded
from reference import assert_close, close
from scipy import stats
from sklearn import datasets, ensemble, linear_model, metrics
from statsmodels.stats.weightstats import DescrStatsW

Floats = npt.NDArray[np.float64]
Values = dict[str, Any]

EXACT = ["mae", "mse", "rmse", "r2", "explained_variance", "mean_error", "pearson"]
EXACT += ["concordance_correlation", "concordance", "max_error"]
SPECIAL: list[Any] = [
    {"metric": "adjusted_r2", "features": 3, "as": "adjusted"},
    {"metric": "pinball_loss", "alpha": 0.9, "as": "pinball"},
    {"metric": "huber", "delta": 0.75, "as": "huber"},
    {"metric": "residual_quantile", "q": 0.3, "as": "residual"},
    {"metric": "target_quantile", "q": 0.9, "as": "target"},
]
OTHERS = ["mape", "smape", "median_absolute_error", "spearman"]
EVERY = EXACT + OTHERS + SPECIAL

NUMBERS = st.one_of(
    st.integers(-20, 20).map(lambda k: k / 4),
    st.integers(0, 80).map(lambda k: 1e9 + k / 8),
    st.floats(-1e3, 1e3).map(lambda x: round(x, 6)),
    st.sampled_from([0.0, -0.0, 1.0, 1e-6]),
)
LENGTHS = st.integers(1, 40)


def root(x: Fraction) -> float:
    """The square root of a fraction to the last bits, whatever its size."""
    if not x:
        return 0.0
    shift = (x.numerator.bit_length() - x.denominator.bit_length()) // 2
    return math.ldexp(math.sqrt(x / Fraction(4) ** shift), shift)


def exact(p: Floats, t: Floats, w: Floats) -> Values:
    """What follows from sums, in fractions, rounded once. Every row has a weight."""
    ps, ts, ws = ([Fraction(x) for x in column.tolist()] for column in (p, t, w))
    rows = list(zip(ps, ts, ws, strict=True))
    total = sum(ws, Fraction(0))

    def mean(terms: list[Fraction]) -> Fraction:
        return sum(terms, Fraction(0)) / total

    mse = mean([c * (a - b) ** 2 for a, b, c in rows])
    bias = mean([c * (a - b) for a, b, c in rows])
    middle_p, middle_t = (
        mean([c * a for a, _, c in rows]),
        mean([c * b for _, b, c in rows]),
    )
    var_p = mean([c * (a - middle_p) ** 2 for a, _, c in rows])
    var_t = mean([c * (b - middle_t) ** 2 for _, b, c in rows])
    covariance = mean([c * (a - middle_p) * (b - middle_t) for a, b, c in rows])
    whole = var_p + var_t + bias**2

    def explained(rest: Fraction) -> Fraction:
        if not rest:
            return Fraction(1)
        return 1 - rest / var_t if var_t else Fraction(0)

    few = len(rows) < 2
    r2 = "too_few_rows" if few else float(explained(mse))
    left = total - 4
    adjusted: float | str = "too_few_rows"
    if not few and left > 0:
        adjusted = float(1 - (1 - explained(mse)) * (total - 1) / left)
    correlation: float | str = "no_variation"
    if few:
        correlation = "too_few_rows"
    elif var_p and var_t:
        correlation = math.copysign(root(covariance**2 / (var_p * var_t)), covariance)
    agreement = float(2 * covariance / whole) if whole else "no_variation"
    alpha, delta = Fraction(0.9), Fraction(0.75)
    loss = [
        c * (alpha * (b - a) if b > a else (1 - alpha) * (a - b)) for a, b, c in rows
    ]
    gaps = [(c, abs(a - b)) for a, b, c in rows]
    huber = [
        c * (g * g / 2 if g <= delta else delta * (g - delta / 2)) for c, g in gaps
    ]
    return {
        "mae": float(mean([c * g for c, g in gaps])),
        "mse": float(mse),
        "rmse": root(mse),
        "r2": r2,
        "explained_variance": float(explained(mse - bias**2)),
        "mean_error": float(bias),
        "pearson": correlation,
        "concordance_correlation": agreement,
        "concordance": agreement,
        "max_error": float(max(g for _, g in gaps)),
        "adjusted": adjusted,
        "pinball": float(mean(loss)),
        "huber": float(mean(huber)),
    }


def quantile(values: Floats, w: Floats, q: float) -> float:
    if (w == 1).all():
        return float(np.quantile(values, q))
    return float(np.quantile(values, q, weights=w, method="inverted_cdf"))


def of_libraries(p: Floats, t: Floats, w: Floats) -> Values:
    """What scikit-learn, scipy and numpy say of the others. Every row has a weight."""
    plain = (w == 1).all()
    size = np.abs(p) + np.abs(t)
    symmetric = np.where(size == 0, 0, 2 * np.abs(p - t) / np.where(size == 0, 1, size))
    ranks: float | str = "no_variation"
    if len(t) < 2:
        ranks = "too_few_rows"
    elif np.ptp(p) > 0 and np.ptp(t) > 0:
        # Weights are multiples of a quarter here, so four times them are repetitions.
        times = np.rint(4 * w).astype(int)
        ranks = float(
            stats.spearmanr(np.repeat(p, times), np.repeat(t, times)).statistic
        )
    return {
        "mape": metrics.mean_absolute_percentage_error(t, p, sample_weight=w),
        "smape": float(np.average(symmetric, weights=w)),
        "median_absolute_error": metrics.median_absolute_error(
            t, p, sample_weight=None if plain else w
        ),
        "spearman": ranks,
        "residual": quantile(p - t, w, 0.3),
        "target": quantile(t, w, 0.9),
    }


def feed(stream: Stream, ends: list[int], **columns: Floats) -> None:
    for start, end in pairwise(ends):
        stream.push(**{name: x[start:end].tolist() for name, x in columns.items()})


@settings(max_examples=200)
@given(st.data())
def test_every_metric(daemon: Daemon, data: st.DataObject) -> None:
    n = data.draw(LENGTHS)
    pool = data.draw(st.lists(NUMBERS, min_size=1, max_size=n))
    p, t = (
        np.array(data.draw(st.lists(st.sampled_from(pool), min_size=n, max_size=n)))
        for _ in range(2)
    )
    columns = {"predictions": p, "targets": t}
    w = np.ones(n)
    if data.draw(st.booleans()):
        w = np.array(
            data.draw(
                st.lists(st.sampled_from([0, *made.DYADIC]), min_size=n, max_size=n)
            )
        )
        columns["weights"] = w
    with daemon.stream("regression") as stream:
        feed(stream, data.draw(made.cuts(n)), **columns)
        found = stream.values(*EVERY)
    held = w > 0
    if not held.any():
        assert set(found.values()) == {"zero_division"}
        return
    p, t, w = p[held], t[held], w[held]
    # Sums are exact, so only the last operation and a root round.
    assert_close(found, exact(p, t, w), 1e-15)
    assert_close(found, of_libraries(p, t, w))


POSITIVE = st.one_of(
    st.integers(1, 40).map(lambda k: k / 8), st.floats(1e-3, 1e3), st.just(2.0)
)


@given(st.data())
def test_deviances(daemon: Daemon, data: st.DataObject) -> None:
    n = data.draw(LENGTHS)
    p, t = (
        np.array(data.draw(st.lists(POSITIVE, min_size=n, max_size=n)))
        for _ in range(2)
    )
    names = ["poisson_deviance", "gamma_deviance", "msle"]
    with daemon.stream("regression") as stream:
        feed(stream, data.draw(made.cuts(n)), predictions=p, targets=t)
        found = stream.values(*names)
        zero = data.draw(st.sampled_from([0.0, -0.5]))
        stream.push(predictions=[1.0], targets=[zero])
        after = stream.values(*names)
        stream.push(predictions=[-1.0], targets=[1.0])
        last = stream.values(*names)
    wanted = [
        metrics.mean_poisson_deviance(t, p),
        metrics.mean_gamma_deviance(t, p),
        metrics.mean_squared_log_error(t, p),
    ]
    for name, value in zip(names, wanted, strict=True):
        # Where a prediction is near its target, scikit-learn loses what ours keeps.
        assert math.isclose(
            found[name], value, rel_tol=1e-12, abs_tol=1e-15 * max(1, p.max())
        ), name
    t = np.append(t, zero)
    p = np.append(p, 1.0)
    assert after["gamma_deviance"] == "infeasible"
    assert close(after["msle"], np.mean((np.log1p(p) - np.log1p(t)) ** 2), 1e-9)
    if zero == 0:
        assert close(
            after["poisson_deviance"], metrics.mean_poisson_deviance(t, p), 1e-9
        )
    else:
        assert after["poisson_deviance"] == "infeasible"
    assert set(last.values()) == {"infeasible"}


@pytest.mark.parametrize(
    ("p", "t"),
    [
        *[(10.0, 1e8), (0.0, 1e12), (3.0, 1e16), (1e16, 3.0), (1e300, 1.0)],
        *[(-0.999999999999, 3.0), (3.0, -0.999999999999), (1.5, 1.5000001)],
    ],
)
def test_logarithms_of_numbers_far_apart(daemon: Daemon, p: float, t: float) -> None:
    with daemon.stream("regression") as stream:
        stream.push(predictions=[p], targets=[t])
        found = stream.values("msle")["msle"]
    with localcontext() as digits:
        digits.prec = 400
        exact = (1 + Decimal(p)).ln() - (1 + Decimal(t)).ln()
    assert found == pytest.approx(float(exact) ** 2, rel=1e-14, abs=0)


@pytest.mark.parametrize(("p", "t"), [(1e308, 1.1e308), (1e-310, 1.1e-310)])
def test_deviances_at_the_ends_of_the_range(daemon: Daemon, p: float, t: float) -> None:
    with daemon.stream("regression") as stream:
        stream.push(predictions=[p], targets=[t])
        found = stream.values("gamma_deviance", "poisson_deviance")
    ours, theirs = Decimal(p), Decimal(t)
    with localcontext() as digits:
        digits.prec = 400
        logarithm = (theirs / ours).ln()
        gamma = 2 * (theirs / ours - 1 - logarithm)
        poisson = 2 * (theirs * logarithm - theirs + ours)
    assert found["gamma_deviance"] == pytest.approx(float(gamma), rel=1e-13, abs=0)
    # A subnormal number has few digits.
    assert found["poisson_deviance"] == pytest.approx(float(poisson), rel=1e-9, abs=0)


@pytest.mark.parametrize("multioutput", ["uniform_average", "raw_values"])
@given(st.data())
def test_outputs(daemon: Daemon, multioutput: str, data: st.DataObject) -> None:
    n, outputs = data.draw(st.integers(2, 20)), data.draw(st.integers(1, 4))
    seed = data.draw(st.integers(0, 1 << 30))
    rng = np.random.default_rng(seed)
    t = rng.normal(0, 2, (n, outputs))
    p = t + rng.normal(0, 1, (n, outputs))
    w = rng.integers(1, 4, n).astype(float) / 2
    with daemon.stream("regression", options={"multioutput": multioutput}) as stream:
        for start, end in pairwise(data.draw(made.cuts(n))):
            if end > start:
                stream.push(
                    predictions=packed(p[start:end], "float64", [end - start, outputs]),
                    targets=t[start:end].tolist(),
                    weights=w[start:end].tolist(),
                )
        found = stream.values("mae", "mse", "rmse", "r2", "explained_variance", "mape")
    given_ = {"sample_weight": w, "multioutput": multioutput}
    wanted = {
        "mae": metrics.mean_absolute_error(t, p, **given_),
        "mse": metrics.mean_squared_error(t, p, **given_),
        "rmse": metrics.root_mean_squared_error(t, p, **given_),
        "r2": metrics.r2_score(t, p, **given_),
        "explained_variance": metrics.explained_variance_score(t, p, **given_),
        "mape": metrics.mean_absolute_percentage_error(t, p, **given_),
    }
    for name, value in wanted.items():
        assert np.allclose(found[name], value, rtol=1e-12, atol=1e-14), name
        assert isinstance(found[name], list) == (multioutput == "raw_values")


def test_outputs_without_a_value(daemon: Daemon) -> None:
    options = {"multioutput": "raw_values"}
    rows: Values = {
        "predictions": [[1, 1], [2, 2], [4, 2]],
        "targets": [[1, 3], [2, 3], [3, 3]],
    }
    with daemon.stream("regression", options=options) as stream:
        stream.push(**rows)
        found = stream.values("pearson", "spearman", "r2", "gamma_deviance")
    assert close(found["pearson"][0], stats.pearsonr([1, 2, 4], [1, 2, 3])[0])
    assert found["pearson"][1] is None and found["spearman"] == [1.0, None]
    assert found["r2"][1] == 0.0
    with daemon.stream("regression") as stream:
        stream.push(**rows)
        assert stream.values("pearson") == {"pearson": "no_variation"}


@pytest.mark.parametrize("dtype", [*FLOATS, *INTEGERS])
def test_every_type(daemon: Daemon, dtype: str) -> None:
    rng = np.random.default_rng(1)
    p, t = rng.integers(0, 2 if dtype == "bool" else 100, (2, 300)).astype(float)
    if dtype in FLOATS:
        p, t = p + rng.random(300), t + rng.random(300)
        p[:30] *= 1e-20 if dtype in ("float32", "float64", "bfloat16") else 1
    with daemon.stream("regression") as stream:
        stream.push(predictions=packed(p, dtype), targets=packed(t, dtype))
        found = stream.values(*EVERY)
        if dtype in FLOATS:
            p, t = rounded(p, dtype), rounded(t, dtype)
        assert_close(found, exact(p, t, np.ones(300)), 1e-15)
        assert_close(found, of_libraries(p, t, np.ones(300)))


def test_an_offset_of_1e9_loses_nothing(daemon: Daemon) -> None:
    """Sums of squares in float64 leave nothing of this variance, and torchmetrics says r2 = 1 of the like."""
    rng = np.random.default_rng(4)
    t = 1e9 + rng.normal(0, 1, 20_000)
    p = t + rng.normal(0, 0.1, 20_000)
    with daemon.stream("regression") as stream:
        for i, j in pairwise(np.linspace(0, 20_000, 14).astype(int).tolist()):
            stream.push(
                predictions=packed(p[i:j], "float64"), targets=packed(t[i:j], "float64")
            )
        found = stream.values(*EVERY)
    assert_close(found, exact(p, t, np.ones(20_000)), 1e-15)
    assert close(found["r2"], metrics.r2_score(t, p), 1e-9)
    assert close(found["spearman"], stats.spearmanr(p, t).statistic)


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=2, max_size=30), st.randoms())
def test_no_order_and_no_split_shows(
    daemon: Daemon, pairs: list[tuple[float, float]], random: Any
) -> None:
    other = pairs.copy()
    random.shuffle(other)
    with daemon.stream("regression") as one, daemon.stream("regression") as two:
        one.push(predictions=[p for p, _ in pairs], targets=[t for _, t in pairs])
        for p, t in other:
            two.push(predictions=[p], targets=[t])
            if random.random() < 0.1:
                two.values(*EVERY)
        assert one.values(*EVERY) == two.values(*EVERY)


def test_weights_repeat_rows(daemon: Daemon) -> None:
    """As the weighted moments of statsmodels have it."""
    rng = np.random.default_rng(8)
    p, t = rng.normal(0, 1, (2, 50))
    w = rng.integers(1, 6, 50)
    moments = DescrStatsW(np.stack([p, t], axis=1), weights=w)
    again: Values = {"predictions": np.repeat(p, w), "targets": np.repeat(t, w)}
    with daemon.stream("regression") as one, daemon.stream("regression") as two:
        one.push(predictions=p.tolist(), targets=t.tolist(), weights=w.tolist())
        two.push(**{name: x.tolist() for name, x in again.items()})
        names = [*EXACT, *OTHERS, *SPECIAL[:3], "pinball_loss"]
        found = one.values(*names)
        assert_close(found, two.values(*names), 1e-15)
    assert close(found["pearson"], float(moments.corrcoef[0, 1]))


def test_models_of_diabetes(daemon: Daemon) -> None:
    """Two trained models on real data: overall, by sex and by age, against scikit-learn and torch."""
    data = datasets.load_diabetes(scaled=False)
    x, y = data.data, data.target
    train, held = slice(0, 300), slice(300, None)
    for model in (
        linear_model.LinearRegression(),
        ensemble.RandomForestRegressor(50, random_state=0),
    ):
        model.fit(x[train], y[train])
        p, t = model.predict(x[held]), y[held]
        sex = np.where(x[held, 1] == 1, "one", "two")
        slices = ["sex", {"name": "age", "edges": [40, 60]}]
        with daemon.stream("regression", slices=slices) as stream:
            for i, j in pairwise([0, 1, 50, 142]):
                stream.push(
                    predictions=p[i:j].tolist(),
                    targets=packed(t[i:j], "float64"),
                    slices={"sex": sex[i:j].tolist(), "age": x[held, 0][i:j].tolist()},
                )
            scopes: list[tuple[npt.NDArray[np.bool_], Values]] = [
                (np.ones(142, bool), {}),
                (sex == "one", {"slice": {"sex": "one"}}),
                (
                    (sex == "two") & (x[held, 0] >= 60),
                    {"slice": {"sex": "two", "age": ">= 60"}},
                ),
            ]
            for chosen, scope in scopes:
                a, b = p[chosen], t[chosen]
                found = stream.values(*EVERY, "msle", "poisson_deviance", **scope)
                ones = np.ones(len(a))
                assert_close(found, exact(a, b, ones), 1e-15)
                assert_close(found, of_libraries(a, b, ones))
                torch_huber = torch.nn.functional.huber_loss(
                    torch.tensor(a), torch.tensor(b), delta=0.75
                )
                assert close(found["huber"], float(torch_huber))
                assert close(found["msle"], metrics.mean_squared_log_error(b, a))
                assert close(
                    found["poisson_deviance"], metrics.mean_poisson_deviance(b, a)
                )


def test_row_metrics(daemon: Daemon) -> None:
    with daemon.stream("regression") as stream:
        result = stream.call(
            "stream/push",
            batch={"predictions": [1.5, -2, 3], "targets": [1, 2, 3]},
            row_metrics=["mae", "mse", "r2", "spearman", "gamma_deviance", "smape"],
        )
    found = result["row_values"]
    assert found["mae"] == [0.5, 4.0, 0.0]
    assert found["mse"] == [0.25, 16.0, 0.0]
    assert found["r2"] == found["spearman"] == [None] * 3
    assert found["gamma_deviance"][1:] == [None, 0.0]
    assert found["smape"] == [0.4, 2.0, 0.0]


def test_other_outputs_are_refused(daemon: Daemon) -> None:
    refusals: list[tuple[Values, str]] = [
        ({"predictions": [1], "targets": [2]}, "/params/batch/predictions"),
        ({"predictions": [[1, 2]], "targets": [2]}, "/params/batch/targets"),
        (
            {"predictions": [[1, 2], [3, "NaN"]], "targets": [[1, 2], [3, 4]]},
            "/params/batch/predictions/1",
        ),
    ]
    with daemon.stream("regression") as stream:
        stream.push(predictions=[[1, 2]], targets=[[1, 2]])
        for batch, path in refusals:
            with pytest.raises(Refused) as refused:
                stream.push(**batch)
            assert refused.value.path == path
        assert stream.query("mae")["count"] == 1
