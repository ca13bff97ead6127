"""What the daemon says: replies, and notifications of refused batches and of new answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import _wire
from ._errors import EvaldError, from_wire

if TYPE_CHECKING:
    from ._link import Link


def receive(link: Link, line: bytearray) -> None:
    """A line that has come, in the reader thread."""
    try:
        message = _wire.loads(line)
    except ValueError:
        message = None
    if not isinstance(message, dict):
        link.notice(EvaldError(f"evald sent what is not a message: {bytes(line[:80])!r}"))
    elif "method" in message:
        if message["method"] == "stream/push_failed":
            _push_failed(link, message.get("params") or {})
        elif message["method"] == "metric/update":
            _updated(link, message.get("params") or {})
        elif message["method"] == "metric/ended":
            link.subscriptions.ended(str((message.get("params") or {}).get("subscription")))
    elif isinstance(number := message.get("id"), int):
        # Before who waits for it goes on: from here on it won't be sent again.
        if link.unacknowledged is not None:
            link.unacknowledged.answered(number)
        link.replies.settle(message)
        if link.ring is not None:
            link.ring.answered()
    elif "error" in message and not message.get("id"):
        link.notice(from_wire(message["error"]))


def _push_failed(link: Link, params: dict[str, Any]) -> None:
    nested = params.get("error")
    error = from_wire(nested if isinstance(nested, dict) else params)
    for name in ("stream", "producer", "seq"):
        error.data.setdefault(name, params.get(name))
    producer = link.producers.get(str(params.get("stream")))
    if link.unacknowledged is not None:
        which = [params.get(name) for name in ("stream", "producer", "seq")]
        link.unacknowledged.drop(lambda sent: [sent.stream, sent.producer, sent.seq] == which)
    if producer is not None and producer.is_out_of_step(error, params.get("producer")):
        link.renumber(producer)
    if error.path.endswith("/shared_memory"):
        link.close_ring()  # the daemon can't see it: behind a wrapper, in another container
    link.notice(error)


def _updated(link: Link, params: dict[str, Any]) -> None:
    if not link.subscriptions.receive(params):
        link.unsubscribe(params.get("subscription"))  # of a request that was given up
