"""Arguments, exit statuses of usage, and what the shipped file is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest
from support import binary, ping, pong, request, run


def test_version_and_help() -> None:
    version = run(b"", "--version")
    assert version.returncode == 0
    assert version.stdout.startswith(b"evald ") and version.stdout.count(b"\n") == 1
    text = run(b"", "--help")
    assert text.returncode == 0
    for flag in (
        b"--max-line-bytes",
        b"--max-memory",
        b"--max-depth",
        b"--max-streams",
    ):
        assert flag in text.stdout
    assert version.stderr == text.stderr == b""


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--nonsense"], "--nonsense"),
        (["-x"], "-x"),
        (["nonsense"], "nonsense"),
        ([""], "evald"),
        (["--max-deepth", "3"], "--max-depth"),
        (["--max-depth"], "--max-depth"),
        (["--max-depth", "many"], "--max-depth"),
        (["--max-depth", "0"], "--max-depth"),
        (["--max-depth", "-1"], "--max-depth"),
        (["--max-depth", "1.5"], "--max-depth"),
        (["--max-depth", "99999999999999999999999"], "--max-depth"),
        (["--max-line-bytes", "64Mi"], "--max-line-bytes"),
        (["--max-line-bytes", "0"], "--max-line-bytes"),
        (["--max-line-bytes", "9999999999TiB"], "--max-line-bytes"),
        (["--max-line-bytes=+5"], "--max-line-bytes"),
        (["--max-memory", "-1"], "--max-memory"),
        (["--max-memory", "٣"], "--max-memory"),
        (["--max-streams", "1e3"], "--max-streams"),
        (["--log-level", "loud"], "--log-level"),
        (["serve"], "serve"),
        (["serve", "x", "y"], "y"),
        (["serve", "x y"], "x y"),
        (["serve", "x", "--name", "y"], "--name"),
        (["attach"], "attach"),
        (["attach", ".x"], ".x"),
        (["attach", "x", "--idle-exit", "3"], "--idle-exit"),
        (["attach", "x", "--or-start", "--max-deepth", "3"], "--max-depth"),
        (["call", "x"], "call"),
        (["call", "x", "ping", "{}", "{}"], "{}"),
        (["ps", "--jsno"], "--json"),
        (["srve"], "serve"),
        (["--idle-exit", "3"], "--idle-exit"),
        (["--name", "x", "--listen", "./x"], "--listen"),
        (["--max-connections", "0"], "--max-connections"),
        (["--state", ""], "--state"),
        (["--durability", "x"], "--durability"),
        (["--name", "x/y"], "--name"),
        (["--listen", ""], "--listen"),
    ],
)
def test_usage_errors(arguments: list[str], named: str) -> None:
    result = run(ping(), *arguments)
    assert result.returncode == 2
    assert result.stdout == b""
    assert named in result.stderr.decode()
    assert result.stderr.count(b"\n") == 1


@pytest.mark.parametrize(
    ("arguments", "limits"),
    [
        ([], (67108864, 64, 10000, 2147483648)),
        (["--max-line-bytes", "1000", "--max-depth=5"], (1000, 5, 10000, 2147483648)),
        (
            ["--max-line-bytes=2MiB", "--max-memory=3GB"],
            (2097152, 64, 10000, 3000000000),
        ),
        (["--max-streams", "7", "--max-memory", "4KiB"], (67108864, 64, 7, 4096)),
        (
            ["--log-level=debug", "--max-depth=5", "--max-depth=6"],
            (67108864, 6, 10000, 2147483648),
        ),
    ],
)
def test_limits_are_told(arguments: list[str], limits: tuple[int, ...]) -> None:
    result = run(request(1, "initialize", {}) + b"\n", *arguments)
    told = json.loads(result.stdout)["result"]["limits"]
    names = ("max_line_bytes", "max_depth", "max_streams", "max_memory_bytes")
    assert tuple(told[name] for name in names) == limits
    assert told["max_batch_messages"] == 1000
    assert result.stderr == b""


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="elsewhere it links dynamically"
)
def test_needs_nothing_of_the_machine() -> None:
    """The shipped file is static and stripped, and runs in an empty environment."""
    described = subprocess.run(["ldd", binary()], capture_output=True, check=False)
    assert b"not a dynamic executable" in described.stdout + described.stderr
    with open(binary(), "rb") as file:
        header = file.read(64)
    assert header[:4] == b"\x7fELF"
    sections = subprocess.run(
        ["readelf", "-S", binary()], capture_output=True, check=False
    )
    if sections.returncode == 0:
        assert b".symtab" not in sections.stdout and b".interp" not in sections.stdout
    result = subprocess.run(
        [binary()], input=ping(), capture_output=True, env={}, cwd="/", check=False
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, pong(), b"")


def test_starts_quickly() -> None:
    """No timed test: the bound is many times what is measured, and catches a wrong kind of link."""
    best = 1.0
    for _ in range(20):
        start = time.perf_counter()
        with subprocess.Popen(
            [binary()], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            assert process.stdin and process.stdout
            os.write(process.stdin.fileno(), ping())
            assert os.read(process.stdout.fileno(), 1000) == pong()
            best = min(best, time.perf_counter() - start)
            process.stdin.close()
    assert best < 0.1
