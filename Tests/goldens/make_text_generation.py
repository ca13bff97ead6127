"""Writes the goldens of text_generation from sacreBLEU, rouge_score, NLTK, jiwer and plain definitions.

python Tests/goldens/make_text_generation.py
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import jiwer
from golden import Case, Data, Expected, Options, Undefined, prefixes, write, write_rows
from nltk.translate.meteor_score import meteor_score
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.metrics.ter import TER

Texts = list[str]
Lists = list[list[str]]
Answer = Callable[[Texts, Lists, Options], Expected]
ROUGE = ["rouge1", "rouge2", "rougeL", "rougeLsum"]


class NoSynonyms:
    """A WordNet without words."""

    def synsets(self, _: str) -> list[Any]:
        return []


def streams(references: Lists) -> list[list[str | None]]:
    most = max(map(len, references))
    return [[r[i] if i < len(r) else None for r in references] for i in range(most)]


def translation(make: Callable[[Options], Any]) -> Answer:
    def answer(predictions: Texts, references: Lists, options: Options) -> Expected:
        found = make(options).corpus_score(predictions, streams(references)).score
        return min(100.0, float(found)) if found < 100.0001 else float(found)

    return answer


def bleu(options: Options) -> BLEU:
    names = {"tokenizer": "tokenize", "smoothing": "smooth_method"}
    return BLEU(**{names.get(key, key): value for key, value in options.items()})


def mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)


def rouge(kind: str, part: str) -> Answer:
    def answer(predictions: Texts, references: Lists, options: Options) -> Expected:
        scorer = RougeScorer([kind], use_stemmer=options.get("stemmer", False))
        scores = [
            scorer.score_multi(r, p)[kind]
            for p, r in zip(predictions, references, strict=True)
        ]
        return mean([float(getattr(score, part)) for score in scores])

    return answer


def meteor(predictions: Texts, references: Lists, _: Options) -> Expected:
    return mean(
        [
            float(
                meteor_score([r.split() for r in rs], p.split(), wordnet=NoSynonyms())
            )
            for p, rs in zip(predictions, references, strict=True)
        ]
    )


def exact_match(predictions: Texts, references: Lists, _: Options) -> Expected:
    return mean([float(p in r) for p, r in zip(predictions, references, strict=True)])


def token_f1(predictions: Texts, references: Lists, _: Options) -> Expected:
    def f1(prediction: str, reference: str) -> float:
        ours, theirs = Counter(prediction.split()), Counter(reference.split())
        if not ours or not theirs:
            return float(ours == theirs)
        return 2 * (ours & theirs).total() / (ours.total() + theirs.total())

    rows = zip(predictions, references, strict=True)
    return mean([max(f1(p, one) for one in r) for p, r in rows])


def error_rate(process: Callable[[str, str], Any]) -> Answer:
    def answer(predictions: Texts, references: Lists, _: Options) -> Expected:
        edits = length = 0
        for prediction, candidates in zip(predictions, references, strict=True):
            found = []
            for reference in candidates:
                out = process(reference, prediction)
                wrong = out.substitutions + out.deletions + out.insertions
                size = out.hits + out.substitutions + out.deletions
                found.append((wrong / size if size else math.inf * wrong, wrong, size))
            _, wrong, size = min(found)
            edits, length = edits + wrong, length + size
        return edits / length if length else Undefined("zero_division")

    return answer


METRICS: dict[str, tuple[list[str], Answer]] = {
    "bleu": (["sacrebleu"], translation(bleu)),
    "chrf": (["sacrebleu"], translation(lambda o: CHRF(**o))),
    "chrf_plus_plus": (["sacrebleu"], translation(lambda o: CHRF(word_order=2, **o))),
    "ter": (["sacrebleu"], translation(lambda o: TER(**o))),
    **{
        kind + suffix: (["rouge_score", "nltk"], rouge(kind, part))
        for kind in ROUGE
        for suffix, part in (
            ("", "fmeasure"),
            ("_precision", "precision"),
            ("_recall", "recall"),
        )
    },
    "meteor": (["nltk"], meteor),
    "exact_match": (["jiwer"], exact_match),
    "token_f1": (["jiwer"], token_f1),
    "wer": (["jiwer"], error_rate(jiwer.process_words)),
    "cer": (["jiwer"], error_rate(jiwer.process_characters)),
}
SWITCH: list[Options] = [{}, {"stemmer": True}]
OPTIONS: dict[str, list[Options]] = {
    "bleu": [
        {},
        *({"tokenizer": name} for name in ("intl", "char", "zh", "none")),
        *({"smoothing": name} for name in ("floor", "add-k", "none")),
        {"smoothing": "floor", "smooth_value": 0.3},
        {"lowercase": True},
        {"effective_order": True},
    ],
    "chrf": [{}, {"lowercase": True}, {"whitespace": True}],
    "chrf_plus_plus": [{}, {"lowercase": True}],
    "ter": [
        {},
        {"case_sensitive": True},
        {"normalized": True},
        {"no_punct": True},
        {"normalized": True, "no_punct": True, "asian_support": True},
    ],
    **{kind: SWITCH for kind in ROUGE},
}

PAIRS = [
    ("The cat sat on the mat.", "The cat is sitting on the mat."),
    ("Prices rose by 3.5 % to $1,000.", "Prices increased by 3.5% to $1,000."),
    ("He said “no”, didn't he?", 'He said "no", did he not?'),
    ("the house blue", "the blue house"),
    (
        "Generalizations were hopefully\nrelational.\nDogs ran.",
        "Dogs run.\nA general relation",
    ),
    ("Der Hund läuft über die Straße.", "Der Hund rannte über die Strasse"),
    ("今天天气很好。", "今天的天气真好！"),
    ("Она придёт завтра в 7:00.", "Завтра она придёт в 7:00"),
    ("", "nothing was said"),
    ("nothing was said", "nothing was said"),
    ("a b c d e f g h", "e f g h a b c d"),
    ("U.S. e.g. 5...6 &amp; -", "U.S., e.g. 5...6 & -"),
    ("ΟΔΟΣ 😀😀", "οδος 😀"),
    ("  spaced   out\ttext ", "spaced out text"),
    ("wanted: 12-year-old's book", "wanted: the book of a 12-year-old"),
    ("the the the the the", "the cat the dog"),
]


def datasets() -> list[Data]:
    predictions = [p for p, _ in PAIRS]
    single = [[r] for _, r in PAIRS]
    several = [
        [r, *(other for _, other in PAIRS[i + 1 : i + 1 + i % 3])]
        for i, (_, r) in enumerate(PAIRS)
    ]
    return [
        Data("one reference", {"predictions": predictions, "references": single}),
        Data("several references", {"predictions": predictions, "references": several}),
        Data(
            "nothing in common",
            {"predictions": ["x", "y z"], "references": [["a"], ["b"]]},
        ),
    ]


def main() -> None:
    data = datasets()
    write_rows("text_generation", data)
    for name, (packages, answer) in METRICS.items():
        cases = []
        for item in data:
            for options in OPTIONS.get(name, [{}]):
                metric: str | dict[str, Any] = (
                    {"metric": name, **options} if options else name
                )
                found = []
                for rows in prefixes(item.rows):
                    columns = item.prefix(rows)
                    expected = answer(
                        columns["predictions"], columns["references"], options
                    )
                    found.append((rows, expected))
                cases.append(Case(item.name, metric, None, found))
        write("text_generation", name, packages, cases)


if __name__ == "__main__":
    main()
