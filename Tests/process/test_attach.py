"""`evald attach`: bytes both ways, and the ends of either side."""

from __future__ import annotations

import contextlib
import os
import random
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from sharing import Place, evald, holders, wait_until
from support import (
    PATIENCE,
    binary,
    cpu_seconds,
    notification,
    ping,
    pong,
    request,
    resident_bytes,
)

SHUTDOWN = request(1, "shutdown") + b"\n"
SHUT = b'{"jsonrpc":"2.0","id":1,"result":null}\n'
EXIT = notification("exit") + b"\n"


@pytest.mark.parametrize("count", [0, 1, 7, 1000, 50_000])
@pytest.mark.parametrize("last", ["with a line feed", "without"])
def test_one_shot_pipes_lose_nothing(place: Place, count: int, last: str) -> None:
    data = b"".join(ping(n) for n in range(count))
    with place.serving():
        done = place.run("attach", "run", data=data if last.startswith("with ") else data[:-1])
        assert done.stdout == b"".join(pong(n) for n in range(count))
        assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("data", "output", "status"),
    [
        (b"", b"", 0),
        (SHUTDOWN + EXIT, SHUT, 0),
        (EXIT, b"", 1),
        (SHUTDOWN, SHUT, 0),
        (ping() + EXIT + ping(2), pong(), 1),
        (SHUTDOWN + EXIT[:-1], SHUT, 0),
    ],
)
def test_statuses_are_those_of_an_evald_of_ones_own(
    place: Place, data: bytes, output: bytes, status: int
) -> None:
    with place.owned() as owner:
        for arguments in ([], ["attach", "run"]):
            done = place.run(*arguments, data=data)
            assert (done.returncode, done.stdout, done.stderr) == (status, output, b"")
        # The same while the input stays open.
        with place.daemon("attach", "run") as bridge:
            bridge.send(data)
            if not data.rstrip().endswith(EXIT.rstrip()) and EXIT not in data:
                bridge.close_input()
            elif not data.endswith(b"\n"):
                bridge.send(b"\n")
            assert bridge.wait() == status
            assert bridge.stdout.read() == output
        assert owner.ask(ping(3)[:-1]) == pong(3)


def test_it_is_a_bridge_for_any_bytes(place: Place) -> None:
    """Half lines, in pieces of any size, both ways at once."""
    chance = random.Random(1)
    text = "".join(chr(chance.randrange(32, 1000)) for _ in range(200_000))
    line = request("x" * 100, "stream/list", {text: 1}) + b"\n"
    expected = place.run(data=line * 5).stdout
    with place.serving(), place.daemon("attach", "run") as bridge:
        def write() -> None:
            data = line * 5
            while data:
                size = chance.choice([1, 7, 4096, 65_537, 300_000])
                bridge.send(data[:size])
                data = data[size:]
            bridge.close_input()

        thread = threading.Thread(target=write)
        thread.start()
        assert bridge.stdout.read() == expected
        thread.join()
        assert bridge.wait() == 0


def test_nobody_there(place: Place) -> None:
    for target in ("run", "./run.sock", str(place.root / "run.sock")):
        start = time.monotonic()
        done = place.run("attach", target, data=ping())
        assert (done.returncode, done.stdout) == (1, b"")
        assert target.encode() in done.stderr and done.stderr.count(b"\n") == 1
        assert time.monotonic() - start < 10


def test_a_daemon_that_comes_a_moment_later(place: Place) -> None:
    """`evald serve run & evald attach run` works whoever is first."""
    with evald(place, "attach", "run", stdin=subprocess.PIPE, stdout=subprocess.PIPE) as bridge:
        time.sleep(0.2)
        with place.serving():
            assert bridge.communicate(ping(), timeout=PATIENCE)[0] == pong()
            assert bridge.returncode == 0


@pytest.mark.parametrize("when", ["input open", "input ended"])
def test_a_daemon_that_is_killed(place: Place, when: str) -> None:
    with place.owned() as owner, place.daemon("attach", "run") as bridge:
        assert bridge.ask(ping()[:-1]) == pong()
        if when == "input ended":
            # It can't answer what it has not read, and that is told.
            owner.process.send_signal(signal.SIGSTOP)
            bridge.send(ping(2))
            bridge.close_input()
            time.sleep(0.3)
        owner.process.kill()
        assert bridge.wait() == 1
        assert bridge.stdout.read() == b""
        log = bridge.stderr.read()
        assert b"gone" in log and log.count(b"\n") == 1


def test_output_that_nobody_reads_any_more(place: Place) -> None:
    """As an evald of one's own: what is sent still counts, to the end of the input."""
    with place.serving(), place.daemon("attach", "run") as bridge:
        opened = {"stream": "s", "task": "scalar"}
        bridge.ask(request(1, "stream/open", opened))
        bridge.stdout.close()
        push = {"stream": "s", "batch": {"values": [1.0]}}
        for _ in range(20):
            bridge.send((request(2, "stream/push", push) + b"\n") * 100)
            time.sleep(0.01)
        assert bridge.process.poll() is None
        bridge.close_input()
        assert bridge.wait() == 0
        assert place.ask("stream/list")["streams"][0]["count"] == 2000


def test_memory_is_bounded_when_nobody_reads(place: Place) -> None:
    """The daemon keeps the replies up to its bound; the bridge keeps next to nothing."""
    discover = request(1, "rpc.discover") + b"\n"
    with place.serving() as running, place.daemon("attach", "run") as bridge:
        bridge.ask(ping()[:-1])
        before = resident_bytes(bridge.process.pid)
        stop = time.monotonic() + 25
        view = memoryview(discover * 2000)
        os.set_blocking(bridge.stdin.fileno(), False)
        broken = False
        rest = view
        while not broken and time.monotonic() < stop:
            select.select([], [bridge.stdin], [], 0.2)
            try:
                rest = rest[os.write(bridge.stdin.fileno(), rest) :] or view
            except BlockingIOError:
                broken = bridge.process.poll() is not None
            except BrokenPipeError:
                broken = True
            if bridge.process.poll() is None:
                assert resident_bytes(bridge.process.pid) - before < 8 << 20
        assert broken
        assert bridge.wait() == 5
        assert b"not read" in bridge.stderr.read()
        assert place.ask("ping") == {}
        assert running.process.poll() is None


def test_unread_replies_at_the_end_of_input(place: Place) -> None:
    with place.serving(), place.daemon("attach", "run") as bridge:
        bridge.send(b"".join(ping(number) for number in range(20_000)))
        bridge.close_input()
        start = time.monotonic()
        assert bridge.wait() == 5
        assert 4.5 < time.monotonic() - start < 12


def test_a_slow_reader_gets_everything(place: Place) -> None:
    count = 20_000
    expected = b"".join(pong(number) for number in range(count))
    with place.serving(), place.daemon("attach", "run") as bridge:
        bridge.send(b"".join(ping(number) for number in range(count)))
        bridge.close_input()
        received = b""
        for _ in range(14):
            time.sleep(0.5)
            received += os.read(bridge.stdout.fileno(), 4096)
        received += bridge.stdout.read()
        assert received == expected
        assert bridge.wait() == 0


def test_an_idle_bridge_costs_no_processor_time(place: Place) -> None:
    with place.serving(), place.daemon("attach", "run") as bridge:
        bridge.ask(ping()[:-1])
        before = cpu_seconds(bridge.process.pid)
        time.sleep(2)
        assert cpu_seconds(bridge.process.pid) - before < 0.05


def test_signals(place: Place) -> None:
    with place.serving(), place.daemon("attach", "run") as bridge:
        assert bridge.ask(ping()[:-1]) == pong()
        for number in (signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM):
            bridge.process.send_signal(number)
            assert bridge.ask(ping(int(number))[:-1]) == pong(int(number))
        assert bridge.end() == (0, b"", b"")
        with place.daemon("attach", "run") as other:
            assert other.ask(ping()[:-1]) == pong()
            for _ in range(2):
                other.process.send_signal(signal.SIGTERM)
                time.sleep(0.1)
            assert other.wait(5) == 0


def test_parent_death(place: Place) -> None:
    """Gone within 3 s though a forked worker holds the pipe."""
    script = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.argv[1], "attach", "run"], stdin=subprocess.PIPE)
if os.fork() == 0:
    time.sleep(60)
line = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
child.stdin.write(line + b"\\n" + line)
child.stdin.flush()
print(child.pid, flush=True)
time.sleep(60)
"""
    with place.serving(), subprocess.Popen(
        [sys.executable, "-c", script, binary()],
        env=place.env,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as owner:
        assert owner.stdout
        # Both lines may come first.
        told = {owner.stdout.readline(), owner.stdout.readline()}
        (pid,) = told - {pong()}
        handle = os.pidfd_open(int(pid))
        start = time.monotonic()
        owner.kill()
        assert owner.stdout.readline() == pong()
        assert select.select([handle], [], [], PATIENCE)[0]
        assert time.monotonic() - start < 3
        os.close(handle)
        os.killpg(owner.pid, signal.SIGKILL)


def test_inherited_descriptors_keep_their_flags(place: Place) -> None:
    import fcntl

    ends = [*os.pipe(), *os.pipe()]
    with place.serving():
        before = [fcntl.fcntl(fd, fcntl.F_GETFL) for fd in ends]
        with evald(place, "attach", "run", stdin=ends[0], stdout=ends[3]) as bridge:
            os.write(ends[1], ping())
            assert os.read(ends[2], 1000) == pong()
            assert [fcntl.fcntl(fd, fcntl.F_GETFL) for fd in ends] == before
            os.close(ends.pop(1))
            assert bridge.wait(PATIENCE) == 0
    for end in ends:
        os.close(end)


def test_sockets_and_non_blocking_pipes_as_standard_streams(place: Place) -> None:
    count = 20_000
    data = b"".join(ping(number) for number in range(count))
    with place.serving():
        ours, theirs = socket.socketpair()
        with evald(place, "attach", "run", stdin=theirs, stdout=theirs) as bridge:
            theirs.close()
            writer = threading.Thread(target=ours.sendall, args=(data,))
            writer.start()
            received = b""
            while received.count(b"\n") < count:
                received += ours.recv(1 << 20)
            writer.join()
            assert received == b"".join(pong(number) for number in range(count))
            ours.shutdown(socket.SHUT_WR)
            assert bridge.wait(PATIENCE) == 0
        ours.close()
        reader, writer_end = os.pipe()
        os.set_blocking(reader, False)
        with evald(place, "attach", "run", stdin=reader, stdout=subprocess.PIPE) as bridge:
            os.close(reader)
            time.sleep(0.1)
            os.write(writer_end, ping())
            assert bridge.stdout and bridge.stdout.readline() == pong()
            os.close(writer_end)
            assert bridge.wait(PATIENCE) == 0


# --or-start


def started(place: Place) -> int:
    """The process that serves."""
    (pid,) = holders(place.lock("run"))
    return pid


def test_a_started_daemon_is_a_process_of_its_own(place: Place) -> None:
    reader, writer = os.pipe()
    done = subprocess.run(
        [binary(), "attach", "run", "--or-start", "--max-streams", "7"],
        env=place.env,
        input=request(1, "initialize") + b"\n",
        capture_output=True,  # would not return while somebody held the pipes
        timeout=PATIENCE,
        pass_fds=[writer],
        check=True,
    )
    assert b'"max_streams":7' in done.stdout and done.stderr == b""
    os.close(writer)
    assert select.select([reader], [], [], 0)[0] and os.read(reader, 1) == b""
    os.close(reader)
    pid = started(place)
    assert os.getsid(pid) == os.getpgid(pid) == pid
    held = {os.readlink(path) for path in Path(f"/proc/{pid}/fd").iterdir()}
    assert {name for name in held if not name.startswith(("socket:", "pipe:"))} == {
        "/dev/null",
        str(place.lock("run")),
    }
    assert Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:3] == [
        b"evald",
        b"serve",
        b"run",
    ]
    # It lives on, and the next one finds it.
    place.ask("stream/open", {"stream": "s", "task": "scalar"})
    done = place.run("attach", "run", "--or-start", data=request(1, "stream/list") + b"\n")
    assert b'"s"' in done.stdout
    assert place.ask("shutdown") is None
    wait_until(lambda: not place.lock("run").exists(), "it ends")


def test_a_bridge_whose_daemon_dies_gives_room_for_another(place: Place) -> None:
    with place.daemon("attach", "run", "--or-start") as bridge:
        assert bridge.ask(ping()[:-1]) == pong()
        pid = started(place)
        os.kill(pid, signal.SIGKILL)
        assert bridge.wait() == 1
    with place.daemon("attach", "run", "--or-start") as bridge:
        assert bridge.ask(ping()[:-1]) == pong()
        assert started(place) != pid
        assert place.ask("shutdown") is None


def children(pids: set[int]) -> list[str]:
    """The states of the processes whose parents these are; Z is one that nobody buried."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent = path.read_text().rpartition(")")[2].split()[:2]
            if int(parent) in pids:
                found.append(state)
    return found


def test_starters_that_were_late_leave_no_zombies(place: Place) -> None:
    """Each bridge may have started a daemon that found the name in use, and lives on itself."""
    bridges = [
        evald(place, "attach", "run", "--or-start", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(12)
    ]
    for bridge in bridges:
        assert bridge.stdin and bridge.stdout
        os.write(bridge.stdin.fileno(), ping())
        assert bridge.stdout.readline() == pong()
    pids = {bridge.pid for bridge in bridges}
    # Those that were late end, and all that is left is the one daemon.
    wait_until(lambda: len(children(pids)) == 1, "no zombies")
    assert "Z" not in children(pids)
    for bridge in bridges:
        bridge.communicate(timeout=PATIENCE)
        assert bridge.returncode == 0
    assert place.ask("shutdown") is None


def test_a_path_can_be_started_too(place: Place) -> None:
    path = str(place.root / "own.sock")
    done = place.run("attach", path, "--or-start", data=ping())
    assert (done.returncode, done.stdout, done.stderr) == (0, pong(), b"")
    assert place.run("call", path, "shutdown").stdout == b"null\n"
    wait_until(lambda: list(place.root.rglob("*")) == [place.directory], "it ends")


def test_what_cannot_be_started_is_told(place: Place) -> None:
    place.directory.mkdir()
    place.directory.chmod(0o777)
    done = place.run("attach", "run", "--or-start", data=ping())
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"others" in done.stderr
    place.directory.chmod(0o700)
    place.lock("run").mkdir()
    done = place.run("attach", "run", "--or-start", data=ping())
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"could not be started" in done.stderr
    path = str(place.root / "no" / "such.sock")
    done = place.run("attach", path, "--or-start", data=ping())
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"can't be used" in done.stderr
