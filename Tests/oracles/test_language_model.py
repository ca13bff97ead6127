"""Language models and multiple choice against torch, scipy and lm-evaluation-harness's formulas."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import rows as made
import torch
from driver import Daemon, Refused
from hypothesis import given
from hypothesis import strategies as st
from packing import FLOATS, packed, rounded
from reference import assert_close, close
from scipy.special import log_softmax, softmax
from sklearn import datasets, linear_model, metrics

Values = dict[str, Any]
COUNTS = st.integers(0, 2000)
LOSSES = st.one_of(st.floats(0, 50), st.sampled_from([0.0, 1e-300, 700.0, 1e6]))


def exponential(x: float) -> float | str:
    try:
        return math.exp(x)
    except OverflowError:
        return "overflow"


def harness(
    losses: list[float], weights: list[float], **counts: list[int]
) -> Values:
    """weighted_perplexity and bits_per_byte of lm_eval/api/metrics.py, in fractions up to the exponential."""
    exact = [Fraction(w) for w in weights]
    loss = sum((w * Fraction(x) for w, x in zip(exact, losses, strict=True)), Fraction())
    found: Values = {}
    for unit, column in counts.items():
        n = sum((w * x for w, x in zip(exact, column, strict=True)), Fraction())
        mean = float(loss / n) if n else None
        names = {"tokens": "perplexity", "bytes": "byte_perplexity"}
        name = names.get(unit, "word_perplexity")
        found[name] = "zero_division" if mean is None else exponential(mean)
        if unit == "tokens":
            found["negative_log_likelihood"] = "zero_division" if mean is None else mean
        if unit == "bytes":
            found["bits_per_byte"] = (
                "zero_division" if mean is None else mean / math.log(2)
            )
    return found


@given(st.data())
def test_sequences(daemon: Daemon, data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 25))

    def drawn(values: st.SearchStrategy[Any]) -> list[Any]:
        return data.draw(st.lists(values, min_size=n, max_size=n))

    columns: Values = {"negative_log_likelihoods": drawn(LOSSES)}
    counts = {"tokens": drawn(COUNTS)}
    for name in ("bytes", "words"):
        if data.draw(st.booleans()):
            counts[name] = drawn(COUNTS)
    weights = [1.0] * n
    if data.draw(st.booleans()):
        weights = columns["weights"] = drawn(st.sampled_from([0.0, *made.DYADIC]))
    columns |= counts
    names = ["negative_log_likelihood", "cross_entropy", "perplexity", "bits_per_byte"]
    names += ["byte_perplexity", "word_perplexity", "token_accuracy"]
    with daemon.stream("language_model") as stream:
        for start, end in pairwise(data.draw(made.cuts(n))):
            stream.push(**{name: x[start:end] for name, x in columns.items()})
        found = stream.values(*names)
    wanted = harness(columns["negative_log_likelihoods"], weights, **counts)
    assert_close(found, wanted)
    assert found["cross_entropy"] == found["negative_log_likelihood"]
    assert found["token_accuracy"] == "not_kept"
    for name, metric in [("bytes", "bits_per_byte"), ("words", "word_perplexity")]:
        assert (found[metric] == "not_kept") == (name not in counts)


@pytest.mark.parametrize("dtype", FLOATS)
def test_tokens_of_a_model(daemon: Daemon, dtype: str) -> None:
    """A batch of logits as a training loop has it: flattened, with the padding left out."""
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(6, 40, 100, generator=generator, dtype=torch.float64) * 3
    targets = torch.randint(0, 100, (6, 40), generator=generator)
    kept = torch.arange(40)[None] < torch.tensor([40, 3, 17, 1, 40, 25])[:, None]
    chosen = torch.log_softmax(logits, -1).gather(-1, targets[..., None])[..., 0][kept]
    correct = (logits.argmax(-1) == targets)[kept].numpy()
    column = packed(chosen.numpy(), dtype)
    with daemon.stream("language_model") as stream:
        stream.push(log_probs=column, correct=packed(correct, "bool"))
        found = stream.values("perplexity", "cross_entropy", "token_accuracy")
    carried = rounded(chosen.numpy(), dtype)
    mean = -math.fsum(carried) / len(carried)
    assert_close(
        found,
        {
            "perplexity": math.exp(mean),
            "cross_entropy": mean,
            "token_accuracy": correct.mean(),
        },
        1e-15,
    )
    if dtype == "float64":
        entropy = torch.nn.functional.cross_entropy(logits[kept], targets[kept])
        assert close(found["cross_entropy"], float(entropy), 1e-14)


def test_perplexity_is_never_a_mean_of_perplexities(daemon: Daemon) -> None:
    with daemon.stream("language_model") as stream:
        stream.push(negative_log_likelihoods=[1.0], tokens=[1])
        stream.push(negative_log_likelihoods=[50.0], tokens=[100])
        assert close(stream.values("perplexity")["perplexity"], math.exp(51 / 101))


def test_row_metrics_of_tokens(daemon: Daemon) -> None:
    with daemon.stream("language_model") as stream:
        found = stream.call(
            "stream/push",
            batch={"log_probs": [-0.5, -2, 0]},
            row_metrics=["cross_entropy", "perplexity"],
        )["row_values"]
    assert found["cross_entropy"] == [0.5, 2.0, 0.0]
    assert_close(
        dict(enumerate(found["perplexity"])),  # type: ignore[arg-type]
        dict(enumerate([math.exp(0.5), math.exp(2), 1.0])),  # type: ignore[arg-type]
        1e-15,
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"log_probs": [-1]}, {"negative_log_likelihoods": [1], "tokens": [1]}),
        ({"log_probs": [-1]}, {"log_probs": [-1], "bytes": [3]}),
        ({"log_probs": [-1], "bytes": [3]}, {"log_probs": [-1]}),
    ],
)
def test_the_first_batch_settles_the_columns(
    daemon: Daemon, first: Values, second: Values
) -> None:
    with daemon.stream("language_model") as stream:
        stream.push(**first)
        with pytest.raises(Refused):
            stream.push(**second)
        assert stream.query("perplexity")["count"] == 1


def clipped(loss: float) -> float:
    """-log p of a probability that is clipped as scikit-learn does, where p may fit no double."""
    eps = np.finfo(float).eps
    return float(np.clip(loss, -np.log1p(-eps), -np.log(eps)))


@pytest.mark.parametrize("apart", [0.0, 1.0, 30.0, 40.0, 1000.0, 1e300, 1.7e308])
def test_log_loss_of_choices_is_that_of_classes(daemon: Daemon, apart: float) -> None:
    """The right choice far below the others, and far above; scikit-learn's own clipping."""
    scores = [[0.0, -apart, -2 * apart if apart < 1e308 else 0.0], [-apart, 0.0, -apart]]
    labels = [1, 1]
    with daemon.stream("multiple_choice") as stream:
        stream.push(choice_scores=scores, labels=labels)
        choices = stream.values("log_loss")
    with daemon.stream("multiclass", options={"score_kind": "logit"}) as stream:
        stream.push(scores=scores, labels=labels)
        classes = stream.values("log_loss")
    reference = metrics.log_loss(labels, softmax(scores, axis=1), labels=[0, 1, 2])
    for found in (choices, classes):
        assert close(found["log_loss"], reference)


@given(st.data())
def test_multiple_choice(daemon: Daemon, data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 20))
    score = st.one_of(
        st.integers(-4, 4).map(float), st.floats(-800, 800), st.floats(-5, 5)
    )
    scores, labels, lengths = [], [], []
    for _ in range(n):
        choices = data.draw(st.lists(score, min_size=1, max_size=6))
        scores.append(choices)
        labels.append(data.draw(st.integers(0, len(choices) - 1)))
        lengths.append(
            data.draw(
                st.lists(
                    st.integers(1, 99), min_size=len(choices), max_size=len(choices)
                )
            )
        )
    weights = data.draw(
        st.lists(st.sampled_from(made.DYADIC), min_size=n, max_size=n)
    )
    with daemon.stream("multiple_choice") as stream:
        for start, end in pairwise(data.draw(made.cuts(n))):
            stream.push(
                choice_scores=scores[start:end],
                labels=labels[start:end],
                choice_lengths=lengths[start:end],
                weights=weights[start:end],
            )
        found = stream.values("accuracy", "accuracy_norm", "log_loss")
    rows = list(zip(scores, labels, lengths, strict=True))
    right = [np.argmax(s) == y for s, y, _ in rows]
    norm = [np.argmax(np.array(s) / np.array(k, dtype=float)) == y for s, y, k in rows]
    losses = [clipped(-log_softmax(np.array(s))[y]) for s, y, _ in rows]
    assert_close(
        found,
        {
            "accuracy": float(np.average(right, weights=weights)),
            "accuracy_norm": float(np.average(norm, weights=weights)),
            "log_loss": float(np.average(losses, weights=weights)),
        },
    )


def test_a_classifier_of_digits_as_multiple_choice(daemon: Daemon) -> None:
    """Ten choices a row, in one packed rectangle; a real model's accuracy and log loss."""
    digits = datasets.load_digits()
    model = linear_model.LogisticRegression(max_iter=200).fit(
        digits.data[:900] / 16, digits.target[:900]
    )
    x, y = digits.data[900:] / 16, digits.target[900:]
    scores = model.decision_function(x)
    with daemon.stream("multiple_choice") as stream:
        for i, j in pairwise([0, 1, 400, len(y)]):
            stream.push(
                choice_scores=packed(scores[i:j], "float64", [j - i, 10]),
                labels=packed(y[i:j], "uint8"),
            )
        found = stream.values("accuracy", "accuracy_norm", "log_loss")
    assert found["accuracy_norm"] == "not_kept"
    assert close(found["accuracy"], model.score(x, y))
    chosen = -log_softmax(scores, axis=1)[np.arange(len(y)), y]
    assert close(found["log_loss"], float(chosen.mean()))
