"""The types of packed columns, by the names that they have on the wire."""

from __future__ import annotations

from typing import Any

BY_KIND = {
    **{f"i{size}": f"int{8 * size}" for size in (1, 2, 4, 8)},
    **{f"u{size}": f"uint{8 * size}" for size in (1, 2, 4, 8)},
    **{f"f{size}": f"float{8 * size}" for size in (2, 4, 8)},
    "b1": "bool",
}
# Native struct codes of the buffer protocol, and the kind and size that they stand for.
_BUFFER_CODES = {**dict.fromkeys("bhilqn", "i"), **dict.fromkeys("BHILQN", "u")}
_BUFFER_CODES |= {**dict.fromkeys("efd", "f"), "?": "b"}

_names: dict[Any, str] = {}


def numpy_dtype(dtype: Any) -> str:
    """The name on the wire of a numpy dtype, or "" where it has none."""
    name = _names.get(dtype)
    if name is None:
        name = BY_KIND.get(f"{dtype.kind}{dtype.itemsize}", "")
        _names[dtype] = name = "bfloat16" if dtype.name == "bfloat16" else name
    return name


def buffer_dtype(code: str, size: int) -> str:
    """The name on the wire of a struct code of the buffer protocol, or "" where it has none."""
    return BY_KIND.get(f"{_BUFFER_CODES.get(code, '?')}{size}", "")
