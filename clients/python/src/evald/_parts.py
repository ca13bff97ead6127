"""A line in pieces, and the blocks of shared memory that it speaks of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._shared import Ring

# What becomes of a block: it is free, waits to be read, or is somebody's array.
FREE, SENT, LENT = 0, 1, 2


class Block:
    """The space of a push's columns, or of an array; free again when the last reference is gone.

    Whatever becomes of a push (written and answered, dropped, refused half-way by a TypeError,
    interrupted), its blocks can neither be lost nor be freed too early.
    """

    __slots__ = ("record", "size", "start")

    def __init__(self, record: list[int], size: int) -> None:
        self.record = record
        self.start = record[0]
        self.size = size

    def __del__(self) -> None:
        self.record[2] = FREE


class Hold:
    """Keeps blocks in use until a ping is answered for whose reply nobody waits."""

    __slots__ = ("_blocks", "_ring")
    sent = True

    def __init__(self, ring: Ring, blocks: list[Block]) -> None:
        self._ring, self._blocks = ring, blocks

    def settle(self, message: object) -> None:
        """Lets go of them, whatever the reply is."""
        self._blocks = []
        self._ring.heard()


class Parts(list[bytes]):
    """A line in pieces, and the blocks of shared memory that it speaks of.

    Attributes:
        ring: where columns may be put, if anywhere.
        blocks: those that the line speaks of.
        lent: arrays in shared memory among its columns: which they are a part of, and where.
    """

    ring: Ring | None = None
    blocks: list[Block] | None = None
    lent: list[tuple[Any, Any, int]] | None = None
