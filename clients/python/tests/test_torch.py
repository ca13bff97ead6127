"""Tensors through the encoders."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from columns import decode, encode

torch: Any = pytest.importorskip("torch")

FLOATS = ["float16", "bfloat16", "float32", "float64"]
INTEGERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]


def same(column: Any, tensor: Any, dtype: str | None = None) -> None:
    if tensor.ndim == 2 and len(tensor) and not tensor.numel():
        assert column == [[]] * len(tensor)  # lists without elements have no packed form
        return
    assert column["dtype"] == (dtype or str(tensor.dtype).removeprefix("torch."))
    got = decode(column)
    assert list(got.shape) == (list(tensor.shape) or [1])
    if tensor.is_floating_point():
        expected = tensor.detach().double().cpu().numpy()
        np.testing.assert_array_equal(got.astype("f8").ravel(), expected.ravel())
    else:
        assert got.ravel().tolist() == tensor.flatten().tolist()


@pytest.mark.parametrize("shape", [(), (0,), (5,), (5, 1), (3, 4), (0, 4), (2, 3, 4)])
@pytest.mark.parametrize("dtype", [*FLOATS, *INTEGERS, "bool"])
def test_every_dtype_and_shape(dtype: str, shape: tuple[int, ...]) -> None:
    kind = getattr(torch, dtype)
    tensor = (torch.rand(shape) * 100).to(kind)
    same(encode(x=tensor)["x"], tensor)
    if tensor.ndim >= 2:
        same(encode(x=tensor.transpose(0, 1))["x"], tensor.transpose(0, 1))
        same(encode(x=tensor[:, 0])["x"], tensor[:, 0])


@pytest.mark.parametrize("dtype", FLOATS)
def test_special_floats(dtype: str) -> None:
    kind = getattr(torch, dtype)
    values = [0.0, -0.0, float("inf"), -float("inf"), float("nan"), torch.finfo(kind).tiny]
    tensor = torch.tensor([*values, torch.finfo(kind).smallest_normal / 2], dtype=kind)
    column = encode(x=tensor)["x"]
    same(column, tensor)
    assert np.signbit(decode(column)).tolist() == torch.signbit(tensor).tolist()


def test_gradients_are_left_behind() -> None:
    leaf = torch.rand(4, requires_grad=True)
    graph = (leaf * 2).sigmoid()
    for tensor in (leaf, graph, torch.nn.Parameter(torch.rand(3))):
        same(encode(x=tensor)["x"], tensor)
    graph.sum().backward()  # and the graph is still whole
    assert leaf.grad is not None


def test_lazy_negation_and_sparse_tensors() -> None:
    z = torch.tensor([1 + 2j, 3 - 4j])
    negated = z.conj().imag
    assert negated.is_neg()
    same(encode(x=negated)["x"], negated.resolve_neg())
    whole = torch._neg_view(torch.rand(3))
    assert whole.is_contiguous()
    same(encode(x=whole)["x"], whole.resolve_neg())
    sparse = torch.tensor([0.0, 0.5, 0.0]).to_sparse()
    same(encode(x=sparse)["x"], sparse.to_dense())


def test_long_labels_are_narrowed() -> None:
    labels = torch.randint(0, 2, (5000,))
    same(encode(x=labels)["x"], labels, "uint8")
    labels[7] = -100
    same(encode(x=labels)["x"], labels, "int64")


def test_float8_widens() -> None:
    tensor = torch.tensor([0.5, 1.5, -2.0]).to(torch.float8_e4m3fn)
    same(encode(x=tensor)["x"], tensor.float(), "float32")


def test_subclasses() -> None:
    class Mine(torch.Tensor):  # type: ignore[misc]
        pass

    tensor = torch.rand(3).as_subclass(Mine)
    same(encode(x=tensor)["x"], tensor.as_subclass(torch.Tensor))


@pytest.mark.filterwarnings("ignore:.*quantized tensor creation.*:UserWarning")
@pytest.mark.parametrize(
    "make",
    [
        lambda: torch.zeros(2, dtype=torch.complex64),
        lambda: torch.zeros(2, device="meta"),
        lambda: torch.quantize_per_tensor(torch.rand(2), 0.1, 0, torch.quint8),
    ],
)
def test_what_holds_no_numbers_is_refused(make: Any) -> None:
    with pytest.raises(TypeError, match="column 'scores'"):
        encode(scores=make())


@pytest.mark.filterwarnings("ignore:Accessing the data pointer of FakeTensor:UserWarning")
def test_fake_tensors_are_refused() -> None:
    fakes = pytest.importorskip("torch._subclasses.fake_tensor")
    with fakes.FakeTensorMode():
        tensor = torch.zeros(3)
    with pytest.raises((TypeError, RuntimeError)):
        encode(scores=tensor)
