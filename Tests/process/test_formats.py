"""State directories of every version so far, and the answers that they must give for ever."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from make_format import BATCHES, FORMATS, OPTIONS, call, fill, tell
from support import daemon

VERSIONS = sorted(path.name for path in FORMATS.iterdir())


def test_there_is_one() -> None:
    assert VERSIONS


@pytest.mark.parametrize("version", VERSIONS)
def test_it_is_read(version: str, tmp_path: Path) -> None:
    """From the snapshot and the journal, then from the journals alone, then from a new snapshot."""
    answers = json.loads((FORMATS / version / "answers.json").read_text())
    state = tmp_path / "state"
    shutil.copytree(FORMATS / version / "state", state)
    for snapshot in (False, True):
        if snapshot:
            for path in state.glob("snap-*"):
                path.unlink()
        with daemon("--state", str(state)) as evald:
            recovery = call(evald, "server/status", {})["recovery"]
            assert recovery["torn_bytes"] == 0
            assert (recovery["snapshot"] == 0) == snapshot
            assert tell(evald) == answers
    with daemon("--state", str(state)) as evald:
        assert tell(evald) == answers
        assert evald.end()[0] == 0
    with daemon("--state", str(state)) as evald:
        assert call(evald, "server/status", {})["recovery"]["records"] == 0
        assert tell(evald) == answers
        # And it goes on.
        if set(BATCHES) <= set(answers):
            fill(evald, 3)


def test_every_task_has_a_batch() -> None:
    with daemon() as evald:
        tasks = call(evald, "initialize", {})["capabilities"]["tasks"]
    assert set(BATCHES) == set(tasks) >= set(OPTIONS)
