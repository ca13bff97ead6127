"""Texts as embeddings of their tokens: made at random, packed as a batch, and scored by others.

`bert_score` matches one pair at a time here: in a batch it fills shorter texts up with cosines of 0,
which then are the best ones of a token that has only negative ones.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from bert_score.utils import get_idf_dict, greedy_cos_idf
from packing import packed

Array = npt.NDArray[Any]

# Every text begins and ends with these, as those of bert_score do: matched with, and never counted.
SPECIAL = (101, 102)


@dataclass
class Text:
    """Tokens: an embedding, an id and a weight each."""

    vectors: Array
    ids: list[int]

    @property
    def weights(self) -> list[float]:
        return [float(i not in SPECIAL) for i in self.ids]


@dataclass
class Row:
    prediction: Text
    references: list[Text]
    weight: float = 1.0


def batch(rows: Sequence[Row], dtype: str) -> dict[str, Any]:
    """The columns of these rows."""
    columns: dict[str, Any] = {}
    for side, texts in (
        ("prediction", [[row.prediction] for row in rows]),
        ("reference", [row.references for row in rows]),
    ):
        flat = [text for those in texts for text in those]
        vectors = np.concatenate([text.vectors for text in flat])
        lengths: list[Any] = [[len(text.ids) for text in those] for those in texts]
        columns |= {
            f"{side}_embeddings": packed(vectors, dtype, list(vectors.shape)),
            f"{side}_lengths": [one[0] if len(one) == 1 else one for one in lengths],
            f"{side}_tokens": [i for text in flat for i in text.ids],
            f"{side}_token_weights": [w for text in flat for w in text.weights],
        }
    return columns


def by_numpy(row: Row, idf: dict[int, float] | None) -> tuple[float, float, float]:
    """P, R and F of a row by their definition, in double precision; nan for 0/0."""
    found = []
    for reference in row.references:
        weights = [
            np.array(
                [
                    w * (idf[i] if idf else 1.0)
                    for i, w in zip(text.ids, text.weights, strict=True)
                ]
            )
            for text in (row.prediction, reference)
        ]
        if not any(row.prediction.weights) or not any(reference.weights):
            found.append((0.0, 0.0, 0.0))
            continue
        cosines = unit(row.prediction.vectors) @ unit(reference.vectors).T
        scores: list[float] = []
        for axis, weight in zip((1, 0), weights, strict=True):
            total = weight.sum()
            scores.append(
                float((cosines.max(axis=axis) * weight).sum() / total)
                if total
                else math.nan
            )
        both = scores[0] + scores[1]
        found.append(
            (scores[0], scores[1], 2 * scores[0] * scores[1] / both if both else 0.0)
        )
    best = np.fmax.reduce(np.array(found))
    return float(best[0]), float(best[1]), float(best[2])


def unit(vectors: Array) -> Array:
    """Vectors of length 1."""
    wide = vectors.astype(np.float64)
    wide = wide / np.abs(wide).max(axis=1, keepdims=True)
    divided: Array = wide / np.linalg.norm(wide, axis=1, keepdims=True)
    return divided


def by_bert_score(
    row: Row, idf: dict[int, float] | None, dtype: torch.dtype = torch.float64
) -> tuple[float, float, float]:
    """P, R and F of a row by the library's own matching, the best of each reference."""

    def side(text: Text) -> tuple[Any, Any, Any]:
        weights = [
            w * (idf[i] if idf else 1.0)
            for i, w in zip(text.ids, text.weights, strict=True)
        ]
        return (
            torch.tensor(text.vectors, dtype=dtype)[None],
            torch.ones(1, len(text.ids), dtype=torch.long),
            torch.tensor([weights], dtype=dtype),
        )

    found = []
    with redirect_stderr(io.StringIO()):  # it warns of each empty text
        for reference in row.references:
            scores = greedy_cos_idf(*side(reference), *side(row.prediction))
            found.append([float(x) for x in scores])
    best = np.fmax.reduce(np.array(found))
    return float(best[0]), float(best[1]), float(best[2])


def idf_of(rows: Sequence[Row]) -> dict[int, float]:
    """bert_score's own idf over the references of these rows."""
    texts = [text.ids for row in rows for text in row.references]
    found: dict[int, float] = get_idf_dict(texts, None, nthreads=0)
    return found


def special(rng: np.random.Generator, vectors: Array, ids: Sequence[int]) -> Text:
    """A text with the two special tokens around it."""
    ends = rng.normal(size=(2, vectors.shape[1])).astype(vectors.dtype)
    return Text(
        np.concatenate([ends[:1], vectors, ends[1:]]), [SPECIAL[0], *ids, SPECIAL[1]]
    )
