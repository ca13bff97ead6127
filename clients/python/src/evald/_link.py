"""The connection: a writer thread, a reader thread, and what happens when things go wrong.

Pushes and requests go into one queue, so they reach the daemon in the order in which they were
made. `queue.SimpleQueue.put` is safe in signal handlers and finalizers and can't be interrupted
half-way, so a Ctrl-C in the training loop neither tears a line nor skips a sequence number: those
are given out by the writer thread alone.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from queue import SimpleQueue
from typing import Any

from . import _wire
from ._errors import (
    ConnectionClosed,
    ConnectionLost,
    EvaldError,
    ForkedProcess,
    RequestTimeout,
    Stalled,
    StartFailed,
    from_wire,
)
from ._outgoing import JOIN_UP_TO, Item, compose_line, write_all
from ._process import Process
from ._producer import Producer
from ._replies import Replies
from ._shared import Ring, open_ring
from ._subscriptions import Subscriptions
from ._teller import OnError, Teller

_INITIALIZE = {
    "client": {"name": "evald-python", "version": "0.1.0"},
    "protocol_versions": [1],
    "capabilities": {"push_failed": True},
}

_links: weakref.WeakSet[Link] = weakref.WeakSet()


class Link(Teller):
    """One daemon, spoken to over its standard input and output."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        on_error: OnError,
        timeout: float,
        push_timeout: float,
        queue_bytes: int,
        start_timeout: float = 30.0,
        env: Mapping[str, str] | None = None,
        shared_memory: bool | None = None,
    ) -> None:
        super().__init__(on_error)
        self.timeout = timeout
        self.push_timeout = push_timeout
        self.queue_bytes = queue_bytes
        self.max_line_bytes = 1 << 26
        self.producers: dict[str, Producer] = {}
        self._queue: SimpleQueue[Item | Producer | None] = SimpleQueue()
        # Bytes put in and taken out. Not exact when several threads push at once; exact enough
        # for a bound, and made equal whenever the queue runs empty.
        self._put = self._taken = 0
        self._replies = Replies()
        self.subscriptions = Subscriptions()
        self.ring: Ring | None = None
        self._stalled = False
        self._closing = False
        self.process = Process(command, env)
        _links.add(self)
        self._writer = threading.Thread(target=self._write, name="evald-writer", daemon=True)
        self._reader = threading.Thread(target=self._read, name="evald-reader", daemon=True)
        self._writer.start()
        self._reader.start()
        self.server = self._initialize(start_timeout)
        self.ring = open_ring(self.server, shared_memory)

    def _initialize(self, timeout: float) -> dict[str, Any]:
        try:
            result = self.request("initialize", _INITIALIZE, timeout)
            limits = result["limits"]
            self.max_line_bytes = int(limits["max_line_bytes"])
        except (ConnectionLost, RequestTimeout) as error:
            self._abort()
            raise StartFailed(f"evald did not answer: {error.message}") from error
        except (KeyError, TypeError, ValueError) as error:
            self._abort()
            raise StartFailed(f"not an evald: its answer to initialize lacks {error}") from error
        except BaseException:
            self._abort()
            raise
        return dict(result)

    def _abort(self) -> None:
        self._closing = True
        self.process.kill()
        self._queue.put(None)
        self.process.end(1.0)

    # Sending

    def send_push(self, producer: Producer | None, parts: list[bytes], size: int) -> bool:
        """Queues a push of so many bytes; false if it was dropped because no room came."""
        if self._put - self._taken + size > self.queue_bytes and not self._wait_for_room(size):
            return False
        self._put += size
        self._queue.put((producer, parts))
        return True

    def _send(self, line: bytes) -> None:
        self._put += len(line)
        self._queue.put((None, [line]))

    def _wait_for_room(self, size: int) -> bool:
        deadline = time.monotonic() + (0 if self._stalled else self.push_timeout)
        while self._put - self._taken + size > self.queue_bytes and self._put > self._taken:
            if self.trouble is not None:
                return False
            if time.monotonic() >= deadline:
                self._stalled = True
                self.notice(
                    Stalled(
                        f"evald (process {self.process.pid}) has taken nothing for "
                        f"{self.push_timeout:g} s; batches are dropped until it does",
                        hint="answers are marked as incomplete until the next mark",
                    )
                )
                return False
            time.sleep(0.002)
        self._stalled = False
        return True

    def request(
        self,
        method: str,
        params: Any,
        timeout: float | None = None,
        compose: Callable[[int], Item] | None = None,
    ) -> Any:
        """Sends a request and waits for its result; `compose` makes the line of a push.

        Raises:
            EvaldError: of the kind that the daemon gives, or RequestTimeout, or why there is
                no connection.
        """
        if self.trouble is not None:
            raise self.trouble
        number = self._replies.number()
        if compose is None:
            item: Item = (None, [_wire.request(number, method, params)])
        else:
            item = compose(number)
        reply = self._replies.expect(number)
        answered = False
        try:
            self._put += sum(map(len, item[1]))
            self._queue.put(item)
            if self.trouble is not None:  # lost between the check and the queue
                raise self.trouble
            seconds = self.timeout if timeout is None else timeout
            answered = reply.event.wait(seconds)
            if not answered:
                raise RequestTimeout(f"no reply to {method} within {seconds:g} s")
        finally:
            self._replies.forget(reply)
            if not answered and self.trouble is None:
                self._send(_wire.notification("$/cancelRequest", {"id": number}))
        return reply.result()

    def glance(self, method: str, params: Any) -> Any:
        """The result of a question that must not keep anybody waiting nor tell what is untold.

        Raises:
            EvaldError: there is none.
        """
        return self.request(method, params, min(5.0, self.timeout))

    def renumber(self, producer: Producer) -> None:
        """Has the producer start afresh, after everything that is queued now."""
        self._queue.put(producer)

    # Threads

    def _write(self) -> None:
        queue, fd, more = self._queue, self.process.stdin, True
        while more:
            lines: list[bytes] = []
            size = 0
            # What waits goes out in one write: each gives the interpreter away and waits for it.
            while more:
                item = queue.get()
                if item is None:
                    more = False
                elif isinstance(item, Producer):
                    item.renew()
                else:
                    size += compose_line(*item, lines, self._replies)
                if size >= JOIN_UP_TO or queue.empty():
                    break
            if lines and self.trouble is None:
                try:
                    write_all(fd, lines, size)
                except OSError:
                    self._lose()
            self._taken += size
            if queue.empty():
                self._taken = self._put
        self.process.close_stdin()

    def _read(self) -> None:
        fd, rest = self.process.stdout, bytearray()
        with contextlib.suppress(OSError):
            while chunk := os.read(fd, 1 << 18):
                searched = len(rest)
                rest += chunk
                if rest.find(b"\n", searched) < 0:
                    continue
                *lines, last = rest.split(b"\n")
                rest = last
                for line in lines:
                    self._receive(line)
        self._lose()
        self.process.close_stdout()

    def _receive(self, line: bytearray) -> None:
        try:
            message = _wire.loads(line)
        except ValueError:
            message = None
        if not isinstance(message, dict):
            self.notice(EvaldError(f"evald sent what is not a message: {bytes(line[:80])!r}"))
        elif "method" in message:
            if message["method"] == "stream/push_failed":
                self._push_failed(message.get("params") or {})
            elif message["method"] == "metric/update":
                self._updated(message.get("params") or {})
            elif message["method"] == "metric/ended":
                self.subscriptions.ended(str((message.get("params") or {}).get("subscription")))
        elif not self._replies.settle(message) and "error" in message and not message.get("id"):
            self.notice(from_wire(message["error"]))

    def _push_failed(self, params: dict[str, Any]) -> None:
        nested = params.get("error")
        error = from_wire(nested if isinstance(nested, dict) else params)
        for name in ("stream", "producer", "seq"):
            error.data.setdefault(name, params.get(name))
        producer = self.producers.get(str(params.get("stream")))
        if producer is not None and producer.is_out_of_step(error, params.get("producer")):
            self.renumber(producer)
        if error.path.endswith("/shared_memory"):
            self._close_ring()  # the daemon can't see it: behind a wrapper, in another container
        self.notice(error)

    def _updated(self, params: dict[str, Any]) -> None:
        if not self.subscriptions.receive(params):
            self.unsubscribe(params.get("subscription"))  # of a request that was given up

    def unsubscribe(self, subscription: Any) -> None:
        """Ends a subscription without waiting."""
        if self.trouble is None:
            self._send(_wire.notification("metric/unsubscribe", {"subscription": subscription}))

    def _lose(self) -> None:
        if self.trouble is None:
            if self._closing:
                self.trouble = ConnectionClosed("this evald connection was closed")
            else:
                self.trouble = ConnectionLost(
                    self.process.obituary(), hint="its counts are gone; start another to go on"
                )
            self.alarm = True
        self._replies.fail(self.trouble)
        self.subscriptions.end()
        self._close_ring()

    def _close_ring(self) -> None:
        ring, self.ring = self.ring, None
        if ring is not None:
            ring.close()

    # Ending

    def close(self, patience: float = 10.0) -> None:
        """Sends what is queued, ends the daemon and waits for it; a second call does nothing."""
        if self._closing or isinstance(self.trouble, ForkedProcess):
            return
        if threading.current_thread() in (self._reader, self._writer):
            # A garbage collection in one of the threads that closing waits for.
            threading.Thread(target=self.close, name="evald-close").start()
            return
        if self._stalled:
            patience = min(patience, 2.0)
        deadline = time.monotonic() + patience
        try:
            if self.trouble is None:
                with contextlib.suppress(EvaldError):
                    self.request("shutdown", {}, patience)
        finally:
            self._closing = True
            self._send(_wire.notification("exit"))
            self._queue.put(None)
            self.process.end(max(0.5, deadline - time.monotonic()))
            self._close_ring()
        self._reader.join(1.0)
        self.trouble = ConnectionClosed("this evald connection was closed")
        self.alarm = True

    def forked(self) -> None:
        """In a forked child: only lets go of the pipes, so that the daemon isn't held up."""
        if self.trouble is None:
            self.trouble = ForkedProcess(
                "this process was forked from the one that started evald and has no connection",
                hint="start another evald here, or push from the parent",
            )
            self.process.abandon_after_fork()
            ring, self.ring = self.ring, None
            if ring is not None:
                ring.abandon_after_fork()
        self.forget()
        self.subscriptions.forget()
        self.alarm = True


def _after_fork() -> None:
    for link in list(_links):
        link.forked()


os.register_at_fork(after_in_child=_after_fork)
