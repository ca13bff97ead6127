"""text_generation beside the libraries that it agrees with: the same pairs, JSON encoding and pipe included.

    python Tests/benchmark/generation.py            2,000 pairs of about 25 words, of each metric
    python Tests/benchmark/generation.py --pairs 500

Ratios are of processor time, the daemon's and the client's together, and each library has one thread.
Before times are compared, values must agree.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import resource
import time
from collections.abc import Callable
from functools import partial
from typing import Any

os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import evald

Texts = list[str]
Score = Callable[[Texts, Texts], float]


def pairs(count: int, seed: int = 1) -> tuple[Texts, Texts]:
    """Predictions that differ from their references in some words and their order."""
    rng = random.Random(seed)
    letters = "etaoinshrdlucmfwypvbgkjqxz"
    known = [
        "".join(rng.choices(letters, [26 - i for i in range(26)], k=rng.randint(1, 9)))
        for _ in range(5000)
    ]
    weights = [1 / (place + 1) for place in range(len(known))]
    predictions, references = [], []
    for _ in range(count):
        words = rng.choices(known, weights, k=rng.randint(15, 35))
        other = list(words)
        for _ in range(rng.randint(2, 8)):
            place = rng.randrange(len(other))
            if rng.random() < 0.6:
                other[place] = rng.choices(known, weights)[0]
            else:
                other.insert(rng.randrange(len(other)), other.pop(place))
        predictions.append(" ".join(other).capitalize() + ".")
        references.append(" ".join(words).capitalize() + ".")
    return predictions, references


def sacrebleu(name: str, **options: Any) -> Score:
    def score(predictions: Texts, references: Texts) -> float:
        from sacrebleu.metrics import bleu, chrf, ter

        metric = {"bleu": bleu.BLEU, "chrf": chrf.CHRF, "ter": ter.TER}[name](**options)
        return float(metric.corpus_score(predictions, [references]).score)

    return score


def rouge(predictions: Texts, references: Texts) -> float:
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=True)
    found = [scorer.score(r, p) for p, r in zip(predictions, references, strict=True)]
    return math.fsum(float(one["rougeL"].fmeasure) for one in found) / len(found)


def torchmetrics_cer(predictions: Texts, references: Texts) -> float:
    import torch
    from torchmetrics.text import CharErrorRate

    torch.set_num_threads(1)
    metric = CharErrorRate()
    for start in range(0, len(predictions), 256):
        part = slice(start, start + 256)
        metric.update(predictions[part], references[part])
    return float(metric.compute())


def jiwer_wer(predictions: Texts, references: Texts) -> float:
    import jiwer

    return float(jiwer.wer(references, predictions))


STEMMED = [{"metric": name, "stemmer": True} for name in ("rouge1", "rouge2", "rougeL")]
# What is asked of evald, the last of them compared; the library; how many times slower it is meant to be.
CASES: dict[str, tuple[list[Any], str, Score, float]] = {
    "BLEU": (["bleu"], "sacreBLEU", sacrebleu("bleu"), 30),
    "chrF": (["chrf"], "sacreBLEU", sacrebleu("chrf"), 50),
    "chrF++": (["chrf_plus_plus"], "sacreBLEU", sacrebleu("chrf", word_order=2), 50),
    "TER": (["ter"], "sacreBLEU", sacrebleu("ter"), 50),
    "ROUGE-1, 2 and L, stemmed": (STEMMED, "rouge_score", rouge, 50),
    "CER": (["cer"], "torchmetrics", torchmetrics_cer, 50),
    "WER": (["wer"], "jiwer", jiwer_wer, 0),
}


def ours(metrics: list[Any], predictions: Texts, references: Texts) -> float:
    with evald.start() as daemon:
        stream = daemon.stream(
            "mt", task="text_generation", metrics=metrics, keep="named"
        )
        for start in range(0, len(predictions), 256):
            part = slice(start, start + 256)
            stream.push(predictions=predictions[part], references=references[part])
        return float(list(stream.query().values())[-1])


def processor_seconds() -> float:
    """Of this process and of those of its children that have ended."""
    own, children = (
        resource.getrusage(who)
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def measured(work: Callable[[], float], count: int) -> tuple[float, float, float]:
    """The value, and microseconds a pair: of processors, and by the wall."""
    processor, wall = processor_seconds(), time.perf_counter()
    value = work()
    wall = time.perf_counter() - wall
    return value, (processor_seconds() - processor) / count * 1e6, wall / count * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=2000)
    parser.add_argument("--only", default="")
    given = parser.parse_args()
    predictions, references = pairs(given.pairs)
    many = given.pairs * 20
    print("| | evald µs a pair | the library | µs a pair | × evald | by the wall |")
    print("|---|--:|---|--:|--:|--:|")
    for name, (metrics, library, score, goal) in CASES.items():
        if given.only and given.only not in name:
            continue
        score(predictions[:50], references[:50])  # imports are not what is compared
        # Ours is quick, so it has more to do, and its start is in it.
        value, processor, wall = measured(
            partial(ours, metrics, predictions * 20, references * 20), many
        )
        theirs, slow, slow_wall = measured(
            partial(score, predictions, references), given.pairs
        )
        if not math.isclose(value, theirs, rel_tol=1e-6):
            raise SystemExit(f"{name}: evald {value!r}, {library} {theirs!r}")
        ratio = slow / processor
        missed = "" if ratio >= goal else f" (below {goal})"
        print(
            f"| {name} | {processor:,.1f} | {library} | {slow:,.0f} | {ratio:,.0f}{missed} "
            f"| {slow_wall / wall:,.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
