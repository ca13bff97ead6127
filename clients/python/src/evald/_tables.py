"""Plain text tables."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any


def number(value: Any) -> str:
    """A cell: six digits of a float, a dash for nothing, short text for what is nested."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {number(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        shown = ", ".join(number(item) for item in value[:6])
        return f"[{shown}, … {len(value)}]" if len(value) > 6 else f"[{shown}]"
    return str(value)


def _is_numeric(column: Iterable[Any]) -> bool:
    return all(isinstance(item, (int, float)) or item is None for item in column)


def text(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A table with aligned columns: numbers to the right, all else to the left."""
    right = [_is_numeric(row[index] for row in rows) for index in range(len(heads))]
    cells = [list(heads), *([number(item) for item in row] for row in rows)]
    widths = [max(len(row[index]) for row in cells) for index in range(len(heads))]
    lines = (
        "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in cells
    )
    return "\n".join(lines)


def union_of_keys(rows: Iterable[dict[str, Any]]) -> list[str]:
    """Every key, in the order of first appearance."""
    return list(dict.fromkeys(key for row in rows for key in row))
