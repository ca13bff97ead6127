"""Signals, and the death of the parent."""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support import PATIENCE, binary, cpu_seconds, daemon, ping, pong


def test_ignored_signals() -> None:
    with daemon() as evald:
        assert evald.ask(ping()[:-1]) == pong()
        for number in (signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE):
            for _ in range(50):
                evald.process.send_signal(number)
            assert evald.ask(ping(int(number))[:-1]) == pong(int(number))
        assert evald.end() == (0, b"", b"")


def test_interrupt_at_a_terminal_ends_it() -> None:
    ours, theirs = os.openpty()
    with subprocess.Popen([binary()], stdin=theirs, stdout=subprocess.PIPE) as process:
        os.close(theirs)
        os.write(ours, ping())
        assert process.stdout and process.stdout.readline() == pong()
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == -signal.SIGINT
    os.close(ours)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_serves_on_until_the_input_ends(number: signal.Signals) -> None:
    with daemon() as evald:
        assert evald.ask(ping()[:-1]) == pong()
        evald.process.send_signal(number)
        for ident in range(2, 6):
            time.sleep(0.1)
            assert evald.ask(ping(ident)[:-1]) == pong(ident)
        evald.send(ping(6)[:-1])
        assert evald.end() == (0, pong(6), b"")


def test_serves_at_most_ten_seconds() -> None:
    with daemon() as first, daemon() as second:
        both = (first, second)
        for evald, number in zip(both, (signal.SIGTERM, signal.SIGHUP), strict=True):
            assert evald.ask(ping()[:-1]) == pong()
            evald.process.send_signal(number)
        start = time.monotonic()
        time.sleep(5)
        before = [cpu_seconds(evald.process.pid) for evald in both]
        time.sleep(3)
        for evald, used in zip(both, before, strict=True):
            assert cpu_seconds(evald.process.pid) - used < 0.1
            evald.send(ping(2) + ping(3)[:-1])
        for evald in both:
            assert evald.wait() == 0
            assert 9 < time.monotonic() - start < 13
            assert evald.stdout.read() == pong(2) + pong(3)


def test_a_second_sigterm_ends_it_now() -> None:
    with daemon() as evald:
        assert evald.ask(ping()[:-1]) == pong()
        evald.process.send_signal(signal.SIGTERM)
        assert evald.ask(ping(2)[:-1]) == pong(2)
        start = time.monotonic()
        evald.process.send_signal(signal.SIGTERM)
        assert evald.wait() == 0
        assert time.monotonic() - start < 3


def test_signal_storm() -> None:
    """Signals during reads and writes lose nothing."""
    count = 3000
    numbers = (signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGPIPE)
    with daemon() as evald:
        assert evald.ask(ping("ready")[:-1]) == pong("ready")
        for ident in range(count):
            evald.send(ping(ident))
            evald.process.send_signal(numbers[ident % len(numbers)])
        expected = b"".join(pong(ident) for ident in range(count))
        assert evald.end() == (0, expected, b"")


def test_nohup_is_respected() -> None:
    """SIGHUP stays ignored where it was: no grace period begins."""
    script = "import os,signal,sys;signal.signal(signal.SIGHUP,signal.SIG_IGN)"
    script += ";os.execv(sys.argv[1],sys.argv[1:])"
    with subprocess.Popen(
        [sys.executable, "-c", script, binary()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin and process.stdout
        process.stdin.write(ping())
        process.stdin.flush()
        assert process.stdout.readline() == pong()
        ignored = next(
            int(line.split()[1], 16)
            for line in Path(f"/proc/{process.pid}/status").read_text().splitlines()
            if line.startswith("SigIgn")
        )
        assert ignored >> (signal.SIGHUP - 1) & 1
        process.stdin.close()
        assert process.wait(PATIENCE) == 0


def test_blocked_signals_are_unblocked() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    try:
        with daemon() as evald:
            assert evald.ask(ping()[:-1]) == pong()
            evald.process.send_signal(signal.SIGTERM)
            evald.process.send_signal(signal.SIGTERM)
            time.sleep(0.2)
            evald.process.send_signal(signal.SIGTERM)
            assert evald.wait(5) == 0
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])


# A script that starts evald, and, as a data loader does, forks a worker that inherits the pipes.
OWNER = """
import json, os, subprocess, sys, time
evald, lines, worker = sys.argv[1], sys.argv[2].encode(), sys.argv[3] == "worker"
child = subprocess.Popen([evald], stdin=subprocess.PIPE, stdout=int(sys.argv[4]))
pid = 0
if worker:
    pid = os.fork()
    if pid == 0:
        os.close(int(sys.argv[4]))
        os.close(1)
        time.sleep(60)
        os._exit(0)
child.stdin.write(lines)
child.stdin.flush()
print(json.dumps([child.pid, pid]), flush=True)
time.sleep(60)
"""

PR_SET_CHILD_SUBREAPER = 36


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs a subreaper")
@pytest.mark.parametrize("worker", ["worker", "alone"])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_parent_death(worker: str, how: signal.Signals) -> None:
    """It ends within 3 s though a forked worker holds the pipe, with everything answered."""
    # Orphans come to us, so that the exit status can be read.
    assert ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    reader, writer = os.pipe()
    lines = (ping(1) + ping(2)[:-1]).decode()

    with subprocess.Popen(
        [sys.executable, "-c", OWNER, binary(), lines, worker, str(writer)],
        stdout=subprocess.PIPE,
        pass_fds=[writer],
    ) as owner:
        os.close(writer)
        assert owner.stdout is not None
        evald, forked = json.loads(owner.stdout.readline())
        assert select.select([reader], [], [], PATIENCE)[0]
        assert os.read(reader, 10_000) == pong(1)
        start = time.monotonic()
        owner.send_signal(how)
        owner.wait()
    handle = os.pidfd_open(evald)
    assert select.select([handle], [], [], PATIENCE)[0]
    elapsed = time.monotonic() - start
    os.close(handle)
    status = os.waitpid(evald, 0)[1]
    assert os.read(reader, 10_000) == pong(2)
    assert os.read(reader, 10_000) == b""
    os.close(reader)
    if forked:
        os.kill(forked, signal.SIGKILL)
        os.waitpid(forked, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert elapsed < 3


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs a subreaper")
def test_parent_death_with_unread_replies() -> None:
    """The worker holds both pipes and reads nothing: still within 3 s."""
    assert ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    script = """
import json, os, subprocess, sys, time
child = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
pid = os.fork()
if pid == 0:
    time.sleep(60)
    os._exit(0)
line = b'{"jsonrpc":"2.0","id":1,"method":"ping"}\\n'
child.stdin.write(line * 20000)
child.stdin.flush()
print(json.dumps([child.pid, pid]), flush=True)
time.sleep(60)
"""
    with subprocess.Popen(
        [sys.executable, "-c", script, binary()], stdout=subprocess.PIPE
    ) as owner:
        assert owner.stdout is not None
        evald, forked = json.loads(owner.stdout.readline())
        time.sleep(0.2)
        start = time.monotonic()
        owner.kill()
        owner.wait()
        handle = os.pidfd_open(evald)
        assert select.select([handle], [], [], PATIENCE)[0]
        elapsed = time.monotonic() - start
        os.close(handle)
        os.waitpid(evald, 0)
        os.kill(forked, signal.SIGKILL)
        os.waitpid(forked, 0)
    assert elapsed < 3
