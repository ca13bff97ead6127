"""Writes the goldens of the agreement task from scikit-learn, statsmodels and krippendorff.

python Tests/goldens/make_agreement.py
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from itertools import combinations
from typing import Any

import krippendorff
import numpy as np
from golden import Case, Data, Expected, Options, Undefined, prefixes, write, write_rows
from sklearn import metrics
from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa

Items = list[list[Any]]
Answer = Callable[[Items, Data, Options], Expected]

PACKAGES = ["scikit-learn", "statsmodels", "krippendorff", "numpy"]
TOO_FEW = Undefined("too_few_rows")
NO_VARIATION = Undefined("no_variation")


def two_raters(items: Items) -> tuple[list[int], list[int]]:
    """What the first two said, as places among their labels, since scikit-learn takes no fractions."""
    both = [(a, b) for a, b, *_ in items if a is not None and b is not None]
    labels = sorted({x for pair in both for x in pair})
    return [labels.index(a) for a, _ in both], [labels.index(b) for _, b in both]


def kappa(items: Items, weights: str | None) -> Expected:
    first, second = two_raters(items)
    if not first:
        return TOO_FEW
    if len({*first, *second}) == 1:
        return NO_VARIATION
    return float(metrics.cohen_kappa_score(first, second, weights=weights))


def weighted_kappa(items: Items, _: Data, options: Options) -> Expected:
    weights = options.get("weights", "linear")
    return kappa(items, None if weights == "none" else weights)


def f1(items: Items, _: Data, __: Options) -> Expected:
    first, second = two_raters(items)
    if not first:
        return TOO_FEW
    return float(metrics.f1_score(first, second, average="macro"))


def fleiss(items: Items, _: Data, __: Options) -> Expected:
    complete = [item for item in items if None not in item]
    if not complete:
        return TOO_FEW
    labels = sorted({x for item in complete for x in item})
    if len(labels) == 1:
        return NO_VARIATION
    codes = [[labels.index(x) for x in item] for item in complete]
    return float(fleiss_kappa(aggregate_raters(np.array(codes))[0]))


def alpha(items: Items, data: Data, _: Options) -> Expected:
    pairable = [item for item in items if sum(x is not None for x in item) > 1]
    if not pairable:
        return TOO_FEW
    level = data.options.get("level", "nominal")
    labels = sorted({x for item in items for x in item if x is not None})
    if len({x for item in pairable for x in item if x is not None}) == 1:
        return NO_VARIATION
    numeric = not isinstance(labels[0], str)
    table = [
        [np.nan if x is None else x if numeric else labels.index(x) for x in item]
        for item in items
    ]
    ratings = np.array(table, dtype=float).T
    return float(krippendorff.alpha(ratings, level_of_measurement=level))


def percent(items: Items, _: Data, __: Options) -> Expected:
    shares = []
    for item in items:
        said = [x for x in item if x is not None]
        if len(said) > 1:
            shares.append(np.mean([a == b for a, b in combinations(said, 2)]))
    return float(np.mean(shares)) if shares else TOO_FEW


METRICS: dict[str, Answer] = {
    "cohen_kappa": lambda items, _, __: kappa(items, None),
    "weighted_kappa": weighted_kappa,
    "fleiss_kappa": fleiss,
    "krippendorff_alpha": alpha,
    "percent_agreement": percent,
    "f1_agreement": f1,
}
OPTIONS: dict[str, list[Options]] = {
    "weighted_kappa": [{}, {"weights": "none"}, {"weights": "quadratic"}]
}


def repeated(columns: dict[str, list[Any]]) -> Items:
    """Weights are whole numbers here, so that they can be repetitions."""
    items: Items = columns["annotations"]
    weights = columns.get("weights", [1] * len(items))
    return [item for item, w in zip(items, weights, strict=True) for _ in range(w)]


def datasets() -> list[Data]:
    rng = np.random.default_rng(13)

    def ratings(n: int, raters: int, k: int, missing: float) -> Items:
        truth = rng.integers(0, k, n)
        said = np.clip(truth[:, None] + rng.integers(-1, 2, (n, raters)), 0, k - 1)
        said = np.where(rng.random((n, raters)) < 0.5, truth[:, None], said)
        gone = rng.random((n, raters)) < missing
        return [
            [None if gone[i, j] else int(said[i, j]) for j in range(raters)]
            for i in range(n)
        ]

    words = ["cat", "dog", "owl"]
    named = [
        [None if x is None else words[x] for x in item] for item in ratings(40, 2, 3, 0.1)
    ]
    halves = [
        [None if x is None else x / 4 + 1e3 for x in item]
        for item in ratings(40, 4, 9, 0.3)
    ]
    weights = rng.integers(0, 4, 40).tolist()
    four = ratings(40, 4, 5, 0.25)
    return [
        Data("two raters", {"annotations": ratings(60, 2, 4, 0)}),
        Data("words, some missing", {"annotations": named}),
        Data("three raters", {"annotations": ratings(50, 3, 3, 0)}),
        Data("four raters, some missing", {"annotations": four}),
        Data("ordinal", {"annotations": four}, {"level": "ordinal"}),
        Data("interval", {"annotations": halves}, {"level": "interval"}),
        Data("weights", {"annotations": four, "weights": weights}),
        Data(
            "weights, ordinal",
            {"annotations": four, "weights": weights},
            {"level": "ordinal"},
        ),
        Data("of one opinion", {"annotations": [[1, 1, 1]] * 8}),
        Data("opposed", {"annotations": [[0, 1], [1, 0]] * 8}),
        Data("hardly anything", {"annotations": [[None, 1], [2, None], [None, None]]}),
    ]


def main() -> None:
    warnings.simplefilter("ignore")
    data = datasets()
    write_rows("agreement", data)
    for name, answer in METRICS.items():
        cases = []
        for item in data:
            for options in OPTIONS.get(name, [{}]):
                metric: str | dict[str, Any] = (
                    {"metric": name, **options} if options else name
                )
                found = [
                    (rows, answer(repeated(item.prefix(rows)), item, options))
                    for rows in prefixes(item.rows)
                ]
                cases.append(Case(item.name, metric, None, found))
        write("agreement", name, PACKAGES, cases)


if __name__ == "__main__":
    main()
