"""Exported states on their way into a stream."""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING, Any

from ._errors import EvaldError, Interrupted, StreamNotFound

if TYPE_CHECKING:
    from ._client import Evald

State = bytes | str | os.PathLike[str]
"""A state, or the path of the file that holds it."""


def merge_state(ev: Evald, name: str, state: State) -> Any:
    """Merges a state; twice it never counts, also where the connection breaks meanwhile."""
    before = _revision(ev, name) if ev._link.unacknowledged is not None else None

    def found() -> Any:
        if _revision(ev, name) != before:
            raise Interrupted(
                "the connection broke while a state was merged, and was made anew",
                hint="whether it counts is not known: look at the counts of the stream",
            )

    return ev._ask("state/merge", {"stream": name, **_params(state)}, found=found)


def _params(state: State) -> dict[str, str]:
    if isinstance(state, (bytes, bytearray, memoryview)):
        return {"state": base64.b64encode(state).decode("ascii")}
    return {"path": os.path.abspath(state)}


def _revision(ev: Evald, name: str) -> Any:
    """How far a stream is; -1 if it is not there."""
    try:
        reply = ev._ask("stream/describe", {"stream": name})
    except StreamNotFound:
        return -1
    return None if isinstance(reply, EvaldError) else reply.get("revision")
