"""The column of evald in the table of protocol.md is what evald does."""

from __future__ import annotations

from pathlib import Path

import pytest
from language_servers import CASES, kinds, outcome

DOCUMENT = Path(__file__).resolve().parents[2] / "protocol.md"


def published() -> dict[str, str]:
    """The first two columns of the table, by title."""
    section = DOCUMENT.read_text("utf-8").split("\n## Beside language servers\n")[1]
    table = section.split("\n## ")[0]
    rows = [line.split(" | ") for line in table.splitlines() if line.startswith("| ")]
    return {row[0].removeprefix("| "): row[1] for row in rows}


def test_the_table_has_every_case() -> None:
    assert list(published())[1:-1] == [title for title, _ in CASES]
    assert published()["right"] == f"{len(CASES)} of {len(CASES)}"


@pytest.mark.parametrize(("title", "trial"), CASES, ids=[title for title, _ in CASES])
def test_evald(title: str, trial: object) -> None:
    assert callable(trial)
    words, right = outcome(kinds()[0], trial)
    assert right, words
    # Memory is not the same each time.
    if "MiB" not in words:
        assert published()[title] == f"{words} ✓"
