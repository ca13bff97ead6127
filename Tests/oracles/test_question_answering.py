"""Question answering against the rules of the official SQuAD scripts."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import pytest
import rows as made
import squad
from driver import Daemon, Refused
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import assert_close
from texts import Texts

PARTS = ["exact_match", "f1", "precision", "recall"]
EVERY = [
    *PARTS,
    "has_answer_exact_match",
    "has_answer_f1",
    "no_answer_exact_match",
    "no_answer_f1",
    "best_exact",
    "best_exact_threshold",
    "best_f1",
    "best_f1_threshold",
]
RULES = [
    squad.Rules(compat, normalize)
    for compat in ("squad1", "squad2")
    for normalize in ("squad", "none")
]
Row = tuple[str, list[str]]


def questions(count: int, seed: int, compat: str) -> list[Row]:
    """Predictions that often are, or nearly are, one of up to four references."""
    texts = Texts(seed)
    rows: list[Row] = []
    for _ in range(count):
        least = 0 if compat == "squad2" and texts.random.random() < 0.3 else 1
        references = [
            texts.text() for _ in range(texts.random.choice([least, 1, 1, 2, 4]))
        ]
        prediction = texts.random.choice([*references, texts.text(), ""])
        if texts.random.random() < 0.7:
            prediction = texts.near(prediction)
        rows.append((prediction, references))
    return rows


def batch(rows: list[Row]) -> dict[str, Any]:
    return {
        "predictions": [row[0] for row in rows],
        "references": [row[1] for row in rows],
    }


def opened(daemon: Daemon, rules: squad.Rules) -> Any:
    return daemon.stream(
        "question_answering",
        options={"compat": rules.compat, "normalize": rules.normalize},
    )


@pytest.mark.parametrize("rules", RULES, ids=lambda r: f"{r.compat}-{r.normalize}")
def test_ten_thousand_rows_one_by_one(daemon: Daemon, rules: squad.Rules) -> None:
    rows = questions(10_000, 1, rules.compat)
    chance = random.Random(2)
    # Each probability is another one: the official order is then the only one, and equal to the bit.
    probabilities = chance.sample([k / 65536 for k in range(65536)], len(rows))
    expected = [squad.score(*row, rules) for row in rows]
    with opened(daemon, rules) as stream:
        found: dict[str, list[float]] = {name: [] for name in PARTS}
        for start in range(0, len(rows), 2500):
            reply = stream.call(
                "stream/push",
                batch={
                    **batch(rows[start : start + 2500]),
                    "no_answer_probabilities": probabilities[start : start + 2500],
                },
                row_metrics=PARTS,
            )
            for name in PARTS:
                found[name] += reply["row_values"][name]
        for name in PARTS:
            attribute = "exact" if name == "exact_match" else name
            for place, (one, value) in enumerate(
                zip(expected, found[name], strict=True)
            ):
                assert value == 100 * getattr(one, attribute), (name, rows[place])
        values = stream.values(*EVERY)
        assert_close(values, squad.evaluate(expected, probabilities), 1e-12)
        for name in ("best_exact", "best_exact_threshold", "best_f1_threshold"):
            assert values[name] == squad.evaluate(expected, probabilities)[name]


@settings(max_examples=150)
@given(
    st.integers(0, 10**9),
    st.integers(1, 40),
    st.sampled_from(RULES),
    st.sampled_from([None, 2, 5, 1000]),
    st.data(),
)
def test_any_batches_and_equal_probabilities(
    daemon: Daemon,
    seed: int,
    count: int,
    rules: squad.Rules,
    levels: int | None,
    data: st.DataObject,
) -> None:
    rows = questions(count, seed, rules.compat)
    chance = random.Random(seed)
    probabilities = (
        None if levels is None else [chance.randrange(levels) / levels for _ in rows]
    )
    ends = data.draw(made.cuts(count))
    with opened(daemon, rules) as stream:
        for start, end in pairwise(ends):
            columns = batch(rows[start:end])
            if probabilities is not None:
                columns["no_answer_probabilities"] = probabilities[start:end]
            stream.push(**columns)
        found = stream.values(*EVERY)
    expected = [squad.score(*row, rules) for row in rows]
    assert_close(found, squad.evaluate(expected, probabilities))


@given(st.integers(0, 10**9), st.integers(1, 30), st.sampled_from(RULES))
def test_weights_are_repetitions(
    daemon: Daemon, seed: int, count: int, rules: squad.Rules
) -> None:
    rows = questions(count, seed, rules.compat)
    chance = random.Random(seed)
    weights = [chance.randrange(4) for _ in rows]
    probabilities = [chance.randrange(5) / 4 for _ in rows]
    repeated = [place for place, weight in enumerate(weights) for _ in range(weight)]
    with opened(daemon, rules) as stream:
        stream.push(
            **batch(rows), weights=weights, no_answer_probabilities=probabilities
        )
        found = stream.values(*EVERY)
    if not repeated:
        assert set(found.values()) == {"zero_division"}
        return
    expected = squad.evaluate(
        [squad.score(*rows[place], rules) for place in repeated],
        [probabilities[place] for place in repeated],
    )
    assert_close(found, expected)


@given(st.text(), st.lists(st.text(), min_size=1, max_size=3), st.sampled_from(RULES))
@settings(max_examples=300)
def test_any_text(
    daemon: Daemon, prediction: str, references: list[str], rules: squad.Rules
) -> None:
    with opened(daemon, rules) as stream:
        stream.push(predictions=[prediction], references=[references])
        expected = squad.evaluate([squad.score(prediction, references, rules)])
        assert_close(stream.values(*EVERY), expected)


def test_the_worked_example(daemon: Daemon) -> None:
    with daemon.stream("question_answering") as stream:
        stream.push(
            predictions=["The capital of France is Paris"],
            references=[["Paris is the capital of France"]],
        )
        found = stream.values(*PARTS)
    assert found == {
        "exact_match": 0.0,
        "f1": 100.0,
        "precision": 100.0,
        "recall": 100.0,
    }


@pytest.mark.parametrize(
    "text",
    [
        "word " * 200_000,
        "e" + "\u0301" * 500_000,
        "ΑΣ" * 200_000,
        "Σ" + "'" * 500_000,
        "a " * 250_000,
        "".join(f"w{k} " for k in range(100_000)),
        "\u202eabc " * 100_000,
    ],
    ids=["one word", "marks", "sigmas", "far sigma", "articles", "many words", "rtl"],
)
def test_hostile_lengths(daemon: Daemon, text: str) -> None:
    rules = squad.Rules("squad2")
    references = [text + " more", text[::-1], ""]
    with opened(daemon, rules) as stream:
        stream.push(predictions=[text], references=[references])
        expected = squad.evaluate([squad.score(text, references, rules)])
        assert_close(stream.values(*EVERY), expected)


def test_refusals_name_the_row(daemon: Daemon) -> None:
    with daemon.stream("question_answering") as stream:
        for columns, path in [
            (
                {"predictions": ["a", None], "references": [["a"], ["b"]]},
                "predictions/1",
            ),
            ({"predictions": ["a", "b"], "references": [["a"], [3]]}, "references/1"),
            ({"predictions": ["a", "b"], "references": [["a"], []]}, "references/1"),
            ({"predictions": ["a", "b"], "references": [["a"]]}, "references"),
            (
                {
                    "predictions": ["a", "b"],
                    "references": [["a"], ["b"]],
                    "no_answer_probabilities": [0.5, 1.5],
                },
                "no_answer_probabilities/1",
            ),
        ]:
            with pytest.raises(Refused) as refused:
                stream.push(**columns)
            assert refused.value.kind == "InvalidBatch"
            assert refused.value.path == f"/params/batch/{path}"
        assert stream.query("f1")["count"] == 0
