"""The writer thread: what it makes of the queue, and what it does when nobody takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._outgoing import JOIN_UP_TO, Item, compose_line, write_all
from ._parts import Parts
from ._producer import Producer
from ._recovery import recover
from ._unacknowledged import Barrier, Sent

if TYPE_CHECKING:
    from ._link import Link


def run(link: Link) -> None:
    """The writer thread, to its end."""
    queue, more = link.outbox.queue, True
    while more:
        lines: list[bytes] = []
        size = 0
        # What waits goes out in one write: each gives the interpreter away and waits for it.
        while more:
            item = queue.get()
            if item is None:
                more = False
            elif isinstance(item, Producer):
                _renew(link, item)
            elif isinstance(item, tuple):
                size += _compose(link, item, lines)
            elif isinstance(item, Barrier):
                size += _compose_barrier(link, item, lines)
            if size >= JOIN_UP_TO or queue.empty():
                break
        _hand_over(link, lines, size)
        link.outbox.took(size)
    link.process.close_stdin()


def _compose(link: Link, item: Item, lines: list[bytes]) -> int:
    sender, parts, number = item
    kept, first = link.unacknowledged, len(lines)
    if number:
        link.replies.sent(number)
    blocks = parts.blocks if kept is not None and isinstance(parts, Parts) else None
    size = compose_line(sender, parts, lines, link.replies)
    if kept is not None and sender is not None:
        line = lines[first : first + len(parts) + 1]
        if kept.add(Sent(sender, line, number, blocks)):
            lines += kept.flushes(link.replies)
    return size


def _compose_barrier(link: Link, barrier: Barrier, lines: list[bytes]) -> int:
    if link.unacknowledged is None or link.trouble is not None:
        barrier.end(False)
        return 0
    more = link.unacknowledged.flushes(link.replies, barrier)
    lines += more
    return sum(map(len, more))


def _renew(link: Link, producer: Producer) -> None:
    name = producer.name
    producer.renew()
    if link.unacknowledged is not None:
        link.unacknowledged.drop(lambda sent: sent.producer == name)


def _hand_over(link: Link, lines: list[bytes], size: int) -> None:
    kept, connection = link.unacknowledged, link.connection
    if lines and link.trouble is None and not connection.broken:
        try:
            write_all(connection.process.stdin, lines, size)
        except OSError:
            connection.broken = True
            if kept is None:
                link.lose(connection.process.obituary())
    if kept is not None and link.trouble is None:
        # It may break again before everything has been sent again.
        while link.connection.broken and not link.closing and link.trouble is None:
            recover(link)
        kept.wait_for_room(lambda: link.connection.broken or link.closing)
