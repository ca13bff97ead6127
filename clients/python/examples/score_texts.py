"""Scores translations of two systems, and summaries of a model beside the first sentence.

    pip install ./clients/python
    python clients/python/examples/score_texts.py [directory with WordNet's files]

The texts stand in examples/texts and were written for this example: twelve sentences from three
languages with two references each, and four short reports. With a directory such as Debian's
/usr/share/wordnet METEOR also knows synonyms.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import evald

TEXTS = Path(__file__).parent / "texts"
TRANSLATION = ["bleu", "chrf", "chrf_plus_plus", "ter", "meteor"]
SUMMARY = ["rouge1", "rouge2", "rougeL", "rougeLsum"]


def read(name: str) -> list[dict[str, Any]]:
    """The rows of a file with a JSON object a line."""
    lines = (TEXTS / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def translations(ev: evald.Evald, options: dict[str, Any]) -> None:
    """Corpus scores of two systems, one by language, and the sentence that came out worst."""
    rows = read("translations.jsonl")
    for system in ("fluent", "literal"):
        stream = ev.stream(
            system,
            task="text_generation",
            metrics=TRANSLATION,
            **options,
            slices=["language"],
        )
        reply = stream.push(
            predictions=[row[system] for row in rows],
            references=[row["references"] for row in rows],
            slices={"language": [row["language"] for row in rows]},
            row_metrics=["chrf"],
            wait=True,
        )
        print(f"\n{system} translations")
        print(stream.query())
        print(stream.slices("language", metrics=["bleu", "chrf"]))
        scores = reply["row_values"]["chrf"]
        worst = min(range(len(rows)), key=scores.__getitem__)
        print(f"worst, chrF {scores[worst]:.1f}: {rows[worst][system]}")


def summaries(ev: evald.Evald) -> None:
    """ROUGE with stemming, which is how papers report it."""
    rows = read("summaries.jsonl")
    for system in ("model", "lead"):
        stream = ev.stream(
            f"{system} summaries",
            task="text_generation",
            metrics=SUMMARY,
            stemmer=True,
        )
        stream.push(
            predictions=[row[system] for row in rows],
            references=[row["reference"] for row in rows],
        )
        print(f"\n{system} summaries")
        print(stream.query())


def main() -> None:
    options = {"wordnet": sys.argv[1]} if len(sys.argv) > 1 else {}
    with evald.start() as ev:
        translations(ev, options)
        summaries(ev)


if __name__ == "__main__":
    main()
