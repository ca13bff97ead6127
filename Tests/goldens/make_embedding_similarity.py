"""Writes the goldens of the embedding_similarity task from bert_score's own matching, in double precision.

python Tests/goldens/make_embedding_similarity.py

Columns that are not by row stand in rows.json as a list a row, which the test puts together.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from bert_score.utils import get_idf_dict, greedy_cos_idf
from golden import Case, Data, Expected, Options, Undefined, prefixes, write, write_rows

PACKAGES = ["bert-score", "torch", "numpy"]
PARTS = ["precision", "recall", "f1"]
# Every text begins and ends with these, as bert_score's do: matched with, and never counted.
CLS, SEP = 101, 102


def text(rng: np.random.Generator, length: int) -> dict[str, list[Any]]:
    """A text of so many tokens and the two special ones."""
    vectors = np.round(rng.normal(size=(length + 2, 4)), 3)
    vectors[:, 0] += 0.7
    ids = [CLS, *(int(i) for i in np.minimum(rng.geometric(0.2, length), 12)), SEP]
    return {
        "embeddings": np.round(vectors, 3).tolist(),
        "tokens": ids,
        "token_weights": [float(i not in (CLS, SEP)) for i in ids],
    }


def data(
    name: str, seed: int, rows: int, options: Options, weights: bool = False
) -> Data:
    """Rows of one to three references; some texts are empty."""
    rng = np.random.default_rng(seed)
    columns: dict[str, list[Any]] = {
        f"{side}_{kind}": []
        for side in ("prediction", "reference")
        for kind in ("embeddings", "lengths", "tokens", "token_weights")
    }
    for _ in range(rows):
        texts = [text(rng, int(rng.integers(0, 6))) for _ in range(rng.integers(1, 4))]
        for side, those in (
            ("prediction", texts[:1]),
            ("reference", texts[1:] or texts),
        ):
            if side == "reference" and len(texts) == 1:
                those = [text(rng, int(rng.integers(1, 6)))]
            lengths = [len(one["tokens"]) for one in those]
            columns[f"{side}_lengths"].append(
                lengths if side == "reference" else lengths[0]
            )
            for kind in ("embeddings", "tokens", "token_weights"):
                columns[f"{side}_{kind}"].append(
                    [item for one in those for item in one[kind]]
                )
    if weights:
        columns["weights"] = [float(w) for w in rng.integers(0, 4, rows)]
    return Data(name, columns, options)


def references(item: Data, row: int) -> list[slice]:
    """Where the tokens of each reference stand in the row's list."""
    ends = np.cumsum(item.columns["reference_lengths"][row]).tolist()
    return [slice(a, b) for a, b in zip([0, *ends], ends, strict=False)]


def matched(item: Data, row: int, idf: dict[int, float]) -> np.ndarray[Any, Any]:
    """P, R and F of a row: bert_score's matching of each reference, the best of each."""

    def side(vectors: Any, ids: list[int]) -> tuple[Any, Any, Any]:
        weights = torch.tensor([[idf[i] for i in ids]], dtype=torch.float64)
        embeddings = torch.tensor([vectors], dtype=torch.float64)
        return embeddings, torch.ones(1, len(ids), dtype=torch.long), weights

    found = []
    for place in references(item, row):
        columns = item.columns
        reference = side(
            columns["reference_embeddings"][row][place],
            columns["reference_tokens"][row][place],
        )
        prediction = side(
            columns["prediction_embeddings"][row], columns["prediction_tokens"][row]
        )
        scores = [float(x) for x in greedy_cos_idf(*reference, *prediction)]
        if math.isnan(scores[0]) or math.isnan(scores[1]):
            scores[2] = math.nan  # bert_score says 0
        found.append(scores)
    best: np.ndarray[Any, Any] = np.fmax.reduce(np.array(found))
    return best


def answer(item: Data, rows: int, part: int) -> Expected:
    """The mean of the first rows, 0 for a row that has no value beside others that have one."""
    idf: dict[int, float]
    if item.options.get("idf"):
        texts = [
            item.columns["reference_tokens"][row][place]
            for row in range(rows)
            for place in references(item, row)
        ]
        idf = get_idf_dict(texts, None, nthreads=0)
    else:
        idf = dict.fromkeys(range(20), 1.0)
    idf[CLS] = idf[SEP] = 0.0
    scores = np.array([matched(item, row, idf)[part] for row in range(rows)])
    weights = np.array(item.columns.get("weights", [1.0] * rows)[:rows])
    known = ~np.isnan(scores)
    if weights[known].sum() == 0:
        return Undefined("zero_division")
    mean = math.fsum(scores[known] * weights[known]) / weights.sum()
    base = item.options.get("rescale_baseline", 0.0)
    low = base[PARTS[part]] if isinstance(base, dict) else base
    return float((mean - low) / (1 - low))


def main() -> None:
    baseline = {"precision": 0.31, "recall": 0.29, "f1": 0.3}
    sets = [
        data("plain", 1, 24, {}),
        data("weights", 2, 16, {}, weights=True),
        data("rescaled", 3, 8, {"rescale_baseline": 0.25}),
        data("idf", 4, 24, {"idf": True}),
        data(
            "idf, weights, rescaled",
            5,
            16,
            {"idf": True, "rescale_baseline": baseline},
            True,
        ),
    ]
    write_rows("embedding_similarity", sets)
    for part, name in enumerate(PARTS):
        metric = f"bertscore_{name}"
        cases = [
            Case(
                item.name,
                metric,
                None,
                [(n, answer(item, n, part)) for n in prefixes(item.rows)],
            )
            for item in sets
        ]
        write("embedding_similarity", metric, PACKAGES, cases)


if __name__ == "__main__":
    main()
