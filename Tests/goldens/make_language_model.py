"""Writes the goldens of the language_model task from torch, and lm-evaluation-harness's formulas.

python Tests/goldens/make_language_model.py

The formulas are those of lm_eval/api/metrics.py: weighted_perplexity is exp(-sum(loglikelihood) /
sum(weight)), the weights being words or bytes; bits_per_byte is -sum / sum / log 2.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from golden import Case, Columns, Data, Expected, Undefined, prefixes, write, write_rows
from torchmetrics.text import Perplexity

PACKAGES = ["torch", "torchmetrics", "numpy"]
Unit = tuple[float, float]


def weights(columns: Columns) -> list[float]:
    first = next(iter(columns.values()))
    return list(columns.get("weights", [1.0] * len(first)))


def total(columns: Columns, name: str) -> float:
    counted = zip(weights(columns), columns[name], strict=True)
    return math.fsum(w * float(x) for w, x in counted)


def loss(columns: Columns) -> float:
    if "log_probs" in columns:
        return 0 - total(columns, "log_probs")
    return total(columns, "negative_log_likelihoods")


def tokens(columns: Columns) -> float:
    if "tokens" in columns:
        return total(columns, "tokens")
    return math.fsum(weights(columns))


def mean(columns: Columns) -> Expected:
    n = tokens(columns)
    return loss(columns) / n if n else Undefined("zero_division")


def exponential(x: Expected) -> Expected:
    if not isinstance(x, float):
        return x
    try:
        return math.exp(x)
    except OverflowError:
        return Undefined("overflow")


def per(columns: Columns, name: str) -> Expected:
    if name not in columns:
        return Undefined("not_kept")
    n = total(columns, name)
    return loss(columns) / n if n else Undefined("zero_division")


def bits_per_byte(columns: Columns) -> Expected:
    found = per(columns, "bytes")
    return found / math.log(2) if isinstance(found, float) else found


def token_accuracy(columns: Columns) -> Expected:
    if "correct" not in columns:
        return Undefined("not_kept")
    n = tokens(columns)
    return total(columns, "correct") / n if n else Undefined("zero_division")


METRICS: dict[str, Callable[[Columns], Expected]] = {
    "negative_log_likelihood": mean,
    "perplexity": lambda c: exponential(mean(c)),
    "bits_per_byte": bits_per_byte,
    "byte_perplexity": lambda c: exponential(per(c, "bytes")),
    "word_perplexity": lambda c: exponential(per(c, "words")),
    "token_accuracy": token_accuracy,
}


def of_a_model() -> tuple[list[float], list[bool]]:
    """Log-probabilities of the targets of random logits, checked against torch's cross entropy and torchmetrics."""
    generator = torch.Generator().manual_seed(3)
    logits = torch.randn(80, 50, generator=generator, dtype=torch.float64) * 2
    targets = torch.randint(0, 50, (80,), generator=generator)
    found = torch.log_softmax(logits, 1)[torch.arange(80), targets]
    entropy = torch.nn.functional.cross_entropy(logits, targets)
    assert math.isclose(-float(found.mean()), float(entropy), rel_tol=1e-14)
    peer = Perplexity()
    peer.update(logits[None], targets[None])
    assert math.isclose(float(peer.compute()), math.exp(entropy), rel_tol=1e-5)
    return found.tolist(), (logits.argmax(1) == targets).tolist()


def datasets() -> list[Data]:
    rng = np.random.default_rng(5)
    probabilities, correct = of_a_model()
    n = len(probabilities)
    sizes = rng.integers(0, 6, n).tolist()
    lengths = rng.integers(1, 400, 30)
    losses = (lengths * rng.gamma(4, 0.7, 30)).tolist()
    sequences: dict[str, Any] = {
        "negative_log_likelihoods": losses,
        "tokens": lengths.tolist(),
        "bytes": (lengths * 4 + 1).tolist(),
        "words": (lengths // 2).tolist(),
    }
    return [
        Data("tokens", {"log_probs": probabilities}),
        Data(
            "tokens and all there is",
            {"log_probs": probabilities, "correct": correct, "bytes": sizes},
        ),
        Data(
            "weighted tokens",
            {
                "log_probs": probabilities,
                "correct": correct,
                "weights": (rng.integers(0, 9, n) / 4).tolist(),
            },
        ),
        Data("sequences", sequences),
        Data(
            "weighted sequences",
            {**sequences, "weights": rng.integers(0, 4, 30).tolist()},
        ),
        Data(
            "no tokens at all",
            {"negative_log_likelihoods": [0.0, 0.0], "tokens": [0, 0], "words": [0, 0]},
        ),
        Data("certain", {"log_probs": [0.0] * 5, "correct": [True] * 5}),
        Data("hopeless", {"log_probs": [-800.0, -900.0, -1e300], "bytes": [1, 0, 1]}),
    ]


def main() -> None:
    data = datasets()
    write_rows("language_model", data)
    for name, answer in METRICS.items():
        cases = [
            Case(
                item.name,
                name,
                None,
                [(rows, answer(item.prefix(rows))) for rows in prefixes(item.rows)],
            )
            for item in data
        ]
        write("language_model", name, PACKAGES, cases)


if __name__ == "__main__":
    main()
