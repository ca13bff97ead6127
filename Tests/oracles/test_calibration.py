"""`calibration/query` against scikit-learn's curve, numpy, netcal and torchmetrics."""

from __future__ import annotations

from typing import Any

import netcal.metrics
import numpy as np
import pytest
import reference
import rows as made
import torch
from driver import Daemon
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import Binary, close
from sklearn.calibration import calibration_curve
from test_binary import push
from torchmetrics.functional.classification import binary_calibration_error

STRATEGIES = ["uniform", "quantile"]


def ask(daemon: Daemon, rows: Binary, count: int, strategy: str) -> Any:
    with daemon.stream("binary", options={"score_kind": rows.kind}) as stream:
        push(stream, rows)
        return stream.call("calibration/query", bins=count, strategy=strategy)


@settings(max_examples=300)
@given(
    made.binary(kind="probability"),
    st.sampled_from([1, 2, 3, 5, 10, 15, 100]),
    st.sampled_from(STRATEGIES),
)
def test_bins(daemon: Daemon, rows: Binary, count: int, strategy: str) -> None:
    found = ask(daemon, rows, count, strategy)
    wanted = reference.bins(rows, count, strategy)
    # The edges to the bit: a score beside one must not change its bin.
    assert [b["low"] for b in found["bins"]] == wanted.edges[:-1].tolist()
    assert [b["high"] for b in found["bins"]] == wanted.edges[1:].tolist()
    assert [b["count"] for b in found["bins"]] == wanted.mass.tolist()
    for place, held in enumerate(wanted.mass > 0):
        for name in ("mean_score", "positive_rate"):
            value = found["bins"][place][name]
            assert close(value, getattr(wanted, name)[place]) if held else value is None
    assert close(found["ece"], wanted.ece)
    assert close(found["mce"], wanted.gaps.max())
    assert close(found["ace"], reference.bins(rows, count, "quantile").gaps.mean())
    assert close(found["brier"], reference.brier(rows))
    parts = found["brier_decomposition"]
    assert close(
        parts["reliability"]
        - parts["resolution"]
        + parts["uncertainty"]
        + parts["within_bin"],
        found["brier"],
    )


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("count", [4, 5, 15])
@pytest.mark.parametrize("digits", [1, 2, 6])
def test_the_curve_of_scikit_learn(
    daemon: Daemon, strategy: str, count: int, digits: int
) -> None:
    rng = np.random.default_rng(digits)
    p = np.round(rng.random(500), digits)
    y = (rng.random(500) < p).astype(int)
    found = ask(daemon, Binary(p, y, np.ones(500)), count, strategy)
    rates, means = calibration_curve(y, p, n_bins=count, strategy=strategy)
    held = [b for b in found["bins"] if b["count"]]
    assert len(held) == len(rates)
    for b, rate, mean in zip(held, rates, means, strict=True):
        assert close(b["positive_rate"], rate) and close(b["mean_score"], mean)


@pytest.mark.parametrize("count", [5, 10, 15, 20])
def test_netcal_and_torchmetrics(daemon: Daemon, count: int) -> None:
    """Their bins are closed on the left, so the scores lie on no edge: there all three agree.

    An odd number of two-thousandths is no k/5, k/10, k/15 or k/20, and 1.0, for which torchmetrics has
    a bin of its own, is none either.
    """
    rng = np.random.default_rng(count)
    p = (2 * rng.integers(0, 1000, 800) + 1) / 2000
    y = (rng.random(800) < p**2).astype(int)
    found = ask(daemon, Binary(p, y, np.ones(800)), count, "uniform")
    # netcal's "ACE" is the unweighted mean over bins of equal width.
    gaps = [
        abs(b["mean_score"] - b["positive_rate"]) for b in found["bins"] if b["count"]
    ]
    assert close(found["ece"], netcal.metrics.ECE(count).measure(p, y), 1e-12)
    assert close(found["mce"], netcal.metrics.MCE(count).measure(p, y), 1e-12)
    assert close(float(np.mean(gaps)), netcal.metrics.ACE(count).measure(p, y), 1e-12)
    torch.set_default_dtype(torch.float64)
    scores, labels = torch.tensor(p), torch.tensor(y)
    mean = binary_calibration_error(scores, labels, count, "l1")
    largest = binary_calibration_error(scores, labels, count, "max")
    assert close(found["ece"], float(mean), 1e-12)
    assert close(found["mce"], float(largest), 1e-12)


@given(made.binary(kind="logit"), st.sampled_from(STRATEGIES))
def test_logits(daemon: Daemon, rows: Binary, strategy: str) -> None:
    found = ask(daemon, rows, 10, strategy)
    probabilities = Binary(rows.probabilities, rows.labels, rows.weights)
    wanted = reference.bins(probabilities, 10, strategy)
    # Two ways to the same sigmoid may differ in the last bit, so edges on scores are left out.
    if strategy == "uniform" and not np.isin(probabilities.scores, wanted.edges).any():
        assert [b["count"] for b in found["bins"]] == wanted.mass.tolist()
    assert close(sum(b["count"] for b in found["bins"]), rows.weights.sum())
    assert close(found["brier"], reference.brier(rows))
