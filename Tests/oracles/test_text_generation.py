"""text_generation against sacreBLEU, jiwer and plain definitions, row by row and over the corpus.

`EVALD_PAIRS=10000` makes every test compare so many pairs.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from typing import Any

import jiwer
import pytest
from driver import Daemon
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
    schema.setdefault("options", {})["keep"] = "named"  # for others' cost adds up
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


def beyond_the_beam(shift: int, kept: int, run: int) -> tuple[str, str]:
    """A text whose words stand so many places before those of the reference, one of each run another word."""
    words = [f"b{place}" for place in range(kept)]
    said, wanted = list(words), list(words)
    for place in range(run - 1, kept, run):
        said[place], wanted[place] = f"x{place}", f"y{place}"
    return (
        " ".join(said + [f"c{place}" for place in range(shift)]),
        " ".join([f"a{place}" for place in range(shift)] + wanted),
    )


def test_ter_where_the_beam_decides(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The best path is one column outside of the beam, so a move that seems to gain much without it gains little."""
    made = Pairs()
    for shift, kept, run in ((25, 40, 5), (25, 44, 6), (26, 40, 5), (24, 40, 5)):
        prediction, reference = beyond_the_beam(shift, kept, run)
        made.predictions.append(prediction)
        made.references.append([reference])
    check(daemon, made, {"metric": "ter"}, TER(), TER())
    scores = [TER().sentence_score(made.predictions[0], made.references[0]).score]
    monkeypatch.setattr("sacrebleu.metrics.lib_ter._BEAM_WIDTH", 30)
    scores.append(TER().sentence_score(made.predictions[0], made.references[0]).score)
    assert scores[0] != scores[1]


def with_two_swapped(
    before: int, kept: int, behind: int, swapped: tuple[int, int]
) -> tuple[str, str]:
    """Words with others before them, and the same with others behind them and two of them swapped."""
    words = [f"b{place}" for place in range(kept)]
    other = list(words)
    a, b = swapped
    other[a], other[b] = other[b], other[a]
    return (
        " ".join([f"a{place}" for place in range(before)] + words),
        " ".join(other + [f"c{place}" for place in range(behind)]),
    )


def test_ter_where_the_beam_hides_little(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Distance and difference of lengths are but a little more than what keeps the best path within the beam."""
    made = Pairs()
    prediction, reference = with_two_swapped(27, 59, 25, (1, 6))
    made.predictions.append(prediction)
    made.references.append([reference])
    # The least that any beam of 25 words hides is not much less.
    reference, prediction = with_two_swapped(23, 68, 25, (64, 67))
    made.predictions.append(prediction)
    made.references.append([reference])
    check(daemon, made, {"metric": "ter"}, TER(), TER())
    pairs = list(zip(made.predictions, made.references, strict=True))
    narrow = [TER().sentence_score(said, wanted).score for said, wanted in pairs]
    monkeypatch.setattr("sacrebleu.metrics.lib_ter._BEAM_WIDTH", 28)
    wide = [TER().sentence_score(said, wanted).score for said, wanted in pairs]
    assert all(one != other for one, other in zip(narrow, wide, strict=True))


def test_ter_of_few_different_words(daemon: Daemon) -> None:
    """Where a run of words has many places to go to, its own among them."""
    rng = random.Random(1)
    made = Pairs()
    for _ in range(how_many(3000)):
        known = "abcdefgh"[: rng.choice((2, 3, 4, 8))]
        words = [rng.choice(known) for _ in range(rng.randint(4, 16))]
        other = list(words)
        for _ in range(rng.randint(1, 3)):
            start, length = rng.randrange(len(other)), rng.randint(1, 6)
            run = other[start : start + length]
            del other[start : start + length]
            target = rng.randint(0, len(other))
            other[target:target] = run
            if rng.random() < 0.4:
                other[rng.randrange(len(other))] = rng.choice(known)
        made.predictions.append(" ".join(other))
        made.references.append([" ".join(words)])
    check(daemon, made, {"metric": "ter"}, TER(), TER())


def long_pairs() -> Pairs:
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
