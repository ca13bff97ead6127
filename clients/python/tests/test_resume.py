"""A trainer that is killed and goes on from its last torch checkpoint ends with the same numbers,
to the bit, as one that was not.

EVALD_KILLS=200 kills so often; a few times otherwise.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import evald

pytest.importorskip("torch")

KILLS = int(os.environ.get("EVALD_KILLS", "6"))
TRAINER = Path(__file__).with_name("resume_trainer.py")


class Trainers:
    """Runs trainers, one at a time, and kills them."""

    def __init__(self, binary: str) -> None:
        source = str(Path(evald.__file__).parents[1])
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", str(TRAINER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": source, "EVALD_BIN": binary},
        )

    def run(self, directory: Path, kind: str, kills: list[tuple[float, str]]) -> int:
        """The exit status of a trainer that is killed after these times, in these ways."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{directory} {kind}\n")
        self.process.stdin.flush()
        pid = int(self.process.stdout.readline())
        over = threading.Event()
        killer = threading.Thread(target=self._kill, args=(pid, kills, over))
        killer.start()
        status = int(self.process.stdout.readline())
        over.set()
        killer.join()
        return status

    def _kill(self, pid: int, kills: list[tuple[float, str]], over: threading.Event) -> None:
        for seconds, who in kills:
            if over.wait(seconds):
                return
            daemons = children(pid)
            targets = [*(daemons if who != "trainer" else ()), *([pid] if who != "daemon" else ())]
            for target in targets:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(target, signal.SIGKILL)
            if who != "daemon":
                return


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    found = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):  # of any of its threads
        with contextlib.suppress(OSError):
            found += [int(word) for word in path.read_text().split()]
    return found


@pytest.fixture(scope="module")
def trainers(real_binary: str) -> Iterator[Trainers]:
    if not os.path.exists("/proc/self/task"):
        pytest.skip("needs /proc")
    found = Trainers(real_binary)
    yield found
    found.process.communicate(timeout=60)


@pytest.fixture(scope="module")
def expected(trainers: Trainers, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, float]:
    """What a trainer that nobody kills says, and how long it takes."""
    directory = tmp_path_factory.mktemp("whole")
    started = time.monotonic()
    assert trainers.run(directory, "STATE", []) == 0, (directory / "stderr").read_text()
    return (directory / "result.json").read_text(), time.monotonic() - started


@pytest.mark.parametrize(
    ("kind", "ways"),
    [
        ("STATE", ["trainer"]),
        ("STATE", ["daemon"]),
        ("STATE", ["both"]),
        ("STATE", ["trainer", "daemon", "both"]),
        ("EMBED", ["trainer", "both"]),
    ],
    ids=["trainer", "daemon", "both", "any", "embedded"],
)
def test_the_same_numbers(
    trainers: Trainers,
    expected: tuple[str, float],
    tmp_path: Path,
    kind: str,
    ways: list[str],
) -> None:
    whole, seconds = expected
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    killed = 0
    starts = 0
    while True:
        kills: list[tuple[float, str]] = []
        while killed < KILLS and len(kills) < 3:
            kills.append((chance.uniform(0, seconds / 2), chance.choice(ways)))
            killed += 1
        status = trainers.run(tmp_path, kind, kills)
        starts += 1
        assert status in (0, signal.SIGKILL), (seed, (tmp_path / "stderr").read_text())
        if status == 0:
            if killed < KILLS:  # it came to its end before it was killed often enough
                for path in tmp_path.glob("*.*"):
                    path.unlink()
                continue
            break
    assert (tmp_path / "result.json").read_text() == whole, seed
