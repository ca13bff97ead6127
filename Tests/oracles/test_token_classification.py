"""Token classification against seqeval, in both of its modes, and nervaluate."""

from __future__ import annotations

import math
import random
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import rows as made
import tagging
from driver import Daemon, Refused
from hypothesis import given, settings
from hypothesis import strategies as st
from packing import packed
from reference import close

EVERY = [*tagging.AVERAGES, "token_accuracy", "per_type"]
SCHEMES = list(tagging.PREFIXES)
MODES: list[str | None] = [None, *SCHEMES]


def options(scheme: str | None) -> dict[str, Any]:
    return {"mode": "strict", "scheme": scheme} if scheme else {}


def assert_same(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Fails with all that differs; rows of types are compared member by member."""
    wrong = {}
    for name, value in wanted.items():
        if name != "per_type":
            same = close(found[name], value, 1e-12)
        else:
            same = len(found[name]) == len(value) and all(
                row.keys() == other.keys()
                and all(close(row[key], other[key], 1e-12) for key in row)
                for row, other in zip(found[name], value, strict=True)
            )
        if not same:
            wrong[name] = (found[name], value)
    assert not wrong, f"found, wanted: {wrong}"


@pytest.mark.parametrize("scheme", MODES)
def test_ten_thousand_sequences(daemon: Daemon, scheme: str | None) -> None:
    """Random ones and well-formed ones, as a corpus, and one by one."""
    prefixes = tagging.PREFIXES[scheme] if scheme else "IBESUL"
    truth, said = tagging.sequences(6000, 1, prefixes, tagging.TYPES)
    more = tagging.real(4000, 2, scheme or "IOBES")
    truth, said = truth + more[0], said + more[1]
    with daemon.stream("token_classification", options=options(scheme)) as stream:
        f1: list[float | None] = []
        for start in range(0, len(truth), 2500):
            part = slice(start, start + 2500)
            reply = stream.call(
                "stream/push",
                batch={"predictions": said[part], "references": truth[part]},
                row_metrics=["f1"],
            )
            f1 += reply["row_values"]["f1"]
        assert_same(stream.values(*EVERY), tagging.seqeval(truth, said, scheme))
    for place in range(0, len(truth), 7):
        one = tagging.seqeval([truth[place]], [said[place]], scheme)["f1_micro"]
        value = f1[place]
        assert close("zero_division" if value is None else value, one, 1e-12), (
            truth[place],
            said[place],
        )


def test_ten_thousand_sequences_of_semeval(daemon: Daemon) -> None:
    truth, said = tagging.sequences(5000, 3, "BI", tagging.TYPES[:3], 40)
    more = tagging.real(5000, 4, "IOB2")
    truth, said = truth + more[0], said + more[1]
    # One overlapping token of a hundred is a match to nervaluate, one of more is none.
    for length in (99, 100, 101, 250):
        long = ["B-PER"] + ["I-PER"] * (length - 1)
        truth.append(long)
        said.append(["B-PER"] + ["O"] * (length - 1))
    with daemon.stream("token_classification") as stream:
        stream.push(predictions=said, references=truth)
        found = stream.values(*tagging.SEMEVAL)
        assert_same(found, tagging.nervaluate(truth, said))
    with daemon.stream("token_classification") as stream:
        part = slice(4500, 5600)
        rows = stream.call(
            "stream/push",
            batch={"predictions": said[part], "references": truth[part]},
            row_metrics=list(tagging.SEMEVAL),
        )["row_values"]
    for place, row in enumerate(range(4500, 5600)):
        wanted = tagging.nervaluate([truth[row]], [said[row]])
        for name, value in wanted.items():
            answer = rows[name][place]
            assert close("zero_division" if answer is None else answer, value, 1e-12)


@settings(max_examples=120)
@given(st.integers(0, 10**9), st.integers(1, 25), st.sampled_from(MODES), st.data())
def test_any_batches(
    daemon: Daemon, seed: int, count: int, scheme: str | None, data: st.DataObject
) -> None:
    prefixes = tagging.PREFIXES[scheme] if scheme else "IBESULX."
    chance = random.Random(seed)
    types = chance.sample(tagging.TYPES, chance.randrange(1, 5))
    truth, said = tagging.sequences(count, seed, prefixes, types, 6)
    ends = data.draw(made.cuts(count))
    with daemon.stream("token_classification", options=options(scheme)) as stream:
        for start, end in pairwise(ends):
            stream.push(predictions=said[start:end], references=truth[start:end])
        found = stream.values(*EVERY, *tagging.SEMEVAL)
    assert_same(found, tagging.seqeval(truth, said, scheme))
    if scheme in ("IOB1", "IOB2"):
        with daemon.stream("token_classification") as stream:
            stream.push(predictions=said, references=truth)
            assert_same(
                stream.values(*tagging.SEMEVAL), tagging.nervaluate(truth, said)
            )


@settings(max_examples=150)
@given(
    st.lists(
        st.tuples(
            *[
                st.one_of(
                    st.sampled_from(
                        ["O", "B", "I", "E", "S", "X", ".", "B-", "I--", "S--x", "BPER"]
                        + ["IPE-R", "O-x", "U", "L-x", "é", "é-x", "B-日本", "-", "--x"]
                    ),
                    st.text(
                        st.characters(exclude_categories=["Cs"]), min_size=1, max_size=3
                    ),
                )
            ]
            * 2
        ),
        min_size=1,
        max_size=12,
    )
)
def test_tags_of_no_scheme_are_read_as_seqeval_reads_them(
    daemon: Daemon, pairs: list[tuple[str, str]]
) -> None:
    truth, said = [[pair[0] for pair in pairs]], [[pair[1] for pair in pairs]]
    with daemon.stream("token_classification") as stream:
        stream.push(predictions=said, references=truth)
        assert_same(stream.values(*EVERY), tagging.seqeval(truth, said))


@given(st.integers(0, 10**9), st.sampled_from(MODES), st.sampled_from([0, 1]))
def test_zero_division_is_that_of_seqeval(
    daemon: Daemon, seed: int, scheme: str | None, zero: int
) -> None:
    prefixes = tagging.PREFIXES[scheme] if scheme else "IBES"
    chance = random.Random(seed)
    truth, said = tagging.sequences(2, seed, prefixes, tagging.TYPES[:3], 3)
    if chance.random() < 0.3:
        truth = [["O"] * len(row) for row in truth]
    if chance.random() < 0.3:
        said = [["O"] * len(row) for row in truth]
    chosen = {**options(scheme), "zero_division": zero}
    with daemon.stream("token_classification", options=chosen) as stream:
        stream.push(predictions=said, references=truth)
        found = stream.values(*tagging.AVERAGES)
    wanted = tagging.averages(truth, said, scheme, zero)
    for name, value in wanted.items():
        if math.isnan(value):
            # The mean of no types, which no option can name.
            assert found[name] == "zero_division"
        else:
            assert close(found[name], value, 1e-12), (name, truth, said)


@given(st.integers(0, 10**9), st.integers(1, 20))
def test_weights_are_repetitions(daemon: Daemon, seed: int, count: int) -> None:
    truth, said = tagging.sequences(count, seed, "IB", tagging.TYPES[:3], 6)
    chance = random.Random(seed)
    weights = [chance.randrange(4) for _ in truth]
    again = [place for place, weight in enumerate(weights) for _ in range(weight)]
    with (
        daemon.stream("token_classification") as one,
        daemon.stream("token_classification") as two,
    ):
        one.push(predictions=said, references=truth, weights=weights)
        two.push(
            predictions=[said[place] for place in again],
            references=[truth[place] for place in again],
        )
        names = [*EVERY, *tagging.SEMEVAL]
        if again:
            assert one.values(*names) == two.values(*names)
        else:
            assert one.values("f1", "f1_type") == dict.fromkeys(
                ("f1", "f1_type"), "zero_division"
            )


@settings(max_examples=40)
@given(
    st.integers(0, 10**9),
    st.sampled_from(["int64", "int32", "uint8", "json", "ragged"]),
)
def test_integers_are_places_among_tags(daemon: Daemon, seed: int, form: str) -> None:
    truth, said = tagging.sequences(8, seed, "IB", tagging.TYPES[:3], 7)
    names = sorted({tag for row in [*truth, *said] for tag in row} | {"B-NEVER"})
    ignored = 255 if form == "uint8" else -100
    chance = random.Random(seed)
    width = max(map(len, truth))
    references = tagging.integers(truth, names, width, ignored)
    predictions = tagging.integers(said, names, width, chance.choice([0, 7, ignored]))
    # Some tokens within are left out too, as the later parts of a word are.
    for row in range(len(truth)):
        for place in reversed(range(len(truth[row]))):
            if chance.random() < 0.2:
                references[row, place] = ignored
                predictions[row, place] = chance.choice([200, 0])
                del truth[row][place], said[row][place]
    columns: dict[str, Any] = {"predictions": predictions, "references": references}
    if form == "json":
        columns = {name: column.tolist() for name, column in columns.items()}
    elif form == "ragged":
        columns = {name: [*column.tolist(), []] for name, column in columns.items()}
    else:
        columns = {
            name: packed(column, form, list(column.shape))
            for name, column in columns.items()
        }
    chosen = {"tags": names, "ignore_index": ignored}
    with (
        daemon.stream("token_classification", options=chosen) as one,
        daemon.stream("token_classification") as two,
    ):
        one.push(**columns)
        two.push(predictions=said, references=truth)
        assert one.values(*EVERY) == two.values(*EVERY)


def test_the_example_of_the_two_modes(daemon: Daemon) -> None:
    """I- without B- is an entity to conlleval, and none to the strict mode."""
    truth, said = [["B-PER", "I-PER"]], [["I-PER", "I-PER"]]
    for chosen, f1 in (({}, 1.0), (options("IOB2"), 0.0)):
        with daemon.stream("token_classification", options=chosen) as stream:
            stream.push(predictions=said, references=truth)
            assert stream.values("f1") == {"f1": f1}


def test_aliases_and_averages_over_declared_types(daemon: Daemon) -> None:
    names = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-ORG"]
    chosen = {"tags": names, "average_over": "declared"}
    with daemon.stream("token_classification", options=chosen) as stream:
        stream.push(predictions=[[1, 2, 0, 3]], references=[[1, 2, 0, 0]])
        found = stream.values("precision", "recall", "f1", "f1_macro", "per_type")
        assert found["precision"] == 0.5
        assert found["recall"] == 1.0
        assert found["f1_macro"] == pytest.approx(1 / 3, rel=1e-15)
        assert [row["class"] for row in found["per_type"]] == ["LOC", "ORG", "PER"]


@pytest.mark.parametrize("tags", [None, ["X", "O", "B-PER", "I-PER"]])
def test_what_is_ignored_is_so_by_the_reference(
    daemon: Daemon, tags: list[str] | None
) -> None:
    """A prediction of that tag is a tag like any other, and what is predicted where it stands is not read."""
    truth = [["B-PER", "X", "I-PER", "O", "X"]]
    said = [["B-PER", "O", "I-PER", "X", "B-PER"]]
    chosen = {"ignore_index": "X", **({"tags": tags} if tags else {})}
    with daemon.stream("token_classification", options=chosen) as stream:
        stream.push(predictions=said, references=truth)
        found = stream.values("f1", "token_accuracy")
        assert found == {"f1": 1.0, "token_accuracy": 2 / 3}
    if tags:
        with daemon.stream(
            "token_classification", options={"ignore_index": 0, "tags": tags}
        ) as stream:
            stream.push(
                predictions=[[tags.index(tag) for tag in said[0]]],
                references=[[tags.index(tag) for tag in truth[0]]],
            )
            assert stream.values("f1", "token_accuracy") == found


@pytest.mark.parametrize(
    ("truth", "said"),
    [
        (["B-PER"] + ["I-PER"] * 300_000, ["I-PER"] * 300_001),
        (["B-PER"] * 200_000, ["I-PER", "B-PER"] * 100_000),
        ([f"B-t{k}" for k in range(50_000)], [f"B-t{k // 2}" for k in range(50_000)]),
        (["X", "X-a"] * 100_000, ["O-a", "X-a"] * 100_000),
    ],
    ids=["one entity", "many entities", "many types", "nothing starts"],
)
def test_hostile_lengths(daemon: Daemon, truth: list[str], said: list[str]) -> None:
    with daemon.stream("token_classification") as stream:
        stream.push(predictions=[said], references=[truth])
        found = stream.values("f1", "token_accuracy", "f1_partial")
    right = sum(a == b for a, b in zip(truth, said, strict=True))
    assert found["token_accuracy"] == right / len(truth)


def test_refusals_name_the_row(daemon: Daemon) -> None:
    tags = {"tags": ["O", "B-PER", "I-PER"]}
    cases: list[tuple[dict[str, Any], Any, Any, str]] = [
        ({}, [["O"], ["O", "O"]], [["O"], ["O"]], "predictions/1"),
        ({}, [["O"], ["O"]], [["O"], [""]], "references/1"),
        ({}, [["O"], [3]], [["O"], ["O"]], "predictions"),
        ({}, [["O"], [None]], [["O"], ["O"]], "predictions/1"),
        ({}, ["O", "B"], [["O"], ["O"]], "predictions/0"),
        (options("IOB2"), [["O"], ["S-PER"]], [["O"], ["O"]], "predictions/1"),
        (options("BILOU"), [["O"], ["O"]], [["O"], ["E-PER"]], "references/1"),
        (tags, [[0], [3]], [[0], [1]], "predictions/1"),
        (tags, [["O"], ["O"]], [["O"], ["B-LOC"]], "references/1"),
        (tags, [[0.5], [0]], [[0], [1]], "predictions/0"),
        (tags, [0, 1], [0, 1], "predictions"),
    ]
    for chosen, said, truth, path in cases:
        with daemon.stream("token_classification", options=chosen) as stream:
            with pytest.raises(Refused) as refused:
                stream.push(predictions=said, references=truth)
            assert refused.value.kind == "InvalidBatch"
            assert refused.value.path == f"/params/batch/{path}", said
            assert stream.query("f1")["count"] == 0


def test_many_tokens_as_one_corpus(daemon: Daemon) -> None:
    rng = np.random.default_rng(5)
    names = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
    references = rng.choice(5, (400, 100), p=[0.8, 0.05, 0.05, 0.05, 0.05])
    predictions = np.where(rng.random((400, 100)) < 0.9, references, 0)
    with daemon.stream("token_classification", options={"tags": names}) as stream:
        stream.push(
            predictions=packed(predictions, "uint8", [400, 100]),
            references=packed(references, "uint8", [400, 100]),
        )
        found = stream.values(*EVERY)
    table = np.array(names)
    wanted = tagging.seqeval(table[references].tolist(), table[predictions].tolist())
    assert_same(found, wanted)
