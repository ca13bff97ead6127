"""What goes wrong while nobody waits for it, and how the next caller is told."""

from __future__ import annotations

from collections import deque
from typing import Literal

from ._errors import ConnectionClosed, EvaldError
from ._warn import warn

OnError = Literal["warn", "raise"]
"""What becomes of errors that no call of the training loop is waiting for."""

_NOTICES_KEPT = 1000


class Teller:
    """Keeps what is to be told. Threads of the connection only add; callers are told.

    Attributes:
        alarm: there is something to tell before the next call does anything; the one thing that
            a push looks at.
        trouble: why there is no connection (any more), or None.
    """

    def __init__(self, on_error: OnError) -> None:
        if on_error not in ("warn", "raise"):
            raise ValueError(f'on_error is "warn" or "raise", not {on_error!r}')
        self.on_error = on_error
        self.alarm = False
        self.trouble: EvaldError | None = None
        self._notices: deque[EvaldError] = deque(maxlen=_NOTICES_KEPT)
        self._remarks: deque[str] = deque(maxlen=_NOTICES_KEPT)
        self._told: set[str] = set()

    def notice(self, error: EvaldError) -> None:
        """Keeps something to tell."""
        self._notices.append(error)
        self.alarm = True

    def remark(self, kind: str, text: str) -> None:
        """Keeps something to say that is no error: one warning a kind, whatever `on_error` is."""
        if kind not in self._told:
            self._told.add(kind)
            self._remarks.append(text)
            self.alarm = True

    def untold(self) -> list[EvaldError]:
        """What was never told, for a warning at the end."""
        notices = [item for item in self._notices if item.kind not in self._told]
        self._notices.clear()
        return notices

    def forget(self) -> None:
        """Starts anew, as a forked child does."""
        self._notices.clear()
        self._remarks.clear()
        self._told = set()

    def surface(self) -> bool:
        """Tells what has gone wrong since the last call; true if the connection still works.

        With `on_error="raise"` it raises, with `"warn"` it warns: once for each kind of refusal
        and once for a connection that is gone.
        """
        self.tell_notices()
        trouble = self.trouble
        self.alarm = trouble is not None
        if trouble is None:
            return True
        if isinstance(trouble, ConnectionClosed):
            raise trouble
        self.tell(trouble, f"{trouble}. Training goes on; pushes do nothing and answers are empty")
        return False

    def tell_notices(self) -> None:
        """Tells of batches that were not counted, and of what else happened."""
        while self._remarks:
            warn(self._remarks.popleft())
        while self._notices:
            notice = self._notices.popleft()
            stream = notice.data.get("stream")
            where = f" of stream {stream!r}" if stream else ""
            text = f"a batch{where} was not counted. {notice}. Answers say so until the next mark"
            self.tell(notice, text)

    def tell(self, error: EvaldError, text: str) -> None:
        """Raises, or warns unless this kind was told before."""
        if self.on_error == "raise":
            raise error
        if error.kind not in self._told:
            self._told.add(error.kind)
            warn(text)
