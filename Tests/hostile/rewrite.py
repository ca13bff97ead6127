"""Writes what evald answers now into the cases, after words were changed on purpose.

    python Tests/hostile/rewrite.py

It prints each reply that changed, to be read before it is committed, and refuses a change of code,
kind, path, id or offset: those are what clients go by, and are changed by hand.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "process"))

from support import run
from test_hostile import CASES, HEALTHY_BEFORE, built


def essence(reply: Any) -> Any:
    """What a client goes by; without the words."""
    if isinstance(reply, list):
        return [essence(one) for one in reply]
    if not isinstance(reply, dict) or "error" not in reply:
        return reply
    data = reply["error"]["data"]
    return [
        reply["id"],
        reply["error"]["code"],
        *(data.get(k) for k in ("kind", "path", "offset")),
    ]


def answer(family: str, case: dict[str, Any]) -> Any:
    """The reply of today."""
    opening = [] if family == "lifecycle" else HEALTHY_BEFORE
    before = [*opening, *(built(line) for line in case.get("before", []))]
    lines = b"".join(line + b"\n" for line in before)
    known = len(run(lines).stdout)
    output = run(lines + built(case["line"]) + b"\n").stdout[known:]
    return json.loads(output) if output else None


def main() -> int:
    refused = 0
    for path in sorted(CASES.glob("*.jsonl")):
        cases = [json.loads(line) for line in path.read_text("ascii").splitlines()]
        for case in cases:
            old, new = case["reply"], answer(path.stem, case)
            if new == old:
                continue
            print(f"{path.stem}: {case['reason']}\n  - {old}\n  + {new}")
            if essence(new) == essence(old):
                case["reply"] = new
            else:
                refused += 1
        path.write_text("".join(json.dumps(case) + "\n" for case in cases), "ascii")
    if refused:
        print(f"{refused} not written: more than words changed", file=sys.stderr)
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
