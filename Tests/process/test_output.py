"""Readers that are slow, gone, or never there; and what may be on standard output."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
from support import (
    PATIENCE,
    binary,
    cpu_seconds,
    daemon,
    ping,
    pong,
    replies,
    resident_bytes,
    run,
)

DISCOVER = b'{"jsonrpc":"2.0","id":"d","method":"rpc.discover"}\n'


def write_blocked_for(data: bytes, descriptor: int) -> tuple[float, bool]:
    """Writes `data`; the longest time without progress, and whether the pipe broke."""
    longest = 0.0
    view = memoryview(data)
    while view:
        start = time.monotonic()
        try:
            written = os.write(descriptor, view[:65536])
        except BrokenPipeError:
            return max(longest, time.monotonic() - start), True
        longest = max(longest, time.monotonic() - start)
        view = view[written:]
    return longest, False


@pytest.mark.measured
def test_small_replies_that_nobody_reads() -> None:
    """300 000 requests are all taken though not one reply is read, and then all are there."""
    count = 300_000
    data = b"".join(ping(number) for number in range(count))
    with daemon() as evald:
        blocked, broken = write_blocked_for(data, evald.stdin.fileno())
        assert not broken
        assert blocked < 5.5
        assert resident_bytes(evald.process.pid) < 200 << 20
        evald.close_input()
        output = evald.stdout.read()
        assert output == b"".join(pong(number) for number in range(count))
        assert evald.wait() == 0
        assert evald.stderr.read() == b""


def test_large_replies_that_nobody_reads() -> None:
    """A client whose replies take more than evald keeps for it is waited for 5 s, then closed."""
    reply = len(run(DISCOVER).stdout)
    data = DISCOVER * ((80 << 20) // reply)
    with daemon() as evald:
        start = time.monotonic()
        for _ in range(40):
            blocked, broken = write_blocked_for(data, evald.stdin.fileno())
            assert blocked < 6.5
            if broken:
                break
        assert broken
        assert evald.wait() == 5
        assert 4.5 < time.monotonic() - start
        log = evald.stderr.read()
        assert log.count(b"\n") == 1 and b"not read" in log
        # What was queued is a whole number of lines up to where the pipe was full.
        output = evald.stdout.read()
        assert all(
            line["id"] == "d" for line in replies(output[: output.rindex(b"\n") + 1])
        )


def test_a_slow_reader_gets_everything() -> None:
    """More than the queue holds, to a reader that takes its time but goes on reading."""
    reply = len(run(DISCOVER).stdout)
    count = (100 << 20) // reply
    with daemon() as evald:
        writer = threading.Thread(target=evald.send, args=(DISCOVER * count,))
        writer.start()
        time.sleep(1.5)
        assert resident_bytes(evald.process.pid) < 400 << 20
        total = 0
        with contextlib.closing(
            os.fdopen(os.dup(evald.stdout.fileno()), "rb")
        ) as reader:
            for taken in range(count):
                total += len(reader.readline())
                if taken < 50:
                    time.sleep(0.01)
        writer.join()
        assert total == reply * count
        assert evald.end() == (0, b"", b"")


def test_a_reader_that_takes_longer_than_the_patience() -> None:
    """5 s is how long a reader may take nothing, not how long it may take."""
    count = 20_000
    expected = b"".join(pong(number) for number in range(count))
    with daemon() as evald:
        evald.send(b"".join(ping(number) for number in range(count)))
        evald.close_input()
        received = b""
        for _ in range(14):
            time.sleep(0.5)
            received += os.read(evald.stdout.fileno(), 4096)
        assert evald.process.poll() is None
        received += evald.stdout.read()
        assert evald.wait() == 0
        assert received == expected
        assert evald.stderr.read() == b""


def test_what_waits_for_a_reader_is_done_when_one_comes() -> None:
    """Requests that were read while there was no room are answered without any further input."""
    reply = len(run(DISCOVER).stdout)
    count = (75 << 20) // reply
    assert len(DISCOVER) * count < 256 << 10
    with daemon() as evald:
        assert evald.ask(ping()[:-1]) == pong()
        fcntl.fcntl(evald.stdin.fileno(), fcntl.F_SETPIPE_SZ, 1 << 20)
        evald.process.send_signal(signal.SIGSTOP)
        evald.send(DISCOVER * count)  # so that one read(2) gets it all
        evald.process.send_signal(signal.SIGCONT)
        used = -1.0
        while cpu_seconds(evald.process.pid) > used:  # until it can do no more
            used = cpu_seconds(evald.process.pid)
            time.sleep(0.5)
        received = 0
        while received < reply * count:
            assert select.select([evald.stdout], [], [], PATIENCE)[0]
            received += len(os.read(evald.stdout.fileno(), 1 << 20))
        assert evald.end() == (0, b"", b"")


def test_unread_replies_at_the_end_of_input() -> None:
    with daemon() as evald:
        evald.send(b"".join(ping(number) for number in range(20_000)))
        evald.close_input()
        start = time.monotonic()
        assert evald.wait() == 5
        assert 4.5 < time.monotonic() - start < 8
        assert evald.stderr.read().count(b"\n") == 1


def test_waiting_for_a_reader_costs_no_processor_time() -> None:
    with daemon() as evald:
        evald.send(b"".join(ping(number) for number in range(20_000)))
        time.sleep(0.3)
        before = cpu_seconds(evald.process.pid)
        time.sleep(1.5)
        assert cpu_seconds(evald.process.pid) - before < 0.1
        evald.close_input()
        time.sleep(0.3)
        before = cpu_seconds(evald.process.pid)
        time.sleep(1.0)
        assert cpu_seconds(evald.process.pid) - before < 0.1


def test_an_idle_evald_costs_no_processor_time() -> None:
    with daemon() as evald:
        evald.ask(ping()[:-1])
        before = cpu_seconds(evald.process.pid)
        time.sleep(2)
        assert cpu_seconds(evald.process.pid) - before < 0.05


def test_closed_output() -> None:
    """What comes after the reader is gone is still taken, to the end of the input."""
    with daemon() as evald:
        assert evald.ask(ping()[:-1]) == pong()
        evald.stdout.close()
        for _ in range(20):
            evald.send(ping() * 1000)
            time.sleep(0.01)
        assert evald.process.poll() is None
        before = cpu_seconds(evald.process.pid)
        time.sleep(1)
        assert cpu_seconds(evald.process.pid) - before < 0.1
        evald.close_input()
        assert evald.wait() == 0
        assert evald.stderr.read() == b""


def test_closed_output_keeps_the_status_of_exit() -> None:
    with daemon() as evald:
        evald.stdout.close()
        evald.send(ping() + b'{"jsonrpc":"2.0","method":"exit"}\n')
        assert evald.wait() == 1


def test_a_reader_that_leaves_while_replies_wait() -> None:
    with daemon() as evald:
        evald.send(b"".join(ping(number) for number in range(20_000)))
        time.sleep(0.2)
        evald.stdout.close()
        evald.send(ping() * 1000)
        evald.close_input()
        assert evald.wait(10) == 0


def test_full_disk() -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [binary()],
            input=ping() * 3,
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=PATIENCE,
            check=False,
        )
    assert done.returncode == 0
    assert done.stderr.count(b"\n") == 1 and b"errno 28" in done.stderr


@pytest.mark.parametrize("which", ["input", "output", "both"])
def test_non_blocking_descriptors(which: str) -> None:
    """Descriptors that another process made non-blocking are coped with."""
    read_input, write_input = os.pipe()
    read_output, write_output = os.pipe()
    if which in ("input", "both"):
        os.set_blocking(read_input, False)
    if which in ("output", "both"):
        os.set_blocking(write_output, False)
    with subprocess.Popen(
        [binary()], stdin=read_input, stdout=write_output, stderr=subprocess.PIPE
    ) as process:
        os.close(read_input)
        os.close(write_output)
        time.sleep(0.1)  # it has to wait with nothing to read
        count = 50_000
        writer = threading.Thread(
            target=write_blocked_for,
            args=(b"".join(ping(number) for number in range(count)), write_input),
        )
        writer.start()
        time.sleep(0.2)  # it has to wait with nobody reading
        received = b""
        while received.count(b"\n") < count:
            received += os.read(read_output, 1 << 20)
        writer.join()
        os.close(write_input)
        assert process.wait(PATIENCE) == 0
        assert received == b"".join(pong(number) for number in range(count))
        assert process.stderr is not None
        assert process.stderr.read() == b""
    os.close(read_output)


def test_inherited_descriptors_keep_their_flags() -> None:
    """O_NONBLOCK belongs to what is shared with other processes; it must never be set."""
    read_input, write_input = os.pipe()
    read_output, write_output = os.pipe()
    before = [fcntl.fcntl(fd, fcntl.F_GETFL) for fd in (read_input, write_output, 2)]
    with subprocess.Popen([binary()], stdin=read_input, stdout=write_output) as process:
        os.write(write_input, ping())
        assert os.read(read_output, 1000) == pong()
        flags = [fcntl.fcntl(fd, fcntl.F_GETFL) for fd in (read_input, write_output, 2)]
        assert flags == before
        os.close(write_input)
        assert process.wait(PATIENCE) == 0
    for descriptor in (read_input, read_output, write_output):
        os.close(descriptor)


def test_sockets_as_standard_streams() -> None:
    """As Node.js starts its children."""
    ours, theirs = socket.socketpair()
    with subprocess.Popen(
        [binary()], stdin=theirs.fileno(), stdout=theirs.fileno()
    ) as process:
        theirs.close()
        count = 20_000
        writer = threading.Thread(
            target=ours.sendall,
            args=(b"".join(ping(number) for number in range(count)),),
        )
        writer.start()
        time.sleep(0.3)
        received = b""
        while received.count(b"\n") < count:
            received += ours.recv(1 << 20)
        writer.join()
        assert received == b"".join(pong(number) for number in range(count))
        ours.shutdown(socket.SHUT_WR)
        assert process.wait(PATIENCE) == 0
    ours.close()


def test_a_socket_that_nobody_reads() -> None:
    ours, theirs = socket.socketpair()
    with subprocess.Popen(
        [binary()],
        stdin=theirs.fileno(),
        stdout=theirs.fileno(),
        stderr=subprocess.PIPE,
    ) as process:
        theirs.close()
        ours.sendall(b"".join(ping(number) for number in range(50_000)))
        ours.shutdown(socket.SHUT_WR)
        assert process.wait(PATIENCE) == 5
    ours.close()


def test_a_terminal_as_standard_streams() -> None:
    ours, theirs = os.openpty()
    with subprocess.Popen([binary()], stdin=theirs, stdout=theirs) as process:
        os.close(theirs)
        os.write(ours, ping())
        seen = b""
        while pong()[:-1] not in seen:
            seen += os.read(ours, 1000)
        os.write(ours, b"\x04")
        assert process.wait(PATIENCE) == 0
    os.close(ours)


@pytest.mark.parametrize("closed", [[0], [1], [2], [0, 1], [1, 2], [0, 1, 2]])
def test_standard_descriptors_that_are_closed(
    closed: list[int], tmp_path: Path
) -> None:
    """Nothing that evald opens may become a standard stream, whichever of them are missing."""
    script = 'exec "$0" ' + " ".join(
        f"{fd}<&-" if fd == 0 else f"{fd}>&-" for fd in closed
    )
    done = subprocess.run(
        ["sh", "-c", script, binary()],
        input=ping(),
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0
    assert done.stdout == (b"" if {0, 1} & set(closed) else pong())
    assert done.stderr == b""


def test_a_log_that_nobody_reads() -> None:
    """Standard error is full from the start, and nothing is held up by it."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, b"x" * 4096)
    os.set_blocking(writer, True)
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [binary(), "--log-level", "debug"],
            input=ping() * 3,
            stdout=full,
            stderr=writer,
            timeout=PATIENCE,
            check=False,
        )
    assert done.returncode == 0
    os.close(reader)
    os.close(writer)
