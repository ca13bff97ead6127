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
    """The sequence of pushes of one connection to one stream. Only the writer thread steps it."""

    __slots__ = ("_format", "_leaving", "_seq", "dropped_batches", "name")

    def __init__(self) -> None:
        self.dropped_batches = 0
        self.renew()

    def renew(self) -> None:
        """Takes a new name and starts at 1.

        Going on under the old name would have to tell refusals of batches that were sent before
        from those sent since; a new name can't be confused with anything.
        """
        self.name = f"py-{os.getpid()}-{secrets.token_hex(3)}-{next(_incarnations)}"
        self._seq = 0
        self._leaving = False
        self._format = b',"producer":' + _wire.dumps(self.name) + b',"seq":%d}}\n'

    def tail(self) -> bytes:
        """The end of the next push's line."""
        self._seq += 1
        return self._format % self._seq

    def is_out_of_step(self, error: EvaldError, producer: object) -> bool:
        """Whether this refusal leaves the daemon waiting for a number that is spent here."""
        if error.kind in _USES_UP_ITS_NUMBER or producer not in (self.name, None) or self._leaving:
            return False
        self._leaving = True  # until the writer thread comes to it, once is enough
        return True


def explicit_tail(producer: str, seq: int | None) -> bytes:
    """The end of a line whose numbers the caller keeps, as a run that resumes does."""
    number = b"" if seq is None else b',"seq":%d' % seq
    return b',"producer":' + _wire.dumps(producer) + number + b"}}\n"
