"""Programs that tests run in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import evald

FAKE = Path(__file__).with_name("fake_evald.py")

SCRIPT = """
import os, sys, evald
ev = evald.start(sys.executable, args=(sys.argv[1], *sys.argv[2:]))
val = ev.stream("val", "binary")
val.push(x=[0.5])
print(ev.pid, flush=True)
"""


def run(script: str, *settings: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Runs a program with this checkout's package; its first argument is the fake daemon."""
    source = str(Path(evald.__file__).parents[1])
    return subprocess.run(
        [sys.executable, "-c", script, str(FAKE), *settings],
        env={**os.environ, "PYTHONPATH": source, **options.pop("env", {})},
        capture_output=True,
        text=True,
        timeout=60,
        **options,
    )


def alive(pid: int | None) -> bool:
    """Whether a process is there."""
    assert pid is not None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
