"""A batch: keyword arguments to the text of its columns.

Each encoder appends `bytes` to a list, the last of them ending with a comma; `put_batch` takes the
last comma off. The encoder of a type is found once and kept.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from . import _wire
from ._arrays import Parts, put_array_like, put_buffer, put_numpy, put_packed, put_torch

Put = Callable[[str, Any, Parts], None]

_EXACT_IN_FLOAT64 = 2**53
# Columns that are not by row: a batch with one is pushed whole or not at all.
_WHOLE = {"confusion", "prediction_embeddings", "reference_embeddings"}
_put_by_type: dict[type, Put] = {}


def put_batch(columns: Mapping[str, Any], out: Parts) -> None:
    """Appends `"batch":{…}`. A column that is None is left out.

    Raises:
        TypeError: a value is not a column; the message names it.
    """
    out.append(b'"batch":{')
    for name, value in columns.items():
        put = _put_by_type.get(type(value))
        if put is None:
            put = _resolve(name, value)
        put(name, value, out)
    last = out[-1]
    out[-1] = last[:-1] + b"}" if last.endswith(b",") else last + b"}"


def put_column(name: str, value: Any, out: Parts) -> None:
    """Appends one column."""
    put = _put_by_type.get(type(value)) or _resolve(name, value)
    put(name, value, out)


def put_objects(
    name: str, values: Sequence[Any], out: Parts, kinds: set[type] | None = None
) -> None:
    """Appends a JSON array. Among texts, or lists of them, a float NaN is how pandas says missing:
    null.
    """
    if kinds is None:
        kinds = set(map(type, values))
    if len(kinds) > 1 and (any(issubclass(kind, str) for kind in kinds) or _hold_texts(values)):
        values = [_missing_as_null(item) for item in values]
    out.append(_wire.dumps(name) + b":")
    try:
        if _are_texts(values, kinds):
            _wire.put_texts(values, out)
        else:
            out.append(_wire.dumps(values))
    except TypeError as error:
        raise TypeError(f"column {name!r}: {error}") from None
    out.append(b",")


def _missing_as_null(item: Any) -> Any:
    if _is_missing(item):
        return None
    return _wire.missing_as_null(item) if type(item) in (list, tuple) else item


def _are_texts(values: Sequence[Any], kinds: set[type]) -> bool:
    """Whether these are texts, or lists of them as far as the first ones tell."""
    if kinds == {str}:
        return True
    return kinds <= {list, tuple} and _hold_texts(values)


def _hold_texts(values: Sequence[Any]) -> bool:
    """Whether the first thing in the lists and tuples that is not missing is a text."""
    rows = (row for row in values if type(row) in (list, tuple))
    things = (item for row in rows for item in row if not _is_missing(item))
    return isinstance(next(things, None), str)


def _is_missing(item: Any) -> bool:
    return item is None or (isinstance(item, float) and item != item)


def put_list(name: str, values: Sequence[Any], out: Parts) -> None:
    """Appends a list or tuple: packed if it is all floats, integers or booleans, else as JSON."""
    if values and type(values[0]) is list and _wire.is_fast() and _hold_texts(values):
        put_objects(name, values, out, {list})  # orjson looks at each row anyway
        return
    kinds = set(map(type, values))
    shape = (len(values),)
    if kinds == {float} or (kinds == {float, int} and _all_exact(values)):
        put_packed(name, "float64", shape, array("d", values), out)
    elif kinds == {bool}:
        put_packed(name, "bool", shape, bytes(values), out)
    elif kinds == {int} and _fits_int64(values):
        put_packed(name, "int64", shape, array("q", values), out)
    else:
        put_objects(name, values, out, kinds)


def _all_exact(values: Iterable[float]) -> bool:
    return all(-_EXACT_IN_FLOAT64 <= item <= _EXACT_IN_FLOAT64 or item != item for item in values)


def _fits_int64(values: Iterable[int]) -> bool:
    return all(-(2**63) <= item < 2**63 for item in values)


def put_iterable(name: str, values: Iterable[Any], out: Parts) -> None:
    """Appends a range, a deque, a generator: read once, in its order."""
    put_list(name, list(values), out)


def put_number(name: str, value: float, out: Parts) -> None:
    """Appends a single number: a batch of one row."""
    put_list(name, (value,), out)


def put_mapping(name: str, value: Mapping[str, Any], out: Parts) -> None:
    """Appends `slices`, or a dictionary column; other objects go as the JSON that they are."""
    out.append(_wire.dumps(name) + b":{")
    for key, item in value.items():
        if name == "slices" and (item is None or isinstance(item, (str, bool, int, float))):
            out.append(b"%s:%s," % (_wire.dumps(str(key)), _wire.dumps(item)))  # one for all rows
        elif name == "slices" or key == "indices":
            put_column(str(key), item, out)
        else:
            out.append(b"%s:%s," % (_wire.dumps(str(key)), _wire.dumps(item)))
    last = out[-1]
    out[-1] = (last[:-1] if last.endswith(b",") else last) + b"},"


def put_pandas(name: str, value: Any, out: Parts) -> None:
    """Appends a pandas Series or Index; categories become a dictionary column."""
    if type(value.dtype).__name__ == "CategoricalDtype":
        categorical = getattr(value, "cat", value)
        if (categorical.codes >= 0).all():
            words = categorical.categories.tolist()
            codes = getattr(categorical.codes, "to_numpy", lambda: categorical.codes)()
            put_mapping(name, {"dictionary": words, "indices": codes}, out)
            return
    elif hasattr(value.dtype, "na_value") and value.isna().any():
        put_objects(name, value.tolist(), out)  # missing values as null, not as NaN
        return
    put_array_like(name, value, out)


def _put_nothing(name: str, value: None, out: Parts) -> None:
    """A column that is None was not given."""


def _resolve(name: str, value: Any) -> Put:
    kind = type(value)
    put = _find(name, value, kind)
    _put_by_type[kind] = put
    return put


def _find(name: str, value: Any, kind: type) -> Put:
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    if numpy is not None and kind is numpy.ndarray:
        return put_numpy
    if torch is not None and isinstance(value, torch.Tensor):
        return put_torch
    if kind.__module__.partition(".")[0] == "pandas" and hasattr(value, "dtype"):
        return put_pandas
    if isinstance(value, str):
        raise TypeError(f"column {name!r}: a column has a value for each row; this is one text")
    for known, put in (
        (type(None), _put_nothing),
        ((bool, int, float), put_number),
        ((list, tuple), put_list),
        (Mapping, put_mapping),
    ):
        if isinstance(value, known):
            return put
    if hasattr(value, "__array__"):
        return put_array_like
    if _has_buffer(value):
        return put_buffer
    if hasattr(value, "__dlpack__"):
        return put_array_like
    if isinstance(value, Iterable) and not isinstance(value, (set, frozenset)):
        return put_iterable
    raise TypeError(f"column {name!r}: {kind.__name__} is not an array, a list or a number")


def _has_buffer(value: Any) -> bool:
    try:
        memoryview(value)
    except TypeError:
        return False
    return True


def split(columns: Mapping[str, Any], pieces: int) -> list[dict[str, Any]] | None:
    """The same rows in `pieces` batches; None where rows can't be told apart.

    Used only for a batch that is longer than the daemon's longest line. Any split of the same rows
    gives the same answers.
    """
    given = {name: value for name, value in columns.items() if value is not None}
    sizes = {_rows(value) for name, value in given.items() if name != "slices"}
    rows = sizes.pop() if len(sizes) == 1 else None
    if rows is None or rows < 2 or _WHOLE & given.keys():
        return None
    step = -(-rows // pieces)
    return [
        {name: _cut(value, slice(start, start + step)) for name, value in given.items()}
        for start in range(0, rows, step)
    ]


def _rows(value: Any) -> int | None:
    if isinstance(value, Mapping):
        value = value.get("indices")
    try:
        return len(value)
    except TypeError:
        return None


def _cut(value: Any, rows: slice) -> Any:
    if isinstance(value, Mapping):
        if "indices" in value:
            return {**value, "indices": value["indices"][rows]}
        return {key: _cut(item, rows) for key, item in value.items()}  # slices
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    return value.iloc[rows] if hasattr(value, "iloc") else value[rows]
