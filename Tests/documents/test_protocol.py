"""Every example of protocol.md is what evald answers."""

from __future__ import annotations

from pathlib import Path

import pytest
import shell
from markdown import PROTOCOL, Block, blocks
from transcript import check

ALL = blocks(PROTOCOL)
EXAMPLES = [block for block in ALL if block.language == "jsonl"]
# Blocks marked `jsonl val` go on from this one.
STREAM = next(block for block in EXAMPLES if block.info == "jsonl stream")


@pytest.mark.parametrize("block", EXAMPLES, ids=lambda block: block.name)
def test_example(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # some examples write files
    assert block.info in ("jsonl", "jsonl stream", "jsonl val"), block.info
    check(block.text, before=STREAM.text if block.info == "jsonl val" else "")


@pytest.mark.parametrize(
    "block",
    [block for block in ALL if block.language == "console"],
    ids=lambda block: block.name,
)
def test_shell(block: Block, tmp_path: Path) -> None:
    shell.check(block.text, tmp_path)


def test_no_block_escapes() -> None:
    """Only languages that some test of this folder runs."""
    assert {block.language for block in ALL} <= {"jsonl", "console"}
