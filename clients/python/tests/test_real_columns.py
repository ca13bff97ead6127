"""Every kind of column through the real daemon, held against what numpy and Python say."""

from __future__ import annotations

import array
import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import evald
from conftest import Starter

FLOATS = ["f2", "f4", "f8"]
INTEGERS = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]
names = map("stream {}".format, itertools.count())


@pytest.fixture(scope="module")
def ev(real_binary: str) -> Iterator[evald.Evald]:
    with evald.start(real_binary, on_error="raise") as daemon:
        yield daemon


def totals(ev: evald.Evald, *batches: Any) -> evald.Result:
    stream = ev.stream(next(names), "scalar", metrics=["sum", "min", "max", "median"])
    for batch in batches:
        stream.push(values=batch)
    result = stream.query()
    stream.delete()
    return result


def check(result: evald.Result, expected: Any) -> None:
    """Sums are exact and rounded once; the least and greatest values are values of the set."""
    values = [float(item) for item in np.asarray(expected).ravel().tolist()]
    assert result.count == len(values)
    if values:
        assert result["sum"] == math.fsum(values)
        assert (result["min"], result["max"]) == (min(values), max(values))
        assert result["median"] == pytest.approx(float(np.median(values)), rel=1e-12)
    else:
        assert result.undefined["min"] == "no_rows"


def arrays(code: str) -> st.SearchStrategy[Any]:
    kinds: dict[str, Any] = {}
    if code in FLOATS:
        kinds = {"allow_nan": False, "allow_infinity": False}
    elif code[1:] == "8":  # evald refuses integers that a float64 can't hold
        kinds = {"min_value": -(2**53) if code == "i8" else 0, "max_value": 2**53}
    elements = hnp.from_dtype(np.dtype(code), **kinds)
    shape = st.integers(0, 200).map(lambda rows: (rows,))
    return hnp.arrays(np.dtype(code), shape, elements=elements)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("code", [*FLOATS, *INTEGERS, "?"])
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_every_numpy_dtype(ev: evald.Evald, code: str, order: str, data: Any) -> None:
    values = data.draw(arrays(code)).astype(order + code if code != "?" else code)
    with np.errstate(over="ignore"):
        assume(np.abs(values.astype("f8")).sum() < math.inf)
    check(totals(ev, values), values)
    check(totals(ev, values[::-2]), values[::-2])
    check(totals(ev, values[:, None]), values)  # [n, 1] is [n]
    half = len(values) // 2
    check(totals(ev, values[:half], values[half:].tolist()), values)


@pytest.mark.parametrize(
    "dtype",
    [
        *("float16", "bfloat16", "float32", "float64", "bool"),
        *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    ],
)
def test_every_torch_dtype(ev: evald.Evald, dtype: str) -> None:
    torch: Any = pytest.importorskip("torch")
    kind = getattr(torch, dtype)
    tensor = (torch.rand(3000) * 100).to(kind)
    expected = tensor.double() if tensor.is_floating_point() else tensor.long()
    check(totals(ev, tensor), expected.numpy())
    check(totals(ev, tensor.view(-1, 3)[:, 1]), expected.view(-1, 3)[:, 1].numpy())
    if tensor.is_floating_point():
        graph = tensor.clone().requires_grad_() * 1
        check(totals(ev, graph), expected.numpy())


@pytest.mark.parametrize("value", [0.1, -0.0, 5e-324, 1.7976931348623157e308, 1e-310, 2.0**53 + 2])
def test_lists_and_single_numbers_are_exact(ev: evald.Evald, value: float) -> None:
    for batch in (value, [value], (value, value), [value, None][:1], array.array("d", [value])):
        count = 2 if isinstance(batch, tuple) else 1
        if count * abs(value) < math.inf:
            check(totals(ev, batch), [value] * count)


@settings(deadline=None)
@given(st.lists(st.integers(-(2**53), 2**53), max_size=50))
def test_lists_of_integers(ev: evald.Evald, values: list[int]) -> None:
    check(totals(ev, values), values)


def test_buffers_masks_and_protocols(ev: evald.Evald) -> None:
    check(totals(ev, memoryview(array.array("d", range(10)))[::3]), [0, 3, 6, 9])
    check(totals(ev, b"\1\2\3"), [1, 2, 3])
    check(totals(ev, range(5)), range(5))
    pd = pytest.importorskip("pandas")
    check(totals(ev, pd.Series([1.5, 2.5])), [1.5, 2.5])


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_refused_by_row_however_it_is_sent(
    ev: evald.Evald, bad: float
) -> None:
    stream = ev.stream(next(names), "scalar")
    torch: Any = pytest.importorskip("torch")
    batch = [0.5, 1.0, bad, 2.0]
    kinds = [batch, np.array(batch), np.array(batch, "f2"), torch.tensor(batch).bfloat16()]
    for values in [*kinds, [*batch, None][:4]]:
        with pytest.raises(evald.InvalidBatch) as caught:
            stream.push(values=values, wait=True)
        assert caught.value.path == "/params/batch/values/2"
    assert stream.query().count == 0


def test_scores_of_every_float_dtype_give_what_they_widen_to(ev: evald.Evald) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    torch: Any = pytest.importorskip("torch")
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 2, 4000)
    scores = np.clip(labels * 0.2 + rng.random(4000) * 0.8, 0, 1)
    for dtype in ("float16", "bfloat16", "float32", "float64"):
        tensor = torch.tensor(scores).to(getattr(torch, dtype))
        exact = tensor.double().numpy()
        stream = ev.stream(next(names), "binary", metrics=["roc_auc", "f1", "brier"])
        for rows in np.array_split(np.arange(4000), 7):
            stream.push(scores=tensor[rows], labels=labels[rows])
        found = stream.query()
        assert found.roc_auc == pytest.approx(metrics.roc_auc_score(labels, exact), rel=1e-12)
        assert found.f1 == metrics.f1_score(labels, exact >= 0.5)
        assert found.brier == pytest.approx(metrics.brier_score_loss(labels, exact), rel=1e-12)
        stream.delete()


@pytest.mark.parametrize("kind", ["i8", "i4", "u1", "?", "f4", "list", "bools"])
def test_labels_of_every_kind_count_the_same(ev: evald.Evald, kind: str) -> None:
    rng = np.random.default_rng(4)
    labels = rng.integers(0, 2, 3000)
    scores = rng.random(3000)
    asked = {"list": labels.tolist(), "bools": [bool(item) for item in labels]}
    stream = ev.stream(next(names), "binary")
    stream.push(scores=scores, labels=asked.get(kind, labels.astype(kind) if len(kind) < 3 else 0))
    matrix = stream.query("confusion_matrix")["confusion_matrix"]
    assert matrix["true_positives"] == int(((scores >= 0.5) & (labels == 1)).sum())
    assert matrix["false_positives"] == int(((scores >= 0.5) & (labels == 0)).sum())


def test_ids_weights_and_slices_of_every_kind(ev: evald.Evald) -> None:
    """The same rows, told in different ways, are the same rows."""
    language = ["en", "fr", None, "en"] * 5
    answers = []
    pd = pytest.importorskip("pandas")
    codes = np.array([0, 1, 2, 0] * 5)
    for ids, slices, weights in (
        ([str(i) for i in range(20)], language, [2] * 20),
        (np.arange(20).astype(str), np.array(language, object), np.full(20, 2.0)),
        (np.arange(20), pd.Series(language), np.full(20, 2, "f2")),
        (list(range(20)), pd.Series(language, dtype="category"), [2.0] * 20),
        (range(20), {"dictionary": ["en", "fr", None], "indices": codes}, np.full(20, 2)),
    ):
        stream = ev.stream(next(names), "binary", slices=["language"], unique_ids=True)
        for _ in range(2):  # the second time every row is a duplicate
            reply = stream.push(
                scores=np.linspace(0, 1, 20),
                labels=[0, 1] * 10,
                ids=ids,
                weights=weights,
                slices={"language": slices},
                wait=True,
            )
        assert reply.dropped_duplicates == 20
        answers.append([tuple(row.values()) for row in stream.slices("language", "f1", "accuracy")])
    assert all(str(answer) == str(answers[0]) for answer in answers)
    assert len(answers[0]) == 3


@pytest.mark.parametrize("kind", ["numpy", "torch", "lists"])
def test_lists_that_are_all_empty(ev: evald.Evald, kind: str) -> None:
    """Nothing was retrieved for two queries; rows without elements have no packed form."""
    empty: Any = [[], []]
    if kind != "lists":
        empty = np.zeros((2, 0), np.int64)
    if kind == "torch":
        empty = pytest.importorskip("torch").from_numpy(empty)
    stream = ev.stream(next(names), "ranking")
    for _ in range(2):  # the second time from what is remembered of the first
        stream.push(retrieved=empty, relevant=[[1], [2]])
    result = stream.query("mrr")
    assert (result.count, result["mrr"]) == (4, 0.0)


def test_one_slice_value_for_the_whole_batch(ev: evald.Evald) -> None:
    stream = ev.stream(next(names), "scalar", slices=["site", {"name": "length", "edges": [1.5]}])
    stream.push(values=[1.0, 2.0], slices={"site": "a", "length": np.array([1, 2])})
    stream.push(values=[5.0], slices={"site": None, "length": 1})
    found = {row["site"]: row["mean"] for row in stream.slices("site", "mean")}
    assert found == {"a": 1.5, None: 5.0}
    assert len(stream.slices(["site", "length"])) == 3


def test_long_batches_are_split_without_a_difference(real: Starter) -> None:
    ev = real("--max-line-bytes", "100000")
    stream = ev.stream("val", "binary", slices=["part"])
    rng = np.random.default_rng(5)
    labels, scores = rng.integers(0, 2, 50_000), rng.random(50_000).astype("f4")
    stream.push(scores=scores, labels=labels, slices={"part": "x"})
    result = stream.query("roc_auc")
    assert result.count == 50_000
    whole = real().stream("val", "binary", slices=["part"])
    whole.push(scores=scores, labels=labels, slices={"part": "x"})
    assert whole.query("roc_auc")["roc_auc"] == result["roc_auc"]
