"""metric/update: answers that come by themselves, and who takes them.

The reader thread only puts updates into inboxes. Iterators take them out in their own thread, and
each callback has a thread of its own, so that a slow or failing one holds nothing up.
"""

from __future__ import annotations

import contextlib
import threading
import traceback
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ._errors import EvaldError, EvaldWarning
from ._producer import Producer
from ._result import Result
from ._warn import warn

if TYPE_CHECKING:
    from ._link import Link
    from ._quiet import AnyLink

_KEPT = 10_000  # updates that nobody has taken
_UPDATE_PATIENCE = 10.0  # seconds that close() waits for callbacks that are due


class Inbox:
    """Updates that have come and were not taken yet."""

    def __init__(self) -> None:
        self._updates: deque[Mapping[str, Any]] = deque()
        self._news = threading.Condition()
        self.ended = False
        self.missed = 0

    def put(self, update: Mapping[str, Any]) -> None:
        """Adds one; the oldest makes room where nobody takes any."""
        with self._news:
            if len(self._updates) >= _KEPT:
                self._updates.popleft()
                self.missed += 1
            self._updates.append(update)
            self._news.notify_all()

    def end(self) -> None:
        """No more will come. What has come can still be taken."""
        with self._news:
            self.ended = True
            self._news.notify_all()

    def take(self, timeout: float | None) -> Mapping[str, Any] | None:
        """The oldest; None if none came in time, or none will come."""
        with self._news:
            self._news.wait_for(lambda: self._updates or self.ended, timeout)
            return self._updates.popleft() if self._updates else None


class Subscriptions:
    """The inboxes of a connection, by the name of their subscription.

    An update may be read before the thread that subscribed has seen the reply: while anybody is
    subscribing, updates of unknown names are kept for who claims them.
    """

    def __init__(self) -> None:
        # A garbage collection may end a subscription in the midst of any of these methods.
        self._lock = threading.RLock()
        self._inboxes: dict[str, Inbox] = {}
        self._early: dict[str, Inbox] = {}
        # What was asked for, by the first name; and the name now, where it was asked for again.
        self._orders: dict[str, Mapping[str, Any]] = {}
        self._renamed: dict[str, str] = {}
        self._subscribing = 0
        self._ended = False

    @contextlib.contextmanager
    def subscribing(self) -> Iterator[None]:
        """Around a request to subscribe and the claim of its inbox."""
        with self._lock:
            self._subscribing += 1
        try:
            yield
        finally:
            with self._lock:
                self._subscribing -= 1
                if self._subscribing == 0:
                    self._early.clear()

    def claim(self, name: str, order: Mapping[str, Any]) -> Inbox:
        """The inbox of a subscription, with all that came for it."""
        with self._lock:
            self._orders[name] = order
            inbox = self._early.pop(name) if name in self._early else Inbox()
            self._inboxes[name] = inbox
            if self._ended:
                inbox.end()
            return inbox

    def orders(self) -> list[tuple[str, Mapping[str, Any]]]:
        """What is subscribed to, by the name that it has had from the start."""
        with self._lock:
            return list(self._orders.items())

    def renew(self, name: str, reply: Mapping[str, Any]) -> None:
        """Goes on with what a new connection answered to the same order."""
        now = str(reply["subscription"])
        with self._lock:
            inbox = self._inboxes.pop(self.current(name), None)
            early = self._early.pop(now, None)
            if inbox is None or name not in self._orders:
                return
            self._renamed[name] = now
            self._inboxes[now] = inbox
            if self._orders[name].get("on") != "mark":
                inbox.put(reply)
            while early is not None and (update := early.take(0)) is not None:
                inbox.put(update)

    def current(self, name: str) -> str:
        """The name that a subscription has now."""
        return self._renamed.get(name, name)

    def drop(self, name: str) -> None:
        """Nothing more is wanted."""
        with self._lock:
            inbox = self._inboxes.pop(self.current(name), None)
            self._orders.pop(name, None)
            self._renamed.pop(name, None)
        if inbox is not None:
            inbox.end()

    def ended(self, name: str) -> None:
        """The daemon has ended it: what has come can still be taken."""
        with self._lock:
            inbox = self._inboxes.pop(name, None)
            for first in [first for first in self._orders if self.current(first) == name]:
                del self._orders[first]
            if inbox is None and self._subscribing:
                inbox = self._early.setdefault(name, Inbox())
        if inbox is not None:
            inbox.end()

    def receive(self, update: Mapping[str, Any]) -> bool:
        """Puts an update where it belongs; false if nobody wants it."""
        name = str(update.get("subscription"))
        with self._lock:
            inbox = self._inboxes.get(name)
            if inbox is None and self._subscribing:
                inbox = self._early.setdefault(name, Inbox())
        if inbox is not None:
            inbox.put(update)
        return inbox is not None

    def end(self) -> None:
        """The connection is gone: whoever waits is woken."""
        with self._lock:
            self._ended = True
            inboxes = list(self._inboxes.values())
        for inbox in inboxes:
            inbox.end()

    def forget(self) -> None:
        """In a forked child, where other threads may have held a lock."""
        inboxes, self._inboxes, self._early = self._inboxes, {}, {}
        self._lock = threading.RLock()
        self._ended = True
        for inbox in inboxes.values():
            inbox._news = threading.Condition()
            inbox.ended = True


class Subscription:
    """Results that come by themselves, made by `Stream.subscribe`.

    Iterate over it, or call `get`; where a callback was given, a thread of the client takes them.
    It ends with `close`, as a context manager, with its connection, when its stream is deleted, or
    when it is garbage and has no callback. What came before the end is still given out.
    """

    def __init__(
        self,
        owner: Any,
        name: str,
        reply: Mapping[str, Any] | EvaldError,
        callback: Callable[[Result], object] | None,
        order: Mapping[str, Any],
    ) -> None:
        self._owner = owner  # kept, so that the connection lives as long as who waits for it
        self._link: AnyLink = owner._evald._link
        self._read = _Reading(name, owner._producer)
        self._callback = callback
        self._thread: threading.Thread | None = None
        self._inbox = Inbox()
        self._before: list[Result] = []
        self._id = ""
        self._on = on = order["on"]
        #: The answer at the time of subscribing.
        self.first: Result
        if isinstance(reply, EvaldError):
            self._inbox.end()
            self.first = Result({"stream": name}, error=reply)
            return
        self.first = self._read(reply)
        self._id = str(reply["subscription"])
        self._inbox = self._link.subscriptions.claim(self._id, order)
        self._finalizer = weakref.finalize(self, _unsubscribe, self._link, self._id)
        self._finalizer.atexit = False
        self._before = [self.first] if on == "change" else []
        if callback is not None:
            self._finalizer.detach()  # goes on although nobody holds it
            before, self._before = self._before, []
            self._thread = threading.Thread(
                target=_call,
                args=(callback, before, self._inbox, self._read),
                name="evald-callback",
                daemon=True,
            )
            self._thread.start()

    def __repr__(self) -> str:
        state = "closed" if self._inbox.ended else f"on {self._on}"
        return f"<evald subscription to {self._read.stream!r}, {state}>"

    @property
    def missed(self) -> int:
        """Updates that made room for newer ones because nobody took them."""
        return self._inbox.missed

    def __iter__(self) -> Iterator[Result]:
        return self

    def __next__(self) -> Result:
        found = self.get()
        if found is None:
            raise StopIteration
        return found

    def get(self, timeout: float | None = None) -> Result | None:
        """The next Result. None if none came within `timeout` seconds, or at the end.

        Raises:
            EvaldError: with `on_error="raise"`, why there is no connection any more.
        """
        if self._callback is not None:
            raise TypeError("the callback takes the updates of this subscription")
        if self._before:
            return self._before.pop()
        update = self._inbox.take(timeout)
        if update is not None:
            return self._read(update)
        if self._id and self._link.alarm:
            self._link.surface()
        return None

    def close(self) -> None:
        """Ends it; a second call does nothing.

        Callbacks that are due are still called, and `close` waits for them.
        """
        name, self._id = self._id, ""
        if name:
            self._finalizer.detach()
            if self._link.trouble is None:
                with contextlib.suppress(EvaldError):
                    now = self._link.subscriptions.current(name)
                    self._link.request("metric/unsubscribe", {"subscription": now})
            self._link.subscriptions.drop(name)
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(_UPDATE_PATIENCE)

    def __enter__(self) -> Subscription:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("a subscription can't be pickled or copied")


class _Reading:
    """Makes a Result of an update."""

    def __init__(self, stream: str, producer: Producer) -> None:
        self.stream = stream
        self._producer = producer

    def __call__(self, update: Mapping[str, Any]) -> Result:
        return Result(update, dropped=self._producer.dropped_batches)


def _unsubscribe(link: Link, name: str) -> None:
    link.unsubscribe(link.subscriptions.current(name))
    link.subscriptions.drop(name)


def _call(
    callback: Callable[[Result], object], first: list[Result], inbox: Inbox, read: _Reading
) -> None:
    """A callback's thread. It holds neither the stream nor the connection alive."""
    told = False
    while True:
        update = None if first else inbox.take(None)
        if not first and update is None:
            return
        try:
            callback(first.pop() if update is None else read(update))
        except Exception as error:
            if not told:
                told = True
                _tell(error, callback, read.stream)


def _tell(error: Exception, callback: Callable[[Result], object], stream: str) -> None:
    where = traceback.extract_tb(error.__traceback__)[-1]
    name = getattr(callback, "__qualname__", repr(callback))
    try:
        warn(
            f"the callback {name} of a subscription to {stream!r} raised"
            f" {type(error).__name__}: {error} ({where.filename}, line {where.lineno})."
            " It will be called again; this is told once"
        )
    except EvaldWarning:  # where warnings are errors
        traceback.print_exc()
