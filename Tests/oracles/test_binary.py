"""Every binary metric against scikit-learn and scipy, on the same rows, over the wire."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import reference
import rows as made
from driver import Daemon
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import DECISIONS, LOSSES, RANKS, Binary, assert_close

EVERY = [*DECISIONS, *RANKS, *LOSSES]


def push(stream: Any, rows: Binary, ends: list[int] | None = None) -> None:
    for batch in made.batches(rows, ends or [0, len(rows.labels)]):
        stream.push(**batch)


def wanted(rows: Binary, threshold: float) -> dict[str, Any]:
    decided = (rows.scores >= threshold).astype(int)
    return {
        **reference.decisions(rows.labels, decided, rows.weights),
        **reference.ranks(rows),
        **reference.losses(rows),
    }


@settings(max_examples=300)
@given(made.binary(), st.data())
def test_every_metric_of_scores(
    daemon: Daemon, rows: Binary, data: st.DataObject
) -> None:
    ends = data.draw(made.cuts(len(rows.labels)))
    with daemon.stream("binary", options={"score_kind": rows.kind}) as stream:
        push(stream, rows, ends)
        assert_close(stream.values(*EVERY), wanted(rows, rows.threshold))
        decided = (rows.scores >= rows.threshold).astype(int)
        found = stream.values("confusion_matrix")["confusion_matrix"]
        assert found == reference.counts(rows.labels, decided, rows.weights)


@given(made.binary(), st.data())
def test_thresholds_of_the_query_and_of_the_stream(
    daemon: Daemon, rows: Binary, data: st.DataObject
) -> None:
    threshold = data.draw(st.sampled_from([*rows.scores.tolist(), 0.25, -1.0]))
    decided = (rows.scores >= threshold).astype(int)
    answers = reference.decisions(rows.labels, decided, rows.weights)
    with daemon.stream("binary", options={"score_kind": rows.kind}) as stream:
        push(stream, rows)
        assert_close(stream.values(*DECISIONS, threshold=threshold), answers)
    options = {"score_kind": rows.kind, "threshold": threshold}
    with daemon.stream("binary", options=options) as stream:
        push(stream, rows)
        own = stream.query(*DECISIONS)
        assert_close({**own["values"], **own["undefined"]}, answers)
        asked = stream.query(*DECISIONS, threshold=threshold)
        assert asked["values"] == own["values"]


@given(made.binary(), st.sampled_from([0.5, 2, 3, 0]))
def test_options_of_metrics(daemon: Daemon, rows: Binary, beta: float) -> None:
    decided = (rows.scores >= rows.threshold).astype(int)
    with daemon.stream("binary", options={"score_kind": rows.kind}) as stream:
        push(stream, rows)
        found = stream.values({"metric": "f_beta", "beta": beta, "as": "f"})
        wanted: dict[str, Any] = {
            "f": reference.f_beta(rows.labels, decided, rows.weights, beta)
        }
        assert_close(found, wanted)
        for limit in (0.05, 0.5, 1):
            found = stream.values(
                {"metric": "partial_roc_auc", "max_fpr": limit, "as": "area"}
            )
            area = reference.ranks(rows, limit)["partial_roc_auc"]
            assert_close(found, {"area": area})
        for count in (1, 2, 10, 30):
            names = ["ece", "mce", "ace"]
            found = stream.values(
                *({"metric": m, "bins": count, "as": m} for m in names)
            )
            answers = reference.losses(rows, count)
            assert_close(found, {name: answers[name] for name in names})


@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.sampled_from([0, 1, 2])),
        min_size=1,
        max_size=30,
    ),
    st.sampled_from(["report", "skip", 0, 1]),
    st.booleans(),
)
def test_predictions_with_abstentions(
    daemon: Daemon, pairs: list[tuple[int, int]], zero_division: Any, weighted: bool
) -> None:
    labels = np.array([y for y, _ in pairs])
    decided = np.array([d for _, d in pairs])
    weights = np.arange(1, len(pairs) + 1) / 4 if weighted else np.ones(len(pairs))
    with daemon.stream("binary", options={"zero_division": zero_division}) as stream:
        batch: dict[str, Any] = {
            "predictions": [None if d == 2 else int(d) for d in decided],
            "labels": labels.tolist(),
        }
        if weighted:
            batch["weights"] = weights.tolist()
        stream.push(**batch)
        answers = reference.decisions(labels, decided, weights, zero_division)
        assert_close(stream.values(*DECISIONS), answers)
        counts = reference.counts(labels, decided, weights)
        assert stream.values("confusion_matrix")["confusion_matrix"] == counts
        needs = stream.values(*RANKS, *LOSSES)
        assert set(needs.values()) == {"needs_scores"}


@pytest.mark.parametrize("kind", ["probability", "logit", "score"])
@pytest.mark.parametrize("weighted", [False, True])
def test_many_rows(daemon: Daemon, kind: str, weighted: bool) -> None:
    rng = np.random.default_rng(5)
    n = 20_000
    labels = (rng.random(n) < 0.1).astype(int)
    scores = {
        "probability": np.clip(rng.normal(0.3 + 0.3 * labels, 0.2), 0, 1),
        "logit": rng.normal(-1 + 2 * labels, 2),
        "score": 1e9 + rng.normal(labels, 1),
    }[kind]
    weights = rng.gamma(2, 1, n) if weighted else np.ones(n)
    rows = Binary(scores, labels, weights, kind)
    with daemon.stream("binary", options={"score_kind": kind}) as stream:
        push(stream, rows, list(range(0, n + 1, 1000)))
        # The references add 20,000 products one after the other where evald loses nothing.
        assert_close(stream.values(*EVERY), wanted(rows, rows.threshold), 1e-11)


@given(made.binary(kind="probability"))
def test_one_row_at_a_time_gives_the_same_bits(daemon: Daemon, rows: Binary) -> None:
    n = len(rows.labels)
    with (
        daemon.stream("binary") as whole,
        daemon.stream("binary") as single,
    ):
        push(whole, rows)
        push(single, rows, list(range(n + 1)))
        assert whole.values(*EVERY) == single.values(*EVERY)
