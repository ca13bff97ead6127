"""What the official scripts of SQuAD 1.1 and 2.0 define, in this test's own words.

The one thing that differs is on purpose: rows of equal no-answer probability are taken together by
`best`, where the script's result depends on the order of its file.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby

ARTICLES = re.compile(r"\b(?:an|a|the)\b")
NO_PUNCTUATION = str.maketrans("", "", string.punctuation)

Measure = Callable[[list[str], list[str]], float]


@dataclass(frozen=True)
class Rules:
    """`compat` and `normalize`."""

    compat: str = "squad1"
    normalize: str = "squad"

    def plain(self, text: str) -> str:
        """The text as it is compared."""
        if self.normalize == "none":
            return text
        kept = text.lower().translate(NO_PUNCTUATION)
        return " ".join(ARTICLES.sub(" ", kept).split())

    def golds(self, references: list[str]) -> list[str]:
        if self.compat == "squad1":
            return references
        return [text for text in references if self.plain(text)] or [""]

    def words(self, text: str) -> list[str]:
        return self.plain(text).split()

    def parts(self, prediction: str, gold: str) -> tuple[float, float, float]:
        """F1, precision and recall against one gold answer."""
        said, wanted = self.words(prediction), self.words(gold)
        if self.compat == "squad2" and (not said or not wanted):
            return (float(said == wanted),) * 3
        same = sum((Counter(said) & Counter(wanted)).values())
        if not same:
            return 0.0, 0.0, 0.0
        precision, recall = same / len(said), same / len(wanted)
        return 2 * precision * recall / (precision + recall), precision, recall


@dataclass(frozen=True)
class Scores:
    """What one row is worth, in 0 to 1."""

    exact: float
    f1: float
    precision: float
    recall: float
    has_answer: bool
    is_answered: bool


def score(prediction: str, references: list[str], rules: Rules) -> Scores:
    golds = rules.golds(references)
    parts = [rules.parts(prediction, gold) for gold in golds]
    return Scores(
        float(any(rules.plain(prediction) == rules.plain(gold) for gold in golds)),
        max(part[0] for part in parts),
        max(part[1] for part in parts),
        max(part[2] for part in parts),
        bool(references),
        bool(prediction),
    )


def best(
    rows: list[Scores], values: list[float], probabilities: list[float]
) -> tuple[float, float]:
    """The highest mean over thresholds, in percent, and the threshold."""
    sum_ = highest = float(sum(not row.has_answer for row in rows))
    threshold = 0.0
    order = sorted(range(len(rows)), key=probabilities.__getitem__)
    for probability, group in groupby(order, key=probabilities.__getitem__):
        for place in group:
            if rows[place].has_answer:
                sum_ += values[place]
            elif rows[place].is_answered:
                sum_ -= 1
        if sum_ > highest:
            highest, threshold = sum_, probability
    return 100 * highest / len(rows), threshold


def evaluate(
    rows: list[Scores], probabilities: list[float] | None = None
) -> dict[str, float | str]:
    """Every metric of the task, a reason where there is none."""

    def mean(of: list[Scores], value: Callable[[Scores], float]) -> float | str:
        return 100 * sum(map(value, of)) / len(of) if of else "zero_division"

    found: dict[str, float | str] = {
        "exact_match": mean(rows, lambda row: row.exact),
        "f1": mean(rows, lambda row: row.f1),
        "precision": mean(rows, lambda row: row.precision),
        "recall": mean(rows, lambda row: row.recall),
    }
    for name, has in (("has_answer", True), ("no_answer", False)):
        half = [row for row in rows if row.has_answer is has]
        found[f"{name}_exact_match"] = mean(half, lambda row: row.exact)
        found[f"{name}_f1"] = mean(half, lambda row: row.f1)
    for name, values in (
        ("exact", [row.exact for row in rows]),
        ("f1", [row.f1 for row in rows]),
    ):
        keys = f"best_{name}", f"best_{name}_threshold"
        if probabilities is None:
            found.update(dict.fromkeys(keys, "needs_probabilities"))
        else:
            found.update(zip(keys, best(rows, values, probabilities), strict=True))
    return found
