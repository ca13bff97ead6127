"""text_generation against sacreBLEU, jiwer and plain definitions, row by row and over the corpus.

`EVALD_PAIRS=10000` makes every test compare so many pairs.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import jiwer
import pytest
from driver import Daemon, Refused
from pairs import Pairs, how_many, pairs, streams
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.metrics.ter import TER

CHUNK = 500


def ask(
    daemon: Daemon, made: Pairs, metrics: list[Any], **schema: Any
) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """The whole answer over the corpus, and values by row, of metrics that the stream names."""
    by_row: dict[str, list[Any]] = {}
    with daemon.stream("text_generation", metrics=metrics, **schema) as stream:
        for start in range(0, len(made.predictions), CHUNK):
            part = slice(start, start + CHUNK)
            batch = {
                "predictions": made.predictions[part],
                "references": made.references[part],
            }
            reply = stream.call("stream/push", batch=batch, row_metrics=metrics)
            for key, values in reply["row_values"].items():
                by_row.setdefault(key, []).extend(values)
        return stream.query(*metrics), by_row


def assert_equal(made: Pairs, found: list[Any], wanted: list[float]) -> None:
    """Every row within 1e-9, relative; shows the first that is not."""
    assert len(found) == len(wanted)
    for row, (ours, theirs) in enumerate(zip(found, wanted, strict=True)):
        same = ours is not None and math.isclose(
            ours, theirs, rel_tol=1e-9, abs_tol=1e-9
        )
        assert same, (
            row,
            ours,
            theirs,
            made.predictions[row],
            made.references[row],
        )


def check(
    daemon: Daemon, made: Pairs, metric: dict[str, Any], sentence: Any, corpus: Any
) -> None:
    """A metric against two of sacreBLEU's objects, for sentences and for the corpus."""
    metric = {**metric, "as": "x"}
    answer, rows = ask(daemon, made, [metric])
    wanted = [
        sentence.sentence_score(p, r).score
        for p, r in zip(made.predictions, made.references, strict=True)
    ]
    assert_equal(made, rows["x"], wanted)
    whole = corpus.corpus_score(made.predictions, streams(made.references))
    assert math.isclose(answer["values"]["x"], whole.score, rel_tol=1e-9, abs_tol=1e-9)
    assert f"{answer['values']['x']:.4f}" == f"{whole.score:.4f}"
    signature = str(corpus.get_signature())
    theirs = [part for part in signature.split("|") if not part.startswith("version:")]
    assert set(theirs) <= set(answer["signatures"]["x"].split("|")), signature


@pytest.mark.parametrize("lowercase", [False, True])
@pytest.mark.parametrize("tokenizer", ["13a", "intl", "char", "zh", "none"])
def test_bleu_of_every_tokenizer(
    daemon: Daemon, tokenizer: str, lowercase: bool
) -> None:
    made = pairs(1, how_many(600), references=3)
    options: dict[str, Any] = {"tokenize": tokenizer, "lowercase": lowercase}
    check(
        daemon,
        made,
        {"metric": "bleu", "tokenizer": tokenizer, "lowercase": lowercase},
        BLEU(effective_order=True, **options),
        BLEU(**options),
    )


@pytest.mark.parametrize(
    ("smoothing", "value"),
    [
        ("exp", None),
        ("floor", None),
        ("floor", 0.25),
        ("add-k", None),
        ("add-k", 0.5),
        ("none", None),
    ],
)
@pytest.mark.parametrize("effective", [False, True])
def test_bleu_of_every_smoothing(
    daemon: Daemon, smoothing: str, value: float | None, effective: bool
) -> None:
    made = pairs(2, how_many(400), references=2)
    reference = BLEU(
        smooth_method=smoothing, smooth_value=value, effective_order=effective
    )
    metric: dict[str, Any] = {
        "metric": "bleu",
        "smoothing": smoothing,
        "effective_order": effective,
    }
    if value is not None:
        metric["smooth_value"] = value
    check(daemon, made, metric, reference, reference)


@pytest.mark.parametrize("whitespace", [False, True])
@pytest.mark.parametrize("lowercase", [False, True])
@pytest.mark.parametrize(("name", "order"), [("chrf", 0), ("chrf_plus_plus", 2)])
def test_chrf(
    daemon: Daemon, name: str, order: int, lowercase: bool, whitespace: bool
) -> None:
    made = pairs(3, how_many(400), references=3)
    reference = CHRF(word_order=order, lowercase=lowercase, whitespace=whitespace)
    metric = {"metric": name, "lowercase": lowercase, "whitespace": whitespace}
    check(daemon, made, metric, reference, reference)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"case_sensitive": True},
        {"normalized": True},
        {"no_punct": True},
        {"normalized": True, "no_punct": True},
        {"normalized": True, "asian_support": True},
        {"no_punct": True, "asian_support": True},
        {
            "normalized": True,
            "no_punct": True,
            "asian_support": True,
            "case_sensitive": True,
        },
    ],
)
def test_ter(daemon: Daemon, options: dict[str, Any]) -> None:
    made = pairs(4, how_many(250), references=2)
    check(daemon, made, {"metric": "ter", **options}, TER(**options), TER(**options))


def test_ter_of_long_sentences(daemon: Daemon) -> None:
    """Where the beam is narrower than the sentences."""
    made = long_pairs()
    check(daemon, made, {"metric": "ter"}, TER(), TER())


def long_pairs() -> Pairs:
    import random

    rng = random.Random(9)
    made = Pairs()
    for _ in range(40):
        size = rng.choice((60, 90, 130))
        words = [f"w{rng.randrange(rng.choice((5, 40, 400)))}" for _ in range(size)]
        other = list(words)
        for _ in range(rng.choice((3, 10, 40))):
            start = rng.randrange(len(other))
            run = [
                other.pop(start)
                for _ in range(min(rng.randint(1, 12), len(other) - start))
            ]
            target = rng.randint(0, len(other))
            other[target:target] = run
            other[rng.randrange(len(other))] = f"w{rng.randrange(400)}"
        if rng.random() < 0.3:
            other = other[: rng.randint(1, len(other))]
        made.predictions.append(" ".join(other))
        made.references.append([" ".join(words)])
    return made


def test_error_rates(daemon: Daemon) -> None:
    made = pairs(5, how_many(3000))
    kept = [i for i, r in enumerate(made.references) if r[0].strip()]
    made = Pairs(
        [made.predictions[i] for i in kept], [made.references[i] for i in kept]
    )
    answer, rows = ask(daemon, made, ["wer", "cer"])
    references = [r[0] for r in made.references]
    for name, rate in (("wer", jiwer.wer), ("cer", jiwer.cer)):
        wanted = [rate(r, p) for p, r in zip(made.predictions, references, strict=True)]
        assert_equal(made, rows[name], wanted)
        assert math.isclose(
            answer["values"][name], rate(references, made.predictions), rel_tol=1e-12
        )


def test_error_rates_of_several_references(daemon: Daemon) -> None:
    """The reference with the lowest rate, and of equal rates the one with fewer edits."""
    made = pairs(18, how_many(1000), references=3)
    # Half as many edits of half as many words.
    made.predictions += ["a b", "a b", ""]
    made.references += [["a c d e", "a c"], ["a c", "a c d e"], ["a b c", "a"]]
    rows = [
        (p, [r for r in rs if r.strip()])
        for p, rs in zip(made.predictions, made.references, strict=True)
    ]
    rows = [(p, rs) for p, rs in rows if rs]
    made = Pairs([p for p, _ in rows], [rs for _, rs in rows])
    answer, found = ask(daemon, made, ["wer", "cer"])
    for name, process in (
        ("wer", jiwer.process_words),
        ("cer", jiwer.process_characters),
    ):
        best = []
        for prediction, references in rows:
            outputs = [process(reference, prediction) for reference in references]
            counts = [
                (
                    one.substitutions + one.deletions + one.insertions,
                    one.hits + one.substitutions + one.deletions,
                )
                for one in outputs
            ]
            best.append(min(counts, key=lambda count: (count[0] / count[1], count[0])))
        assert_equal(made, found[name], [edits / length for edits, length in best])
        whole = sum(edits for edits, _ in best) / sum(length for _, length in best)
        assert math.isclose(answer["values"][name], whole, rel_tol=1e-12)


def f1(prediction: str, reference: str) -> float:
    ours, theirs = Counter(prediction.split()), Counter(reference.split())
    if not ours or not theirs:
        return float(ours == theirs)
    common = (ours & theirs).total()
    return 2 * common / (ours.total() + theirs.total())


def test_whole_texts_and_bags_of_words(daemon: Daemon) -> None:
    made = pairs(6, how_many(3000), references=3)
    rows = zip(made.predictions, made.references, strict=True)
    wanted = [(float(p in r), max(f1(p, one) for one in r)) for p, r in rows]
    answer, found = ask(daemon, made, ["exact_match", "token_f1"])
    for place, name in enumerate(("exact_match", "token_f1")):
        values = [row[place] for row in wanted]
        assert_equal(made, found[name], values)
        assert math.isclose(
            answer["values"][name], math.fsum(values) / len(values), rel_tol=1e-12
        )


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
    """What it names, and with `keep` all else too, as a stream that names nothing has it."""
    made = pairs(17, 50)
    batch = {"predictions": made.predictions, "references": made.references}
    lower = {"metric": "bleu", "lowercase": True, "as": "lower"}
    with (
        daemon.stream("text_generation") as everything,
        daemon.stream("text_generation", metrics=[lower]) as named,
        daemon.stream(
            "text_generation", metrics=[lower], options={"keep": "all"}
        ) as both,
    ):
        for stream in (everything, named, both):
            stream.push(**batch)
        assert both.values(*EVERY) == everything.values(*EVERY)
        answers = [stream.call("metric/query")["values"] for stream in (both, named)]
        assert answers[0] == answers[1]
        assert list(answers[0]) == ["lower"]
        reasons = named.query(*EVERY)["undefined"]
        assert reasons == dict.fromkeys(EVERY, "not_kept")
        assert everything.query(lower)["undefined"] == {"lower": "not_kept"}


WORDS = 200_000


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
    with daemon.stream("text_generation", metrics=list(wanted)) as stream:
        stream.push(predictions=[prediction], references=[[reference]])
        assert stream.values(*wanted) == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("name", ["wer", "cer", "ter", "rougeL", "rougeLsum"])
def test_long_texts_without_common_ends_are_refused(daemon: Daemon, name: str) -> None:
    with daemon.stream("text_generation", metrics=[name]) as stream:
        with pytest.raises(Refused) as refused:
            stream.push(
                predictions=["a", "a b " * WORDS], references=[["a"], ["b a " * WORDS]]
            )
        assert refused.value.path == "/params/batch/predictions/1"
        assert f"too long to be aligned for {name}" in str(refused.value)
        assert stream.query(name)["count"] == 0
