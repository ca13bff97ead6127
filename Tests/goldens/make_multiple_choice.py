"""Writes the goldens of the multiple_choice task from scipy, numpy and lm-evaluation-harness's formulas.

python Tests/goldens/make_multiple_choice.py

The formulas are those of process_results in lm_eval/api/task.py: acc is argmax(loglikelihoods) == gold,
acc_norm is argmax(loglikelihoods / lengths of the choices) == gold, lengths in characters.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from golden import Case, Columns, Data, Expected, Undefined, prefixes, write, write_rows
from scipy.special import log_softmax

PACKAGES = ["numpy", "scipy"]
Row = Callable[[list[float], int, list[float] | None], float]


def accuracy(scores: list[float], label: int, _: list[float] | None) -> float:
    return float(np.argmax(scores) == label)


def accuracy_norm(scores: list[float], label: int, lengths: list[float] | None) -> float:
    assert lengths is not None
    return float(np.argmax(np.array(scores) / np.array(lengths)) == label)


def log_loss(scores: list[float], label: int, _: list[float] | None) -> float:
    # Clipped as log_loss of scikit-learn does: the probability to [eps, 1 - eps].
    eps = np.finfo(float).eps
    loss = -float(log_softmax(np.array(scores))[label])
    return float(np.clip(loss, -np.log1p(-eps), -np.log(eps)))


METRICS: dict[str, Row] = {
    "accuracy": accuracy,
    "accuracy_norm": accuracy_norm,
    "log_loss": log_loss,
}


def expected(name: str, columns: Columns) -> Expected:
    if name == "accuracy_norm" and "choice_lengths" not in columns:
        return Undefined("not_kept")
    n = len(columns["labels"])
    weights = columns.get("weights", [1.0] * n)
    if not sum(weights):
        return Undefined("zero_division")
    lengths = columns.get("choice_lengths", [None] * n)
    rows = [
        METRICS[name](*row)
        for row in zip(columns["choice_scores"], columns["labels"], lengths, strict=True)
    ]
    return float(np.average(rows, weights=weights))


def datasets() -> list[Data]:
    rng = np.random.default_rng(9)
    n = 60
    four = np.round(rng.normal(-20, 6, (n, 4)), 3)
    right = [int(rng.choice(4, p=np.exp(x) / np.exp(x).sum())) for x in four / 6]
    sizes = rng.integers(2, 6, n)
    ragged = [np.round(rng.normal(-9, 3, k), 2).tolist() for k in sizes]
    labels = [int(rng.integers(0, k)) for k in sizes]
    lengths = [rng.integers(1, 60, k).tolist() for k in sizes]
    weights = (rng.integers(0, 9, n) / 4).tolist()
    ties = rng.integers(-3, 0, (30, 3)).astype(float).tolist()
    tied = {"choice_scores": ties, "labels": rng.integers(0, 3, 30).tolist()}
    questions = {"choice_scores": ragged, "labels": labels, "choice_lengths": lengths}
    return [
        Data("four choices", {"choice_scores": four.tolist(), "labels": right}),
        Data("two to five choices with lengths", dict(questions)),
        Data("weights", {**questions, "weights": weights}),
        Data("ties", {**tied, "choice_lengths": [[1, 2, 3]] * 30}),
        Data("one choice", {"choice_scores": [[-3.5]] * 3, "labels": [0, 0, 0]}),
        Data(
            "far apart",
            {"choice_scores": [[-1e5, 0], [700, -700], [0, -40]], "labels": [0, 1, 0]},
        ),
        Data(
            "no weight at all",
            {"choice_scores": [[1, 2]] * 2, "labels": [0, 1], "weights": [0, 0]},
        ),
    ]


def main() -> None:
    data = datasets()
    write_rows("multiple_choice", data)
    for name in METRICS:
        cases = [
            Case(
                item.name,
                name,
                None,
                [
                    (rows, expected(name, item.prefix(rows)))
                    for rows in prefixes(item.rows)
                ],
            )
            for item in data
        ]
        write("multiple_choice", name, PACKAGES, cases)


if __name__ == "__main__":
    main()
