"""Arrays that lie in shared memory, so that pushing them copies nothing.

Such an array belongs to whoever asked for it until it is pushed, and to the daemon from then on:
it becomes read-only, and its memory is given to nobody else before the last array that shows it is
gone, and the last push of it answered, or known not to have to be sent again. So there is nothing
to wait for: each batch takes a new one.

Read-only is an agreement; a tensor or an older view can still be written to. A loop that takes one
buffer for all batches is found out all the same: it pushes the same place to the same stream.
"""

from __future__ import annotations

import math
import weakref
from typing import Any, NamedTuple

from ._dtypes import BY_KIND
from ._parts import Block, Parts
from ._shared import Ring


class Buffer:
    """What an array in shared memory has for its base."""

    # `__array_interface__` is how numpy finds the memory, and the map keeps it there.
    __slots__ = ("__array_interface__", "__weakref__", "_map", "array", "block", "pushed", "ring")

    def __init__(
        self, ring: Ring, place: tuple[Block, int, Any], shape: tuple[int, ...], dtype: Any
    ) -> None:
        self.ring = ring
        self.block, address, self._map = place
        #: Streams, columns and places that it was pushed to and from.
        self.pushed: set[tuple[str, str, int]] = set()
        #: The array itself, as long as there is one.
        self.array: Any = lambda: None
        self.__array_interface__ = {
            "version": 3,
            "data": (address, False),
            "shape": shape,
            "typestr": dtype.str,
        }


class Lent(NamedTuple):
    """Part of a buffer, and where in the segment it begins."""

    buffer: Buffer
    start: int

    def put(self, name: str, head: bytes, value: Any, out: Parts) -> None:
        """Appends it as a column, of which the value is the array or tensor."""
        assert out.ring is not None
        out.ring.refer(head, self.buffer.block, self.start, out)
        if out.lent is None:
            out.lent = []
        out.lent.append((name, self, value))


# Bytes of a number, by its type.
_sizes: dict[Any, int] = {}


def _find_size(dtype: Any) -> int:
    if f"{dtype.kind}{dtype.itemsize}" not in BY_KIND or not dtype.isnative:
        raise TypeError(f"{dtype} has no place on the wire")
    _sizes[dtype] = size = int(dtype.itemsize)
    return size


def empty(ring: Ring | None, shape: Any, dtype: Any) -> Any:
    """An array of this shape and type: in shared memory if it can be, else an ordinary one.

    Raises:
        TypeError: a type that no column has.
    """
    import numpy

    dtype = numpy.dtype(dtype)
    itemsize = _sizes.get(dtype) or _find_size(dtype)
    sizes = tuple(map(int, shape)) if hasattr(shape, "__iter__") else (int(shape),)
    size = math.prod(sizes) * itemsize
    place = ring.lend(size) if ring is not None and size >= ring.least else None
    if ring is None or place is None:
        return numpy.empty(sizes, dtype)
    buffer = Buffer(ring, place, sizes, dtype)
    array = numpy.asarray(buffer)
    buffer.array = weakref.ref(array)
    ring.buffers[buffer.block.start] = buffer
    return array


def lent_array(value: Any, ring: Ring | None) -> Lent | None:
    """What an array of numpy is a part of; None if of no buffer of this ring, or in pieces."""
    buffer = value.base
    if type(buffer) is not Buffer:
        buffer = getattr(buffer, "base", None)  # of a view; numpy goes no further than that
    if type(buffer) is not Buffer or buffer.ring is not ring:
        return None
    if not value.flags.c_contiguous or not value.size:
        return None
    if buffer.array() is value:  # mostly, and where it begins need not be asked for
        return Lent(buffer, buffer.block.start)
    return Lent(buffer, buffer.ring.offset(value.__array_interface__["data"][0]))


def lent_tensor(value: Any, ring: Ring) -> Lent | None:
    """The same of a tensor on the processor, such as `torch.from_numpy` makes them."""
    start = ring.offset(value.data_ptr())
    if start < 0 or not value.is_contiguous() or not value.numel():
        return None
    buffer = ring.buffers.get(start)
    if buffer is not None:
        return Lent(buffer, start)
    for buffer in list(ring.buffers.values()):
        if 0 <= start - buffer.block.start < buffer.block.size:
            return Lent(buffer, start)
    return None


def give(parts: Parts, stream: str) -> None:
    """Makes the arrays of a line that is about to be sent read-only.

    Raises:
        ValueError: one was pushed to this column of this stream before.
    """
    for name, lent, _ in parts.lent or ():
        if (stream, name, lent.start) in lent.buffer.pushed:
            raise ValueError(
                f"column {name!r}: this part of the buffer was pushed to {stream!r} before, and may"
                " still be read; take a new one by empty() for each batch"
            )
    for name, lent, value in parts.lent or ():
        lent.buffer.pushed.add((stream, name, lent.start))
        for array in (value, lent.buffer.array()):
            if hasattr(array, "flags"):
                array.flags.writeable = False
