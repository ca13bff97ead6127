"""Question answering and token classification beside the official SQuAD functions and seqeval.

    python Tests/benchmark/answers_and_tags.py

Prints a table: what a pair of texts, or a token, costs in processor time, evald's daemon and the client
that encodes its JSON together, and in wall time: the least of three runs, in which all take turns. The
peers must agree before their times are compared.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import string
import subprocess
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable
from typing import Any

from peers import processor_seconds

Values = dict[str, float]
Run = Callable[[], Values]

WORDS = [
    f"{a}{b}{c}"
    for a in ("th", "k", "st", "m")
    for b in "aeiou"
    for c in ("n", "ter", "s", "r")
]
BATCH = 1024
TURNS = 3


def pairs(count: int) -> tuple[list[str], list[list[str]]]:
    """Predictions of 25 words, and one reference each, which shares most of them."""
    chance = random.Random(0)
    predictions, references = [], []
    for _ in range(count):
        words = [chance.choice([*WORDS, "the", "The", "a"]) for _ in range(25)]
        references.append([" ".join(words) + "."])
        for _ in range(chance.randrange(6)):
            words[chance.randrange(25)] = chance.choice(WORDS)
        predictions.append(" ".join(words))
    return predictions, references


def sentences(count: int) -> tuple[list[list[str]], list[list[str]]]:
    """Tags of 25 tokens, four of five outside entities, one of ten wrong."""
    chance = random.Random(1)
    tags = [
        f"{letter}-{kind}" for kind in ("PER", "LOC", "ORG", "MISC") for letter in "BI"
    ]

    def tag() -> str:
        return "O" if chance.random() < 0.8 else chance.choice(tags)

    truth = [[tag() for _ in range(25)] for _ in range(count)]
    said = [[one if chance.random() < 0.9 else tag() for one in row] for row in truth]
    return truth, said


# --- The official functions: what each question costs in their own way of writing it.


def plain(text: str) -> str:
    kept = "".join(c for c in text.lower() if c not in set(string.punctuation))
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", kept).split())


def squad_f1(prediction: str, reference: str) -> float:
    said, wanted = plain(prediction).split(), plain(reference).split()
    same = sum((Counter(said) & Counter(wanted)).values())
    if same == 0:
        return 0.0
    precision, recall = same / len(said), same / len(wanted)
    return 2 * precision * recall / (precision + recall)


def squad(predictions: list[str], references: list[list[str]]) -> Values:
    exact = f1 = 0.0
    for prediction, golds in zip(predictions, references, strict=True):
        exact += max(plain(prediction) == plain(gold) for gold in golds)
        f1 += max(squad_f1(prediction, gold) for gold in golds)
    return {
        "exact_match": 100 * exact / len(predictions),
        "f1": 100 * f1 / len(predictions),
    }


def seqeval(truth: list[list[str]], said: list[list[str]]) -> Values:
    from seqeval.metrics.sequence_labeling import precision_recall_fscore_support

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = precision_recall_fscore_support(truth, said, average="micro")
    return dict(zip(("precision", "recall", "f1"), map(float, found[:3]), strict=True))


# --- evald, through the Python client


def evald(task: str, columns: dict[str, Any], names: list[str], **options: Any) -> Run:
    import evald as client

    def run() -> Values:
        with client.start() as daemon:
            stream = daemon.stream("run", task=task, **options)
            count = len(next(iter(columns.values())))
            for start in range(0, count, BATCH):
                part = slice(start, start + BATCH)
                stream.push(**{name: column[part] for name, column in columns.items()})
            found = stream.query(metrics=names)
            return {name: float(found[name]) for name in names}

    return run


def integers(rows: list[list[str]], names: list[str]) -> Any:
    import numpy as np

    places = {name: place for place, name in enumerate(names)}
    return np.array([[places[tag] for tag in row] for row in rows], dtype=np.uint8)


CASES = ["squad", "evald squad", "seqeval", "evald tags", "evald integers"]


def case(name: str, scale: float) -> tuple[Run, int]:
    """What is measured, and how many pairs or tokens it is over."""
    # More than the peer has are the same again: memory that lies further away is not what is compared.
    rounds = max(1, int(scale))
    count = int((10_000 if "squad" in name else 8_000) * scale / rounds)
    if "squad" in name:
        predictions, references = pairs(count)
        predictions, references = rounds * predictions, rounds * references
        count *= rounds
        if name == "squad":
            return lambda: squad(predictions, references), count
        columns: dict[str, Any] = {"predictions": predictions, "references": references}
        return evald("question_answering", columns, ["exact_match", "f1"]), count
    truth, said = (rounds * column for column in sentences(count))
    count *= rounds
    if name == "seqeval":
        return lambda: seqeval(truth, said), count * 25
    columns = {"predictions": said, "references": truth}
    more: dict[str, Any] = {}
    if name == "evald integers":
        names = sorted({tag for row in truth + said for tag in row})
        columns = {key: integers(rows, names) for key, rows in columns.items()}
        more["tags"] = names
    run = evald("token_classification", columns, ["precision", "recall", "f1"], **more)
    return run, count * 25


def measure(name: str, scale: float) -> dict[str, Any]:
    """One case in this process: a first run that nobody counts, then one that is."""
    small, _ = case(name, min(0.02, scale))
    small()
    run, count = case(name, scale)
    processor, wall = processor_seconds(), time.perf_counter()
    values = run()
    return {
        "values": values,
        "wall": (time.perf_counter() - wall) / count,
        "processor": (processor_seconds() - processor) / count,
    }


def least(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """What the quickest took, of each time for itself."""
    times = {kind: min(run[kind] for run in runs) for kind in ("processor", "wall")}
    return {**runs[0], **times}


def separately(name: str, scale: float) -> dict[str, Any]:
    """The same in a process of its own."""
    command = [sys.executable, __file__, "--case", name, "--scale", str(scale)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{name} failed:\n{done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", choices=CASES)
    parser.add_argument("--scale", type=float, default=None)
    given = parser.parse_args()
    if given.case:
        print(json.dumps(measure(given.case, given.scale or 1)))
        return
    print("| | of | processor | × evald | wall | × evald |")
    print("|---|---|--:|--:|--:|--:|")
    # The last is how many times slower the peer is meant to be.
    for peer, ours, of, unit, factor, goal in (
        ("squad", "evald squad", "pair of 25 words", "µs", 1e6, 10),
        ("seqeval", "evald tags", "token", "ns", 1e9, 50),
        ("seqeval", "evald integers", "token", "ns", 1e9, 50),
    ):
        scale = given.scale or 1
        values, wanted = (separately(name, scale)["values"] for name in (ours, peer))
        if any(abs(wanted[name] - one) > 1e-9 * one for name, one in values.items()):
            sys.exit(f"{ours}: {values}, {peer}: {wanted}")
        # The daemon is faster, so it gets more for the clock to see, and its start counts for less.
        more = scale if given.scale else 40
        turns = [
            (separately(ours, more), separately(peer, scale)) for _ in range(TURNS)
        ]
        mine, theirs = (least(list(runs)) for runs in zip(*turns, strict=True))
        for name, one in ((ours, mine), (peer, theirs)):
            cells = [name, of]
            for kind in ("processor", "wall"):
                ratio = one[kind] / mine[kind]
                is_missed = kind == "processor" and one is theirs and ratio < goal
                missed = f" (below {goal})" if is_missed else ""
                cells += [f"{one[kind] * factor:,.1f} {unit}", f"{ratio:,.1f}{missed}"]
            print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
