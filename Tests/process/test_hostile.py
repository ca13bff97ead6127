"""Malformed and odd lines, each with its exact answer, against the real binary.

The cases stand in Tests/hostile, one a line: `reason`; `before`, the lines sent first (none where
it is left out); `line`; and `reply`, all that the line is answered with, null for nothing. A line
is a string, or a list of strings and [string, count] pairs that are put together; U+DC80 to U+DCFF
stand for bytes that are no UTF-8, as Python's surrogateescape does.

After each, the same evald answers a healthy client as if the line had never been.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sharing import Place
from support import ROOT, ping, pong, request, run

CASES = ROOT / "Tests" / "hostile"

# What a healthy client asks before, and after; the cases push to its stream as well.
HEALTHY_BEFORE = [
    request("open", "stream/open", {"stream": "healthy", "task": "binary"}),
    request(
        "push",
        "stream/push",
        {
            "stream": "healthy",
            "batch": {"scores": [0.1, 0.4, 0.35, 0.8], "labels": [0, 0, 1, 1]},
        },
    ),
]
HEALTHY_AFTER = [
    request("query", "metric/query", {"stream": "healthy"}),
    ping("ping")[:-1],
]


def built(line: str | list[Any]) -> bytes:
    """The bytes of a line as a case gives it."""
    if isinstance(line, str):
        return line.encode("utf-8", "surrogateescape")
    pieces = (
        built(piece) if isinstance(piece, str) else built(piece[0]) * piece[1]
        for piece in line
    )
    return b"".join(pieces)


def cases() -> Iterator[Any]:
    """Every case of every file, under its reason."""
    for path in sorted(CASES.glob("*.jsonl")):
        for number, text in enumerate(path.read_text("ascii").splitlines(), 1):
            case = json.loads(text)
            yield pytest.param(
                Path(path).stem, case, id=f"{path.stem}:{number}:{case['reason']}"
            )


def test_there_are_enough() -> None:
    everything = [param.values[1] for param in cases()]
    assert len(everything) >= 150
    for key in ("reason", "line"):
        assert len({json.dumps(case.get(key)) for case in everything}) >= 150
    reasons = [case["reason"] for case in everything]
    assert len(reasons) == len(set(reasons))


def lines_before(family: str, case: dict[str, Any]) -> list[bytes]:
    # initialize must come first, so no healthy client can speak before it.
    opening = [] if family == "lifecycle" else HEALTHY_BEFORE
    return [*opening, *(built(line) for line in case.get("before", []))]


@pytest.mark.parametrize(("family", "case"), list(cases()))
def test_hostile_line_through_a_bridge(
    family: str, case: dict[str, Any], place: Place
) -> None:
    """A pipe, a bridge and a socket later the bytes are the same, and the status."""
    lines = [*lines_before(family, case), built(case["line"]), *HEALTHY_AFTER]
    data = b"".join(line + b"\n" for line in lines)
    direct = run(data, "--max-connections", "9")
    with place.daemon("--name", "run", "--max-connections", "9") as owner:
        bridged = place.run("attach", "run", data=data)
        # Limits are told with one more where there can be many clients.
        told = bridged.stdout.replace(b',"max_connections":9', b"")
        assert (bridged.returncode, bridged.stderr) == (direct.returncode, b"")
        assert told == direct.stdout
        assert owner.ask(ping("alive")[:-1]) == pong("alive")


@pytest.mark.parametrize(("family", "case"), list(cases()))
def test_hostile_line(family: str, case: dict[str, Any]) -> None:
    before = lines_before(family, case)
    without = run(b"".join(line + b"\n" for line in [*before, *HEALTHY_AFTER]))
    assert without.returncode == 0
    lines = [*before, built(case["line"]), *HEALTHY_AFTER]
    result = run(b"".join(line + b"\n" for line in lines))
    if result.returncode == 0:
        expected = without.stdout.splitlines()
    else:  # it was told to exit: nothing is answered after that
        assert result.returncode == case["status"]
        expected = without.stdout.splitlines()[: -len(HEALTHY_AFTER)]
    answers = result.stdout.splitlines()
    if case["reply"] is not None:
        place = len(expected) - (len(HEALTHY_AFTER) if result.returncode == 0 else 0)
        reply = answers.pop(place)
        assert json.loads(reply) == case["reply"], reply.decode()
    assert answers == expected
    assert result.stderr == b""
