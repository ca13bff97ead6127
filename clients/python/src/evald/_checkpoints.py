"""Checkpoints that go with those of a model: `state_dict` and `load_state_dict`.

A checkpoint is kept by evald under a name that nothing else has, so a name can't be taken for
another run's. Where evald forgets it at its end, what it holds is embedded.
"""

from __future__ import annotations

import base64
import contextlib
import os
import secrets
import tempfile
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ._errors import CheckpointNotFound, EvaldError, StateDamaged, StreamNotFound, TooManyValues

if TYPE_CHECKING:
    from ._client import Evald
    from ._upkeep import Upkeep

_FORMAT = 1
_INLINE_BYTES = 1 << 24  # longer ones go through a file instead of a line


def save_stream(stream: Upkeep, embed: bool | None, keep: int | None) -> dict[str, Any]:
    """The checkpoint of a stream, as something to save."""
    name = f"state_dict {secrets.token_hex(8)}"
    params: dict[str, Any] = {"name": name, "stream": stream.name}
    found = stream._evald._ask("stream/checkpoint", _kept(params, keep))
    if isinstance(found, EvaldError):
        return {"format": _FORMAT, "stream": stream.name}
    return _saved(stream._evald, stream.name, name, found, embed)


def save_all(ev: Evald, embed: bool | None, keep: int | None) -> dict[str, Any]:
    """The checkpoint of all streams, as something to save."""
    name = f"state_dict {secrets.token_hex(8)}"
    found = ev._ask("stream/checkpoint", _kept({"name": name}, keep))
    names = [] if isinstance(found, EvaldError) else found["streams"]
    streams = {stream: _saved(ev, stream, name, found, embed) for stream in names}
    return {"format": _FORMAT, "streams": streams}


def _kept(params: dict[str, Any], keep: int | None) -> dict[str, Any]:
    return params if keep is None else {**params, "keep": keep}


def _saved(
    ev: Evald, stream: str, name: str, found: Mapping[str, Any], embed: bool | None
) -> dict[str, Any]:
    saved = {
        "format": _FORMAT,
        "stream": stream,
        "checkpoint": name,
        "revision": found["streams"][stream],
        "directory": ev.state or "",
    }
    facts = ev._ask("stream/describe", {"stream": stream})
    if not isinstance(facts, EvaldError) and facts["revision"] == saved["revision"]:
        # Nobody pushed in between, so these are the checkpoint's.
        saved |= {key: facts[key] for key in ("count", "total_count", "marks", "producers")}
    if ev.state is None if embed is None else embed:
        saved["state"] = _exported(ev, stream, name)
    return saved


def _exported(ev: Evald, stream: str, name: str) -> bytes:
    params = {"stream": stream, "checkpoint": name}
    try:
        reply = ev._ask("state/export", params)
        return b"" if isinstance(reply, EvaldError) else base64.b64decode(reply["state"])
    except TooManyValues:
        pass
    with tempfile.TemporaryDirectory(prefix="evald-") as directory:
        path = os.path.join(directory, "state")
        ev._ask("state/export", {**params, "path": path})
        with open(path, "rb") as file:
            return file.read()


def load_stream(stream: Upkeep, state: Mapping[str, Any] | None) -> None:
    """Takes a stream back; None is the beginning."""
    if state is None:
        stream.reset()
    else:
        name = _checked(state).get("stream")
        if name != stream.name:
            raise ValueError(
                f"this is the state of {f'stream {name!r}' if name else 'all streams'},"
                f" not of stream {stream.name!r}"
            )
        _require(stream._evald, [state])
        _load(stream._evald, state)
    stream._start_afresh()
    stream._evald._resumed.add(stream.name)


def load_all(ev: Evald, state: Mapping[str, Any] | None) -> None:
    """Takes all streams back; None is the beginning."""
    if state is not None and "streams" not in _checked(state):
        raise ValueError(f"this is the state of stream {state.get('stream')!r}, not of all streams")
    streams: Mapping[str, Mapping[str, Any]] = {} if state is None else state["streams"]
    _require(ev, streams.values())
    reply = ev._ask("stream/list", {})
    there = [] if isinstance(reply, EvaldError) else [row["stream"] for row in reply["streams"]]
    for name in there:
        if name not in streams:
            ev._ask("stream/reset", {"stream": name})
    for saved in streams.values():
        _load(ev, saved)
    ev._start_afresh()
    ev._resumed |= {*there, *streams}


def _checked(state: Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(state, Mapping) or "format" not in state:
        raise ValueError("this was not made by state_dict")
    if state["format"] > _FORMAT:
        raise ValueError(f"this is of a newer evald: format {state['format']}")
    return state


def _require(ev: Evald, states: Iterable[Mapping[str, Any]]) -> None:
    """Before anything is changed: evald has each checkpoint, or it is embedded."""
    if ev._link.trouble is not None:
        return  # which is told, or is no trouble: EVALD_DISABLED
    for state in states:
        name = state.get("checkpoint")
        if name is None:
            raise CheckpointNotFound(
                f"stream {state.get('stream')!r} was saved without evald",
                hint="EVALD_DISABLED was set, or evald had died",
            )
        if "state" in state or name in _checkpoints(ev, state["stream"]):
            continue
        raise CheckpointNotFound(
            f"this evald has no checkpoint {name!r} of stream {state['stream']!r}",
            path="/params/name",
            hint=_advice(ev, state.get("directory") or ""),
        )


def _advice(ev: Evald, directory: str) -> str:
    if directory and directory != ev.state:
        return f"it was kept in the state directory {directory}: start evald with that"
    if directory:
        return "evald keeps the last 16, or as many as keep= said: older ones need embed=True"
    return "state_dict(embed=True) saves the rows themselves, for any evald to load"


def _checkpoints(ev: Evald, stream: str) -> list[str]:
    try:
        reply = ev._ask("stream/describe", {"stream": stream})
    except StreamNotFound:
        return []
    # Without a daemon nothing is looked for.
    return [] if isinstance(reply, EvaldError) else list(reply["checkpoints"])


def _load(ev: Evald, state: Mapping[str, Any]) -> None:
    if ev._link.trouble is not None:
        return
    params = {"stream": state["stream"], "name": state["checkpoint"]}
    if "state" in state and state["checkpoint"] not in _checkpoints(ev, state["stream"]):
        with _given(bytes(state["state"])) as given:
            ev._ask("stream/rollback", {**params, **given})
    else:
        ev._ask("stream/rollback", params)
        # Made anew, it is the youngest: a run that is killed again and again before its next
        # checkpoint is saved must not lose the one that it goes back to.
        kept = len(_checkpoints(ev, state["stream"]))
        ev._ask("stream/checkpoint", {**params, "keep": max(16, kept)})
    facts = ev._ask("stream/describe", {"stream": state["stream"]})
    if isinstance(facts, EvaldError):
        return
    for key in ("count", "total_count", "marks"):
        if key in state and facts[key] != state[key]:
            raise StateDamaged(
                f"stream {state['stream']!r} came back with {key} {facts[key]}, not {state[key]}"
            )


@contextlib.contextmanager
def _given(data: bytes) -> Any:
    """The parameters for a state of any length."""
    if len(data) <= _INLINE_BYTES:
        yield {"state": base64.b64encode(data).decode("ascii")}
        return
    with tempfile.NamedTemporaryFile(prefix="evald-") as file:
        file.write(data)
        file.flush()
        yield {"path": file.name}
