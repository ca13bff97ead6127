"""A new connection in place of a broken one: nothing lost, and nothing counted twice.

It is for daemons that keep what they have taken (a state directory) or that outlive a connection
(a shared one). Whether the new one really has what the old one had said to have is looked at, and
not believed.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ._errors import (
    ConnectionClosed,
    ConnectionLost,
    EvaldError,
    Interrupted,
    RequestTimeout,
    StartFailed,
    StreamNotFound,
)
from ._outgoing import write_all
from ._producer import Producer

if TYPE_CHECKING:
    from ._connection import Connection
    from ._link import Link
    from ._unacknowledged import Sent

# Seconds before each try: about 12 in all, for an owner that starts its daemon again.
_PAUSES = (0.0, 0.05, 0.1, 0.3, 0.5, 1.0, 2.0, 4.0, 4.0)
# So often without any progress, it is what is sent again that ends the daemon.
_FRUITLESS = 5
_HANDSHAKE = 30.0


class Gone(ConnectionLost):
    """What answers now has not what was counted before."""


def recover(link: Link) -> None:
    """Makes the connection of a link anew, in the writer thread; or sets its trouble.

    Requests that were written and not answered are told so: only who asked knows what to do. Pushes
    are sent again under their numbers, so that those that were counted are not counted twice.
    """
    kept = link.unacknowledged
    if kept is None:
        return
    why = link.connection.process.obituary()
    link.connection.abort()
    link.replies.interrupt(Interrupted(why), kept.numbers())
    kept.fruitless += 1
    if kept.fruitless > _FRUITLESS:
        link.lose(f"{why}\n(and so did those that were started again, {_FRUITLESS} in a row)")
        return
    for pause in _PAUSES:
        _wait(link, pause)
        if link.closing:
            break
        try:
            _connect(link)
        except Gone as error:
            link.connection.abort()
            link.lose(f"{why}. {error.message}")
            return
        except (StartFailed, ConnectionLost, RequestTimeout, OSError) as error:
            link.connection.abort()
            again = error.message if isinstance(error, EvaldError) else str(error)
        except ConnectionClosed:
            link.connection.abort()
            break
        except EvaldError as error:
            link.connection.abort()
            again = str(error)
            break
        else:
            link.remark("reconnected", f"{why}. A new connection went on where it was")
            return
    else:
        why += f". It could not be reached again: {again}"
    link.lose(why)


def _wait(link: Link, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not link.closing and time.monotonic() < end:
        time.sleep(0.02)


def _connect(link: Link) -> None:
    connection = link.connect()

    def is_over() -> bool:
        return link.closing

    def ask(method: str, params: Any) -> Any:
        return connection.ask(link.replies, method, params, _HANDSHAKE, is_over)

    link.greeted(connection.initialize(link.replies, _HANDSHAKE, is_over))
    assert link.unacknowledged is not None
    again = link.unacknowledged.again()
    applied: dict[str, Mapping[str, int]] = {}
    known = {name: one for name, one in link.producers.items() if one.counted}
    for stream in {*known, *(sent.stream for sent in again)}:
        try:
            applied[stream] = ask("stream/describe", {"stream": stream}).get("producers") or {}
        except StreamNotFound:
            raise Gone(f"The evald that answers now has no stream {stream!r}") from None
        producer = known.get(stream)
        if producer is not None and applied[stream].get(producer.name, 0) < producer.counted:
            raise Gone(f"The evald that answers now lacks rows of stream {stream!r}")
    _send_again(link, connection, again, applied)
    with link.subscriptions.subscribing():
        for name, params in link.subscriptions.orders():
            link.subscriptions.renew(name, ask("metric/subscribe", params))


def _send_again(
    link: Link,
    connection: Connection,
    again: list[Sent],
    applied: Mapping[str, Mapping[str, int]],
) -> None:
    assert link.unacknowledged is not None
    for sent in again:
        if not sent.seq:
            # Without a number it could count twice, or not at all. Whoever waits is told so.
            link.unknown(sent)
            continue
        is_known = sent.seq <= applied[sent.stream].get(sent.producer, 0)
        if is_known:
            link.unacknowledged.fruitless = 0
        if is_known and not sent.number and isinstance(sent.sender, Producer):
            continue
        write_all(connection.process.stdin, sent.line, sent.size)
    lines = link.unacknowledged.flushes(link.replies)
    if lines:
        write_all(connection.process.stdin, lines, sum(map(len, lines)))
