"""calibration/fit against logistic and isotonic regression of scikit-learn, and a search by scipy.

scikit-learn's own calibration smooths the labels (Platt 1999); plain maximum likelihood is its
LogisticRegression without a penalty, so that is the oracle.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from driver import Daemon, Refused
from scipy.optimize import minimize_scalar
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, log_loss

KINDS = ["logit", "probability", "score"]


def rows(kind: str, seed: int, count: int = 1500) -> tuple[Any, Any, Any]:
    """Scores as they are pushed, the numbers that are fitted, and labels."""
    rng = np.random.default_rng(seed)
    z = rng.normal(0, 2, count).round(2)
    labels = (rng.random(count) < expit(0.6 * z - 0.4)).astype(int)
    scores = expit(z) if kind == "probability" else z
    return scores, logit(scores) if kind == "probability" else z, labels


def fitted(daemon: Daemon, kind: str, scores: Any, labels: Any, **more: Any) -> Any:
    with daemon.stream("binary", options={"score_kind": kind}) as stream:
        # In pieces, as it comes.
        for part in np.array_split(np.arange(len(scores)), 7):
            stream.call(
                "stream/push",
                batch={
                    "scores": scores[part].tolist(),
                    "labels": labels[part].tolist(),
                },
            )
        return stream.call("calibration/fit", **more)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", KINDS)
def test_platt_is_the_likeliest_line(daemon: Daemon, kind: str, seed: int) -> None:
    scores, z, labels = rows(kind, seed)
    reply = fitted(daemon, kind, scores, labels, method="platt")
    line = LogisticRegression(C=np.inf, tol=1e-13, max_iter=100_000).fit(
        z[:, None], labels
    )
    found = reply["parameters"]
    # scikit-learn's solver stops at a gradient of about 1e-8.
    assert found["slope"] == pytest.approx(line.coef_[0, 0], rel=1e-5)
    assert found["intercept"] == pytest.approx(line.intercept_[0], rel=1e-5)
    after = expit(found["slope"] * z + found["intercept"])
    assert reply["after"]["log_loss"] == pytest.approx(
        log_loss(labels, after), rel=1e-12
    )
    assert reply["after"]["brier"] == pytest.approx(
        brier_score_loss(labels, after), rel=1e-12
    )
    # At the minimum the mean probability is the share of positives.
    assert after.mean() == pytest.approx(labels.mean(), rel=1e-12)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", KINDS[:2])
def test_temperature_has_the_least_loss(daemon: Daemon, kind: str, seed: int) -> None:
    scores, z, labels = rows(kind, seed)
    reply = fitted(daemon, kind, scores, labels, method="temperature")
    temperature = reply["parameters"]["temperature"]

    def loss(slope: float) -> float:
        return float(
            np.logaddexp(0, -slope * z).sum() + (slope * z * (1 - labels)).sum()
        )

    best = minimize_scalar(
        loss, bounds=(1e-3, 10), method="bounded", options={"xatol": 1e-9}
    )
    assert temperature == pytest.approx(1 / best.x, rel=1e-6)
    assert loss(1 / temperature) <= loss(best.x) * (1 + 1e-14)
    assert reply["before"]["log_loss"] == pytest.approx(
        log_loss(labels, expit(z)), rel=1e-12
    )


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", KINDS)
def test_isotonic_is_scikit_learns(daemon: Daemon, kind: str, seed: int) -> None:
    scores, _, labels = rows(kind, seed)
    reply = fitted(daemon, kind, scores, labels, method="isotonic")
    found = reply["map"]
    steps = IsotonicRegression(out_of_bounds="clip").fit(scores, labels)
    anywhere = np.linspace(scores.min() - 1, scores.max() + 1, 4001)
    ours = np.interp(anywhere, found["scores"], found["probabilities"])
    np.testing.assert_allclose(ours, steps.predict(anywhere), rtol=1e-12, atol=1e-15)
    assert reply["after"]["brier"] == pytest.approx(
        brier_score_loss(labels, steps.predict(scores)), rel=1e-12
    )


@pytest.mark.parametrize("method", ["temperature", "platt"])
def test_separated_classes_have_no_line(daemon: Daemon, method: str) -> None:
    reply = fitted(
        daemon,
        "logit",
        np.array([-2.0, -1, 1, 2]),
        np.array([0, 0, 1, 1]),
        method=method,
    )
    assert reply["parameters"] is None
    assert reply["reason"] == "diverges"


def test_scores_that_point_the_wrong_way_have_no_temperature(daemon: Daemon) -> None:
    scores, _, labels = rows("logit", 9)
    assert (
        fitted(daemon, "logit", -scores, labels, method="temperature")["reason"]
        == "diverges"
    )
    reply = fitted(daemon, "logit", -scores, labels, method="platt")
    assert reply["parameters"]["slope"] < 0


def test_one_class_and_no_rows(daemon: Daemon) -> None:
    ones = fitted(daemon, "logit", np.array([1.0, 2]), np.array([1, 1]), method="platt")
    assert ones["reason"] == "one_class"
    with daemon.stream("binary") as stream:
        assert stream.call("calibration/fit")["reason"] == "no_rows"


def test_raw_scores_have_no_temperature(daemon: Daemon) -> None:
    with pytest.raises(Refused) as refused:
        fitted(
            daemon, "score", np.array([1.0, 2]), np.array([0, 1]), method="temperature"
        )
    assert refused.value.kind == "NotApplicable"


def test_the_order_of_the_rows_changes_no_bit(daemon: Daemon) -> None:
    scores, _, labels = rows("probability", 5)
    order = np.random.default_rng(0).permutation(len(scores))
    for method in ("temperature", "platt", "isotonic"):
        first = fitted(daemon, "probability", scores, labels, method=method)
        second = fitted(
            daemon, "probability", scores[order], labels[order], method=method
        )
        for reply in (first, second):
            del reply["stream"]
        assert first == second
