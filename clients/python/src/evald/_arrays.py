"""Arrays as packed columns: `{"dtype": …, "shape": […], "base64": "…"}`, spliced as bytes.

A push runs inside somebody's training loop, so what can be known beforehand (the text before the
base64, for a name, dtype and shape) is made once and looked up. Nothing here imports numpy or
torch: their types are recognised when a value of them comes. Native numbers are taken to be
little-endian, as on every machine that evald is built for.
"""

from __future__ import annotations

import ctypes
import sys
from array import array
from collections.abc import Hashable
from typing import Any

from . import _base64, _wire
from ._buffers import lent_array, lent_tensor
from ._dtypes import BY_KIND, buffer_dtype, numpy_dtype
from ._parts import Parts

__all__ = ["Parts", "numpy_dtype", "put_array_like", "put_buffer", "put_numpy", "put_packed"]
__all__ += ["put_torch"]

# Integers of at least this many elements are looked through, and sent as uint8 or uint16 if all
# of them fit: below it looking costs more than the bytes that it saves.
_NARROW_FROM = 1024
_HEADS_KEPT = 4096
# Bytes, a multiple of three: no padding but at the end. Encoding takes twice as much for a
# moment, and what malloc asks the system for anew at every call begins above that.
_CHUNK = 3 << 14

_heads: dict[Hashable, bytes] = {}


def _refuse(name: str, what: str, advice: str) -> TypeError:
    return TypeError(f"column {name!r}: {what}; {advice}")


def _head(name: str, dtype: str, shape: tuple[int, ...]) -> bytes:
    # A single value is a batch of one row.
    sizes = ",".join(map(str, shape or (1,)))
    return b'%s:{"dtype":"%s","shape":[%s],' % (
        _wire.dumps(name),
        dtype.encode(),
        sizes.encode(),
    )


def _remember(key: Hashable, head: bytes) -> bytes:
    if len(_heads) >= _HEADS_KEPT:
        _heads.clear()
    _heads[key] = head
    return head


def put_packed(name: str, dtype: str, shape: tuple[int, ...], data: Any, out: Parts) -> None:
    """Appends a column of little-endian C-order bytes."""
    _put_bytes(_packed_head(name, dtype, shape), data, memoryview(data).nbytes, out)


def _put_empty_lists(name: str, count: int, out: Parts) -> None:
    """Appends lists without elements, which have no packed form."""
    out.append(b"%s:[%s]," % (_wire.dumps(name), b",".join([b"[]"] * count)))


def _packed_head(name: str, dtype: str, shape: tuple[int, ...]) -> bytes:
    key = (name, dtype, shape)
    return _heads.get(key) or _remember(key, _head(name, dtype, shape))


def _put_bytes(head: bytes, data: Any, size: int, out: Parts) -> None:
    """Appends the bytes of any contiguous buffer, in shared memory where it pays.

    Raises:
        ValueError: it is not contiguous.
    """
    ring = out.ring
    if ring is None or size < ring.least or not ring.put(head, data, size, out):
        _put_text(head, data, size, out)


def _put_text(head: bytes, data: Any, size: int, out: Parts) -> None:
    """Appends the bytes of any contiguous buffer in base64.

    Raises:
        ValueError: it is not contiguous.
    """
    if size < 2 * _CHUNK:
        text = _base64.encode(data)
        out += (head, b'"base64":"', text, b'"},')
        return
    # One text of megabytes would be memory that the system has to find, clear and take back at
    # every push, which costs as much as encoding.
    view = memoryview(data)
    if not view.c_contiguous:
        raise ValueError("the buffer is not contiguous")
    if view.ndim != 1 or view.itemsize != 1:
        view = view.cast("B")
    out += (head, b'"base64":"')
    out += [_base64.encode(view[start : start + _CHUNK]) for start in range(0, size, _CHUNK)]
    out.append(b'"},')


def put_numpy(name: str, value: Any, out: Parts) -> None:
    """Appends a `numpy.ndarray`: the common case first, all others in `_put_numpy_odd`."""
    ring = out.ring
    if ring is not None and value.base is not None and _put_lent_array(name, value, out):
        return
    head = _heads.get((name, value.dtype, value.shape))
    if head is None:
        _put_numpy_odd(name, value, out)
        return
    size = value.nbytes
    if ring is not None and size >= ring.least and ring.put(head, value, size, out):
        return
    try:
        _put_text(head, value, size, out)
    except ValueError:  # not contiguous: the buffer protocol refuses, tobytes copies in C order
        _put_text(head, value.tobytes(), size, out)


def _put_lent_array(name: str, value: Any, out: Parts) -> bool:
    found = lent_array(value, out.ring)
    kind = numpy_dtype(value.dtype) if found is not None and value.dtype.isnative else ""
    if found is None or not kind:
        return False
    found.put(name, _packed_head(name, kind, value.shape), value, out)
    return True


def _put_numpy_odd(name: str, value: Any, out: Parts) -> None:
    dtype = value.dtype
    kind = numpy_dtype(dtype)
    if not kind:
        _put_numpy_other(name, value, out)
        return
    if value.ndim == 2 and len(value) and not value.shape[1]:
        _put_empty_lists(name, len(value), out)
        return
    if kind == "bfloat16":  # of ml_dtypes; it exports no buffer, its bits do
        put_packed(name, kind, value.shape, value.view("u2").tobytes(), out)
        return
    if not dtype.isnative:
        value = value.astype(dtype.newbyteorder("<"))
    if value.size >= _NARROW_FROM and dtype.kind in "iu" and dtype.itemsize > 1:
        low, high = int(value.min()), int(value.max())
        for narrow, top in (("uint8", 0xFF), ("uint16", 0xFFFF)):
            if low >= 0 and high <= top and numpy_dtype(dtype) != narrow:
                put_packed(name, narrow, value.shape, value.astype(narrow, order="C"), out)
                return
    elif dtype.isnative:
        _remember((name, dtype, value.shape), _head(name, kind, value.shape))
    put_packed(name, kind, value.shape, value.tobytes(), out)


def _put_numpy_other(name: str, value: Any, out: Parts) -> None:
    dtype = value.dtype
    if dtype.kind in "OUT":
        from ._columns import put_objects

        put_objects(name, value.reshape(1).tolist() if value.ndim == 0 else value.tolist(), out)
    elif dtype.name.startswith("float8"):
        put_numpy(name, value.astype("float32"), out)  # exact: float32 holds every float8
    elif dtype.kind == "f":
        raise _refuse(name, f"{dtype} has no place on the wire", "convert it to float64")
    else:
        raise _refuse(name, f"{dtype} is not a number or a text", "convert it first")


def put_array_like(name: str, value: Any, out: Parts) -> None:
    """Appends anything that numpy understands: subclasses, `__array__`, `__dlpack__`."""
    numpy: Any = sys.modules.get("numpy")
    if numpy is None:
        try:
            import numpy
        except ImportError:
            what = f"{type(value).__name__} can only be read through numpy"
            raise _refuse(name, what, "install numpy, or give a list") from None
    if isinstance(value, numpy.ma.MaskedArray):
        from ._columns import put_objects

        put_objects(name, value.reshape(value.shape or (1,)).tolist(), out)  # masked: null
        return
    try:
        plain = numpy.asarray(value) if hasattr(value, "__array__") else numpy.from_dlpack(value)
    except (TypeError, RuntimeError, BufferError) as error:
        what = f"{type(value).__name__} could not be read ({error})"
        raise _refuse(name, what, "move it to the processor first") from error
    put_numpy(name, plain, out)


def put_buffer(name: str, value: Any, out: Parts) -> None:
    """Appends an object of the buffer protocol: `array.array`, `memoryview`, `bytes`."""
    view = memoryview(value)
    code = view.format.lstrip("@=<>!")
    kind = buffer_dtype(code, view.itemsize)
    if not kind:
        raise _refuse(name, f"buffer format {view.format!r} is not a number", "convert it first")
    data = view.tobytes()
    if view.format[0] in ">!" and view.itemsize > 1:
        swapped = array({2: "H", 4: "I", 8: "Q"}[view.itemsize], data)
        swapped.byteswap()
        data = swapped.tobytes()
    put_packed(name, kind, tuple(view.shape or (1,)), data, out)


def put_torch(name: str, value: Any, out: Parts) -> None:
    """Appends a `torch.Tensor`: detached, copied to the processor, bfloat16 as its bits."""
    torch = sys.modules["torch"]
    if value.requires_grad:
        value = value.detach()
    if not value.is_cpu or value.layout is not torch.strided or value.is_neg():
        value = _to_processor(name, value, torch)
    if out.ring is not None and (found := lent_tensor(value, out.ring)) is not None:
        dtype = str(value.dtype).removeprefix("torch.")
        if dtype == "bfloat16" or dtype in BY_KIND.values():
            found.put(name, _packed_head(name, dtype, tuple(value.shape)), value, out)
            return
    is_long = value.numel() >= _NARROW_FROM
    if is_long and _is_wide_integer(value, torch) and sys.modules.get("numpy"):
        put_numpy(name, value.numpy(), out)
        return
    key = (name, value.dtype, value.shape)
    head = _heads.get(key)
    if head is None:
        dtype = str(value.dtype).removeprefix("torch.")
        if dtype.startswith("float8"):
            put_torch(name, value.float(), out)  # exact: float32 holds every float8
            return
        if dtype != "bfloat16" and dtype not in BY_KIND.values():
            raise _refuse(name, f"torch.{dtype} has no place on the wire", "convert it first")
        if value.ndim == 2 and len(value) and not value.shape[1]:
            _put_empty_lists(name, len(value), out)
            return
        head = _remember(key, _head(name, dtype, tuple(value.shape)))
    if not value.is_contiguous():
        value = value.contiguous()
    address, size = value.data_ptr(), value.nbytes
    if size and not address:
        raise _refuse(name, "the tensor holds no data", "push real tensors, not fake ones")
    # Bytes by address: works without numpy, for bfloat16 too, and makes no copy.
    _put_bytes(head, (ctypes.c_char * size).from_address(address) if size else b"", size, out)


def _is_wide_integer(value: Any, torch: Any) -> bool:
    return value.dtype in (torch.int64, torch.int32, torch.int16)


def _to_processor(name: str, value: Any, torch: Any) -> Any:
    try:
        if value.layout is not torch.strided:
            value = value.to_dense()
        return value.cpu().resolve_neg()
    except (NotImplementedError, RuntimeError) as error:
        what = f"a {value.device} tensor could not be copied ({error})"
        raise _refuse(name, what, "push a real tensor") from error
