"""What notebooks show."""

from __future__ import annotations

import os
import pickle
import re
import signal
import time
import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest

import evald
from conftest import Starter
from evald import Record, Result, Row, Table
from evald._calibrator import Calibrator
from evald._result import epoch_row, slice_row

EVIL = "<script>alert('&')</script>"


def tree(thing: Any) -> ElementTree.Element:
    """The page, which must be well formed."""
    return ElementTree.fromstring(f"<page>{thing._repr_html_()}</page>")


def cells(thing: Any) -> list[list[str]]:
    return [["".join(cell.itertext()) for cell in row] for row in tree(thing).iter("tr")]


def lines(thing: Any) -> list[tuple[str, str]]:
    return [(p.get("class", ""), "".join(p.itertext())) for p in tree(thing).iter("p")]


def reply(**more: Any) -> dict[str, Any]:
    values = {"f1": 0.5, "roc_auc": None, "confusion_matrix": {"true_positives": 3}}
    found = {"stream": EVIL, "count": 7, "values": values, "undefined": {"roc_auc": "one_class"}}
    return {**found, "complete": True, **more}


def test_a_result() -> None:
    found = Result(reply())
    assert cells(found) == [
        ["metric", "value", ""],
        ["f1", "0.5", ""],
        ["roc_auc", "-", "one_class"],
        ["confusion_matrix.true_positives", "3", ""],
    ]
    assert lines(found) == [("", f"{EVIL}: 7 rows, window current")]
    number = next(cell for cell in tree(found).iter("td") if cell.text == "0.5")
    assert number.get("class") is None  # right, as the style has it
    assert "text-align:right" in found._repr_html_()
    undefined = [cell for cell in tree(found).iter("td") if cell.text in ("-", "one_class")]
    assert all("evald-dim" in cell.get("class", "") for cell in undefined)
    assert cells(Result(reply(undefined={})))[0] == ["metric", "value"]


def test_what_is_incomplete_is_an_alert() -> None:
    rejected = {"batches": 2, "first": {"kind": "InvalidBatch", "message": EVIL}}
    for found in (Result(reply(complete=False, rejected=rejected)), Result(reply(), dropped=3)):
        ((kind, said),) = lines(found)
        assert kind == "evald-alert"
        assert said.startswith("⚠ ")
        assert "INCOMPLETE" in said
    table = Table([Row(label="a", f1=0.5, complete=True), Row(label="b", f1=0.25, complete=False)])
    assert cells(table) == [["label", "f1"], ["a", "0.5"], ["b ⚠ incomplete", "0.25"]]
    ((kind, said),) = lines(Calibrator("identity", complete=False))
    assert kind == "evald-alert"


def test_rows_keep_their_reasons() -> None:
    values = {"f1": 0.5, "roc_auc": None}
    mark = {"label": "epoch 1", "count": 2, "values": values, "undefined": {"roc_auc": "one_class"}}
    row = epoch_row(mark)
    assert row.undefined == {"roc_auc": "one_class"}
    assert pickle.loads(pickle.dumps(row)).undefined == row.undefined
    assert cells(row) == [["label", "count", "f1", "roc_auc"], ["epoch 1", "2", "0.5", "one_class"]]
    part = slice_row({**mark, "slice": {"language": EVIL}})
    assert cells(part)[1] == [EVIL, "2", "0.5", "one_class"]
    assert Row().undefined == {}


def test_records_and_tables() -> None:
    nested = Record(a=1, b=Record(c=EVIL, d=[1.0, 2.0]), bins=[{"low": 0, "high": 1}], e=None)
    assert cells(nested) == [
        ["a", "1"],
        ["b.c", EVIL],
        ["b.d", "[1, 2]"],
        ["bins", "1 rows of low, high"],
        ["e", "-"],
    ]
    assert lines(Record()) == [("", "(nothing)")]
    assert lines(Table()) == [("", "(no rows)")]
    best = Table([Row(label="a", f1=0.5)], best=Record(f1=Record(label="a", value=0.5)))
    assert lines(best) == [("evald-dim", "best: f1 0.5 (a)")]


def test_colours_are_the_pages_or_a_pair() -> None:
    style = tree(Record(a=1)).findtext("style") or ""
    for name in ("--jp-content-font-color1", "--jp-layout-color0", "--vscode-editor-background"):
        assert style.count(name) == 2  # light and dark
    assert "prefers-color-scheme:dark" in style
    assert len(style) < 4000
    for rule in re.findall(r"([^{}]+)\{", style):
        assert all(part.strip().startswith((".evald", "@media")) for part in rule.split(","))


def test_streams_and_connections(real: Starter) -> None:
    ev = real()
    assert lines(ev)[0][1].endswith(": no stream")
    val = ev.stream(EVIL, "binary", metrics=["f1", "roc_auc"])
    val.push(scores=[0.25, 0.75], labels=[0, 1])
    assert lines(val) == [("", f"stream {EVIL}, binary: 2 rows, window current")]
    assert cells(val) == [["metric", "value"], ["f1", "1"], ["roc_auc", "1"]]
    assert cells(ev) == [
        ["stream", "task", "count", "total_count", "revision"],
        [EVIL, "binary", "2", "2", "1"],
    ]
    assert str(ev.pid) in lines(ev)[0][1]
    assert "curve of" in lines(val.curve("roc"))[0][1]
    val.push(scores=[0.3, 0.4, 0.6], labels=[1, 0, 0])
    calibrate = val.fit_calibration("platt")
    assert [row[0] for row in cells(calibrate)] == [
        "on the fitted rows",
        "log_loss",
        "brier",
        "ece",
    ]
    assert "fitted on 5 rows" in lines(calibrate)[0][1]
    val.delete()
    ((kind, said),) = lines(val)
    assert kind == "evald-alert"
    assert "StreamNotFound" in said


def test_showing_a_stream_tells_nothing_away(real: Starter) -> None:
    """A refusal that is still to be raised is raised by the next call, not lost in a picture."""
    val = real().stream("val", "binary")
    val.push(scores=[3.0], labels=[1])
    assert lines(val)[0][0] == "evald-alert"
    with pytest.raises(evald.InvalidBatch):
        val.query()


def test_without_a_daemon_it_says_so(real: Starter, monkeypatch: pytest.MonkeyPatch) -> None:
    ev = real(on_error="warn")
    val = ev.stream("val", "binary")
    assert ev.pid is not None
    os.kill(ev.pid, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while not ev._link.alarm and time.monotonic() < deadline:
        time.sleep(0.01)
    for thing in (val, ev):
        ((kind, said),) = lines(thing)
        assert kind == "evald-alert"
        assert "signal 9" in said
    monkeypatch.setenv("EVALD_DISABLED", "1")
    off = evald.start()
    for disabled in (off, off.stream("val", "binary")):
        assert "EVALD_DISABLED" in lines(disabled)[0][1]
    assert "EVALD_DISABLED" in lines(off.stream("val", "binary").query())[0][1]
