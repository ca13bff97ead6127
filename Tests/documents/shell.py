"""Runs ```console blocks: lines after `$ ` are commands, the others what they print."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from transcript import ANYTHING, binary


def run(commands: str, folder: Path) -> str:
    """What a shell prints, on both streams, with evald on its PATH."""
    bin_folder = folder / "bin"
    bin_folder.mkdir(exist_ok=True)
    (bin_folder / "evald").symlink_to(Path(binary()).resolve())
    path = f"{bin_folder}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", commands],
        cwd=folder,
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
        check=False,
    )
    return done.stdout.decode()


def check(text: str, folder: Path) -> None:
    """Runs the commands of a block in one shell and compares what it prints, line by line."""
    commands: list[str] = []
    expected: list[str] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            commands.append(line[2:])
        elif commands and commands[-1].endswith("\\"):
            commands.append(line)
        else:
            expected.append(line)
    assert commands, "no line begins with `$ `"
    printed = run("\n".join(commands), folder).splitlines()
    assert len(printed) == len(expected), printed
    for want, got in zip(expected, printed, strict=True):
        parts = map(re.escape, want.split(ANYTHING))
        assert re.fullmatch(".*".join(parts), got), f"expected {want}\nbut got  {got}"
