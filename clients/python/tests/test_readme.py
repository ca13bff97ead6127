"""Every example of the client's README runs, with tiny models in place of real ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import test_models
from test_models import bleurt_path, encoder_path

README = (Path(__file__).parents[1] / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.S)

__all__ = ["bleurt_path", "encoder_path"]


def test_all_adapters_are_shown() -> None:
    assert len(BLOCKS) == README.count("```") // 2 == 3
    for name in ("BertScore(", "Bleurt(", "Judge("):
        assert any(name in block for block in BLOCKS)


@pytest.mark.parametrize("block", BLOCKS, ids=["BERTScore", "BLEURT", "judge"])
def test_example(
    block: str,
    encoder_path: Path,
    bleurt_path: Path,
    real_binary: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert test_models.torch
    monkeypatch.setenv("EVALD_BIN", real_binary)
    exec(block, {"ENCODER": encoder_path, "CHECKPOINT": bleurt_path, "__name__": "example"})
    printed = capsys.readouterr().out
    assert "tiny-encoder" in printed or "bleurt-tiny" in printed or "1 marked" in printed
