"""Lines, however they come, and the end of the input."""

from __future__ import annotations

import concurrent.futures
import json
import os
import random
import subprocess
from pathlib import Path

import pytest
from support import (
    binary,
    chunks,
    daemon,
    notification,
    ping,
    pong,
    replies,
    request,
    resident_bytes,
    run,
)


@pytest.mark.parametrize(
    ("data", "output"),
    [
        (b"", b""),
        (b"\n\n \n\t\r\n", b""),
        (ping(), pong()),
        (ping()[:-1], pong()),
        (ping() + ping(2)[:-1], pong() + pong(2)),
        (ping() + ping(2)[:-1] + b"\r", pong() + pong(2)),
        (ping()[:-1] + b"\r\n", pong()),
        (b"\xef\xbb\xbf" + ping(), pong()),
        (b"\xef\xbb\xbf\n" + ping(), pong()),
        (b"\n\n" + ping() + b"\n" + ping(2) + b"\n", pong() + pong(2)),
        (notification("ping") + b"\n", b""),
    ],
)
def test_end_of_input(data: bytes, output: bytes) -> None:
    result = run(data)
    assert (result.returncode, result.stdout, result.stderr) == (0, output, b"")


def test_a_second_byte_order_mark_is_no_json() -> None:
    output = replies(run(ping() + b"\xef\xbb\xbf" + ping(2)).stdout)
    assert output[0]["result"] == {}
    assert output[1]["error"]["code"] == -32700
    assert output[1]["error"]["data"]["offset"] == 0


def test_a_broken_last_line_is_answered() -> None:
    output = replies(run(ping() + b'{"jsonrpc":"2.0","id":7,"method":"pi').stdout)
    assert [reply["id"] for reply in output] == [1, 7]
    assert output[1]["error"]["data"]["kind"] == "ParseError"


def test_every_split() -> None:
    """One transcript, cut at every size from 1 to 40 bytes, gives one and the same output."""
    transcript = (
        b"\xef\xbb\xbf"
        + ping()
        + b"\r\n"
        + ping("é")[:-1]
        + b"\r\n"
        + b"["
        + ping(3)[:-1]
        + b"]\n"
        b"broken\n" + ping(4)[:-1]
    )
    expected = run(transcript).stdout
    assert expected.count(b"\n") == 5
    for size in range(1, 41):
        with daemon() as evald:
            for piece in chunks(transcript, [size]):
                evald.send(piece)
            assert evald.end() == (0, expected, b"")


def one_shot(seed: int) -> int:
    """A pipe that is written, closed, and read: the number of replies lost."""
    generator = random.Random(seed)
    count = generator.choice([1, 1, 2, 3, 10, 100, 1000])
    data = b"".join(ping(number) for number in range(count))
    if generator.random() < 0.5:
        data = data[:-1]
    result = subprocess.run(
        [binary()], input=data, capture_output=True, check=False, timeout=30
    )
    expected = b"".join(pong(number) for number in range(count))
    return 0 if (result.returncode, result.stdout) == (0, expected) else 1


def test_thousands_of_one_shot_pipes() -> None:
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(one_shot, range(2000))) == 0


def test_a_shell_pipeline() -> None:
    script = """printf '%s\\n' '{"jsonrpc":"2.0","id":1,"method":"ping"}' | "$0" | head -c 1000"""
    result = subprocess.run(
        ["sh", "-c", script, binary()], capture_output=True, check=False
    )
    assert result.stdout == pong()


def test_input_from_a_file(tmp_path: Path) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    count = 20000
    source.write_bytes(b"".join(ping(number) for number in range(count)))
    with source.open("rb") as reader, target.open("wb") as writer:
        done = subprocess.run(
            [binary()], stdin=reader, stdout=writer, check=False, timeout=30
        )
    assert done.returncode == 0
    assert target.read_bytes() == b"".join(pong(number) for number in range(count))


def test_a_directory_as_input_ends_at_once() -> None:
    descriptor = os.open("/", os.O_RDONLY)
    try:
        done = subprocess.run(
            [binary()], stdin=descriptor, capture_output=True, check=False
        )
    finally:
        os.close(descriptor)
    assert (done.returncode, done.stdout) == (0, b"")


def test_long_lines_are_thrown_away_in_constant_memory() -> None:
    with daemon("--max-line-bytes", "1MiB") as evald:
        evald.ask(ping()[:-1])
        before = resident_bytes(evald.process.pid)
        piece = b"x" * (1 << 20)
        evald.send(b'{"jsonrpc":"2.0","id":"long","method":"ping","params":{"x":"')
        for _ in range(200):
            evald.send(piece)
        evald.send(b'"}}')
        reply = json.loads(evald.ask(b""))
        assert reply["id"] == "long"
        data = reply["error"]["data"]
        assert (reply["error"]["code"], data["kind"]) == (-32700, "LineTooLong")
        assert (data["offset"], data["limit"]) == (1 << 20, 1 << 20)
        assert resident_bytes(evald.process.pid) - before < 16 << 20
        assert evald.ask(ping(2)[:-1]) == pong(2)


def test_the_limit_is_exact() -> None:
    line = ping()[:-1]
    fits = run(line + b"\r\n" + ping(2), "--max-line-bytes", str(len(line)))
    assert fits.stdout == pong() + pong(2)
    long = replies(
        run(line + b"\n" + b"\n", "--max-line-bytes", str(len(line) - 1)).stdout
    )
    assert long[0]["error"]["data"]["kind"] == "LineTooLong"
    assert long[0]["error"]["data"]["length"] == len(line)
    unterminated = replies(run(line, "--max-line-bytes", "20").stdout)
    assert unterminated[0]["error"]["data"]["kind"] == "LineTooLong"


def test_depth_is_a_limit() -> None:
    line = b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":[[[]]]}}\n'
    assert replies(run(line, "--max-depth", "5").stdout)[0]["error"]["code"] == -32602
    deep = replies(run(line, "--max-depth", "4").stdout)[0]["error"]
    assert (deep["code"], deep["data"]["kind"]) == (-32700, "TooDeep")
    assert replies(run(b"[" * 100000 + b"\n" + ping()).stdout)[1]["result"] == {}


@pytest.mark.parametrize(("before", "status"), [([], 1), ([request(1, "shutdown")], 0)])
def test_exit(before: list[bytes], status: int) -> None:
    lines = [*before, notification("exit"), ping(9)[:-1]]
    with daemon() as evald:
        evald.send(b"\n".join(lines) + b"\n")
        assert evald.wait() == status  # though the input is still open
        assert evald.stdout.read() == (
            b'{"jsonrpc":"2.0","id":1,"result":null}\n' if before else b""
        )


def test_shutdown_without_exit_ends_with_the_input() -> None:
    result = run(request(1, "shutdown") + b"\n" + ping(2))
    assert result.returncode == 0
    assert [reply["id"] for reply in replies(result.stdout)] == [1, 2]
