"""EVALD_DISABLED, event loops, and where the program is looked for."""

from __future__ import annotations

import asyncio
import math
import os
import shutil
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

import evald
from conftest import Starter
from evald._binary import find_binary


@pytest.fixture
def disabled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALD_DISABLED", "1")
    monkeypatch.setenv("EVALD_BIN", "/nonexistent")


@pytest.mark.usefixtures("disabled")
def test_disabled_is_a_training_run_without_evald() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with evald.start(on_error="raise") as ev:
            val = ev.stream("val", "binary", metrics=["f1"], slices=["language"])
            best = -1.0
            for epoch in range(3):
                assert val.push(scores=[0.5], labels=[1]) is None
                reply = val.push(scores=[0.5], labels=[1], wait=True)
                assert reply.count == 0
                row = val.mark(f"epoch {epoch}", loss=0.5)
                assert (row["label"], row["loss"]) == (f"epoch {epoch}", 0.5)
                if row["f1"] > best:
                    best = row["f1"]
                assert f"{row['f1']:.3f} {row.roc_auc:.3f}" == "nan nan"
            assert best == -1.0
            result = val.query("f1")
            assert math.isnan(result["f1"])
            assert not result.complete
            assert "EVALD_DISABLED" in repr(result)
            chosen = val.threshold("f1", min_precision=0.9)
            assert math.isnan(chosen.threshold)
            assert chosen.at_default.confusion.true_positives == 0
            assert math.isnan(val.calibration().brier_decomposition.reliability)
            assert list(val.calibration().bins) == []
            assert len(val.curve("roc")) == 0
            assert math.isnan(val.curve("roc").area)
            for table in (val.history(), val.slices("language"), val.thresholds([0.5])):
                assert list(table) == []
            assert math.isnan(val.best["f1"].value)
            assert val.slices("language").gaps == {}
            for act in (val.reset, val.delete, ev.ping, val.describe, ev.status, ev.list):
                act()
            assert val.flush(acknowledge=True).rejected.batches == 0
            assert ev.rollback(val.checkpoint("a").name) is not None
            assert list(ev.catalog()) == []
            assert ev.pid is None
            assert ev.stderr == []
            assert "disabled" in repr(ev)


@pytest.mark.usefixtures("disabled")
def test_disabled_still_refuses_nothing_and_starts_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    evald.start("/nonexistent").close()
    for off in ("", "0", "false"):
        monkeypatch.setenv("EVALD_DISABLED", off)
        with pytest.raises(evald.BinaryNotFound):
            evald.start("/nonexistent")


def test_under_a_running_event_loop(fake: Starter) -> None:
    async def train() -> tuple[int, int]:
        ev = fake()
        stream = ev.stream("val", "binary")
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0)

        other = asyncio.create_task(tick())
        for _ in range(50):
            stream.push(x=[0.5])
            await asyncio.sleep(0)
        count = stream.query().count
        again = await asyncio.to_thread(stream.query)
        assert again.count == count
        other.cancel()
        return count, ticks

    count, ticks = asyncio.run(train())
    assert count == 50
    assert ticks >= 50


def copy_of_true(directory: Path, name: str = "evald") -> str:
    directory.mkdir(parents=True, exist_ok=True)
    target = directory / name
    shutil.copy(shutil.which("true") or "/bin/true", target)
    return str(target)


def test_where_the_program_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EVALD_BIN", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    monkeypatch.setattr("evald._binary.__file__", str(tmp_path / "package" / "_binary.py"))
    with pytest.raises(evald.BinaryNotFound) as caught:
        find_binary()
    for place in ("binary=", "EVALD_BIN", str(tmp_path / "package/_bin/evald"), "nowhere"):
        assert place in str(caught.value)

    on_path = copy_of_true(tmp_path / "path")
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    assert find_binary() == on_path
    packaged = copy_of_true(tmp_path / "package" / "_bin")
    assert find_binary() == packaged
    named = copy_of_true(tmp_path / "named", "other")
    monkeypatch.setenv("EVALD_BIN", named)
    assert find_binary() == named
    argument = copy_of_true(tmp_path / "argument")
    assert find_binary(argument) == argument
    assert find_binary(Path(argument)) == argument
    # A place that was named is the only one: another program would be a surprise.
    with pytest.raises(evald.BinaryNotFound, match="binary=/nope"):
        find_binary("/nope")
    monkeypatch.setenv("EVALD_BIN", "/nope")
    with pytest.raises(evald.BinaryNotFound, match="EVALD_BIN=/nope"):
        find_binary()


def test_a_program_that_can_not_be_run(tmp_path: Path) -> None:
    broken = tmp_path / "evald"
    broken.write_bytes(b"\x7fELF rubbish")
    broken.chmod(0o755)
    with pytest.raises(evald.StartFailed, match="could not be started"):
        evald.start(broken)


def test_environment_variables_are_added(fake: Starter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALD_TEST_KEPT", "1")
    ev = fake(env={"EVALD_TEST_ADDED": "2"})
    environment = Path(f"/proc/{ev.pid}/environ")
    if not environment.exists():
        pytest.skip("no /proc")
    found = environment.read_bytes().split(b"\0")
    assert b"EVALD_TEST_ADDED=2" in found
    assert b"EVALD_TEST_KEPT=1" in found


def test_the_daemon_inherits_nothing_but_its_pipes(fake: Starter) -> None:
    with open(os.devnull) as file:
        os.set_inheritable(file.fileno(), True)
        ev = fake()
        opened = Path(f"/proc/{ev.pid}/fd")
        if not opened.exists():
            pytest.skip("no /proc")
        assert sorted(int(name) for name in os.listdir(opened)) == [0, 1, 2]
        assert os.getsid(ev.pid or 0) == ev.pid  # out of reach of the terminal's Ctrl-C


def test_python_m_evald_is_the_program(tmp_path: Path) -> None:
    from programs import run

    done = run(
        "import runpy; runpy.run_module('evald', run_name='__main__')",
        env={"EVALD_BIN": copy_of_true(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    assert sys.version_info >= (3, 10)


def test_settings_have_types_that_are_shipped() -> None:
    assert (Path(evald.__file__).parent / "py.typed").exists()
    everything: dict[str, Any] = vars(evald)
    assert all(name in everything for name in evald.__all__)
