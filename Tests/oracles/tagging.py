"""What seqeval and nervaluate say of tag sequences, by the names that evald gives the metrics.

Where a library has a stand-in for 0/0, the answer is the reason that the protocol names.
"""

from __future__ import annotations

import math
import random
import warnings
from collections import Counter
from typing import Any

import numpy as np
from nervaluate import Evaluator
from seqeval import scheme as schemes
from seqeval.metrics import accuracy_score
from seqeval.metrics.sequence_labeling import (
    get_entities,
    precision_recall_fscore_support,
)
from seqeval.metrics.v1 import _precision_recall_fscore_support as of_counts
from seqeval.metrics.v1 import (
    precision_recall_fscore_support as strict_precision_recall_fscore_support,
)

Tags = list[str]
Answer = float | str | list[dict[str, Any]]

PREFIXES = {
    "IOB1": "IB",
    "IOB2": "IB",
    "IOE1": "IE",
    "IOE2": "IE",
    "IOBES": "IBES",
    "BILOU": "IBLU",
}
TYPES = ["PER", "LOC", "ORG", "a-b", "日本", "e\u0301", "x" * 20, "_", "Ж"]
AVERAGES = [
    f"{name}_{average}"
    for name in ("precision", "recall", "f1")
    for average in ("micro", "macro", "weighted")
]
SEMEVAL = {"f1_exact": "exact", "f1_partial": "partial", "f1_type": "ent_type"}


def entities(rows: list[Tags]) -> set[tuple[str, int, int, int]]:
    """seqeval's entities of each sequence by itself: type, sequence, first and last token."""
    return {
        (type_, row, first, last)
        for row, tags in enumerate(rows)
        for type_, first, last in get_entities(tags)
    }


def conlleval(truth: list[Tags], said: list[Tags], **more: Any) -> Any:
    """seqeval's default mode, its entities read sequence by sequence.

    It joins all sequences, so that what ends but never started begins in an earlier one. Where no letters are that
    such entities take, both are the same, and are compared.
    """

    def counted(*_: Any) -> list[Any]:
        ours, theirs = entities(said), entities(truth)
        kinds = sorted({entity[0] for entity in ours | theirs})
        found = [Counter(e[0] for e in some) for some in (ours, ours & theirs, theirs)]
        return [
            np.array([count[kind] for kind in kinds], dtype=np.int32) for count in found
        ]

    wanted = of_counts(truth, said, extract_tp_actual_correct=counted, **more)
    if all(tag[:1] in set("OBIES") for row in [*truth, *said] for tag in row):
        joined = precision_recall_fscore_support(truth, said, **more)
        for one, other in zip(wanted, joined, strict=True):
            np.testing.assert_array_equal(one, other)
    return wanted


def counts(
    truth: list[Tags], said: list[Tags], scheme: str | None
) -> tuple[list[str], list[list[float]]]:
    """The types, and precision, recall, F1 and support of each."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if scheme is None:
            found = conlleval(truth, said, average=None)
            types = sorted({entity[0] for entity in entities(truth) | entities(said)})
        else:
            token = getattr(schemes, scheme)
            found = strict_precision_recall_fscore_support(
                truth, said, average=None, scheme=token
            )
            types = sorted(
                schemes.Entities(truth, token).unique_tags
                | schemes.Entities(said, token).unique_tags
            )
    return types, [list(map(float, column)) for column in found]


def averages(
    truth: list[Tags], said: list[Tags], scheme: str | None, zero_division: Any = "warn"
) -> dict[str, float]:
    """Micro, macro and weighted, with seqeval's own stand-ins for 0/0."""
    found: dict[str, float] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for average in ("micro", "macro", "weighted"):
            more: dict[str, Any] = {"average": average, "zero_division": zero_division}
            if scheme is None:
                three = conlleval(truth, said, **more)
            else:
                three = strict_precision_recall_fscore_support(
                    truth, said, scheme=getattr(schemes, scheme), **more
                )
            for name, value in zip(("precision", "recall", "f1"), three, strict=False):
                found[f"{name}_{average}"] = float(value)
    return found


def seqeval(
    truth: list[Tags], said: list[Tags], scheme: str | None = None
) -> dict[str, Answer]:
    """Every metric but those of SemEval; 0/0 is a reason."""
    types, (precision, recall, f1, support) = counts(truth, said, scheme)
    labelled = sum(support)
    # Predicted entities of a type: hits are exact to the half for any real corpus.
    hits = [round(r * s) for r, s in zip(recall, support, strict=True)]
    has_predictions = any(predicted(types, said, scheme).values())
    found: dict[str, Answer] = {}
    if types:
        found.update(averages(truth, said, scheme))
        if not labelled:
            found["recall_micro"] = "zero_division"
            found.update(
                dict.fromkeys(
                    ("precision_weighted", "recall_weighted", "f1_weighted"),
                    "zero_division",
                )
            )
        if not has_predictions:
            found["precision_micro"] = "zero_division"
    else:
        found.update(dict.fromkeys(AVERAGES, "zero_division"))
    assert sum(hits) <= labelled
    tokens = sum(map(len, truth))
    found["token_accuracy"] = (
        float(accuracy_score(truth, said)) if tokens else "zero_division"
    )
    said_of = predicted(types, said, scheme)
    found["per_type"] = [
        {
            "class": type_,
            "precision": precision[place] if said_of[type_] else None,
            "recall": recall[place] if support[place] else None,
            "f1": f1[place],
            "support": int(support[place]),
        }
        for place, type_ in enumerate(types)
    ]
    return found


def predicted(types: list[str], said: list[Tags], scheme: str | None) -> dict[str, int]:
    """How many entities of each type are predicted."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if scheme is None:
            found = [entity[0] for entity in entities(said)]
        else:
            strict = schemes.Entities(said, getattr(schemes, scheme)).entities
            found = [entity.tag for row in strict for entity in row]
    return {type_: found.count(type_) for type_ in types}


def nervaluate(truth: list[Tags], said: list[Tags]) -> dict[str, Answer]:
    """The F1 of SemEval-2013; nervaluate's 0 for 0/0 is a reason."""
    types = sorted({tag[2:] for row in [*truth, *said] for tag in row if tag != "O"})
    overall = Evaluator(truth, said, tags=types, loader="list").evaluate()["overall"]
    found: dict[str, Answer] = {}
    for name, strategy in SEMEVAL.items():
        result = overall[strategy]
        empty = result.actual + result.possible == 0
        found[name] = "zero_division" if empty else float(result.f1)
    return found


def sequences(
    count: int, seed: int, prefixes: str, types: list[str], longest: int = 20
) -> tuple[list[Tags], list[Tags]]:
    """References, and predictions that differ from them here and there."""
    chance = random.Random(seed)

    def tag() -> str:
        if chance.random() < 0.4:
            return "O"
        return f"{chance.choice(prefixes)}-{chance.choice(types)}"

    def near(reference: str) -> str:
        kind = chance.random()
        if kind < 0.6:
            return reference
        if kind < 0.8 and reference != "O":
            prefix, type_ = reference.split("-", 1)
            return (
                f"{chance.choice(prefixes)}-{type_}"
                if chance.random() < 0.5
                else f"{prefix}-{chance.choice(types)}"
            )
        return tag()

    truth = [
        [tag() for _ in range(chance.randrange(1, longest + 1))] for _ in range(count)
    ]
    return truth, [[near(reference) for reference in row] for row in truth]


def real(count: int, seed: int, scheme: str) -> tuple[list[Tags], list[Tags]]:
    """Well-formed entities, as annotators write them, and predictions that move, split or retype some."""
    chance = random.Random(seed)

    def spans(length: int) -> list[tuple[int, int, str]]:
        found, place = [], 0
        while place < length:
            if chance.random() < 0.25:
                end = min(length, place + chance.choice([1, 1, 2, 3, 6]))
                found.append((place, end, chance.choice(TYPES)))
                place = end
            place += 1
        return found

    def moved(entities: list[tuple[int, int, str]], length: int) -> Any:
        found, free = [], 0
        for start, end, type_ in entities:
            kind = chance.random()
            if kind < 0.1:
                continue
            if kind < 0.2:
                type_ = chance.choice(TYPES)
            elif kind < 0.3:
                start = max(start - 1, 0)
            elif kind < 0.4:
                end = min(end + 2, length)
            elif kind < 0.45 and end - start > 1:
                found.append((max(start, free), start + 1, type_))
                start, free = start + 1, start + 1
            start = max(start, free)
            if start < end:
                found.append((start, end, type_))
                free = end
        return [span for span in found if span[0] < span[1]]

    truth, said = [], []
    for _ in range(count):
        length = chance.randrange(1, 40)
        entities = spans(length)
        truth.append(tagged(entities, length, scheme))
        said.append(tagged(moved(entities, length), length, scheme))
    return truth, said


def tagged(entities: Any, length: int, scheme: str) -> Tags:
    """Tags of entities that do not overlap."""
    tags = ["O"] * length
    last: tuple[int, str] | None = None
    for place, (start, end, type_) in enumerate(entities):
        follows = last == (start, type_)
        following = entities[place + 1] if place + 1 < len(entities) else None
        for token in range(start, end):
            first, final = token == start, token == end - 1
            letter = "I"
            if scheme == "IOB1":
                letter = "B" if first and follows else "I"
            elif scheme == "IOB2":
                letter = "B" if first else "I"
            elif scheme == "IOE1":
                touches = following is not None and following[::2] == (end, type_)
                letter = "E" if final and touches else "I"
            elif scheme == "IOE2":
                letter = "E" if final else "I"
            else:
                single, finish = ("S", "E") if scheme == "IOBES" else ("U", "L")
                if first and final:
                    letter = single
                elif first:
                    letter = "B"
                elif final:
                    letter = finish
            tags[token] = f"{letter}-{type_}"
        last = (end, type_)
    return tags


def is_nan(value: Answer) -> bool:
    return isinstance(value, float) and math.isnan(value)


def integers(
    rows: list[Tags], names: list[str], width: int, fill: int
) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The tags as a rectangle of their places, filled up."""
    found = np.full((len(rows), width), fill, dtype=np.int64)
    for place, row in enumerate(rows):
        found[place, : len(row)] = [names.index(tag) for tag in row]
    return found
