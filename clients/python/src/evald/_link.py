"""The link to a daemon: a writer thread, a reader thread, and what happens when things go wrong.

Pushes and requests go into one queue, so they reach the daemon in the order in which they were
made. A Ctrl-C in the training loop neither tears a line nor skips a sequence number: those are
given out by the writer thread alone.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from . import _incoming, _wire, _writing
from ._connection import Connection
from ._errors import (
    ConnectionClosed,
    ConnectionLost,
    EvaldError,
    ForkedProcess,
    Interrupted,
    RequestTimeout,
    Stalled,
    StartFailed,
)
from ._outbox import Outbox
from ._outgoing import Item
from ._process import Process
from ._producer import Producer, Sender
from ._replies import Replies
from ._segments import open_ring
from ._shared import Ring
from ._subscriptions import Subscriptions
from ._teller import OnError, Teller
from ._unacknowledged import Barrier, Sent, Unacknowledged

_links: weakref.WeakSet[Link] = weakref.WeakSet()

_IN_USE = 3  # the exit status of a daemon whose state directory or name another one has


class Link(Teller):
    """One daemon, spoken to over the standard input and output of a process.

    Attributes:
        unacknowledged: what to send again over a new connection; None where a broken one is not
            made anew.
    """

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
        reconnect: bool = False,
        in_use_patience: float = 0.0,
    ) -> None:
        super().__init__(on_error)
        self._command, self._env = list(command), env
        self.timeout = timeout
        self.max_line_bytes = 1 << 26
        self.producers: dict[str, Producer] = {}
        self.outbox = Outbox(queue_bytes, push_timeout)
        self.replies = Replies()
        self.subscriptions = Subscriptions()
        self.ring: Ring | None = None
        self.closing = self._started = False
        self.unacknowledged = Unacknowledged(queue_bytes) if reconnect else None
        self.connection: Connection
        _links.add(self)
        self.server: dict[str, Any] = {}
        self._start(start_timeout, in_use_patience)
        self.ring = open_ring(self.server, shared_memory)
        self._writer = threading.Thread(
            target=_writing.run, args=(self,), name="evald-writer", daemon=True
        )
        self._writer.start()
        if self.connection.broken:  # before anybody was told of it
            self._ended(self.connection)

    @property
    def process(self) -> Process:
        """The process at the other end now."""
        return self.connection.process

    def connect(self) -> Connection:
        """Makes a connection; what it says is received from now on."""
        connection = Connection(self._command, self._env, self._received, self._ended)
        self.connection = connection
        connection.reader.start()
        return connection

    def greeted(self, server: dict[str, Any]) -> None:
        """Takes what a daemon says of itself."""
        self.server = server
        self.max_line_bytes = int(server["limits"]["max_line_bytes"])

    def _start(self, timeout: float, in_use_patience: float) -> None:
        deadline = time.monotonic() + in_use_patience
        kills = 0
        while True:
            connection = self.connect()
            try:
                self.greeted(connection.initialize(self.replies, timeout))
                self._started = True
                return
            except StartFailed:
                status = connection.process.status()
                # One whose owner was killed may have to write down what it had.
                waits = status == _IN_USE and time.monotonic() < deadline
                if status is not None and status < 0 and self.unacknowledged is not None:
                    kills += 1
                    waits = kills <= 3
                if not waits:
                    self.closing = True
                    connection.abort()
                    raise
                connection.abort()
                time.sleep(0.1)
            except BaseException:
                self.closing = True
                connection.abort()
                raise

    # Sending

    def send_push(self, producer: Sender | None, parts: list[bytes], size: int) -> bool:
        """Queues a push of so many bytes; false if it was dropped because no room came."""
        if not self.outbox.has_room(size, self._is_over):
            if self.trouble is None:
                self.notice(
                    Stalled(
                        f"evald (process {self.process.pid}) has taken nothing for "
                        f"{self.outbox.timeout:g} s; batches are dropped until it does",
                        hint="answers are marked as incomplete until the next mark",
                    )
                )
            return False
        self.outbox.add((producer, parts, 0), size)
        return True

    def _is_over(self) -> bool:
        return self.trouble is not None

    def _send(self, line: bytes) -> None:
        self.outbox.add((None, [line], 0), len(line))

    def request(
        self,
        method: str,
        params: Any,
        timeout: float | None = None,
        compose: Callable[[int], tuple[Sender | None, list[bytes]]] | None = None,
    ) -> Any:
        """Sends a request and waits for its result; `compose` makes the line of a push.

        Raises:
            EvaldError: of the kind that the daemon gives, or RequestTimeout, or why there is
                no connection.
        """
        if self.trouble is not None:
            raise self.trouble
        number = self.replies.number()
        if compose is None:
            item: Item = (None, [_wire.request(number, method, params)], number)
        else:
            item = (*compose(number), number)
        reply = self.replies.expect(number)
        answered = False
        try:
            self.outbox.add(item, sum(map(len, item[1])))
            if self.trouble is not None:  # lost between the check and the queue
                raise self.trouble
            seconds = self.timeout if timeout is None else timeout
            answered = reply.event.wait(seconds)
            if not answered:
                raise RequestTimeout(f"no reply to {method} within {seconds:g} s")
        finally:
            self.replies.forget(reply)
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
        self.outbox.queue.put(producer)

    def settle(self) -> None:
        """Waits until what was pushed is counted or refused, so that it is never sent again.

        Raises:
            EvaldError: RequestTimeout, or why there is no connection.
        """
        while self.unacknowledged is not None:
            barrier = Barrier()
            self.outbox.queue.put(barrier)
            if not barrier.event.wait(self.timeout):
                raise RequestTimeout(f"what was pushed was not taken within {self.timeout:g} s")
            if barrier.passed:
                return
            if self.trouble is not None:
                raise self.trouble

    def expect_less(self, stream: str | None) -> None:
        """Rows of a stream, or of all, are about to be taken back: should the connection break in
        the midst of that, what was counted is no measure of what must be there.
        """
        for name, producer in list(self.producers.items()):
            if stream is None or name == stream:
                producer.counted = 0

    # Threads

    def _ended(self, connection: Connection) -> None:
        """The reader thread has come to the end."""
        if connection is not self.connection or not self._started:
            return
        if self.unacknowledged is None or self.closing or self.trouble is not None:
            self.lose(connection.process.obituary())
        else:
            self.outbox.queue.put(True)  # wakes the writer thread, which makes it anew

    def _received(self, line: bytearray) -> None:
        _incoming.receive(self, line)

    def unsubscribe(self, subscription: Any) -> None:
        """Ends a subscription without waiting."""
        if self.trouble is None:
            self._send(_wire.notification("metric/unsubscribe", {"subscription": subscription}))

    def unknown(self, sent: Sent) -> None:
        """Tells of a push without a number whose connection broke."""
        error = Interrupted(
            "the connection broke, and a batch without a number can't be sent again: it could"
            " count twice",
            hint="give seq beside producer, or neither",
            data={"stream": sent.stream},
        )
        if self.unacknowledged is not None:
            self.unacknowledged.drop(lambda other: other is sent)
        if not sent.number or not self.replies.settle_with(sent.number, error):
            self.notice(error)

    def lose(self, why: str) -> None:
        """There is no connection any more, and none will be made."""
        if self.trouble is None:
            if self.closing:
                self.trouble = ConnectionClosed("this evald connection was closed")
            else:
                self.trouble = ConnectionLost(why, hint="start another evald to go on")
            self.alarm = True
        self.replies.fail(self.trouble)
        self.subscriptions.end()
        self.close_ring()

    def close_ring(self) -> None:
        ring, self.ring = self.ring, None
        if ring is not None:
            ring.close()

    # Ending

    def close(self, patience: float = 10.0) -> None:
        """Sends what is queued, ends the daemon and waits for it; a second call does nothing."""
        if self.closing or isinstance(self.trouble, ForkedProcess):
            return
        if threading.current_thread() in (self.connection.reader, self._writer):
            # A garbage collection in one of the threads that closing waits for.
            threading.Thread(target=self.close, name="evald-close").start()
            return
        if self.outbox.stalled:
            patience = min(patience, 2.0)
        deadline = time.monotonic() + patience
        try:
            while self.trouble is None:
                with contextlib.suppress(Interrupted):
                    self.request("shutdown", {}, max(0.1, deadline - time.monotonic()))
                    break
        except EvaldError:
            pass
        finally:
            self.closing = True
            self._send(_wire.notification("exit"))
            self.outbox.queue.put(None)
            self.process.end(max(0.5, deadline - time.monotonic()))
            self.close_ring()
        self.connection.reader.join(1.0)
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
