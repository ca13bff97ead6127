"""JSON text for the wire, and back.

Bare NaN and Infinity are not JSON; evald understands the strings "NaN", "Infinity" and "-Infinity"
where a float is expected, and answers with them.
"""

from __future__ import annotations

import importlib
import json
import math
import os
from collections.abc import Sequence
from typing import Any

_SPECIAL = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
# Under these keys stand names given by people, which may well be "NaN".
_NAMES = frozenset({"class", "classes", "label", "slice", "stream", "document", "query"})


def _orjson() -> Any:
    """It encodes texts ten times as fast as json; nothing else depends on it."""
    try:
        return importlib.import_module("orjson")
    except ImportError:
        return None


_fast = _orjson()


def is_fast() -> bool:
    """Whether orjson is there, which takes any mixture of texts and lists, NaN as null."""
    return _fast is not None


def _plain(value: Any) -> Any:
    """What json does not know: numpy and torch scalars and arrays, and paths."""
    for method in ("tolist", "item"):
        convert = getattr(value, method, None)
        if callable(convert):
            return convert()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if type(value).__name__ in ("NAType", "NaTType"):  # pandas' missing values
        return None
    if isinstance(value, (set, frozenset)):
        raise TypeError("a set has no order; give a list")
    raise TypeError(f"{type(value).__name__} can't be sent as JSON")


_encode = json.JSONEncoder(
    default=_plain, allow_nan=False, separators=(",", ":"), check_circular=False
).encode


def _without_specials(value: Any) -> Any:
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, dict):
        return {key: _without_specials(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_specials(item) for item in value]
    return _without_specials(_plain(value))


def dumps(value: Any) -> bytes:
    """Compact JSON in ASCII; NaN and infinities become evald's strings."""
    try:
        return _encode(value).encode("ascii")
    except ValueError:
        return _encode(_without_specials(value)).encode("ascii")


# What stands in JSON strings as it is, for bytes of UTF-8.
_PLAIN = bytes(byte for byte in range(0x20, 0x100) if byte not in b'"\\')
_LONGEST_TAG = 16


def _dumps_tags(rows: Sequence[Any]) -> bytes | None:
    """JSON of lists of short texts, joined without a look at each; None where that is no JSON."""
    first = next((row[0] for row in rows if row), None)
    if not isinstance(first, str) or len(first) > _LONGEST_TAG:
        return None  # long texts have quotes and line ends too often
    try:
        encoded = b'[["%s"]]' % '"],["'.join(map('","'.join, rows)).encode()
    except (TypeError, UnicodeEncodeError):  # not only texts, or not all of Unicode
        return None
    # Two quotes for each text: none is within one, nothing is to be escaped, no list is empty.
    return encoded if len(encoded.translate(None, _PLAIN)) == 2 * sum(map(len, rows)) else None


def _dumps_texts(values: Sequence[Any]) -> bytes:
    if _fast is None and type(values[0]) is list:
        tags = _dumps_tags(values)
        if tags is not None:
            return tags
    if _fast is not None:
        try:
            encoded: bytes = _fast.dumps(values, default=_plain)
            return encoded
        except TypeError:  # lone surrogates, large integers: json has its own way with them
            pass
    try:
        return _encode(values).encode("ascii")
    except ValueError:
        return dumps(missing_as_null(values))


def missing_as_null(value: Any) -> Any:
    """As orjson has it: a text or a list can't be NaN, but it can be missing."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    is_list = isinstance(value, (list, tuple))
    return [missing_as_null(item) for item in value] if is_list else value


_ROWS = 256
# More is given back to the system each time, and touching its pages again costs more than encoding.
_LONGEST_PIECE = 1 << 16


def put_texts(values: Sequence[Any], out: list[bytes]) -> None:
    """Appends the JSON of a list of texts, or of lists of texts, in ASCII or UTF-8: in pieces."""
    start, step = 0, _ROWS
    opening = b"["
    while start < len(values):
        encoded = _dumps_texts(values[start : start + step])
        out.append(opening + encoded[1:-1])
        start += step
        opening = b","
        if len(encoded) > _LONGEST_PIECE:
            step = len(values)
    out.append(b"]")


def loads(line: bytes | bytearray) -> Any:
    """One line of the daemon."""
    return json.loads(line)


def floats(value: Any) -> Any:
    """The same reply with "NaN", "Infinity" and "-Infinity" as floats.

    Names given by people (classes, labels, slice values) stay what they are.
    """
    if isinstance(value, str):
        return _SPECIAL.get(value, value)
    if isinstance(value, dict):
        return {key: item if key in _NAMES else floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [floats(item) for item in value]
    return value


def request(number: int, method: str, params: Any) -> bytes:
    """A request line."""
    return b'{"jsonrpc":"2.0","id":%d,"method":%s,"params":%s}\n' % (
        number,
        dumps(method),
        dumps(params),
    )


def notification(method: str, params: Any | None = None) -> bytes:
    """A notification line."""
    if params is None:
        return b'{"jsonrpc":"2.0","method":%s}\n' % dumps(method)
    return b'{"jsonrpc":"2.0","method":%s,"params":%s}\n' % (dumps(method), dumps(params))
