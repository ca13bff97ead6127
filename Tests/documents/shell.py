"""Runs ```console blocks: lines after `$ ` are commands, the others what they print."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from markdown import ROOT
from transcript import ANYTHING, binary


def run(commands: str, folder: Path) -> str:
    """What a shell prints, on both streams, with evald on its PATH and the clients beside it."""
    bin_folder = folder / "bin"
    bin_folder.mkdir(exist_ok=True)
    (bin_folder / "evald").symlink_to(Path(binary()).resolve())
    (folder / "clients").symlink_to(ROOT / "clients")
    path = f"{bin_folder}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", commands],
        cwd=folder,
        env={**os.environ, "PATH": path, "XDG_RUNTIME_DIR": str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
        check=False,
    )
    return done.stdout.decode()


def matches(expected: list[str], printed: list[str]) -> str:
    """What differs, or nothing. `…` stands for any text, and alone on a line for any lines."""
    text = "\n".join("\0" if line == ANYTHING else line for line in expected)
    pattern = ".*".join(map(re.escape, text.split(ANYTHING)))
    pattern = pattern.replace(re.escape("\0"), r"[^\0]*")
    if re.fullmatch(pattern, "\n".join(printed)):
        return ""
    return "expected\n" + "\n".join(expected) + "\nbut got\n" + "\n".join(printed)


def check(text: str, folder: Path) -> None:
    """Runs the commands of a block in one shell and compares what it prints.

    A command begins with `$ ` and goes on with `> `, or up to the END of a here-document.
    """
    commands: list[str] = []
    expected: list[str] = []
    in_document = False
    for line in text.splitlines():
        if in_document:
            commands.append(line)
            in_document = line != "END"
        elif line.startswith(("$ ", "> ")):
            commands.append(line[2:])
            in_document = line.endswith("<<'END'")
        else:
            expected.append(line)
    assert commands, "no line begins with `$ `"
    difference = matches(expected, run("\n".join(commands), folder).splitlines())
    assert not difference, difference
