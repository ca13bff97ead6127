"""Every kind of array through the encoders, read back independently."""

from __future__ import annotations

import array
import ctypes
from collections import deque
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from columns import decode, encode
from evald import _base64
from programs import run


@pytest.fixture(autouse=True, scope="module", params=["pybase64", "binascii"])
def encoder(request: pytest.FixtureRequest) -> Iterator[None]:
    found = _base64.encode
    if request.param == "binascii":
        _base64.encode = _base64.plain
    elif found is _base64.plain:
        pytest.skip("pybase64 is not installed")
    yield
    _base64.encode = found


DTYPES = ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?"]


def same(column: Any, expected: Any) -> None:
    expected = np.asarray(expected)
    if expected.ndim == 2 and len(expected) and not expected.size:
        assert column == [[]] * len(expected)  # lists without elements have no packed form
        return
    got = decode(column)
    assert got.shape == (expected.shape or (1,))
    # As the wire widens: to float64, bit for bit, NaN and the sign of zero too.
    if expected.dtype.kind == "f":
        np.testing.assert_array_equal(got.astype("f8").ravel(), expected.astype("f8").ravel())
        np.testing.assert_array_equal(np.signbit(got).ravel(), np.signbit(expected).ravel())
    else:
        assert got.ravel().tolist() == expected.ravel().tolist()


shapes = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=7)
dtypes = st.sampled_from(DTYPES).flatmap(lambda code: st.sampled_from([f"<{code}", f">{code}"]))


@given(dtypes.flatmap(lambda dtype: hnp.arrays(np.dtype(dtype), shapes)))
def test_any_numpy_array_arrives_bit_for_bit(values: np.ndarray) -> None:
    same(encode(scores=values)["scores"], values)


@given(hnp.arrays(np.dtype("f4"), (6, 8)), st.sampled_from(DTYPES))
def test_non_contiguous_arrays(values: np.ndarray, dtype: str) -> None:
    with np.errstate(all="ignore"):
        values = values.astype(dtype)
    for view in (
        values[::2],
        values[:, 1],
        values.T,
        values[::-1, ::-3],
        np.asfortranarray(values),
    ):
        same(encode(x=view)["x"], view)


@pytest.mark.parametrize("size", [98_303, 98_304, 98_305, 98_306, 147_456, 1_000_003])
def test_large_arrays_of_any_number_of_bytes(size: int) -> None:
    values = np.random.default_rng(size).integers(0, 256, size).astype(np.uint8)
    same(encode(x=values)["x"], values)
    same(encode(x=(ctypes.c_ubyte * size)(*values.tolist()))["x"], values)


@pytest.mark.parametrize("dtype", [code for code in DTYPES if code != "?"])
def test_large_arrays_of_any_type_and_order(dtype: str) -> None:
    values = np.random.default_rng(3).integers(0, 100, (4, 250, 300)).astype(dtype)
    for view in (values, values.T, values[:, ::-1], values[1], np.asfortranarray(values)):
        same(encode(x=view)["x"], view)
        same(encode(x=view)["x"], view)  # with what was remembered of it


@pytest.mark.parametrize(
    ("dtype", "low", "top"),
    [
        (dtype, low, top)
        for dtype in ("i2", "i4", "i8", "u2", "u4", "u8")
        for low in (0, -1)
        for top in (1, 255, 256, 65535, 65536, 2**40)
        if np.iinfo(dtype).min <= low and top <= np.iinfo(dtype).max
    ],
)
def test_long_integer_columns_are_narrowed_without_loss(dtype: str, low: int, top: int) -> None:
    values = np.array([low, top] * 1000, dtype=dtype)
    column = encode(labels=values)["labels"]
    same(column, values)
    expected = "uint8" if top <= 255 else "uint16" if top <= 65535 else np.dtype(dtype).name
    assert column["dtype"] == (expected if low == 0 else np.dtype(dtype).name)


def test_the_dtype_is_kept() -> None:
    for code in DTYPES:
        assert encode(x=np.zeros(3, code))["x"]["dtype"] == np.dtype(code).name


def test_single_values_are_one_row() -> None:
    for value in (0.25, np.float64(0.25), np.array(0.25)):
        assert np.asarray(decode(encode(values=value)["values"])).tolist() == [0.25]
    assert decode(encode(x=7)["x"]).tolist() == [7]
    assert decode(encode(x=True)["x"]).tolist() == [True]


@given(st.lists(st.floats()))
def test_lists_of_floats(values: list[float]) -> None:
    for given_as in (values, tuple(values), deque(values), iter(values)):
        column = encode(x=given_as)["x"]
        np.testing.assert_array_equal(np.asarray(decode(column), "f8"), np.asarray(values, "f8"))


@given(st.lists(st.integers(-(2**63), 2**64 - 1)))
def test_lists_of_integers_are_exact(values: list[int]) -> None:
    assert list(decode(encode(x=values)["x"])) == values


@given(st.lists(st.one_of(st.integers(-(2**60), 2**60), st.floats(allow_nan=False))))
@example([0.5, 2**53 + 1])
def test_mixed_lists_are_exact(values: list[float]) -> None:
    got = np.asarray(decode(encode(x=values)["x"]), object).tolist()
    specials = {"Infinity": np.inf, "-Infinity": -np.inf}
    assert [specials.get(item, item) if isinstance(item, str) else item for item in got] == values


@given(st.lists(st.booleans()))
def test_lists_of_booleans(values: list[bool]) -> None:
    assert list(decode(encode(x=values)["x"])) == values


@given(st.lists(st.one_of(st.none(), st.text(), st.integers(), st.booleans())))
def test_lists_of_anything_go_as_json(values: list[Any]) -> None:
    got = decode(encode(x=values)["x"])
    assert list(got) == values
    if any(item is None or isinstance(item, str) for item in values):
        assert [type(item) for item in got] == [type(item) for item in values]


def test_non_finite_numbers_in_json_are_strings() -> None:
    column = encode(x=[None, np.nan, np.inf, -np.inf, np.float32(np.nan), [0.5, np.nan]])["x"]
    assert column == [None, "NaN", "Infinity", "-Infinity", "NaN", [0.5, "NaN"]]


def test_lists_of_scalars_and_arrays() -> None:
    torch = pytest.importorskip("torch")
    assert encode(x=[np.float32(0.5), np.int64(3)])["x"] == [0.5, 3]
    assert encode(x=[torch.tensor(0.5), torch.tensor(2)])["x"] == [0.5, 2]
    assert encode(x=[np.array([1, 2]), np.array([3])])["x"] == [[1, 2], [3]]


@pytest.mark.parametrize("code", "bBhHiIlLqQfd")
def test_buffers(code: str) -> None:
    values = array.array(code, [0, 1, 100])
    same(encode(x=values)["x"], np.asarray(values))
    same(encode(x=memoryview(values)[::2])["x"], np.asarray(values)[::2])


def test_bytes_are_uint8() -> None:
    for value in (b"\0\1\1", bytearray(b"\0\1\1"), memoryview(b"\0\1\1")):
        assert decode(encode(labels=value)["labels"]).tolist() == [0, 1, 1]


def test_ctypes_buffers_of_either_byte_order() -> None:
    for kind in (ctypes.c_float.__ctype_be__, ctypes.c_float.__ctype_le__):
        values = (kind * 3)(0.5, 1.0, -2.0)
        assert decode(encode(x=values)["x"]).tolist() == [0.5, 1.0, -2.0]


class ArrayLike:
    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.array([1.5, 2.5], dtype)


class DlpackOnly:
    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    def __dlpack__(self, **options: Any) -> Any:
        return self.values.__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self.values.__dlpack_device__()


def test_array_protocols() -> None:
    same(encode(x=ArrayLike())["x"], [1.5, 2.5])
    same(encode(x=DlpackOnly(np.arange(3.0)))["x"], [0.0, 1.0, 2.0])


def test_masked_values_are_null() -> None:
    masked: Any = np.ma.array([1.0, 2.0, 3.0], mask=[False, True, False])
    assert encode(x=masked)["x"] == [1.0, None, 3.0]


def test_texts() -> None:
    texts = ["é", "日本", '"\\\n', ""]
    for value in (texts, tuple(texts), np.array(texts), np.array(texts, object)):
        assert encode(ids=value)["ids"] == texts
    assert encode(x=np.array(["en", None, np.nan], object))["x"] == ["en", None, None]


def test_pandas() -> None:
    pd = pytest.importorskip("pandas")
    same(encode(x=pd.Series([0.5, 1.5]))["x"], [0.5, 1.5])
    same(encode(x=pd.Index([3, 4]))["x"], [3, 4])
    assert encode(x=pd.Series(["en", None, "fr"]))["x"] == ["en", None, "fr"]
    assert encode(x=pd.Series([1, None], dtype="Int64"))["x"] == [1, None]
    column = encode(x=pd.Series(["en", "fr", "en"], dtype="category"))["x"]
    assert column["dictionary"] == ["en", "fr"]
    assert decode(column["indices"]).tolist() == [0, 1, 0]
    assert encode(x=pd.Series(["en", None], dtype="category"))["x"] == ["en", None]
    same(encode(x=pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]}))["x"], [[1, 3], [2, 4]])


def test_slices_and_dictionaries() -> None:
    batch = encode(
        slices={"language": "fr", "length": np.array([1, 2]), "who": None, "site": ["a", None]},
        ids={"dictionary": ["en", "fr"], "indices": np.array([0, 1], "u1")},
    )
    slices = batch["slices"]
    assert (slices["language"], slices["who"], slices["site"]) == ("fr", None, ["a", None])
    assert decode(slices["length"]).tolist() == [1, 2]
    assert batch["ids"]["dictionary"] == ["en", "fr"]
    assert decode(batch["ids"]["indices"]).tolist() == [0, 1]


def test_columns_that_are_none_are_left_out() -> None:
    assert encode(weights=None) == {}
    assert list(encode(weights=None, x=[0.5], slices={})) == ["x", "slices"]


@pytest.mark.parametrize(
    "value",
    [
        "text",
        {1.0, 2.0},
        object(),
        np.array([1j]),
        np.array(["2026-11-21"], "M8[D]"),
        np.array([b"x"]),
        np.array([1.0], np.longdouble),
        [object()],
        [{1}],
        np.zeros(2, [("a", "f4")]),
    ],
)
def test_what_is_no_column_is_refused_by_name(value: Any) -> None:
    with pytest.raises(TypeError, match="column 'scores'"):
        encode(scores=value)


def test_arrays_without_numpy() -> None:
    """The package, its lists, buffers and torch tensors work where numpy can't be imported."""
    program = """
import sys
sys.modules["numpy"] = None
import array
from evald._columns import put_batch
from evald._parts import Parts
out = Parts([b"{"])
put_batch({"x": [0.5], "y": array.array("f", [1.0]), "z": range(3)}, out)
assert b'"x":{"dtype":"float64"' in b"".join(out), out
class Odd:
    def __array__(self): ...
try:
    put_batch({"x": Odd()}, Parts())
except TypeError as error:
    assert "install numpy" in str(error)
else:
    raise AssertionError
"""
    done = run(program)
    assert done.returncode == 0, done.stderr


def test_importing_evald_imports_no_heavy_package() -> None:
    program = (
        "import sys, evald; "
        "assert not {'numpy', 'torch', 'pandas', 'asyncio'} & set(sys.modules), sys.modules"
    )
    done = run(program)
    assert done.returncode == 0, done.stderr
