"""Requests that wait for their reply."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Collection
from typing import Any, Protocol

from ._errors import EvaldError, from_wire


class Reply:
    """A place for one reply, and the event that it has come."""

    __slots__ = ("_message", "event", "number", "sent")

    def __init__(self, number: int) -> None:
        self.number = number
        self.event = threading.Event()
        self.sent = False
        self._message: dict[str, Any] | EvaldError | None = None

    def settle(self, message: dict[str, Any] | EvaldError | None) -> None:
        """Puts the reply, or why none will come, and wakes who waits."""
        self._message = message
        self.event.set()

    def result(self) -> Any:
        """The result, or the error raised."""
        message = self._message
        if isinstance(message, EvaldError):
            raise message
        if message is None or "error" in message:
            raise from_wire(message and message["error"])
        return message.get("result")


class Waiting(Protocol):
    """Whoever waits for a reply; `sent` says that the request has been written."""

    @property
    def sent(self) -> bool: ...

    def settle(self, message: dict[str, Any] | EvaldError | None) -> None:
        """Takes the reply, or why none will come."""


class Replies:
    """The replies that are waited for, by the number of their request."""

    def __init__(self) -> None:
        self._waiting: dict[int, Waiting] = {}
        self._numbers = itertools.count(1)

    def number(self) -> int:
        """A number that no request has had."""
        return next(self._numbers)

    def expect(self, number: int) -> Reply:
        """A place for the reply to this request."""
        reply = self._waiting[number] = Reply(number)
        return reply

    def wait(self, waiting: Waiting) -> int:
        """The number of a request that is written at once, and whose reply this takes."""
        number = self.number()
        self._waiting[number] = waiting
        return number

    def sent(self, number: int) -> None:
        """Notes that a request is about to be written."""
        reply = self._waiting.get(number)
        if isinstance(reply, Reply):
            reply.sent = True

    def forget(self, reply: Reply) -> None:
        """No longer waits for it."""
        self._waiting.pop(reply.number, None)

    def settle(self, message: dict[str, Any]) -> bool:
        """Gives a message to who waits for it; false if nobody does."""
        number = message.get("id")
        reply = self._waiting.pop(number, None) if isinstance(number, int) else None
        if reply is not None:
            reply.settle(message)
        return reply is not None

    def settle_with(self, number: int, error: EvaldError) -> bool:
        """Tells who waits for a reply why there is none; false if nobody does."""
        reply = self._waiting.pop(number, None)
        if reply is not None:
            reply.settle(error)
        return reply is not None

    def fail(self, error: EvaldError | None) -> None:
        """Tells everybody who waits that no reply will come."""
        for number in list(self._waiting):
            if (reply := self._waiting.pop(number, None)) is not None:
                reply.settle(error)

    def interrupt(self, error: EvaldError, spared: Collection[int]) -> None:
        """Tells so to those whose request was written, but for some that will be sent again."""
        for number, reply in list(self._waiting.items()):
            if reply.sent and number not in spared and self._waiting.pop(number, None) is not None:
                reply.settle(error)
