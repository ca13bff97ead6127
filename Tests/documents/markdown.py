"""Reads the project's documents: fenced blocks, sections and tables."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROTOCOL = ROOT / "protocol.md"
README = ROOT / "README.md"
SOURCES = ROOT / "Sources" / "README.md"


@dataclass(frozen=True)
class Block:
    """A fenced block: what stands behind the fence, its text, and where it is."""

    info: str
    text: str
    document: str
    line: int
    section: str

    @property
    def language(self) -> str:
        return self.info.partition(" ")[0]

    @property
    def name(self) -> str:
        return f"{self.document}:{self.line} {self.section}"


def blocks(path: Path) -> list[Block]:
    """All fenced blocks of a document."""
    found: list[Block] = []
    section, start, info, body = "", 0, "", [""]
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("```"):
            if start:
                found.append(Block(info, "\n".join(body), path.name, start, section))
                start = 0
            else:
                start, info, body = number, line[3:].strip(), []
        elif start:
            body.append(line)
        elif line.startswith("#"):
            section = line.lstrip("#").strip()
    assert not start, f"{path.name}:{start}: the block does not end"
    return found


def sections(path: Path) -> dict[str, str]:
    """The text under each heading, up to the next heading of any depth."""
    found: dict[str, str] = {}
    title, fenced = "", False
    for line in path.read_text().splitlines():
        if line.startswith("```"):
            fenced = not fenced
        if line.startswith("#") and not fenced:
            title = line.lstrip("#").strip()
            assert title not in found, f"{path.name}: two sections are called {title!r}"
            found[title] = ""
        elif title:
            found[title] += line + "\n"
    return found


def tables(text: str) -> list[list[list[str]]]:
    """The tables of a text as rows of cells, the heading first and the ruler left out."""
    found: list[list[list[str]]] = []
    inside = False
    for line in text.splitlines():
        if not line.startswith("|"):
            inside = False
            continue
        if not inside:
            found.append([])
            inside = True
        cells = [
            cell.strip().replace("\\|", "|")
            for cell in re.split(r"(?<!\\)\|", line)[1:-1]
        ]
        if not all(re.fullmatch(r":?-+:?", cell) for cell in cells):
            found[-1].append(cells)
    return found


def code(cell: str) -> str:
    """The text of a cell that is nothing but code."""
    match = re.fullmatch(r"`([^`]+)`", cell)
    assert match, f"{cell!r} should be `code`"
    return match.group(1)


def codes(cell: str) -> list[str]:
    """All code in a cell or a sentence."""
    return re.findall(r"`([^`]+)`", cell)
