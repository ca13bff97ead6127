"""Several clients of one evald that is live, and what becomes of them when it is not any more."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import evald
from conftest import Starter

Attacher = Callable[..., evald.Evald]


@pytest.fixture(autouse=True)
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory for sockets of its own; short, since the path of a socket must be."""
    root = Path(tempfile.mkdtemp(prefix="ev", dir="/tmp"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(root))
    yield root
    shutil.rmtree(root)


@pytest.fixture
def attach(real_binary: str) -> Iterator[Attacher]:
    started: list[evald.Evald] = []

    def start(target: str | None = None, **options: Any) -> evald.Evald:
        ev = evald.attach(target, binary=real_binary, **options)
        started.append(ev)
        return ev

    yield start
    for ev in started:
        ev._close(quietly=True)


def test_a_notebook_sees_the_stream_of_a_script(real: Starter, attach: Attacher) -> None:
    script = real(name="run42")
    val = script.stream("val", "binary")
    val.push(scores=[0.9, 0.2], labels=[1, 0])
    revision = val.query().revision
    notebook = attach("run42")
    seen = notebook.stream("val").query("f1", at_least_revision=revision)
    assert (seen.f1, seen.count) == (1.0, 2)
    notebook.close()
    val.push(scores=[0.4], labels=[1])
    assert val.query().count == 3


def test_the_only_one_needs_no_name(
    real: Starter, attach: Attacher, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(evald.StartFailed, match="no live evald"):
        attach()
    real(name="one").stream("of one", "binary")
    assert [row["stream"] for row in attach().list()] == ["of one"]
    real(name="two").stream("of two", "binary")
    with pytest.raises(evald.StartFailed, match=r"one, two|two, one"):
        attach()
    monkeypatch.setenv("EVALD_SOCK", str(place / "evald" / "two.sock"))
    assert [row["stream"] for row in attach().list()] == ["of two"]


def test_a_broken_bridge_is_built_again(real: Starter, attach: Attacher) -> None:
    script = real(name="run42")
    script.stream("loss", "scalar", metrics=["sum"])
    rank = attach("run42")
    loss = rank.stream("loss", "scalar", metrics=["sum"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", evald.EvaldWarning)
        for number in range(1000):
            loss.push(values=[1.0])
            if number % 200 == 100:
                assert rank.pid is not None
                with contextlib.suppress(ProcessLookupError):  # not up again since the last
                    os.kill(rank.pid, signal.SIGKILL)
        loss.flush()
    assert loss.query().sum == 1000
    assert script.stream("loss").query("sum").sum == 1000


def test_a_subscription_outlives_a_broken_bridge(real: Starter, attach: Attacher) -> None:
    loss = real(name="run42").stream("loss", "scalar", metrics=["sum"])
    notebook = attach("run42")
    news = notebook.stream("loss").subscribe(metrics=["sum"], min_interval=0.05)
    assert news.get(5) is not None
    assert notebook.pid is not None
    os.kill(notebook.pid, signal.SIGKILL)
    with pytest.warns(evald.EvaldWarning, match="went on where it was"):
        notebook.ping()
    loss.push(values=[3.0])
    found = news.get(5)
    while found is not None and found.sum != 3.0:
        found = news.get(5)
    assert found is not None
    news.close()
    assert found.sum == 3.0


def test_an_owner_that_is_gone_takes_its_counts_along(real: Starter, attach: Attacher) -> None:
    script = real(name="run42", on_error="warn")
    script.stream("loss", "scalar")
    loss = attach("run42").stream("loss", "scalar")
    loss.push(values=[1.0])
    loss.flush()
    assert script.pid is not None
    os.kill(script.pid, signal.SIGKILL)
    again = real(name="run42")  # another one, which knows nothing
    with pytest.warns(evald.EvaldWarning, match="has no stream 'loss'") as told:
        result = loss.query()
        loss.push(values=[1.0])
    assert len(told) == 1
    assert not result.complete
    assert len(again.list()) == 0


def test_a_shared_one_with_a_directory_comes_back(
    attach: Attacher, real_binary: str, tmp_path: Path
) -> None:
    """Two ranks, and an evald without an owner that is killed under them again and again."""
    args = ("--state", str(tmp_path), "--idle-exit", "1")
    ranks = [attach("ranks", or_start=True, args=args) for _ in range(2)]
    streams = [ev.stream("loss", "scalar", metrics=["sum"]) for ev in ranks]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", evald.EvaldWarning)
        for number in range(600):
            for stream in streams:
                stream.push(values=[1.0])
            if number % 200 == 100:
                ranks[number % 400 // 200].ping()  # it is there again since the last time
                done = subprocess.run([real_binary, "ps", "--json"], capture_output=True)
                (live,) = json.loads(done.stdout)
                os.kill(live["pid"], signal.SIGKILL)
        for stream in streams:
            stream.flush()
    assert [stream.query().sum for stream in streams] == [1200, 1200]


def test_many_starters_reach_one(attach: Attacher, real_binary: str) -> None:
    script = (
        "import evald, sys\n"
        "with evald.attach('ranks', or_start=True, args=('--idle-exit', '1')) as ev:\n"
        "    s = ev.stream('loss', 'scalar', metrics=['sum'])\n"
        "    s.push(values=[1.0] * 100, wait=True)\n"
        "    input()\n"
    )
    env = {
        **os.environ,
        "EVALD_BIN": real_binary,
        "PYTHONPATH": str(Path(evald.__file__).parents[1]),
    }
    ranks = [
        subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, env=env)
        for _ in range(6)
    ]
    ev = attach("ranks", or_start=True, args=("--idle-exit", "1"))
    loss = ev.stream("loss", "scalar", metrics=["sum"])
    while loss.query().sum != 600:
        assert all(rank.poll() is None for rank in ranks)
    for rank in ranks:
        rank.communicate(b"\n", timeout=60)
    assert [rank.returncode for rank in ranks] == [0] * 6


def test_disabled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALD_DISABLED", "1")
    assert evald.attach().stream("val", "binary").query().count == 0
