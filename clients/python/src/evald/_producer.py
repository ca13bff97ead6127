"""Names and numbers of pushes, so that nothing counts twice.

The daemon keeps, for each stream and producer, the number of the last batch it has taken. A
producer's name is unique to the process and the connection, and its numbers are given out as lines
are written.
"""

from __future__ import annotations

import itertools
import os
import secrets

from . import _wire
from ._errors import EvaldError

# A batch refused for what it holds uses up its number; after any other refusal the daemon still
# waits for it, and everything later would be out of sequence.
_USES_UP_ITS_NUMBER = frozenset({"InvalidBatch", "AlreadyRefused"})
_incarnations = itertools.count(1)


class Producer:
    """The sequence of pushes of one connection to one stream. Only the writer thread steps it.

    Attributes:
        stream: the stream's name.
        name: the producer's name on the wire.
        seq: the number that was given out last.
        counted: the number up to which the daemon has said that it took them.
        dropped_batches: batches that were dropped because the daemon took nothing.
    """

    __slots__ = ("_format", "_leaving", "counted", "dropped_batches", "name", "seq", "stream")

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.dropped_batches = 0
        self.renew()

    def renew(self) -> None:
        """Takes a new name and starts at 1.

        Going on under the old name would have to tell refusals of batches that were sent before
        from those sent since; a new name can't be confused with anything. For the same reason no
        run goes on under the name of an earlier one: its batches would pass for resent ones.
        """
        self.name = f"py-{os.getpid()}-{secrets.token_hex(3)}-{next(_incarnations)}"
        self.seq = self.counted = 0
        self._leaving = False
        self._format = b',"producer":' + _wire.dumps(self.name) + b',"seq":%d}}\n'

    def tail(self) -> bytes:
        """The end of the next push's line."""
        self.seq += 1
        return self._format % self.seq

    def is_out_of_step(self, error: EvaldError, producer: object) -> bool:
        """Whether this refusal leaves the daemon waiting for a number that is spent here."""
        if error.kind in _USES_UP_ITS_NUMBER or producer not in (self.name, None) or self._leaving:
            return False
        self._leaving = True  # until the writer thread comes to it, once is enough
        return True


class ExplicitSender:
    """A push whose number the caller keeps, as a run that resumes by itself does.

    Attributes:
        stream: the stream's name.
        name: the producer's name on the wire.
        seq: the number; 0 if the push has none, and could count twice if it were sent again.
    """

    __slots__ = ("_tail", "name", "seq", "stream")

    def __init__(self, stream: str, producer: str, seq: int | None) -> None:
        self.stream, self.name, self.seq = stream, producer, seq or 0
        number = b"" if seq is None else b',"seq":%d' % seq
        self._tail = b',"producer":' + _wire.dumps(producer) + number + b"}}\n"

    def tail(self) -> bytes:
        """The end of the push's line."""
        return self._tail


Sender = Producer | ExplicitSender
"""Who ends the line of a push."""
