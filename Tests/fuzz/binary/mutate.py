"""Mutations of messages: of their structure, of their text, of their bytes."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from typing import Any

ODD_VALUES: list[Any] = [
    None,
    True,
    False,
    0,
    -0.0,
    1,
    -1,
    0.5,
    1e308,
    5e-324,
    2**31,
    2**53 + 1,
    2**63 - 1,
    2**63,
    2**64,
    -(2**63) - 1,
    10**40,
    "",
    "a",
    "NaN",
    "Infinity",
    "-Infinity",
    "\x00",
    "\u2028",
    "😀",
    "x" * 300,
    [],
    {},
    [[]],
    [None],
    [1, "a"],
    {"": {}},
    {"dtype": "float32", "base64": "AAAA"},
    {"dtype": "float64", "shape": [2**62, 4], "base64": ""},
    {"dtype": "bool", "base64": "AgEA"},
    {"dtype": "float16", "base64": "AHz/fw=="},
    {"dtype": "int64", "shape": [-1], "base64": "!!!!"},
    {"dictionary": ["a"], "indices": [0, 1, -1]},
    {"dtype": "float32", "shape": [4], "shared_memory": "no_such", "offset": -1},
]

ODD_TEXT = [
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"01",
    b"1.",
    b"-",
    b"\\ud800",
    b'"\\u0000"',
    b"\xff",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\x00",
    b"\xef\xbb\xbf",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b'"',
    b"//",
    b"[" * 70,
    b'{"a":' * 70,
    b"\r",
    b"\t",
]


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) in a tree."""
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting:
        container = waiting.pop()
        keys = (
            container.keys() if isinstance(container, dict) else range(len(container))
        )
        for key in keys:
            found.append((container, key))
            if isinstance(container[key], (dict, list)):
                waiting.append(container[key])
    return found


def _replace(rng: random.Random, container: Any, key: Any) -> None:
    container[key] = copy.deepcopy(rng.choice(ODD_VALUES))


def _delete(rng: random.Random, container: Any, key: Any) -> None:
    del container[key]


def _rename(rng: random.Random, container: Any, key: Any) -> None:
    if isinstance(container, dict):
        container[rng.choice([key + "s", key[1:], key.upper(), "", "x"])] = (
            container.pop(key)
        )


def _repeat(rng: random.Random, container: Any, key: Any) -> None:
    if isinstance(container, list):
        container[key:key] = [container[key]] * rng.choice([1, 2, 17])
    else:
        container[key + "_"] = copy.deepcopy(container[key])


def _wrap(rng: random.Random, container: Any, key: Any) -> None:
    for _ in range(rng.choice([1, 1, 2, 60, 64])):
        container[key] = [container[key]]


def _nudge(rng: random.Random, container: Any, key: Any) -> None:
    value = container[key]
    if isinstance(value, bool) or value is None:
        container[key] = not value
    elif isinstance(value, int):
        container[key] = value + rng.choice([-1, 1, 2**32, -(2**32)])
    elif isinstance(value, float):
        container[key] = value * rng.choice([-1.0, 1e-300, 1e300, 1.0000001])
    elif isinstance(value, str) and value:
        place = rng.randrange(len(value))
        container[key] = value[:place] + rng.choice("aZ0/@_=é") + value[place + 1 :]


def _graft(rng: random.Random, container: Any, key: Any) -> None:
    """Puts one part of the message where another was."""
    other = rng.choice(places(container))
    container[key] = copy.deepcopy(other[0][other[1]])


STRUCTURAL: list[Callable[[random.Random, Any, Any], None]] = [
    _replace,
    _replace,
    _delete,
    _rename,
    _repeat,
    _wrap,
    _nudge,
    _nudge,
    _graft,
]


def mutate_value(rng: random.Random, message: Any) -> Any:
    """A copy of a message with a few changes of its structure."""
    changed = copy.deepcopy(message)
    for _ in range(rng.choice([0, 1, 1, 1, 2, 3])):
        everywhere = places(changed)
        if not everywhere:
            break
        container, key = rng.choice(everywhere)
        rng.choice(STRUCTURAL)(rng, container, key)
    return changed


def mutate_bytes(rng: random.Random, line: bytes, other: bytes) -> bytes:
    """A change that knows nothing of structure."""
    place = rng.randrange(len(line) + 1)
    match rng.randrange(6):
        case 0:
            return line[:place]
        case 1:
            return line[:place] + line[place + rng.choice([1, 1, 2, 10]) :]
        case 2:
            return line[:place] + rng.choice(ODD_TEXT) + line[place:]
        case 3:
            return line[:place] + rng.choice(ODD_TEXT) + line[place + 1 :]
        case 4:
            return line[:place] + other[rng.randrange(len(other) + 1) :]
        case _:
            flipped = bytearray(line)
            if flipped:
                flipped[place % len(line)] ^= 1 << rng.randrange(8)
            return bytes(flipped)


def as_line(rng: random.Random, value: Any) -> bytes:
    """JSON text in one of the forms that clients send."""
    separators = rng.choice([(",", ":"), (", ", ": "), (" ,  ", " : ")])
    text = json.dumps(value, ensure_ascii=rng.random() < 0.5, separators=separators)
    return text.encode("utf-8", "surrogatepass")
