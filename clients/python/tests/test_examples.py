"""The examples run to their end and learn something."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import evald

EXAMPLES = Path(__file__).parents[1] / "examples"
# Those that train nothing have tests of their own.
OTHERS = {"every_task", "score_texts", "train_and_resume"}


@pytest.mark.parametrize("name", sorted({path.stem for path in EXAMPLES.glob("*.py")} - OTHERS))
def test_example(name: str, real_binary: str) -> None:
    pytest.importorskip("sklearn")
    if "torch" in name:
        pytest.importorskip("torch")
    source = str(Path(evald.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-W", "error::evald.EvaldWarning", str(EXAMPLES / f"{name}.py")],
        env={**os.environ, "PYTHONPATH": source, "EVALD_BIN": real_binary},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    epochs = re.findall(
        r"^epoch (\d+) .*loss [\d.]+ .*F1 [\d.]+ .*ROC-AUC [\d.]+ .*ECE [\d.]+"
        r" .*best threshold -?[\d.]+ \(F1 ([\d.]+)\)$",
        done.stdout,
        re.M,
    )
    assert [int(number) for number, _ in epochs] == list(range(len(epochs)))
    assert float(epochs[-1][1]) > 0.7
    test = re.search(r"^f1 +([\d.]+)", done.stdout, re.M)
    assert test is not None
    assert float(test[1]) > 0.7


def test_examples_run_without_a_daemon() -> None:
    """EVALD_DISABLED=1 takes evald out of a script without touching it."""
    pytest.importorskip("sklearn")
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "train_breast_cancer.py")],
        env={
            **os.environ,
            "PYTHONPATH": str(Path(evald.__file__).parents[1]),
            "EVALD_DISABLED": "1",
        },
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert "F1 nan" in done.stdout
    assert done.returncode == 0, done.stderr


def test_every_task_has_an_example(real_binary: str) -> None:
    """Each is there, and has a value for everything that it asks."""
    with evald.start(real_binary) as ev:
        tasks = sorted(ev.server["capabilities"]["tasks"])
    done = subprocess.run(
        [
            sys.executable,
            "-W",
            "error::evald.EvaldWarning",
            str(EXAMPLES / "every_task.py"),
            *tasks,
        ],
        env={
            **os.environ,
            "PYTHONPATH": str(Path(evald.__file__).parents[1]),
            "EVALD_BIN": real_binary,
        },
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    answers = done.stdout.strip().split("\n\n")
    assert (
        len(answers) == len(tasks) == len(runpy.run_path(str(EXAMPLES / "every_task.py"))["TASKS"])
    )
    assert all("window current" in answer for answer in answers)
    assert "nan" not in done.stdout.split()


def test_texts_are_scored(real_binary: str) -> None:
    """The fluent system is better than the literal one, and the model than the first sentence."""
    done = subprocess.run(
        [sys.executable, "-W", "error::evald.EvaldWarning", str(EXAMPLES / "score_texts.py")],
        env={
            **os.environ,
            "PYTHONPATH": str(Path(evald.__file__).parents[1]),
            "EVALD_BIN": real_binary,
            "PYTHONIOENCODING": "utf-8",
        },
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    better, worse = re.findall(r"^bleu +([\d.]+)$", done.stdout, re.M)
    assert float(better) > 50 > 30 > float(worse)
    model, lead = re.findall(r"^rougeL +([\d.]+)$", done.stdout, re.M)
    assert float(model) > float(lead)


def test_a_killed_training_goes_on(real_binary: str, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("sklearn")
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "train_and_resume.py"), str(tmp_path)],
        env={
            **os.environ,
            "PYTHONPATH": str(Path(evald.__file__).parents[1]),
            "EVALD_BIN": real_binary,
        },
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("the same to the last bit\n"), done.stdout + done.stderr
    assert done.stdout.count("kill -9") == 4
    assert re.search(r"^goes on with epoch \d+, step \d+$", done.stdout, re.M)
