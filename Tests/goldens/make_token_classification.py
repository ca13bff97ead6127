"""Writes the goldens of token classification from seqeval, in both of its modes, and nervaluate.

python Tests/goldens/make_token_classification.py
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from golden import Case, Data, Expected, Undefined, prefixes, write, write_rows

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "oracles"))

import tagging

OF_SEQEVAL = [*tagging.AVERAGES, "per_type", "token_accuracy"]
OF_NERVALUATE = list(tagging.SEMEVAL)


def rows(pair: tuple[list[tagging.Tags], list[tagging.Tags]]) -> dict[str, list[Any]]:
    truth, said = pair
    return {"predictions": said, "references": truth}


def strict(scheme: str) -> dict[str, Any]:
    return {"mode": "strict", "scheme": scheme}


def datasets() -> list[Data]:
    types = tagging.TYPES[:4]
    two_modes = {
        "predictions": [["I-PER", "I-PER"], ["B-LOC", "I-ORG", "O"]],
        "references": [["B-PER", "I-PER"], ["B-LOC", "I-LOC", "O"]],
    }
    return [
        Data("the two modes, conlleval", two_modes),
        Data("the two modes, strict", two_modes, strict("IOB2")),
        Data("well-formed entities", rows(tagging.real(40, 1, "IOB2"))),
        Data("tags at random", rows(tagging.sequences(30, 2, "BI", types, 8))),
        Data(
            "nothing predicted",
            {"predictions": [["O", "O"]] * 3, "references": [["B-PER", "O"]] * 3},
        ),
        Data("nothing but O", {"predictions": [["O"]] * 3, "references": [["O"]] * 3}),
        *(
            Data(
                f"{scheme} {kind}",
                rows(pair),
                strict(scheme),
            )
            for scheme, prefixes_ in tagging.PREFIXES.items()
            for kind, pair in (
                ("well-formed", tagging.real(15, 3, scheme)),
                ("at random", tagging.sequences(15, 4, prefixes_, types[:2], 8)),
            )
        ),
    ]


def expected(data: Data, count: int) -> dict[str, Expected]:
    columns = data.prefix(count)
    truth, said = columns["references"], columns["predictions"]
    found: dict[str, Any] = tagging.seqeval(truth, said, data.options.get("scheme"))
    # nervaluate reads tags B- and I- as conlleval does.
    if not data.options:
        found |= tagging.nervaluate(truth, said)
    return {
        name: Undefined(value) if isinstance(value, str) else value
        for name, value in found.items()
    }


def main() -> None:
    data = datasets()
    write_rows("token_classification", data)
    found = {
        (item.name, count): expected(item, count)
        for item in data
        for count in prefixes(item.rows)
    }
    for names, packages in (
        (OF_SEQEVAL, ["seqeval", "scikit-learn"]),
        (OF_NERVALUATE, ["nervaluate"]),
    ):
        for name in names:
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
                if name in found[item.name, item.rows]
            ]
            write("token_classification", name, packages, cases)


if __name__ == "__main__":
    main()
