"""Builds the daemon with Swift and puts it into the wheel.

The program goes into the wheel twice: inside the package, where the client looks for it, and among
the scripts, so that `evald` in a shell is the native program itself and not a Python wrapper.

EVALD_BIN=/path/to/evald takes a program that is built already, and needs no Swift.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from setuptools import Command, Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build import build
from setuptools.command.build_py import build_py

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]


def native_program() -> Path:
    """The program to ship; built now, in the repository's own build directory, unless given."""
    given = os.environ.get("EVALD_BIN")
    if given:
        if not os.access(given, os.X_OK):
            raise SystemExit(f"EVALD_BIN={given} is no program that can be run")
        return Path(given).resolve()
    if not (REPOSITORY / "Package.swift").exists():
        raise SystemExit(
            f"no Package.swift in {REPOSITORY}: the daemon's sources are two directories above "
            "the client. Run `pip install ./clients/python` in a checkout of evald, or set "
            "EVALD_BIN to an evald program."
        )
    swift = shutil.which("swift")
    if swift is None:
        raise SystemExit(
            "swift is not on PATH, and the daemon is written in Swift 6. Install Swift from "
            "swift.org, or set EVALD_BIN to an evald program that is built already."
        )
    command = [swift, "build", "-c", "release", "--product", "evald"]
    command += ["--package-path", str(REPOSITORY)]
    # SwiftPM's messages go where pip shows them when something fails (or with -v).
    subprocess.run(command, check=True)
    where = subprocess.run(
        [*command, "--show-bin-path"], check=True, capture_output=True, text=True
    )
    return Path(where.stdout.strip().splitlines()[-1]) / "evald"


def put_program(directory: str) -> Path:
    """Copies the program into a directory."""
    target = Path(directory, "evald")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)  # one that runs can't be written over
    shutil.copyfile(native_program(), target)
    target.chmod(0o755)
    return target


class FreshBuild(build):
    """Builds in a new directory: files of an earlier build would end up in the wheel."""

    def initialize_options(self) -> None:
        super().initialize_options()
        self._fresh = tempfile.TemporaryDirectory(prefix="evald-build-")
        self.build_base = self._fresh.name


class PackageWithProgram(build_py):
    """The package, and the program as its data."""

    def run(self) -> None:
        super().run()
        package = HERE / "src" if self.editable_mode else Path(self.build_lib)
        put_program(str(package / "evald" / "_bin"))

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        program = os.path.join(self.build_lib, "evald", "_bin", "evald")
        return [*super().get_outputs(include_bytecode), program]


class ProgramAsScript(Command):
    """Instead of copying Python scripts: the program, byte for byte."""

    user_options = [("build-dir=", "d", "where to put it")]
    build_dir: str

    def initialize_options(self) -> None:
        self.build_dir = ""

    def finalize_options(self) -> None:
        if not self.build_dir:
            self.build_dir = self.get_finalized_command("build").build_scripts

    def run(self) -> None:
        put_program(self.build_dir)

    def get_source_files(self) -> list[str]:
        return []


class WithProgram(Distribution):
    """Holds machine code, though none that Python loads."""

    def has_ext_modules(self) -> bool:
        return True


class PlatformWheel(bdist_wheel):
    """For any Python 3, on this platform."""

    def get_tag(self) -> tuple[str, str, str]:
        return "py3", "none", super().get_tag()[2]


setup(
    distclass=WithProgram,
    scripts=["evald"],
    cmdclass={
        "build": FreshBuild,
        "build_py": PackageWithProgram,
        "build_scripts": ProgramAsScript,
        "bdist_wheel": PlatformWheel,
    },
)
