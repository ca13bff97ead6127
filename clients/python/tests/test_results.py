"""What answers look like: mappings, attributes, tables, pandas."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import pytest

from conftest import Starter
from evald._errors import EvaldError, from_wire, kinds
from evald._result import Curve, Record, Result, Row, Table, epoch_row, record, slice_row

REPLY: dict[str, Any] = {
    "stream": "val",
    "window": "current",
    "revision": 7,
    "count": 569,
    "total_count": 1138,
    "complete": True,
    "values": {"f1": 0.8312345678, "roc_auc": None, "optimal_threshold": "Infinity"},
    "undefined": {"roc_auc": "one_class"},
    "bounds": {"f1": {"low": 0.83, "high": 0.84}},
    "intervals": {},
    "signatures": {"f1": "f1(threshold=0.5)"},
    "unheard_of": [1, 2],
}


def test_a_result_is_a_mapping_of_values() -> None:
    result = Result(REPLY)
    assert list(result) == ["f1", "roc_auc", "optimal_threshold"]
    assert len(result) == 3
    assert result["f1"] == result.f1 == 0.8312345678
    assert math.isnan(result.roc_auc)
    assert result.undefined == {"roc_auc": "one_class"}
    assert result["optimal_threshold"] == math.inf
    assert result.bounds.f1.low == 0.83
    assert result.signatures["f1"] == "f1(threshold=0.5)"
    assert (result.count, result.total_count, result.revision) == (569, 1138, 7)
    assert result.complete
    assert result.raw["unheard_of"] == [1, 2]
    assert dict(result)["f1"] == 0.8312345678
    with pytest.raises(KeyError, match="f2 was not asked for; there are f1, roc_auc"):
        result["f2"]
    with pytest.raises(AttributeError, match="f2 was not asked for"):
        _ = result.f2
    assert not hasattr(result, "_f2")
    assert copy.deepcopy(result)["f1"] == pickle.loads(pickle.dumps(result))["f1"] == result.f1


def test_a_result_prints_as_a_table() -> None:
    assert repr(Result(REPLY)) == (
        "val: 569 rows, window current\n"
        "metric                value\n"
        "f1                 0.831235  [0.83, 0.84] bounds\n"
        "roc_auc                   -  one_class\n"
        "optimal_threshold       inf"
    )
    html = Result(REPLY)._repr_html_()
    assert "<td>0.831235</td>" in html
    assert "one_class" in html
    interval = {"f1": {"low": 0.8, "high": 0.9, "level": 0.95, "method": "jackknife"}}
    assert "[0.8, 0.9] interval 0.95" in repr(Result({**REPLY, "intervals": interval}))
    assert "<b>" not in Result({**REPLY, "stream": "<b>"})._repr_html_()


def test_what_was_not_counted_is_said() -> None:
    first = {"kind": "InvalidBatch", "path": "/params/batch", "message": "no"}
    rejected = {"batches": 2, "rows": 9, "first": first}
    result = Result({**REPLY, "complete": False, "rejected": rejected}, dropped=3)
    assert not result.complete
    assert result.rejected.first.kind == "InvalidBatch"
    assert "INCOMPLETE: 2 batches refused, 3 dropped; first InvalidBatch: no" in repr(result)
    assert not Result(REPLY, dropped=1).complete


def test_special_floats_are_floats_and_names_are_names() -> None:
    reply = {
        "value": "NaN",
        "list": ["-Infinity", 1.0, "other"],
        "classes": ["NaN", "Infinity"],
        "rows": [{"class": "NaN", "f1": "Infinity"}],
    }
    read = record(reply)
    assert math.isnan(read.value)
    assert read.list == [-math.inf, 1.0, "other"]
    assert read.classes == ["NaN", "Infinity"]
    assert read.rows[0] == {"class": "NaN", "f1": math.inf}


def test_records_have_attributes() -> None:
    read = record({"a": {"b": [{"c": 1}]}})
    assert read.a.b[0].c == 1
    with pytest.raises(AttributeError, match="no 'x' here; there are a"):
        _ = read.x
    assert pickle.loads(pickle.dumps(read)) == read
    assert type(copy.deepcopy(read).a) is Record
    assert repr(Record()) == "(nothing)"
    assert repr(Record(f1=0.5, name="x")) == "f1    0.5\nname  x"


def test_rows_are_flat() -> None:
    row = epoch_row(
        {
            "label": "epoch 3",
            "count": 10,
            "complete": True,
            "values": {"f1": 0.5, "roc_auc": None, "confusion_matrix": {"true_positives": 3}},
            "extra": {"loss": 0.31, "f1": 9, "lr": {"head": 0.1}},
            "time": 1.5,
        }
    )
    assert list(row) == [
        *("label", "count", "complete", "f1", "roc_auc", "confusion_matrix.true_positives"),
        *("loss", "extra_f1", "lr.head", "time"),
    ]
    assert math.isnan(row.roc_auc)
    assert repr(row).startswith("epoch 3  count 10  f1 0.5  roc_auc -  confusion_matrix.true_pos")
    assert "complete" not in repr(row)
    assert "complete False" in repr(epoch_row({"label": "e", "complete": False}))


def test_slices_are_flat() -> None:
    row = slice_row({"slice": {"language": None, "count": 3}, "count": 5, "values": {"f1": None}})
    assert row["language"] is None
    assert (row["count"], row["slice_count"]) == (3, 5)
    assert math.isnan(row.f1)


def test_tables_go_to_pandas() -> None:
    pd = pytest.importorskip("pandas")
    table = Table(
        [epoch_row({"label": str(i), "count": i, "values": {"f1": i or None}}) for i in range(3)],
        best=Record(f1=Record(label="2", value=2)),
    )
    frame = pd.DataFrame(table)
    assert list(frame.columns) == ["label", "count", "complete", "f1"]
    assert frame["f1"].dtype == "float64"
    assert frame["f1"].isna().tolist() == [True, False, False]
    assert table.best.f1.label == "2"
    assert repr(table) == "label  count  f1\n0          0   -\n1          1   1\n2          2   2"
    assert "<td>2</td>" in table._repr_html_()
    assert repr(Table()) == "(no rows)"
    with pytest.raises(AttributeError):
        _ = table.nothing


def test_curves_are_arrays() -> None:
    np = pytest.importorskip("numpy")
    curve = Curve({"threshold": ["Infinity", 0.5], "precision": [None, 1.0]}, 0.75)
    assert isinstance(curve.threshold, np.ndarray)
    assert curve["threshold"].tolist() == [math.inf, 0.5]
    assert math.isnan(curve.precision[0])
    assert repr(curve) == "curve of 2 points (threshold, precision), area 0.75"
    assert pickle.loads(pickle.dumps(curve)).area == 0.75


def test_reading_from_the_daemon(fake: Starter) -> None:
    val = fake().stream("val", "binary")
    val.push(x=[0.5])
    row = val.mark("epoch 0", loss=0.31)
    assert (row.label, row.loss, row.complete) == ("epoch 0", 0.31, True)
    assert isinstance(val.history()[0], Row)
    assert val.best["f1"].value == 0.5
    asked = val.query("f1", {"metric": "f_beta", "beta": 2}, slice={"a": 1}, window="all")
    assert asked["f1"] == 0.75


def test_every_kind_of_the_protocol_has_its_class_and_code() -> None:
    table = {
        -32700: "ParseError TooDeep LineTooLong",
        -32600: "InvalidRequest",
        -32601: "MethodNotFound",
        -32602: "InvalidParams",
        -32603: "InternalError",
        -32800: "RequestCancelled",
        1001: "StreamNotFound",
        1002: "SchemaMismatch",
        1003: "InvalidBatch",
        1004: "UnknownTask",
        1005: "UnknownMetric",
        1006: "NotApplicable",
        1007: "CheckpointNotFound",
        1011: "OutOfSequence",
        1012: "AlreadyRefused",
        1013: "DuplicateIds",
        1014: "ResumeRefused",
        1021: "Overloaded",
        1022: "MemoryLimit",
        1023: "DurabilityFailed",
        1024: "TooManyValues",
        1031: "UnsupportedProtocol",
        1032: "StateTooNew",
        1033: "StateDamaged",
    }
    expected = {(name, code) for code, names in table.items() for name in names.split()}
    assert {(name, kind.code) for name, kind in kinds().items() if kind.code} == expected
    for name, code in expected:
        error = from_wire({"code": code, "message": "m", "data": {"kind": name, "path": "/p"}})
        assert (type(error).__name__, error.kind, error.code, error.path) == (
            name,
            name,
            code,
            "/p",
        )


@pytest.mark.parametrize("broken", [None, {}, {"code": "x"}, {"data": []}, [], 3])
def test_broken_errors_are_errors_all_the_same(broken: Any) -> None:
    error = from_wire(broken)
    assert type(error) is EvaldError
    assert str(error)
