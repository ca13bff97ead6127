"""Exceptions, one class for each kind of error.

The class statements below are the table: a class's name is the `kind` on the wire and `code` its
JSON-RPC code. `from_wire` looks a kind up there, so that a new kind of the daemon needs one class
here and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class EvaldError(Exception):
    """Anything that goes wrong between this process and evald.

    Attributes:
        kind: the stable name of the error, such as `"InvalidBatch"`.
        message: what happened, in one sentence.
        path: a JSON pointer into the request, as far as the row, or `""`.
        hint: what to do about it, or `""`.
        code: the JSON-RPC code; 0 for errors that this client found itself.
        data: whatever else the daemon said, such as `expected` of an OutOfSequence.
    """

    code: int = 0
    _kinds: ClassVar[dict[str, type[EvaldError]]] = {}

    def __init_subclass__(cls, code: int = 0) -> None:
        super().__init_subclass__()
        cls.code = code
        EvaldError._kinds[cls.__name__] = cls

    def __init__(
        self,
        message: str,
        *,
        path: str = "",
        hint: str = "",
        kind: str | None = None,
        code: int | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> None:
        self.kind = kind or type(self).__name__
        self.message = message
        self.path = path
        self.hint = hint
        self.data: dict[str, Any] = dict(data or {})
        if code is not None:
            self.code = code
        super().__init__(message)

    def __str__(self) -> str:
        text = f"{self.kind}: {self.message}"
        if self.path:
            text += f" (at {self.path})"
        if self.hint:
            text += f". Hint: {self.hint}"
        return text

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions cross process borders in multiprocessing and pytest-xdist.
        return _rebuild, (type(self), self.message, self.__dict__.copy())


def _rebuild(cls: type[EvaldError], message: str, state: dict[str, Any]) -> EvaldError:
    error = cls(message)
    error.__dict__.update(state)
    return error


class ParseError(EvaldError, code=-32700):
    """The daemon could not read a line as JSON: a bug of this client, never expected."""


class TooDeep(EvaldError, code=-32700):
    """Arrays or objects nested deeper than the daemon's `max_depth`."""


class LineTooLong(EvaldError, code=-32700):
    """A message longer than the daemon's `max_line_bytes`; push in smaller batches."""


class InvalidRequest(EvaldError, code=-32600):
    """A message that is not a JSON-RPC request, or comes after `shutdown`."""


class MethodNotFound(EvaldError, code=-32601):
    """The daemon has no such method."""


class InvalidParams(EvaldError, code=-32602):
    """A parameter is missing, unknown or of the wrong kind."""


class InternalError(EvaldError, code=-32603):
    """A bug of the daemon."""


class RequestCancelled(EvaldError, code=-32800):
    """The request was cancelled before it was answered."""


class StreamNotFound(EvaldError, code=1001):
    """No stream has this name."""


class SchemaMismatch(EvaldError, code=1002):
    """The stream is open already, with another task, options or slices."""


class InvalidBatch(EvaldError, code=1003):
    """A batch was refused for what it holds; nothing of it was counted."""


class UnknownTask(EvaldError, code=1004):
    """The daemon has no such task."""


class UnknownMetric(EvaldError, code=1005):
    """The stream's task has no such metric."""


class NotApplicable(EvaldError, code=1006):
    """The method makes no sense for this stream, as a threshold of a regression."""


class CheckpointNotFound(EvaldError, code=1007):
    """No checkpoint has this name."""


class OutOfSequence(EvaldError, code=1011):
    """A batch came with a number further on than the next; `data["expected"]` is the next."""


class AlreadyRefused(EvaldError, code=1012):
    """A batch of this number was refused before."""


class DuplicateIds(EvaldError, code=1013):
    """Streams that share ids can't be merged where ids are unique."""


class ResumeRefused(EvaldError, code=1014):
    """`resume` asked for a stream that exists, or for one that doesn't."""


class Overloaded(EvaldError, code=1021):
    """The daemon has no room for more replies at the moment."""


class MemoryLimit(EvaldError, code=1022):
    """The daemon's `--max-memory` would be exceeded."""


class DurabilityFailed(EvaldError, code=1023):
    """The batch could not be written to the state directory."""


class TooManyValues(EvaldError, code=1024):
    """More classes, slice values or the like than the stream may hold."""


class UnsupportedProtocol(EvaldError, code=1031):
    """Daemon and client share no protocol version."""


class StateTooNew(EvaldError, code=1032):
    """A saved state was written by a later evald."""


class StateDamaged(EvaldError, code=1033):
    """A saved state fails its checksum."""


class BinaryNotFound(EvaldError):
    """No evald program was found; the message lists every place tried."""


class StartFailed(EvaldError):
    """The program was found but did not come up."""


class ConnectionLost(EvaldError):
    """The daemon ended, or closed a pipe, before this process was done with it."""


class Interrupted(ConnectionLost):
    """The connection broke in the midst of a call: whether it was carried out is not known."""


class ConnectionClosed(EvaldError):
    """The connection was used after `close()`."""


class ForkedProcess(EvaldError):
    """A forked child used the connection of its parent, which it does not share."""


class Stalled(EvaldError):
    """The daemon has taken nothing for `push_timeout` seconds and the queue is full."""


class RequestTimeout(EvaldError):
    """No reply within `timeout` seconds; the request was cancelled."""


class EvaldWarning(UserWarning):
    """What `on_error="warn"` says instead of raising."""


def kinds() -> dict[str, type[EvaldError]]:
    """Every kind of error and its class."""
    return dict(EvaldError._kinds)


def from_wire(error: Any) -> EvaldError:
    """The exception for the `error` member of a reply, or for what a notification tells.

    A kind that this client does not know becomes a plain `EvaldError` with that kind.
    """
    body = error if isinstance(error, dict) else {}
    data = body.get("data")
    details = dict(data) if isinstance(data, dict) else {}
    # push_failed carries kind, path and hint on the same level as the message.
    for key in ("kind", "path", "hint"):
        if key not in details and isinstance(body.get(key), str):
            details[key] = body[key]
    kind = str(details.pop("kind", "") or "EvaldError")
    code = body.get("code")
    return EvaldError._kinds.get(kind, EvaldError)(
        str(body.get("message", "the daemon gave no reason")),
        path=str(details.pop("path", "") or ""),
        hint=str(details.pop("hint", "") or ""),
        kind=kind,
        code=code if isinstance(code, int) else None,
        data=details,
    )
