"""Text by text with one code point at all places of a word, against the libraries: where ranges begin and end."""

from __future__ import annotations

import math
import unicodedata
from typing import Any

import pytest
from driver import Daemon
from pairs import Pairs
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.metrics.ter import TER
from test_summaries import EveryScript
from test_text_generation import ask, assert_equal, check

# Those in which scripts with rules of their own stand, whole; of all others the first and the last of sixteen.
WHOLE = [
    *((0x20, 0x250), (0x2000, 0x3400), (0x4DB0, 0x4E10), (0x9FB0, 0xA000)),
    *((0xF900, 0x10000), (0x1F000, 0x1F010), (0x2A6D0, 0x2A6E0), (0x2FA10, 0x2FA20)),
]


def made(assigned: bool = False) -> Pairs:
    """Where it says so without code points that this Python does not know: later versions have words of them."""
    points = {point for start, end in WHOLE for point in range(start, end)}
    points |= {
        point + last
        for point in (*range(0, 0x10000, 16), *range(0x10000, 0x110000, 4096))
        for last in (0, 15)
    }
    points -= set(range(0xD800, 0xE000))
    pairs = Pairs()
    for point in sorted(points):
        c = chr(point)
        if assigned and unicodedata.category(c) == "Cn":
            continue
        pairs.predictions.append(f"a{c}b {c}a b{c} {c} 1{c}2 3{c} {c}4")
        pairs.references.append([f"a {c} b ab {c} 1 {c} 2 {c}"])
    return pairs


@pytest.mark.parametrize("tokenizer", ["13a", "intl", "char", "zh", "none"])
def test_bleu(daemon: Daemon, tokenizer: str) -> None:
    options: dict[str, Any] = {"tokenize": tokenizer}
    effective = BLEU(effective_order=True, **options)
    metric = {"metric": "bleu", "tokenizer": tokenizer}
    check(daemon, made(), metric, effective, BLEU(**options))


def test_chrf_plus_plus(daemon: Daemon) -> None:
    reference = CHRF(word_order=2)
    check(daemon, made(), {"metric": "chrf_plus_plus"}, reference, reference)


@pytest.mark.parametrize(
    "options",
    [
        {"normalized": True},
        {"no_punct": True},
        {"normalized": True, "asian_support": True},
        {"no_punct": True, "asian_support": True},
    ],
)
def test_ter(daemon: Daemon, options: dict[str, Any]) -> None:
    check(daemon, made(), {"metric": "ter", **options}, TER(**options), TER(**options))


@pytest.mark.parametrize("tokenizer", ["rouge_score", "unicode"])
def test_rouge(daemon: Daemon, tokenizer: str) -> None:
    pairs = made(assigned=True)
    scorer = RougeScorer(
        ["rouge1"], tokenizer=EveryScript(False) if tokenizer == "unicode" else None
    )
    metric = {"metric": "rouge1", "tokenizer": tokenizer, "as": "x"}
    _, rows = ask(daemon, pairs, [metric])
    wanted = [
        float(scorer.score(r[0], p)["rouge1"].fmeasure)
        for p, r in zip(pairs.predictions, pairs.references, strict=True)
    ]
    assert_equal(pairs, rows["x"], wanted)
    assert not math.isclose(min(wanted), max(wanted))
