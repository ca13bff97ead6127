"""Puts the helpers of this folder on the path of its tests, and undoes what a shell may leave."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from sharing import Place

# A job in the background, or under nohup, inherits signals that are ignored; evald keeps to that.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config: pytest.Config) -> None:
    """A marker for what would fail with a sanitizer in the executable, which takes time and memory."""
    config.addinivalue_line("markers", "measured: holds evald to time or memory")


@pytest.fixture
def place() -> Iterator[Place]:
    """A directory for sockets of the test's own."""
    own = Place()
    yield own
    own.close()
