"""Writes the goldens of question answering from the rules of the official SQuAD scripts.

python Tests/goldens/make_question_answering.py

The scripts are no package, so the rules are restated in Tests/oracles/squad.py; where torchmetrics has the
same ones (squad1, answers that are not empty) it must agree.
"""

from __future__ import annotations

import math
import random
import sys
from pathlib import Path
from typing import Any

from golden import Case, Data, Expected, Undefined, prefixes, write, write_rows
from torchmetrics.functional.text import squad as torchmetrics_squad

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "oracles"))

import squad
from texts import Texts

METRICS = [
    "exact_match",
    "f1",
    "precision",
    "recall",
    "has_answer_exact_match",
    "has_answer_f1",
    "no_answer_exact_match",
    "no_answer_f1",
    "best_exact",
    "best_exact_threshold",
    "best_f1",
    "best_f1_threshold",
]


def rows(seed: int, count: int, least: int, levels: int = 0) -> dict[str, list[Any]]:
    """Predictions that often are, or nearly are, one of the references."""
    texts = Texts(seed)
    columns: dict[str, list[Any]] = {"predictions": [], "references": []}
    for _ in range(count):
        references = [texts.text(8) for _ in range(texts.random.choice([least, 1, 3]))]
        prediction = texts.random.choice([*references, texts.text(8), ""])
        columns["predictions"].append(texts.near(prediction))
        columns["references"].append(references)
    if levels:
        chance = random.Random(seed)
        columns["no_answer_probabilities"] = [
            chance.randrange(levels + 1) / levels for _ in range(count)
        ]
    return columns


def datasets() -> list[Data]:
    squad2 = {"compat": "squad2"}
    example: dict[str, list[Any]] = {
        "predictions": ["The capital of France is Paris", "1976", "a", "the"],
        "references": [["Paris is the capital of France"], ["in 1976"], ["A."], ["an"]],
    }
    return [
        Data("the worked example, and articles alone", example),
        Data("several scripts", rows(1, 60, 1)),
        Data("as they are", rows(2, 40, 1), {"normalize": "none"}),
        Data("some have no answer", rows(3, 60, 0), squad2),
        Data("distinct probabilities", rows(4, 60, 0, 2**40), squad2),
        Data("equal probabilities", rows(5, 60, 0, 4), squad2),
        Data(
            "no_answer and nothing normalised",
            rows(6, 40, 0, 8),
            {**squad2, "normalize": "none"},
        ),
    ]


def check(scores: list[squad.Scores], columns: dict[str, list[Any]]) -> None:
    """What torchmetrics says of rows that no rule of empty answers touches."""
    for place, (score, prediction, references) in enumerate(
        zip(scores, columns["predictions"], columns["references"], strict=True)
    ):
        if not all(squad.Rules().plain(text) for text in [prediction, *references]):
            continue
        found = torchmetrics_squad(
            [{"prediction_text": prediction, "id": "0"}],
            [{"answers": {"answer_start": [0], "text": references}, "id": "0"}],
        )
        assert float(found["exact_match"]) == 100 * score.exact, place
        assert math.isclose(float(found["f1"]), 100 * score.f1, rel_tol=1e-6), place


def expected(data: Data, count: int) -> dict[str, Expected]:
    columns = data.prefix(count)
    rules = squad.Rules(**data.options)
    scores = [
        squad.score(prediction, references, rules)
        for prediction, references in zip(
            columns["predictions"], columns["references"], strict=True
        )
    ]
    if not data.options and count == data.rows:
        check(scores, columns)
    found = squad.evaluate(scores, columns.get("no_answer_probabilities"))
    return {
        name: Undefined(value) if isinstance(value, str) else value
        for name, value in found.items()
    }


def main() -> None:
    data = datasets()
    write_rows("question_answering", data)
    found = {
        (item.name, count): expected(item, count)
        for item in data
        for count in prefixes(item.rows)
    }
    for name in METRICS:
        cases = [
            Case(
                item.name,
                name,
                None,
                [
                    (count, found[item.name, count][name])
                    for count in prefixes(item.rows)
                ],
            )
            for item in data
        ]
        write("question_answering", name, ["torchmetrics"], cases)


if __name__ == "__main__":
    main()
