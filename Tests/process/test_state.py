"""State directories: kill -9, signals, locks, damage and full disks, of the real executable."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from state_model import Model, kill_round
from support import (
    PATIENCE,
    Daemon,
    binary,
    daemon,
    notification,
    replies,
    request,
    run,
)

OPEN = request(1, "stream/open", {"stream": "s", "task": "scalar"}) + b"\n"


def push(ident: int, values: list[float], seq: int | None = None) -> bytes:
    params: dict[str, Any] = {"stream": "s", "batch": {"values": values}}
    if seq is not None:
        params |= {"producer": "p", "seq": seq}
    return request(ident, "stream/push", params) + b"\n"


def query(evald: Daemon) -> Any:
    line = request(
        "q", "metric/query", {"stream": "s", "metrics": ["sum", "mean", "std"]}
    )
    return json.loads(evald.ask(line))["result"]


def status(evald: Daemon) -> Any:
    return json.loads(evald.ask(request("status", "server/status")))["result"]


def journal(state: Path) -> Path:
    """The journal that has records; a start begins another one."""
    return max(state.glob("wal-*.evj"), key=lambda path: path.stat().st_size)


def killed(state: Path, data: bytes, *arguments: str) -> None:
    """Does what `data` says, and is killed once all of it is answered."""
    with daemon("--state", str(state), *arguments) as evald:
        for line in data.splitlines():
            assert b"result" in evald.ask(line)
        evald.process.kill()
        evald.wait()


@pytest.mark.parametrize("durability", ["os", "interval", "disk"])
def test_what_was_acknowledged_survives_a_kill(tmp_path: Path, durability: str) -> None:
    state = tmp_path / "deep" / "state"
    flags = ("--durability", durability)
    killed(state, OPEN + push(2, [0.1, 0.2], 1) + push(3, [1e300], 2), *flags)
    with daemon("--state", str(state), *flags) as evald:
        found = query(evald)
        assert found["count"] == 3
        assert found["values"]["sum"] == 1e300
        assert status(evald)["recovery"]["records"] == 3
        assert status(evald)["durability"]["mode"] == durability
        again = json.loads(evald.ask(push(4, [1e300], 2)[:-1]))["result"]
        assert again["duplicate"] and again["total_count"] == 3
        assert evald.end() == (0, b"", b"")
    assert (state.stat().st_mode & 0o777) == 0o700
    # The end wrote a snapshot: there is nothing to replay.
    with daemon("--state", str(state)) as evald:
        assert query(evald)["values"] == found["values"]
        assert status(evald)["recovery"]["records"] == 0
        assert status(evald)["recovery"]["snapshot"] > 0


def test_the_end_of_the_input_is_enough(tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    assert run(OPEN + push(2, [1, 2])[:-1], "--state", state).returncode == 0
    done = run(
        request(1, "stream/list") + b"\n" + request(2, "stream/flush", {"stream": "s"}),
        "--state",
        state,
    )
    assert replies(done.stdout)[0]["result"]["streams"][0]["total_count"] == 2
    assert done.stderr == b""


def test_signals_make_it_durable(tmp_path: Path) -> None:
    for number in (signal.SIGTERM, signal.SIGHUP):
        state = tmp_path / number.name
        with daemon("--state", str(state)) as evald:
            evald.ask(OPEN[:-1])
            evald.ask(push(2, [1])[:-1])
            evald.process.send_signal(number)
            deadline = time.monotonic() + PATIENCE
            while True:
                durable = status(evald)["durability"]
                if durable["durable_records"] == durable["written_records"] == 2:
                    break
                assert time.monotonic() < deadline
            assert evald.end() == (0, b"", b"")


def test_the_interval_is_a_second(tmp_path: Path) -> None:
    with daemon("--state", str(tmp_path / "state")) as evald:
        evald.ask(OPEN[:-1])
        evald.ask(push(2, [1])[:-1])
        deadline = time.monotonic() + PATIENCE
        while status(evald)["durability"]["durable_records"] < 2:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_one_process_at_a_time(tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    with daemon("--state", state) as evald:
        evald.ask(OPEN[:-1])
        second = run(OPEN, "--state", state)
        assert (second.returncode, second.stdout) == (3, b"")
        assert str(evald.process.pid).encode() in second.stderr
        evald.process.kill()
        evald.wait()
    assert run(OPEN, "--state", state).returncode == 0


def test_usage(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"")
    for arguments in (
        ("--state", str(file)),
        ("--state", str(file / "below")),
        ("--state", ""),
        ("--state", str(tmp_path / ("x" * 256))),
        ("--state", "x/" * 2000),
        ("--state", str(tmp_path / "s"), "--durability", "always"),
    ):
        done = run(OPEN, *arguments)
        assert (done.returncode, done.stdout) == (2, b""), arguments
        assert b"--state" in done.stderr or b"--durability" in done.stderr


def test_a_torn_tail_is_cut_and_kept(tmp_path: Path) -> None:
    state = tmp_path / "state"
    killed(state, OPEN + push(2, [1]) + push(3, [2]))
    path = journal(state)
    whole = path.read_bytes()
    for tail in (whole[:-5], whole + b"\0" * 3000, whole + os.urandom(1000)):
        copy = tmp_path / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(state, copy)
        (copy / path.name).write_bytes(tail)
        with daemon("--state", str(copy)) as evald:
            found = status(evald)["recovery"]
            assert query(evald)["count"] == (1 if tail == whole[:-5] else 2)
            assert found["torn_bytes"] > 0 and len(found["quarantined"]) == 1
            kept = (copy / found["quarantined"][0]).read_bytes()
            assert tail.endswith(kept) and len(kept) == found["torn_bytes"]
            code, _, log = evald.end()
            assert code == 0
            assert b"warning" in log and path.name.encode() in log
        assert run(ping_line(), "--state", str(copy)).stderr == b""


def ping_line() -> bytes:
    return request(1, "ping") + b"\n"


def test_damage_is_named_and_left_alone(tmp_path: Path) -> None:
    state = tmp_path / "state"
    killed(state, OPEN + push(2, [1]) + push(3, [2]) + push(4, [3]))
    path = journal(state)
    whole = bytearray(path.read_bytes())
    place = whole.index(b"scalar")
    whole[place] ^= 1
    path.write_bytes(whole)
    before = {file.name: file.read_bytes() for file in state.iterdir()}
    done = run(OPEN, "--state", str(state))
    assert (done.returncode, done.stdout) == (4, b"")
    assert path.name.encode() in done.stderr and b"offset 96" in done.stderr
    # The lock file says who tried.
    after = {file.name: file.read_bytes() for file in state.iterdir()}
    assert {name for name in before if before[name] != after[name]} <= {"LOCK"}
    assert before.keys() == after.keys()


def test_a_full_disk(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if (
        os.getuid() != 0
        or subprocess.run(mount, check=False, capture_output=True).returncode != 0
    ):
        pytest.skip("cannot mount a file system")
    try:
        with daemon("--state", str(disk / "state")) as evald:
            evald.ask(OPEN[:-1])
            applied = 0
            refused = 0
            values = [random.Random(1).random() for _ in range(2000)]
            for ident in range(200):
                reply = json.loads(evald.ask(push(ident, values, applied + 1)[:-1]))
                if "result" in reply:
                    applied += 1
                    continue
                assert reply["error"]["code"] == 1023
                assert reply["error"]["data"]["kind"] == "DurabilityFailed"
                refused += 1
            assert applied > 10 and refused > 10
            assert query(evald)["count"] == applied * 2000
            before = query(evald)["values"]
            subprocess.run(["mount", "-o", "remount,size=8m", str(disk)], check=True)
            reply = json.loads(evald.ask(push(1, values, applied + 1)[:-1]))
            assert reply["result"]["count"] == (applied + 1) * 2000
            evald.process.kill()
            evald.wait()
        with daemon("--state", str(disk / "state")) as evald:
            assert query(evald)["count"] == (applied + 1) * 2000
            assert query(evald)["values"] != before
            assert evald.end()[0] == 0
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)


def test_thousands_of_streams(tmp_path: Path) -> None:
    state = tmp_path / "state"
    count = 3000
    lines = b"".join(
        notification("stream/open", {"stream": f"s{i}", "task": "scalar"})
        + b"\n"
        + notification("stream/push", {"stream": f"s{i}", "batch": {"values": [i]}})
        + b"\n"
        for i in range(count)
    )
    with daemon("--state", str(state)) as evald:
        evald.send(lines)
        evald.ask(ping_line()[:-1])
        evald.process.kill()
        evald.wait()
    for _ in range(2):
        done = run(request(1, "stream/list"), "--state", str(state))
        listed = replies(done.stdout)[0]["result"]["streams"]
        assert [stream["total_count"] for stream in listed] == [1] * count


@pytest.mark.measured
def test_kills_at_random_moments(tmp_path: Path) -> None:
    """The short form of state_kills.py, which has more to say of it."""
    model = Model()
    dice = random.Random(6)
    try:
        acknowledged = sum(
            kill_round(binary(), tmp_path / "state", model, dice, number)
            for number in range(50)
        )
    finally:
        model.close()
    assert acknowledged > 500


def test_names_are_told_apart_by_their_bytes(tmp_path: Path) -> None:
    """Two spellings of an accented letter are two names of everything, also after a kill."""
    names = ["caf\u00e9", "cafe\u0301"]
    state = tmp_path / "state"
    lines = []
    for number, name in enumerate(names):
        opened = {"stream": name, "task": "scalar", "keep_windows": 4}
        lines.append(request(1, "stream/open", opened))
        for producer in names:
            sent = {"stream": name, "producer": producer, "seq": 1}
            lines += [
                request(2, "stream/checkpoint", {"stream": name, "name": producer}),
                request(3, "stream/push", sent | {"batch": {"values": [number]}}),
                request(4, "stream/mark", {"stream": name, "label": producer}),
            ]
    killed(state, b"\n".join(lines))

    with daemon("--state", str(state)) as evald:

        def ask(method: str, **params: Any) -> Any:
            return json.loads(evald.ask(request("q", method, params)))["result"]

        assert [stream["stream"] for stream in ask("stream/list")["streams"]] == names[
            ::-1
        ]
        for number, name in enumerate(names):
            described = ask("stream/describe", stream=name)
            assert described["producers"] == {producer: 1 for producer in names}
            assert described["windows"] == names == described["checkpoints"]
            for label in names:
                asked = {"stream": name, "metrics": ["sum"], "window": {"mark": label}}
                assert ask("metric/query", **asked)["values"] == {"sum": number}
            for marks, checkpoint in reversed(list(enumerate(names))):
                ask("stream/rollback", stream=name, name=checkpoint)
                assert ask("stream/describe", stream=name)["marks"] == marks


def test_a_directory_may_begin_with_any_letter(tmp_path: Path) -> None:
    """An accent joins what stands before it to one character, and that is no slash and no equals sign."""
    directory = "\u0301a/\u0338b"
    done = subprocess.run(
        [binary(), f"--state={directory}"],
        input=OPEN,
        cwd=tmp_path,
        check=False,
        capture_output=True,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert (tmp_path / directory / "FORMAT").exists()
