"""Every call of the whole daemon on its state directory failing in turn; failing_calls.py says how."""

from __future__ import annotations

import base64
import contextlib
import itertools
import random
import resource
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from failing_calls import (
    USAGE,
    Fault,
    Run,
    can_trace,
    expected,
    opened,
    session,
    step,
)
from state_model import Step, ask, told
from support import PATIENCE, Daemon, daemon, ping, pong

TORN = random.Random(1).randbytes(100)
NAMES = "rename,renameat,renameat2"


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A directory of two snapshots, a journal and its torn end, and what was acknowledged."""
    if not can_trace():
        pytest.skip("no strace, or it may not look on")
    state = tmp_path_factory.mktemp("grown") / "state"
    run = Run(state, ends=False)
    steps = list(session())
    for part in (steps[:3], steps[3:6], steps[6:]):
        evald = Daemon("--state", str(state))
        for each in part:
            assert run.take(evald, each)
        if part is steps[6:]:
            evald.process.kill()
        evald.end()
    journal = max(state.glob("wal-*"), key=lambda path: path.stat().st_mtime_ns)
    with journal.open("ab") as file:
        file.write(TORN)
    return run


def lives(folder: Path, grown: Run, fault: Fault) -> Iterator[tuple[Run, bool]]:
    """Sessions in which the call fails at the first place, the second and so on, to one without a fault: in
    a new directory, where evald is killed at the end, and in one with files, where it writes a snapshot.
    """
    for ends in (False, True):
        for first in itertools.count(1):
            run = Run(folder / f"{ends}-{first}", ends)
            if ends:
                shutil.copytree(grown.state, run.state)
                run.done, run.changes = list(grown.done), grown.changes
            steps = list(session(4, 2) if ends else session())
            was_met = run.under(replace(fault, first=first), steps)
            run.check()
            if ends:
                # The torn end is kept aside.
                kept = list((run.state / "quarantine").glob("wal-*"))
                assert TORN in [path.read_bytes() for path in kept], fault
            yield run, was_met
            if not was_met:
                break


@pytest.mark.parametrize(
    ("calls", "error", "lasts", "least"),
    [
        ("write", "ENOSPC", False, 30),
        *(
            (calls, "EIO", lasts, least)
            for calls, least in {
                "write": 30,
                "fsync": 10,
                "fdatasync": 30,
                NAMES: 5,
                "open,openat": 20,
                "unlink,unlinkat": 1,
            }.items()
            # Once, and from there on.
            for lasts in (False, True)
        ),
    ],
)
def test_whichever_call_fails(
    tmp_path: Path, grown: Run, calls: str, error: str, lasts: bool, least: int
) -> None:
    """What is acknowledged is there, what is refused is not, and goes when it is sent again."""
    met = 0
    for run, was_met in lives(tmp_path, grown, Fault(calls, error, 1, lasts)):
        met += was_met
        assert run.told == was_met, run
    assert met >= least


@pytest.mark.parametrize("calls", ["pwrite64", "ftruncate"])
def test_what_fails_without_harm(tmp_path: Path, grown: Run, calls: str) -> None:
    """The number in the lock file is for people; only a torn end must be cut off."""
    for run, was_met in lives(tmp_path, grown, Fault(calls, "EIO", 1)):
        assert run.refusals == 0
        assert run.told == (was_met and run.ends and run.state.name[-1] != "1")


def test_a_call_that_is_interrupted_is_made_again(tmp_path: Path, grown: Run) -> None:
    met = 0
    for run, was_met in lives(tmp_path, grown, Fault("write", "EINTR", 1)):
        met += was_met
        assert not run.told
    assert met >= 30


@pytest.mark.parametrize("calls", ["write", "fdatasync"])
def test_what_cannot_be_cut_off_is_left_behind(
    tmp_path: Path, grown: Run, calls: str
) -> None:
    """Nor can the end of the journal be cut: it is given up, and all is written to other files."""
    also = "ftruncate:error=EIO:when=2+"
    met = 0
    for run, was_met in lives(tmp_path, grown, Fault(calls, "EIO", 1, also=also)):
        # Where a torn end cannot be cut off there is no start.
        met += was_met and not run.ends
        assert run.told == (was_met or run.ends)
    assert met >= 10


# Numbers for a journal that is worth a snapshot soon, and for what it takes then: under strace each read of a
# large line takes its time.
COUNTS = [*(1 << 20 for _ in range(7)), (1 << 20) - 1000, 2000, 1]


def halves(seq: int) -> Step:
    """The push of this number, of as many halves as `COUNTS` says."""
    packed = base64.b64encode(struct.pack("<d", 0.5) * COUNTS[seq - 1]).decode()
    values = {"dtype": "float64", "base64": packed}
    return step("stream/push", "plain", batch={"values": values}, producer="p", seq=seq)


@pytest.mark.parametrize(
    ("files", "calls", "first"),
    [
        *(("/snap-", "write", first) for first in (1, 40)),
        *(("/snap-", calls, 1) for calls in ("open,openat", "fdatasync", NAMES)),
        ("/wal-", "open,openat", 1),
        # The first write is that of a push.
        ("/wal-", "write", 2),
        ("/wal-", "fdatasync", 1),
        *(("/MANIFEST", calls, 1) for calls in ("write", NAMES)),
        ("", "fsync", 1),
    ],
)
def test_a_snapshot_beside_the_pushes_that_fails(
    tmp_path: Path, files: str, calls: str, first: int
) -> None:
    """It is told, and takes nothing with it."""
    if not can_trace():
        pytest.skip("no strace, or it may not look on")
    state, log = tmp_path / "state", tmp_path / "log"
    run = Run(state, ends=False)
    fault = Fault(calls, "EIO", first, files=(files,))
    with daemon("--state", str(state), "--durability", "os") as evald:
        assert run.take(evald, step("stream/open", "plain", task="scalar"))
        assert all(run.take(evald, halves(seq)) for seq in range(1, 9))
        command = [*fault.command(state, log), "-p", str(evald.process.pid)]
        with subprocess.Popen(command) as strace, contextlib.ExitStack() as stack:
            # strace ends with what it looks at.
            stack.callback(evald.process.kill)
            tracer = Path(f"/proc/{evald.process.pid}/status")
            while "TracerPid:\t0\n" in tracer.read_text():
                assert strace.poll() is None
            assert run.take(evald, halves(9))
            error = None
            while error is None:
                time.sleep(0.05)
                status = ask(evald, {"method": "server/status"})["durability"]
                error = status["error"]
            assert fault.reason.decode() in error
            deadline = time.monotonic() + PATIENCE
            # What is to be written anew is tried once a second.
            while not run.take(evald, halves(10)):
                assert time.monotonic() < deadline
                time.sleep(0.1)
        assert fault.was_met(log.read_text())
    with daemon("--state", str(state)) as evald:
        status = ask(evald, {"method": "server/status"})["durability"]
        assert status["written_records"] == run.changes == 11
        found = ask(evald, step("metric/query", "plain", metrics=["sum"]))
        assert (found["count"], found["values"]["sum"]) == (
            sum(COUNTS),
            sum(COUNTS) / 2,
        )
        assert ask(evald, halves(10))["duplicate"]


# How long files may become at most.
MOST = resource.getrlimit(resource.RLIMIT_FSIZE)[1]


def allow(evald: Daemon, size: int = MOST) -> None:
    """Files may become so long from here on."""
    resource.prlimit(evald.process.pid, resource.RLIMIT_FSIZE, (size, MOST))


@pytest.mark.skipif(sys.platform != "linux", reason="prlimit is Linux's")
def test_a_record_that_is_written_in_part(tmp_path: Path) -> None:
    """The system takes the first bytes of a record and no more."""
    run = Run(tmp_path / "state", ends=False)
    evald = Daemon("--state", str(run.state))
    try:
        evald.ask(ping()[:-1])
        (journal,) = run.state.glob("wal-*")
        for each in session():
            size = journal.stat().st_size
            for taken in (0, 1, 30):
                allow(evald, size + taken)
                assert not run.take(evald, each)
                assert journal.stat().st_size == size
            allow(evald)
            assert run.take(evald, each)
        done = tuple(run.done)
        assert told(evald, opened(done)) == expected(done)
    finally:
        evald.process.kill()
        evald.process.communicate()
    run.check()


@pytest.mark.skipif(sys.platform != "linux", reason="prlimit is Linux's")
def test_a_start_that_may_write_in_part(tmp_path: Path) -> None:
    refused = 0
    for most in range(0, 120, 7):
        run = Run(tmp_path / str(most), ends=False)
        evald = Daemon(
            "--state",
            str(run.state),
            preexec_fn=partial(resource.setrlimit, resource.RLIMIT_FSIZE, (most, MOST)),
        )
        output, log = evald.process.communicate(ping(), PATIENCE)
        status = evald.process.returncode
        refused += status == USAGE
        assert (status, output) in ((USAGE, b""), (0, pong())), log
        assert (b"File too large" in log) == (status == USAGE)
        run.check()
    assert 10 < refused < 18
