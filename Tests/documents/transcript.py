"""Runs the examples of protocol.md: lines sent, and the lines that must answer them.

In a ```jsonl block `→ ` begins a line that is sent and `← ` one that is expected; a line that begins
with a blank goes on from the one before. In what is expected, `…` stands for any value, for further
members of an object, or for the rest of an array.
"""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

from markdown import ROOT

ANYTHING = "…"
SENT, EXPECTED = "→ ", "← "


def binary() -> str:
    """The evald under test: $EVALD_BIN, else the release build of this checkout."""
    return os.environ.get("EVALD_BIN") or str(ROOT / ".build" / "release" / "evald")


def lines(text: str) -> list[str]:
    """The lines of a block, each whole again."""
    whole: list[str] = []
    for line in text.splitlines():
        if line.startswith((SENT, EXPECTED)):
            whole.append(line)
        else:
            assert whole and line.startswith(" "), (
                f"neither sent nor expected: {line!r}"
            )
            # Lines are broken after a comma or a colon, where JSON takes blanks.
            whole[-1] += line.strip()
    return whole


def pattern(text: str) -> Any:
    """An expected line as JSON, with every `…` as the string or the member of that name."""
    out: list[str] = []
    stack: list[str] = []
    in_string, escaped, before = False, False, ""
    for character in text:
        if in_string:
            in_string = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            in_string = True
        elif character in "{[":
            stack.append(character)
        elif character in "}]":
            stack.pop()
        elif character == ANYTHING:
            is_member = stack and stack[-1] == "{" and before in "{,"
            character = f'"{ANYTHING}":0' if is_member else f'"{ANYTHING}"'
        out.append(character)
        if not character.isspace():
            before = character[-1]
    return json.loads("".join(out))


def matches(expected: Any, actual: Any) -> bool:
    """Whether an answer is what the document says; 1 is not 1.0."""
    if expected == ANYTHING:
        return True
    if isinstance(expected, dict) and isinstance(actual, dict):
        given = {key: value for key, value in expected.items() if key != ANYTHING}
        if ANYTHING not in expected and given.keys() != actual.keys():
            return False
        return all(
            key in actual and matches(value, actual[key])
            for key, value in given.items()
        )
    if isinstance(expected, list) and isinstance(actual, list):
        if expected and expected[-1] == ANYTHING:
            expected = expected[:-1]
            actual = actual[: len(expected)]
        return len(expected) == len(actual) and all(map(matches, expected, actual))
    return type(expected) is type(actual) and bool(expected == actual)


def run(sent: list[str], *arguments: str) -> tuple[list[str], int]:
    """What evald answers to these lines, and its exit status."""
    done = subprocess.run(
        [binary(), *arguments],
        input="".join(line + "\n" for line in sent).encode(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert not done.stderr, done.stderr
    return done.stdout.decode().splitlines(), done.returncode


def check(text: str, before: str = "") -> None:
    """Runs a block, perhaps after another one, and compares every line."""
    whole = lines(before) + lines(text)
    replies, _ = run(
        [line.removeprefix(SENT) for line in whole if line.startswith(SENT)]
    )
    expected = [
        line.removeprefix(EXPECTED) for line in whole if line.startswith(EXPECTED)
    ]
    for want, got in zip(expected, replies, strict=False):
        assert matches(pattern(want), json.loads(got)), (
            f"expected {want}\nbut got  {got}"
        )
    assert len(expected) == len(replies), (
        replies[len(expected) :] or expected[len(replies) :]
    )
