"""EVALD_DISABLED: the connection that isn't there, and what is answered without one."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from typing import Any

from ._errors import EvaldError
from ._link import Link
from ._producer import Producer, Sender
from ._result import Harmless, Record
from ._subscriptions import Subscriptions
from ._teller import OnError


def is_disabled() -> bool:
    """Whether EVALD_DISABLED asks for doing nothing."""
    return os.environ.get("EVALD_DISABLED", "").lower() not in ("", "0", "false", "no", "off")


class NoLink:
    """Stands in for a Link, takes everything and does nothing."""

    alarm = True
    on_error: OnError = "warn"
    max_line_bytes = 1 << 62
    ring = None
    unacknowledged = None

    def __init__(self) -> None:
        self.trouble = EvaldError("EVALD_DISABLED is set", kind="Disabled")
        self.producers: dict[str, Producer] = {}
        self.server: dict[str, Any] = {}
        self.subscriptions = Subscriptions()

    def surface(self) -> bool:
        """Nothing is ever told; and there is no connection."""
        return False

    def request(
        self, method: str, params: Any, timeout: float | None = None, compose: Any = None
    ) -> Any:
        """Never called, since `surface` is false."""
        raise self.trouble

    def glance(self, method: str, params: Any) -> Any:
        """Refuses."""
        raise self.trouble

    def send_push(self, producer: Sender | None, parts: list[bytes], size: int) -> bool:
        """Drops the push."""
        return True

    def notify(self, method: str, params: Any) -> None:
        """Drops the notification."""

    def settle(self) -> None:
        """Nothing is on its way."""

    def expect_less(self, stream: str | None) -> None:
        """Nothing was counted."""

    def renumber(self, producer: Producer) -> None:
        """Nothing to number."""

    def tell(self, error: EvaldError, text: str) -> None:
        """Says nothing."""

    def tell_notices(self) -> None:
        """Says nothing."""

    def close(self, patience: float = 0.0) -> None:
        """Nothing to close."""


AnyLink = Link | NoLink


class HarmlessBest(Record):
    """`best` without a daemon: no label and nan, for any metric."""

    def __missing__(self, name: str) -> Record:
        return Record(label=None, value=math.nan)


def _confusion() -> Record:
    names = ("true_positives", "false_positives", "true_negatives", "false_negatives")
    return Record(dict.fromkeys(names, 0))


def _choice() -> Record:
    nan = math.nan
    return Record(threshold=nan, value=nan, confusion=_confusion(), precision=nan, recall=nan)


def _threshold() -> Record:
    return Record(
        _choice(), at_default=_choice(), all_positive=Record(value=math.nan), reason="no_rows"
    )


def _calibration() -> Record:
    names = ("reliability", "resolution", "uncertainty", "within_bin")
    decomposition = Record(dict.fromkeys(names, math.nan))
    return Harmless(brier_decomposition=decomposition, bins=[])


#: The answer without a daemon, for the methods whose answers are not plain.
_ANSWERS: dict[str, Callable[[], Record]] = {
    "threshold/optimize": _threshold,
    "calibration/query": _calibration,
    "stream/push": lambda: Record(count=0, total_count=0, revision=0, duplicate=False),
    "stream/flush": lambda: Record(applied={}, durable={}, rejected=Record(batches=0, rows=0)),
}


def harmless(method: str) -> Record:
    """What `method` answers when there is no daemon: of the right shape, empty or nan."""
    return _ANSWERS.get(method, Harmless)()
