"""Every command and every example of README.md does what it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import shell
from markdown import PROTOCOL, README, ROOT, SOURCES, Block, blocks, tables
from transcript import ANYTHING, binary

ALL = blocks(README)
CLIENT = ROOT / "clients" / "python"


def of(language: str) -> list[Block]:
    return [block for block in ALL if block.language == language]


def python(*arguments: str) -> list[str]:
    """What a Python program prints that uses the client of this checkout."""
    done = subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        env={
            **os.environ,
            "EVALD_BIN": binary(),
            "PYTHONPATH": str(CLIENT / "src"),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
    return done.stdout.splitlines()


def same(expected: str, printed: str) -> bool:
    """Whether two lines are the same but for the last digits that another processor may give."""
    number = re.compile(r"\d+\.\d+")
    if number.sub("#", expected).split() != number.sub("#", printed).split():
        return False
    pairs = zip(number.findall(expected), number.findall(printed), strict=True)
    return all(abs(float(want) - float(got)) < 0.02 for want, got in pairs)


@pytest.mark.parametrize("block", of("console"), ids=lambda block: block.name)
def test_shell(block: Block, tmp_path: Path) -> None:
    shell.check(block.text, tmp_path)


def test_main_example() -> None:
    (shown,) = [block.text for block in ALL if block.info == "text try"]
    printed = python(str(CLIENT / "examples" / "train_breast_cancer.py"))
    before, gap, after = (
        part.strip("\n").splitlines() for part in shown.partition(ANYTHING)
    )
    assert gap, "the middle of the epochs should be left out"
    assert len(printed) > len(before) + len(after)
    assert all(map(same, before, printed)), printed
    assert all(map(same, after, printed[-len(after) :])), printed


def test_python() -> None:
    (example,) = of("python")
    (shown,) = [block for block in of("text") if block.info == "text"]
    difference = shell.matches(shown.text.splitlines(), python("-c", example.text))
    assert not difference, difference


def test_the_two_commands() -> None:
    commands = [block.text for block in of("sh")]
    assert commands == ["Tests/try.sh", "Tests/all.sh"]
    for command in commands:
        assert os.access(ROOT / command, os.X_OK)
    assert "Tests/all.sh" in (ROOT / ".ci" / "run").read_text()
    assert "examples/train_breast_cancer.py" in (ROOT / commands[0]).read_text()


def test_no_block_escapes() -> None:
    """Only languages that some test of this folder runs."""
    assert {block.language for block in ALL} <= {"sh", "console", "python", "text"}


@pytest.mark.parametrize("path", [PROTOCOL, README, SOURCES])
def test_links(path: Path) -> None:
    """Every file that a document speaks of is there."""
    for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text()):
        assert (path.parent / link).exists(), link


def test_tables_are_whole() -> None:
    for table in tables(README.read_text()):
        assert {len(row) for row in table} == {len(table[0])}
