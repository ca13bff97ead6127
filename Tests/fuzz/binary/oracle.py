"""What a line must be answered with, worked out without evald: how many replies, under which ids.

The JSON grammar is that of Python's json module, with what RFC 8259 and evald's protocol refuse
beyond it: repeated keys, bare NaN and Infinity, lone surrogates, invalid UTF-8, depth.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

MAX_DEPTH = 64
MAX_BATCH = 1000


class Refused(Exception):
    """The text is not JSON as evald takes it."""


class _Number(str):
    """A number by its own text."""


class _Fraction(_Number):
    """A number with a fraction or an exponent."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Refused("a key stands twice")
    return members


def _no_constant(name: str) -> Any:
    raise Refused(name)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_float=_Fraction,
    parse_int=_Number,
    parse_constant=_no_constant,
)


def _check(value: Any, depth: int) -> None:
    """Refuses depth and lone surrogates, in keys too."""
    if isinstance(value, (dict, list)):
        if depth >= MAX_DEPTH:
            raise Refused("too deep")
        for item in value.values() if isinstance(value, dict) else value:
            _check(item, depth + 1)
        if isinstance(value, dict):
            for key in value:
                _check(key, depth)
    elif isinstance(value, str) and any(
        "\ud800" <= character <= "\udfff" for character in value
    ):
        raise Refused("a lone surrogate")


def parse(line: bytes) -> Any:
    """The value of a line; raises Refused."""
    try:
        text = line.decode("utf-8")
        stripped = text.strip(" \t\n\r")
        value, end = _DECODER.raw_decode(stripped)
    except (ValueError, RecursionError) as error:
        raise Refused(str(error)) from error
    if end != len(stripped):
        raise Refused("something follows")
    _check(value, 0)
    return value


def _valid_id(value: Any) -> bool:
    if isinstance(value, _Fraction):
        return False
    if isinstance(value, _Number):
        return len(value) <= 20 and -(2**63) <= int(value) < 2**64
    return isinstance(value, str)


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, _Number) else value


@dataclasses.dataclass
class Expected:
    """What a line is answered with."""

    # One entry for each reply that must come, in order: the id, and whether the JSON-RPC layer
    # itself must refuse it (None: the method decides).
    replies: list[tuple[Any, int | None]]
    is_batch: bool = False


def _message(value: Any) -> tuple[Any, int | None] | None:
    """The reply to one message; nothing for a notification."""
    if not isinstance(value, dict):
        return (None, -32600)
    has_id = "id" in value
    ident: Any = None
    if has_id:
        if not _valid_id(value["id"]):
            return (None, -32600)
        ident = _plain(value["id"])
    version, method = value.get("jsonrpc"), value.get("method")
    if version != "2.0" or isinstance(version, _Number):
        return (ident, -32600)
    if "method" not in value and ("result" in value or "error" in value):
        return (None, -32600)
    if not isinstance(method, str) or isinstance(method, _Number):
        return (ident, -32600)
    params = value.get("params")
    if params is not None and not isinstance(params, (dict, list)):
        return (ident, -32600)
    return (ident, None) if has_id else None


def expect(line: bytes) -> Expected:
    """What evald must answer to a line without its LF."""
    if not line.strip(b" \t\r"):
        return Expected([])
    try:
        value = parse(line)
    except Refused:
        return Expected([(..., -32700)])  # the id may have been read before the fault
    if isinstance(value, list):
        if not 0 < len(value) <= MAX_BATCH:
            return Expected([(None, -32600)])
        replies = [reply for reply in map(_message, value) if reply is not None]
        return Expected(replies, is_batch=True)
    reply = _message(value)
    return Expected([] if reply is None else [reply])
