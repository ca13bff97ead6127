"""`attach`: the client of an evald that another program started."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from typing import Any

from ._binary import find_binary
from ._client import Evald
from ._errors import StartFailed
from ._quiet import is_disabled


def attach(
    target: str | os.PathLike[str] | None = None,
    *,
    or_start: bool = False,
    args: Sequence[str] = (),
    binary: str | os.PathLike[str] | None = None,
    **options: Any,
) -> Evald:
    """Reaches a live evald: a notebook that of a training script, all ranks of a machine one.

        with evald.attach("run42") as ev:
            print(ev.stream("val").query())

    Closing it ends this client alone. A connection that breaks is made anew as long as the evald
    lives, or is started again from its state directory; each push counts once.

    Args:
        target: its name, as given by `evald.start(name=…)` or `evald serve`, or the path of its
            socket. Left out: the environment variable EVALD_SOCK, else the only one that is live.
        or_start: starts one that has no owner if none is live; of many that do so at once, all
            reach the same one.
        args: arguments for the one that is started, such as `("--state", "runs/42")`.
        binary: the evald program, as of `evald.start`.
        options: further arguments of `Evald`, such as `on_error=`.

    Raises:
        StartFailed: there is none, or there are several and none was named.
    """
    program = "" if is_disabled() else find_binary(binary)
    if target is None:
        target = os.environ.get("EVALD_SOCK") or (program and _the_only_one(program))
    flags = ["--or-start", *args] if or_start else list(args)
    command = ["attach", os.fspath(target), *flags]
    return Evald(program or None, args=command, **{"reconnect": True, **options})


def _the_only_one(program: str) -> str:
    done = subprocess.run([program, "ps", "--json"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise StartFailed(f"evald ps failed: {done.stderr.strip()}")
    live = json.loads(done.stdout)
    if len(live) == 1:
        return str(live[0]["name"] or live[0]["path"])
    names = ", ".join(str(one["name"] or one["path"]) for one in live)
    raise StartFailed(
        f"there are {len(live)} live evalds: {names}" if live else "there is no live evald",
        hint="name the one that is meant" if live else 'evald.start(name="run42") makes one',
    )
