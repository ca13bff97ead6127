"""The invariants of Sources/README.md that a reader of the code can check, and its examples."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from markdown import ROOT, SOURCES, Block, blocks

CODE = ROOT / "Sources"
TARGETS = sorted(path.name for path in CODE.iterdir() if path.is_dir())
# Which of our targets each may import.
ARROWS: dict[str, set[str]] = {
    "Locks": set(),
    "Processors": set(),
    "WireAVX2": set(),
    "WireJSON": {"Processors", "WireAVX2"},
    "JSONRPC": {"WireJSON"},
    "RowLoops": set(),
    "RowLoopsAVX2": {"RowLoops"},
    "RowLoopsAVX512": {"RowLoops"},
    "EvalMetrics": {
        "Locks",
        "Processors",
        "RowLoops",
        "RowLoopsAVX2",
        "RowLoopsAVX512",
    },
    "EvalService": {"EvalMetrics", "JSONRPC", "Locks", "WireJSON"},
    "evald": {"EvalService", "JSONRPC", "Locks", "WireJSON"},
}
C_LIBRARIES = {"Glibc", "Musl", "Darwin"}
# The intrinsics of the processor come with the compiler.
MODULES = C_LIBRARIES | {"Synchronization", "_Builtin_intrinsics"}


def files(*folders: str) -> list[Path]:
    return [path for each in folders for path in sorted((CODE / each).rglob("*.swift"))]


def code(path: Path) -> str:
    """A file without its comments and its one-line strings."""
    text = re.sub(r'"(?:\\.|[^"\\\n])*"', '""', path.read_text())
    return re.sub(r"//[^\n]*", "", text)


def imports(path: Path) -> set[str]:
    pattern = r"^[ \t]*(?:@\w+ +)?import +(?:(?:struct|class|enum|func) +)?(\w+)"
    return set(re.findall(pattern, code(path), re.MULTILINE))


def offenders(paths: Iterable[Path], pattern: str) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in paths
        for match in re.finditer(pattern, code(path))
    ]


def test_the_targets_are_known() -> None:
    assert TARGETS == sorted(ARROWS)


def test_no_package_is_needed() -> None:
    assert ".package(" not in (ROOT / "Package.swift").read_text()


@pytest.mark.parametrize("target", ARROWS)
def test_arrows(target: str) -> None:
    for path in files(target):
        assert imports(path) <= ARROWS[target] | MODULES, path.name


def test_system_calls() -> None:
    """evald makes them; elsewhere the C library lends its mathematics and its memory."""
    users = {
        path.relative_to(CODE).as_posix()
        for path in files("WireJSON", "JSONRPC", "EvalMetrics", "EvalService")
        if imports(path) & C_LIBRARIES
    }
    assert users == {
        "EvalMetrics/Core/Elementary.swift",
        "WireJSON/Bytes.swift",
        "WireJSON/JSONParser+NumberArrays.swift",
        "WireJSON/LineSplitter.swift",
    }


def test_unsafe_pointers() -> None:
    safe = [
        path
        for path in files("EvalMetrics", "EvalService", "JSONRPC")
        if not re.fullmatch(r"Kernels(\+\w+)?\.swift", path.name)
    ]
    assert not offenders(safe, r"\w*[Uu]nsafe\w*")


def test_locks_are_what_the_thread_sanitizer_sees() -> None:
    assert not offenders(
        files(*(set(TARGETS) - {"Locks"})), r"\b(?:Mutex|pthread_mutex\w*)\b"
    )


def test_nothing_traps_on_purpose() -> None:
    traps = r"\btry!|\bas!|\b(?:fatalError|precondition\w*|assert\w*|abort)\("
    assert not offenders(files(*TARGETS), traps)


def test_no_clock_and_no_randomness() -> None:
    inner = files("EvalMetrics", "EvalService", "JSONRPC", "WireJSON")
    wanted = r"\b(?:ContinuousClock|SuspendingClock|Date|DispatchTime)\b|\.random\(|\bSystemRandom\w*|\.shuffled?\(|clock_gettime"
    assert not offenders(inner, wanted)


def test_names_are_told_apart_by_their_bytes() -> None:
    """What people name is a `Name`. A dictionary or set of `String`s holds fixed names, and stands here."""
    keyed = r"\w+: \[String ?: [^\]\n]*\]|\bSet<String>|\bDictionary<String\b"
    fixed = {
        "columns: [String: Column]",  # of the batch; those that are not known are refused
        "dictionaries: [String: WordNet]",  # by what evald calls them
        "found: [String: WordNet]",
        "found: [String: any Sendable]",  # by questions of evald's own
        "kinds: [String: ErrorKind]",
        "places: [String: Int]",  # of metrics
        "values: [String: Value]",  # of options
    }
    inner = files("EvalMetrics", "EvalService", "JSONRPC", "WireJSON")
    found = {each.split(": ", 1)[1].strip() for each in offenders(inner, keyed)}
    assert found == fixed


EXAMPLES = [block for block in blocks(SOURCES) if block.info]


@pytest.mark.parametrize("block", EXAMPLES, ids=lambda block: block.name)
def test_example_is_the_code(block: Block) -> None:
    """Quoted code names its file behind the fence, and stands there."""
    language, _, path = block.info.partition(" ")
    assert language in ("swift", "python")
    assert path, "which file?"
    # Word by word, since a formatter may break lines anew.
    words = re.compile(r"\w+|[^\w\s]")
    whole = " ".join(words.findall((ROOT / path).read_text()))
    assert " ".join(words.findall(block.text)) in whole, f"{path} has no such lines"


def test_every_folder_is_on_the_map() -> None:
    text = SOURCES.read_text()
    folders = [path for path in CODE.glob("*/*") if path.is_dir()]
    for folder in [*(CODE / target for target in TARGETS), *folders]:
        assert f"`{folder.name}`" in text or f"### {folder.name}" in text, folder.name
    for folder in (ROOT / "Tests").iterdir():
        if folder.is_dir() and not folder.name.startswith((".", "_")):
            assert f"`{folder.name}`" in text, folder.name
