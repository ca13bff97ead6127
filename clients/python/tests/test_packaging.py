"""One `pip install` puts the native program into the package and on PATH."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import evald

PROJECT = Path(__file__).parents[1]


def pip_wheel(target: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "-w", str(target), str(PROJECT)]
    try:
        if int(importlib.metadata.version("setuptools").split(".")[0]) >= 77:
            command.append("--no-build-isolation")
    except importlib.metadata.PackageNotFoundError:
        pass
    return subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=300
    )


@pytest.fixture(scope="module")
def wheel(real_binary: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("wheel")
    done = pip_wheel(target, EVALD_BIN=real_binary)
    assert done.returncode == 0, done.stdout + done.stderr
    (found,) = target.glob("*.whl")
    return found


def test_the_wheel_is_for_any_python_3_on_this_platform(wheel: Path) -> None:
    name, version, python, abi, platform = wheel.stem.split("-")
    assert (name, version, python, abi) == ("evald", evald.__version__, "py3", "none")
    assert platform != "any"


def test_the_wheel_holds_the_program_and_all_modules(wheel: Path, real_binary: str) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        program = Path(real_binary).read_bytes()
        for name in ("evald/_bin/evald", f"evald-{evald.__version__}.data/scripts/evald"):
            assert archive.read(name) == program
            assert archive.getinfo(name).external_attr >> 16 & 0o111
        metadata = archive.read(f"evald-{evald.__version__}.dist-info/METADATA").decode()
    modules = {f"evald/{path.name}" for path in (PROJECT / "src" / "evald").glob("*.py")}
    assert modules | {"evald/py.typed"} <= names
    assert not any("entry_points" in name for name in names)
    # Nothing but the standard library at run time.
    assert not [
        line
        for line in metadata.splitlines()
        if line.startswith("Requires-Dist") and "extra ==" not in line
    ]


def test_installed_programs_run(wheel: Path, tmp_path: Path) -> None:
    installed = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(installed)], check=True)
    pip = [sys.executable, "-m", "pip", "--python", str(installed / "bin" / "python")]
    subprocess.run([*pip, "install", "-q", "--no-index", str(wheel)], check=True)
    clean = {
        name: text for name, text in os.environ.items() if name not in ("EVALD_BIN", "PYTHONPATH")
    }
    done = subprocess.run(
        [str(installed / "bin" / "evald"), "--version"], env=clean, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout.split()) == (0, ["evald", evald.__version__])
    script = (
        "import evald, os\n"
        "with evald.start() as ev:\n"
        "    s = ev.stream('a', 'scalar'); s.push(values=[1.0, 2.0])\n"
        "    print(s.query('mean')['mean'], os.readlink(f'/proc/{ev.pid}/exe'))"
    )
    done = subprocess.run(
        [str(installed / "bin" / "python"), "-c", script], env=clean, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    mean, program = done.stdout.split()
    assert mean == "1.5"
    assert program.endswith("evald/_bin/evald")


def test_without_swift_it_says_so(tmp_path: Path) -> None:
    done = pip_wheel(tmp_path, PATH=str(tmp_path), EVALD_BIN="")
    assert done.returncode != 0
    assert "swift is not on PATH" in done.stdout + done.stderr


def test_a_wrong_program_is_refused(tmp_path: Path) -> None:
    done = pip_wheel(tmp_path, EVALD_BIN="/nonexistent")
    assert done.returncode != 0
    assert "EVALD_BIN=/nonexistent is no program" in done.stdout + done.stderr
