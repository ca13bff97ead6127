"""Where the evald program is."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ._errors import BinaryNotFound


def find_binary(binary: str | os.PathLike[str] | None = None) -> str:
    """The path of the evald program.

    Looked for in this order: the argument, the environment variable EVALD_BIN, the program inside
    the installed package, and PATH. A place that was named explicitly is the only one tried.

    Raises:
        BinaryNotFound: with every place that was tried.
    """
    for source, place in (("binary=", binary), ("EVALD_BIN=", os.environ.get("EVALD_BIN"))):
        if place:
            found = shutil.which(os.fspath(place))
            if found:
                return os.path.abspath(found)
            raise BinaryNotFound(
                f"no program that can be run at {source}{os.fspath(place)}",
                hint="give the path of an evald program",
            )
    packaged = Path(__file__).parent / "_bin" / "evald"
    if os.access(packaged, os.X_OK):
        return str(packaged)
    found = shutil.which("evald")
    if found:
        return os.path.abspath(found)
    raise BinaryNotFound(
        "no evald program found. Tried: the argument binary= (not given), "
        f"EVALD_BIN (not set), {packaged} (not there), "
        f"evald on PATH ({os.environ.get('PATH', '')})",
        hint="pip install ./clients/python builds it, or set EVALD_BIN",
    )
