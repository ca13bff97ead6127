"""Streams of text_generation: weights, slices, what they keep, and how long texts may be."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from driver import Daemon, Refused
from pairs import pairs, streams
from sacrebleu.metrics.bleu import BLEU

WORDS = 200_000
NAMED = {"keep": "named"}
EVERY: list[Any] = [
    *("bleu", "chrf", "chrf_plus_plus", "ter", "rouge1", "rouge2", "rougeL"),
    *("rougeLsum", "meteor", "exact_match", "token_f1", "wer", "cer"),
]


def test_weights_are_repetitions_and_slices_are_streams(daemon: Daemon) -> None:
    made = pairs(16, 300, references=2)
    weights = [place % 4 for place in range(300)]
    again = [place for place, weight in enumerate(weights) for _ in range(weight)]
    with (
        daemon.stream("text_generation", slices=["kind"]) as weighted,
        daemon.stream("text_generation") as repeated,
        daemon.stream("text_generation") as part,
    ):
        weighted.push(
            predictions=made.predictions,
            references=made.references,
            weights=weights,
            slices={"kind": ["ab"[place % 3 == 0] for place in range(300)]},
        )
        repeated.push(
            predictions=[made.predictions[place] for place in again],
            references=[made.references[place] for place in again],
        )
        assert weighted.values(*EVERY) == repeated.values(*EVERY)
        rows = range(0, 300, 3)
        part.push(
            predictions=[made.predictions[place] for place in rows],
            references=[made.references[place] for place in rows],
            weights=[weights[place] for place in rows],
        )
        found = weighted.call("metric/query", metrics=EVERY, slice={"kind": "b"})
        assert found["values"] == part.values(*EVERY)


def test_what_a_stream_keeps(daemon: Daemon) -> None:
    """All that a stream has that names nothing; with `keep` only what it names."""
    made = pairs(17, 50)
    batch = {"predictions": made.predictions, "references": made.references}
    lower = {"metric": "bleu", "lowercase": True, "as": "lower"}
    with (
        daemon.stream("text_generation") as everything,
        daemon.stream("text_generation", metrics=[lower]) as both,
        daemon.stream("text_generation", metrics=[lower], options=NAMED) as named,
        daemon.stream("text_generation", options=NAMED) as nothing,
    ):
        for stream in (everything, named, both, nothing):
            stream.push(**batch)
        assert both.values(*EVERY) == everything.values(*EVERY)
        assert nothing.values(*EVERY) == everything.values(*EVERY)
        assert not both.query(*EVERY)["undefined"]
        answers = [stream.call("metric/query")["values"] for stream in (both, named)]
        assert answers[0] == answers[1]
        assert list(answers[0]) == ["lower"]
        reasons = named.query(*EVERY)["undefined"]
        assert reasons == dict.fromkeys(EVERY, "not_kept")
        assert everything.query(lower)["undefined"] == {"lower": "not_kept"}


def test_a_text_too_long_for_one_metric(daemon: Daemon) -> None:
    """It is refused where that is kept, and counted where other metrics are."""
    batch = {"predictions": ["a b " * WORDS], "references": [["b a " * WORDS]]}
    with (
        daemon.stream("text_generation", metrics=["bleu"]) as everything,
        daemon.stream("text_generation", metrics=["bleu"], options=NAMED) as named,
    ):
        with pytest.raises(Refused) as refused:
            everything.push(**batch)
        assert 'keep "named"' in str(refused.value)
        named.push(**batch)
        assert named.values("bleu")["bleu"] > 99


@pytest.mark.parametrize(
    ("prediction", "reference", "wanted"),
    [
        ("word " * WORDS, "word " * WORDS, {"wer": 0, "cer": 0, "rougeL": 1, "ter": 0}),
        ("word " * WORDS, "word " * (WORDS // 2), {"wer": 1, "rougeL": 2 / 3}),
        (
            "a " * WORDS + "x y z " + "b " * WORDS,
            "a " * WORDS + "z x y " + "b " * WORDS,
            {"wer": 2 / (2 * WORDS + 3), "cer": 3 / (4 * WORDS + 5)},
        ),
        ("e\u0301" * WORDS, "e\u0301" * WORDS + "e", {"cer": 1 / (2 * WORDS + 1)}),
        ("word " * WORDS, "word " * WORDS, {"rougeLsum": 1, "exact_match": 1}),
    ],
    ids=["equal", "half as long", "in the middle", "marks", "one line"],
)
def test_what_texts_have_in_common_at_their_ends_costs_nothing(
    daemon: Daemon, prediction: str, reference: str, wanted: dict[str, float]
) -> None:
    with daemon.stream(
        "text_generation", metrics=list(wanted), options=NAMED
    ) as stream:
        stream.push(predictions=[prediction], references=[[reference]])
        assert stream.values(*wanted) == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("name", ["wer", "cer", "ter", "rougeL", "rougeLsum"])
def test_long_texts_without_common_ends_are_refused(daemon: Daemon, name: str) -> None:
    with daemon.stream("text_generation", metrics=[name], options=NAMED) as stream:
        with pytest.raises(Refused) as refused:
            stream.push(
                predictions=["a", "a b " * WORDS], references=[["a"], ["b a " * WORDS]]
            )
        assert refused.value.path == "/params/batch/predictions/1"
        assert f"too long to be aligned for {name}" in str(refused.value)
        assert stream.query(name)["count"] == 0


def test_windows_checkpoints_and_merges(daemon: Daemon) -> None:
    """Each part of the rows has the score that sacreBLEU has of it, however it was put together."""
    made = pairs(19, 300)

    def bleu(start: int, end: int) -> float:
        references = streams(made.references[start:end])
        return float(BLEU().corpus_score(made.predictions[start:end], references).score)

    def push(stream: Any, start: int, end: int) -> None:
        part = slice(start, end)
        stream.push(
            predictions=made.predictions[part], references=made.references[part]
        )

    with (
        daemon.stream("text_generation") as one,
        daemon.stream("text_generation") as other,
    ):
        push(one, 0, 100)
        one.mark("first")
        push(one, 100, 200)
        one.call("stream/checkpoint", name="here")
        push(one, 200, 300)
        assert one.values("bleu")["bleu"] == pytest.approx(bleu(100, 300), rel=1e-12)
        one.call("stream/rollback", name="here")
        for window, rows in (
            ("current", (100, 200)),
            ({"mark": "first"}, (0, 100)),
            ("all", (0, 200)),
        ):
            found = one.values("bleu", window=window)["bleu"]
            assert found == pytest.approx(bleu(*rows), rel=1e-12), window
        push(other, 200, 300)
        state = other.call("state/export")["state"]
        one.call("state/merge", state=state)
        assert one.values("bleu")["bleu"] == pytest.approx(bleu(100, 300), rel=1e-12)
        again = one.values(*EVERY)
        one.call("stream/reset")
        push(one, 100, 300)
        assert one.values(*EVERY) == again


LINEAR: list[Any] = [
    *("bleu", "chrf", "chrf_plus_plus", "rouge1", "rouge2", "exact_match", "token_f1"),
    *({"metric": "bleu", "tokenizer": name, "as": name} for name in ("intl", "zh")),
    {"metric": "rouge1", "tokenizer": "unicode", "stemmer": True, "as": "stems"},
    "meteor",
]
HOSTILE = {
    "one word": "a",
    "the same word": "word ",
    "different words": "".join(f"w{number} " for number in range(40_000)),
    "marks": "e\u0301\u0308",
    "right to left": "\u202e\u0633\u0644\u0627\u0645 ",
    "quotes": "\"'\u201c",
    "points": "5...6,,",
    "entities": "&amp;lt;-\n",
    "spaces": " \u2003\n",
    "joined emoji": "\U0001f469\u200d",
}


def processor_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("kind", list(HOSTILE))
def test_hostile_texts_cost_what_their_length_deserves(
    daemon: Daemon, kind: str
) -> None:
    """Four times as long takes less than eight times as long; squares would take sixteen times."""
    seconds = []
    for size in (200_000, 800_000):
        piece = HOSTILE[kind]
        text = (piece * (size // len(piece) + 1))[:size]
        others = ["", text[size // 2 :] + text[: size // 2], text]
        before = processor_seconds(daemon.pid)
        with daemon.stream("text_generation", metrics=LINEAR, options=NAMED) as stream:
            stream.push(predictions=[text, "", text], references=[others, [""], [""]])
            found = stream.query(*LINEAR)
        seconds.append(processor_seconds(daemon.pid) - before)
        assert found["count"] == 3
        assert found["values"]["exact_match"] == pytest.approx(2 / 3, rel=1e-15)
    assert seconds[1] < 8 * seconds[0] + 0.3, seconds
