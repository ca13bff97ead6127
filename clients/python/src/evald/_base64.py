"""Base64 of what can be read as bytes."""

from __future__ import annotations

import importlib
from binascii import b2a_base64
from collections.abc import Callable
from typing import Any

Encode = Callable[[Any], bytes]


def plain(data: Any) -> bytes:
    """By what every Python has.

    Raises:
        ValueError: it is not contiguous.
    """
    return b2a_base64(data, newline=False)


def _fastest() -> Encode:
    """`pybase64` takes a tenth of the time; nothing else depends on it."""
    try:
        found: Encode = importlib.import_module("pybase64").b64encode
    except ImportError:
        return plain
    return found


encode: Encode = _fastest()
