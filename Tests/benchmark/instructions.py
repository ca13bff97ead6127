"""Instructions of the hot loops, counted by callgrind and compared with those in instructions.json.

    python Tests/benchmark/instructions.py            compare; fails when one is a tenth off
    python Tests/benchmark/instructions.py --write    keep what is counted now

Times on a shared machine are noise; instruction counts of one binary are the same every time, so a
regression shows. The counts are of one architecture, which stands in the file; on another nothing
is compared. Wants valgrind, and EVALD_BIN or an installed client.
"""

from __future__ import annotations

import argparse
import base64
import json
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from evald._binary import find_binary

KEPT = Path(__file__).parent / "instructions.json"
TOLERANCE = 0.10
ROWS = 131_072
BATCH = 4096


def line(method: str, params: dict[str, Any], number: int | None = None) -> bytes:
    message: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "params": params}
    if number is not None:
        message["id"] = number
    return json.dumps(message).encode() + b"\n"


def packed(values: Any) -> dict[str, str]:
    return {"dtype": str(values.dtype), "base64": base64.b64encode(values).decode()}


def transcripts() -> dict[str, tuple[bytes, bytes, int]]:
    """For each loop: the lines before it, the lines of it, and how many units those hold."""
    rng = np.random.default_rng(7)
    labels = (rng.random(ROWS) < 0.3).astype(np.uint8)
    scores = (1 / (1 + np.exp(-rng.standard_normal(ROWS) - labels))).astype(np.float32)
    cuts = [slice(start, start + BATCH) for start in range(0, ROWS, BATCH)]

    def pushes(make: Any) -> bytes:
        batches = (make(scores[cut], labels[cut]) for cut in cuts)
        return b"".join(
            line("stream/push", {"stream": "s", "batch": b}) for b in batches
        )

    opened = line("stream/open", {"stream": "s", "task": "binary"})
    base = pushes(lambda s, y: {"scores": packed(s), "labels": packed(y)})
    text = pushes(
        lambda s, y: {"scores": s.astype(float).tolist(), "labels": y.tolist()}
    )
    weights = pushes(
        lambda s, y: {
            "scores": packed(s),
            "labels": packed(y),
            "weights": packed(s + 1),
        }
    )
    names = ["roc_auc", "average_precision", "optimal_f1", "f1", "ece", "brier"]
    query = line("metric/query", {"stream": "s", "metrics": names}, 1)
    ping = b"".join(line("ping", {}, number) for number in range(2000))
    return {
        "push_base64_row": (opened, base, ROWS),
        "push_json_row": (opened, text, ROWS),
        "push_weighted_row": (opened, weights, ROWS),
        "query_six_row": (opened + base, query, ROWS),
        "query_again": (opened + base + query, query * 100, 100),
        "ping": (b"", ping, 2000),
    }


def count(binary: str, text: bytes) -> int:
    """Instructions of a whole run."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [
                "valgrind",
                "--tool=callgrind",
                f"--callgrind-out-file={folder}/out",
                binary,
            ],
            input=text,
            capture_output=True,
            check=True,
        )
    found = re.search(rb"Collected : (\d+)", done.stderr)
    if not found:
        sys.exit(f"callgrind told no count:\n{done.stderr.decode()}")
    return int(found[1])


def counts(binary: str) -> dict[str, float]:
    found = {}
    for name, (before, loop, units) in transcripts().items():
        alone = count(binary, before)
        found[name] = round((count(binary, before + loop) - alone) / units, 2)
        print(f"{name:20} {found[name]:12,.2f} instructions", flush=True)
    found["start"] = float(count(binary, b""))
    print(f"{'start':20} {found['start']:12,.0f} instructions")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    if not shutil.which("valgrind"):
        sys.exit("valgrind is not installed")
    found = counts(find_binary())
    machine = platform.machine()
    if given.write:
        KEPT.write_text(
            json.dumps({"machine": machine, "counts": found}, indent=2) + "\n"
        )
        return
    kept = json.loads(KEPT.read_text())
    if kept["machine"] != machine:
        print(
            f"the kept counts are of {kept['machine']}, this is {machine}: nothing compared"
        )
        return
    off = [
        f"{name}: {found[name]:,.2f} instead of {value:,.2f}"
        for name, value in kept["counts"].items()
        if abs(found[name] - value) > TOLERANCE * value
    ]
    if off:
        sys.exit(
            "instruction counts changed; --write keeps the new ones if that is meant:\n"
            + "\n".join(off)
        )
    print("as kept, within a tenth")


if __name__ == "__main__":
    main()
