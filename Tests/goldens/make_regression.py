"""Writes the goldens of the regression task from scikit-learn, scipy, torch, torchmetrics and numpy.

python Tests/goldens/make_regression.py
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from decimal import Decimal, localcontext
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from golden import Case, Data, Expected, Options, Undefined, prefixes, write, write_rows
from scipy import stats
from sklearn import datasets, linear_model, metrics
from torchmetrics.functional import regression as tm

Floats = npt.NDArray[np.float64]
# Predictions, targets and weights of one output; all rows have weight.
Answer = Callable[[Floats, Floats, Floats, Options], float | Undefined]

PACKAGES = ["numpy", "scipy", "scikit-learn", "torch", "torchmetrics"]
TOO_FEW = Undefined("too_few_rows")
NO_VARIATION = Undefined("no_variation")
INFEASIBLE = Undefined("infeasible")


def sklearn_loss(function: Callable[..., Any], **options: str) -> Answer:
    """A loss of scikit-learn; `options` are its parameters by the names that evald has for them."""

    def answer(p: Floats, t: Floats, w: Floats, asked: Options) -> float:
        given = {theirs: asked.get(ours, 0.5) for theirs, ours in options.items()}
        return float(function(t, p, sample_weight=w, **given))

    return answer


def for_domain(answer: Answer, low_p: float, low_t: float, strict_t: bool) -> Answer:
    """scikit-learn raises where a number lies outside the loss's domain."""

    def checked(p: Floats, t: Floats, w: Floats, options: Options) -> float | Undefined:
        if (p <= low_p).any() or ((t <= low_t) if strict_t else (t < low_t)).any():
            return INFEASIBLE
        return answer(p, t, w, options)

    return checked


def deviance(
    row: Callable[[Decimal, Decimal], Decimal], library: Callable[..., Any]
) -> Answer:
    """The mean of twice a row's term in fifty digits: where p and t are near, scikit-learn's terms cancel."""

    def answer(p: Floats, t: Floats, w: Floats, _: Options) -> float:
        rows = zip(p.tolist(), t.tolist(), w.tolist(), strict=True)
        with localcontext() as context:
            context.prec = 50
            total = sum(
                (Decimal(c) * row(Decimal(a), Decimal(b)) for a, b, c in rows),
                Decimal(0),
            )
            found = float(2 * total / Decimal(w.sum()))
        slack = 1e-15 * float(max(1, abs(p).max()))
        assert np.isclose(
            found, library(t, p, sample_weight=w), rtol=1e-12, atol=slack
        )
        return found

    return answer


def poisson_term(p: Decimal, t: Decimal) -> Decimal:
    return p if t == 0 else t * (t / p).ln() - t + p


def gamma_term(p: Decimal, t: Decimal) -> Decimal:
    return (p / t).ln() + t / p - 1


def r2(p: Floats, t: Floats, w: Floats, _: Options) -> float | Undefined:
    if len(t) < 2:
        return TOO_FEW
    return float(metrics.r2_score(t, p, sample_weight=w))


def adjusted_r2(
    p: Floats, t: Floats, w: Floats, options: Options
) -> float | Undefined:
    n, features = w.sum(), options["features"]
    if len(t) < 2 or n - features - 1 <= 0:
        return TOO_FEW
    plain = float(metrics.r2_score(t, p, sample_weight=w))
    adjusted = 1 - (1 - plain) * (n - 1) / (n - features - 1)
    if (w == 1).all() and (p != t).any() and np.ptp(t) > 0 and abs(t).max() < 1e6:
        peer = tm.r2_score(torch.tensor(p), torch.tensor(t), adjusted=features)
        assert np.isclose(adjusted, float(peer), rtol=1e-6)
    return float(adjusted)


def smape(p: Floats, t: Floats, w: Floats, _: Options) -> float:
    size = np.abs(p) + np.abs(t)
    rows = np.where(size == 0, 0, 2 * np.abs(p - t) / np.where(size == 0, 1, size))
    if (w == 1).all() and (size > 1e-5).all():
        peer = tm.symmetric_mean_absolute_percentage_error(
            torch.tensor(p), torch.tensor(t)
        )
        assert np.isclose(float(peer), rows.mean(), rtol=1e-12)
    return float(np.average(rows, weights=w))


def pearson(p: Floats, t: Floats, w: Floats, _: Options) -> float | Undefined:
    if len(t) < 2:
        return TOO_FEW
    if np.ptp(p) == 0 or np.ptp(t) == 0:
        return NO_VARIATION
    if (w == 1).all():
        return float(stats.pearsonr(p, t).statistic)
    both = np.cov(p, t, aweights=w, ddof=0)
    return float(both[0, 1] / np.sqrt(both[0, 0] * both[1, 1]))


def spearman(p: Floats, t: Floats, w: Floats, _: Options) -> float | Undefined:
    """Weights are whole numbers here, so that they can be repetitions."""
    if len(t) < 2:
        return TOO_FEW
    if np.ptp(p) == 0 or np.ptp(t) == 0:
        return NO_VARIATION
    times = w.astype(int)
    return float(stats.spearmanr(np.repeat(p, times), np.repeat(t, times)).statistic)


def concordance(p: Floats, t: Floats, w: Floats, _: Options) -> float | Undefined:
    both = np.cov(p, t, aweights=w, ddof=0) if len(t) > 1 else np.zeros((2, 2))
    gap = float(np.average(p - t, weights=w))
    whole = float(both[0, 0] + both[1, 1] + gap**2)
    return NO_VARIATION if whole == 0 else float(2 * both[0, 1] / whole)


def huber(p: Floats, t: Floats, w: Floats, options: Options) -> float:
    rows = torch.nn.functional.huber_loss(
        torch.tensor(p),
        torch.tensor(t),
        reduction="none",
        delta=float(options.get("delta", 1)),
    )
    return float(np.average(rows.numpy(), weights=w))


def quantile(values: Floats, w: Floats, q: float) -> float:
    if (w == 1).all():
        return float(np.quantile(values, q))
    return float(np.quantile(values, q, weights=w, method="inverted_cdf"))


METRICS: dict[str, Answer] = {
    "mae": sklearn_loss(metrics.mean_absolute_error),
    "mse": sklearn_loss(metrics.mean_squared_error),
    "rmse": sklearn_loss(metrics.root_mean_squared_error),
    "r2": r2,
    "adjusted_r2": adjusted_r2,
    "explained_variance": sklearn_loss(metrics.explained_variance_score),
    "mape": sklearn_loss(metrics.mean_absolute_percentage_error),
    "smape": smape,
    "median_absolute_error": lambda p, t, w, _: float(
        metrics.median_absolute_error(t, p, sample_weight=None if (w == 1).all() else w)
    ),
    "max_error": lambda p, t, w, _: float(metrics.max_error(t, p)),
    "msle": for_domain(
        sklearn_loss(metrics.mean_squared_log_error), -1, -1, strict_t=True
    ),
    "pearson": pearson,
    "spearman": spearman,
    "concordance_correlation": concordance,
    "mean_error": lambda p, t, w, _: float(np.average(p - t, weights=w)),
    "pinball_loss": sklearn_loss(metrics.mean_pinball_loss, alpha="alpha"),
    "poisson_deviance": for_domain(
        deviance(poisson_term, metrics.mean_poisson_deviance), 0, 0, strict_t=False
    ),
    "gamma_deviance": for_domain(
        deviance(gamma_term, metrics.mean_gamma_deviance), 0, 0, strict_t=True
    ),
    "huber": huber,
    "residual_quantile": lambda p, t, w, o: quantile(p - t, w, o.get("q", 0.5)),
    "target_quantile": lambda p, t, w, o: quantile(t, w, o.get("q", 0.5)),
}

OPTIONS: dict[str, list[Options]] = {
    "adjusted_r2": [{"features": 1}, {"features": 10}, {"features": 30}],
    "pinball_loss": [{}, {"alpha": 0}, {"alpha": 0.9}, {"alpha": 1}],
    "huber": [{}, {"delta": 0.25}, {"delta": 50}],
    "residual_quantile": [{}, {"q": 0}, {"q": 0.9}, {"q": 1}],
    "target_quantile": [{}, {"q": 0.1}],
}


def datasets_of_rows() -> list[Data]:
    rng = np.random.default_rng(11)
    n = 60

    def rows(
        name: str, predictions: Any, targets: Any, weights: Any = None, **options: str
    ) -> Data:
        columns = {
            "predictions": np.asarray(predictions, dtype=float).tolist(),
            "targets": np.asarray(targets, dtype=float).tolist(),
        }
        if weights is not None:
            columns["weights"] = np.asarray(weights, dtype=float).tolist()
        return Data(name, columns, dict(options))

    diabetes = datasets.load_diabetes()
    model = linear_model.Ridge(alpha=0.1).fit(
        diabetes.data[100:], diabetes.target[100:]
    )
    trained = np.round(model.predict(diabetes.data[:100]), 3)
    targets = rng.gamma(3, 1, n)
    predictions = targets * rng.lognormal(0, 0.3, n)
    ticks = 1e9 + rng.integers(0, 64, n) / 8
    counts = rng.poisson(2, n)
    two = np.stack([targets, rng.normal(5, 2, n)], axis=1)
    two_predicted = two + rng.normal(0, 1, (n, 2))
    weights = rng.integers(1, 5, n)
    some = rng.integers(0, 3, n)
    return [
        rows("ridge regression of diabetes", trained, diabetes.target[:100]),
        rows("positive", predictions, targets),
        rows("ties", np.round(predictions), np.round(targets) + 1),
        rows("around 1e9", ticks + rng.integers(-8, 9, n) / 8, ticks),
        rows("perfect", targets, targets),
        rows("constant target", predictions, np.full(n, 2.0)),
        rows("constant prediction", np.full(n, 2.0), targets),
        rows("both constant", np.full(10, 1.5), np.full(10, 2.0)),
        rows("constant error", np.round(targets, 1) + 64, np.round(targets, 1)),
        rows("counts", np.full(n, 2.25), counts),
        rows("both signs", rng.normal(0, 1, n), rng.normal(0, 1, n)),
        rows("weights", np.round(predictions, 1), np.round(targets, 1), weights),
        rows("some rows without weight", predictions, targets, some),
        rows("no weight at all", predictions[:5], targets[:5], np.zeros(5)),
        rows("two outputs", two_predicted, two),
        rows("two outputs, weights", two_predicted, two, weights),
        rows("two outputs, raw", two_predicted, two, multioutput="raw_values"),
        rows("one output, raw", predictions[:9], targets[:9], multioutput="raw_values"),
    ]


def expected(item: Data, rows: int, answer: Answer, options: Options) -> Expected:
    columns = item.prefix(rows)
    weights = np.array(columns.get("weights", [1.0] * rows))
    held = weights > 0
    if not held.any():
        return Undefined("zero_division")
    p, t = (
        np.array(columns[name], dtype=float).reshape(rows, -1)[held]
        for name in ("predictions", "targets")
    )
    found = [
        answer(p[:, i], t[:, i], weights[held], options) for i in range(p.shape[1])
    ]
    missing = [x for x in found if isinstance(x, Undefined)]
    values = [x for x in found if not isinstance(x, Undefined)]
    if item.options.get("multioutput") != "raw_values":
        return missing[0] if missing else float(np.mean(values))
    if not values:
        return missing[0]
    return [None if isinstance(x, Undefined) else x for x in found]


def main() -> None:
    warnings.simplefilter("ignore")
    data = datasets_of_rows()
    write_rows("regression", data)
    for name, answer in METRICS.items():
        cases = []
        for item in data:
            for options in OPTIONS.get(name, [{}]):
                metric: str | dict[str, Any] = (
                    {"metric": name, **options} if options else name
                )
                found = [
                    (rows, expected(item, rows, answer, options))
                    for rows in prefixes(item.rows)
                ]
                cases.append(Case(item.name, metric, None, found))
        write("regression", name, PACKAGES, cases)


if __name__ == "__main__":
    main()
