from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import evald

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[2]

Starter = Callable[..., evald.Evald]


def _real_binary() -> str | None:
    """EVALD_BIN, or the newest build of this checkout, or the installed one."""
    named = os.environ.get("EVALD_BIN")
    if named:
        return named
    builds = [REPOSITORY / ".build" / kind / "evald" for kind in ("release", "debug")]
    found = [path for path in builds if path.exists()]
    if found:
        return str(max(found, key=lambda path: path.stat().st_mtime))
    packaged = Path(evald.__file__).parent / "_bin" / "evald"
    return str(packaged) if packaged.exists() else shutil.which("evald")


@pytest.fixture(scope="session")
def real_binary() -> str:
    binary = _real_binary()
    if binary is None:
        pytest.fail("no evald program: swift build, or set EVALD_BIN")
    return binary


@pytest.fixture
def fake() -> Iterator[Starter]:
    """Starts the fake daemon: `fake("die_after=3", on_error="raise")`."""
    started: list[evald.Evald] = []

    def start(*settings: str, **options: Any) -> evald.Evald:
        script = str(HERE / "fake_evald.py")
        ev = evald.start(sys.executable, args=(script, *settings), **options)
        started.append(ev)
        return ev

    yield start
    for ev in started:
        ev._close(quietly=True)


@pytest.fixture
def real(real_binary: str) -> Iterator[Starter]:
    """Starts the real daemon."""
    started: list[evald.Evald] = []

    def start(*args: str, **options: Any) -> evald.Evald:
        options.setdefault("on_error", "raise")
        ev = evald.start(real_binary, args=args, **options)
        started.append(ev)
        return ev

    yield start
    for ev in started:
        ev._close(quietly=True)
