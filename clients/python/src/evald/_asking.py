"""Questions to the daemon: what becomes of the errors, and of those whose connection broke."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ._errors import (
    ConnectionClosed,
    ConnectionLost,
    EvaldError,
    ForkedProcess,
    Interrupted,
    RequestTimeout,
    StreamNotFound,
)
from ._quiet import AnyLink

# Whatever was done of these, doing it again comes to the same.
_REPEATABLE = frozenset(
    {
        *("ping", "server/status", "rpc.discover", "stream/list", "stream/describe"),
        *("stream/open", "stream/flush", "stream/checkpoint", "stream/rollback"),
        *("stream/reset", "stream/delete", "state/export"),
    }
)
_REPEATABLE_FAMILIES = ("metric/", "threshold/", "calibration/", "curve/", "slice/")

# Before these, pushes are waited for: none may be sent again after them, into other rows.
_AFTER_ALL_PUSHES = frozenset(
    {"stream/mark", "stream/rollback", "stream/reset", "stream/delete", "state/merge"}
)
# After these a daemon rightly has less than it had said to have.
_TAKES_BACK = frozenset({"stream/rollback", "stream/reset", "stream/delete"})

Found = Callable[[], Any]
"""Finds out what became of an interrupted request: its reply, or None if it was not carried out."""


def ask(
    link: AnyLink,
    method: str,
    params: Any,
    compose: Any = None,
    on_refusal: Callable[[EvaldError], None] | None = None,
    found: Found | None = None,
) -> Any:
    """The result; or, where errors only warn and there is no daemon, the reason as a value."""
    if link.alarm and not link.surface():
        return link.trouble
    try:
        if method in _AFTER_ALL_PUSHES:
            link.settle()
            if method in _TAKES_BACK:
                link.expect_less(params.get("stream"))
        reply = _request(link, method, params, compose, found)
        # Refusals that came while waiting, of pushes before this. An exception takes the place of
        # an answer, which can be asked for again; after what changed something it keeps for later.
        if link.alarm and (link.on_error == "warn" or _is_question(method)):
            link.surface()
        return reply
    except Interrupted as error:
        link.tell(error, f"{error}. Training goes on without the answer")
        return error
    except (ConnectionLost, ForkedProcess):
        link.surface()
        return link.trouble
    except RequestTimeout as error:
        link.tell(error, f"{error}. Training goes on without the answer")
        return error
    except ConnectionClosed:
        raise
    except EvaldError as error:
        if on_refusal is not None:
            on_refusal(error)
        raise


def _request(link: AnyLink, method: str, params: Any, compose: Any, found: Found | None) -> Any:
    is_again = False
    while True:
        try:
            return link.request(method, params, compose=compose)
        except Interrupted as error:
            reply = None if found is None else found()
            if reply is not None:
                return reply
            if found is None and not _is_repeatable(method):
                raise Interrupted(
                    f"the connection broke during {method}, and was made anew ({error.message})",
                    hint="whether it was carried out is not known: look at stream/describe",
                ) from error
            params, is_again = _again(params), True
        except StreamNotFound:
            if is_again and method == "stream/delete":
                return {}
            raise


def _is_repeatable(method: str) -> bool:
    return method in _REPEATABLE or method.startswith(_REPEATABLE_FAMILIES)


def _is_question(method: str) -> bool:
    return method.startswith(_REPEATABLE_FAMILIES) and "subscribe" not in method


def _again(params: Any) -> Any:
    """The parameters for another try: a stream that must be new may be there by the first."""
    if isinstance(params, Mapping) and params.get("resume") == "never":
        return {**params, "resume": "allow"}
    return params
