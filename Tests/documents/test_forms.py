"""What is compiled for better processors stays where it is asked for."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from markdown import ROOT

OBJECTS = sorted(
    path
    for target in ("RowLoopsAVX2", "RowLoopsAVX512", "WireAVX2")
    for path in (ROOT / ".build" / "release" / f"{target}.build").glob("*.o")
)


@pytest.mark.skipif(not OBJECTS, reason="there is no release build of this checkout")
@pytest.mark.skipif(shutil.which("nm") is None, reason="there is no nm")
@pytest.mark.parametrize("path", OBJECTS, ids=lambda path: path.name)
def test_no_function_of_a_form_can_take_the_place_of_another(path: object) -> None:
    """A linker keeps one of all weak functions of a name, which other processors may not have."""
    listed = subprocess.run(["nm", str(path)], capture_output=True, text=True, check=True).stdout
    functions = [line for line in listed.splitlines() if " T " in line or " t " in line]
    assert functions or "reflection_version" in listed
    assert [line for line in listed.splitlines() if " W " in line] == []
