"""Columns as a batch can carry them: JSON, base64 of every type, nested, pairs, dictionaries."""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

Array = npt.NDArray[Any]

FLOATS = ["float16", "bfloat16", "float32", "float64"]


def rounded(values: Array, dtype: str) -> npt.NDArray[np.float64]:
    """The numbers as this type has them, widened again."""
    if dtype == "bfloat16":
        return torch.tensor(values).to(torch.bfloat16).to(torch.float64).numpy()
    with np.errstate(over="ignore"):
        return values.astype(dtype).astype(np.float64)


def packed(values: Array, dtype: str, shape: list[int] | None = None) -> dict[str, Any]:
    """A base64 column; without a shape it has one dimension."""
    if dtype == "bfloat16":
        data = (
            torch.tensor(values).to(torch.bfloat16).view(torch.int16).numpy().tobytes()
        )
    else:
        data = np.ascontiguousarray(values.astype(dtype)).tobytes()
    column: dict[str, Any] = {"dtype": dtype, "base64": base64.b64encode(data).decode()}
    if shape is not None:
        column["shape"] = shape
    return column


def plain(values: Array) -> list[Any]:
    """A JSON array."""
    listed: list[Any] = values.tolist()
    return listed


def nested(values: Array) -> list[list[Any]]:
    """[n, 1] in JSON."""
    return [[value] for value in values.tolist()]


def pairs(values: Array) -> list[list[Any]]:
    """[n, 2] in JSON, with the complement before each number."""
    return [[1 - value, value] for value in values.tolist()]


def dictionary(values: Array) -> dict[str, Any]:
    """Distinct values and an index for each row."""
    distinct, indices = np.unique(values, return_inverse=True)
    return {"dictionary": distinct.tolist(), "indices": indices.tolist()}


def packed_dictionary(values: Array) -> dict[str, Any]:
    """The same, with packed indices, and a value that no row has."""
    distinct, indices = np.unique(values, return_inverse=True)
    return {
        "dictionary": [*distinct.tolist(), distinct.tolist()[0]],
        "indices": packed(indices, "uint16"),
    }


def score_encodings(dtype: str) -> dict[str, Callable[[Array], Any]]:
    """Every way to send scores of a float type; JSON carries them as the type has them."""
    return {
        "json": lambda x: plain(rounded(x, dtype)),
        "json [n, 1]": lambda x: nested(rounded(x, dtype)),
        "json [n, 2]": lambda x: pairs(rounded(x, dtype)),
        "packed": lambda x: packed(x, dtype),
        "packed [n, 1]": lambda x: packed(x, dtype, [len(x), 1]),
        "packed [n, 2]": lambda x: packed(
            np.stack([np.zeros(len(x)), x], axis=1), dtype, [len(x), 2]
        ),
        "dictionary": lambda x: dictionary(rounded(x, dtype)),
        "dictionary, packed indices": lambda x: packed_dictionary(rounded(x, dtype)),
    }


INTEGERS = [
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
]


def label_encodings() -> dict[str, Callable[[Array], Any]]:
    """Every way to send labels that are 0 and 1."""
    ways: dict[str, Callable[[Array], Any]] = {
        "json": plain,
        "json booleans": lambda y: plain(y.astype(bool)),
        "json floats": lambda y: plain(y.astype(float)),
        "json [n, 1]": nested,
        "dictionary": dictionary,
    }
    for dtype in [*INTEGERS, *FLOATS]:
        ways[dtype] = partial(packed, dtype=dtype)
        ways[f"{dtype} [n, 1]"] = partial(packed_rows, dtype=dtype)
    return ways


def packed_rows(values: Array, dtype: str) -> dict[str, Any]:
    """A base64 column of the shape [n, 1]."""
    return packed(values, dtype, [len(values), 1])
