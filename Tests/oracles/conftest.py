"""Puts the helpers of this folder on the path of its tests, and starts the daemon that they ask."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent))

from driver import Daemon

# Examples are found anew on every run and kept nowhere; a failure prints how to repeat it.
settings.register_profile(
    "oracles",
    deadline=None,
    max_examples=60,
    print_blob=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("oracles")


@pytest.fixture(scope="session")
def daemon() -> Iterator[Daemon]:
    """One evald for all tests: each opens streams of its own."""
    running = Daemon()
    yield running
    running.close()
