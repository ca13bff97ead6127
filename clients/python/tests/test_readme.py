"""Every example of the client's README runs, with tiny models in place of real ones."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest

import test_models
from test_models import bleurt_path, encoder_path

README = (Path(__file__).parents[1] / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.S)

__all__ = ["bleurt_path", "encoder_path"]


def test_all_adapters_are_shown() -> None:
    assert len(BLOCKS) == README.count("```") // 2 == 7
    for name in ("BertScore(", "Bleurt(", "Judge("):
        assert any(name in block for block in BLOCKS)


@pytest.mark.parametrize("block", BLOCKS[4:], ids=["BERTScore", "BLEURT", "judge"])
def test_adapter(
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


@pytest.mark.parametrize("block", BLOCKS[:4], ids=["in place", "killed", "attach", "dask"])
def test_example(
    block: str,
    real_binary: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    library: Any = pytest.importorskip("dask")
    dataframe: Any = pytest.importorskip("dask.dataframe")
    pandas: Any = pytest.importorskip("pandas")
    rows = {"p": [0.9, 0.8, 0.2, 0.4], "y": [1, 1, 0, 1], "lang": ["en", "fr", "en", "fr"]}
    monkeypatch.setenv("EVALD_BIN", real_binary)
    runtime = tempfile.mkdtemp(prefix="ev", dir="/tmp")  # short, as the path of a socket
    monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
    names = {
        "CHECKPOINT": tmp_path / "checkpoint",
        "DIRECTORY": tmp_path / "evald",
        "DDF": dataframe.from_pandas(pandas.DataFrame(rows), npartitions=2),
        "__name__": "example",
    }
    with library.config.set(scheduler="threads"):
        for _ in range(2 if "CHECKPOINT" in block else 1):  # and again, with nothing left to do
            exec(block, dict(names))
    shutil.rmtree(runtime)
    printed = capsys.readouterr().out
    assert re.search(r"^((f1|accuracy) +(1|0\.\d+)|roc_auc +0\.\d+)$", printed, re.M)
