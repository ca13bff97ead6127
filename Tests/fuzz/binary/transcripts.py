"""Valid messages that the fuzzer begins with. None ends the session."""

from __future__ import annotations

import base64
import struct
from typing import Any


def packed(dtype: str, form: str, values: list[Any]) -> dict[str, Any]:
    """A packed column."""
    data = struct.pack(f"<{len(values)}{form}", *values)
    return {
        "dtype": dtype,
        "shape": [len(values)],
        "base64": base64.b64encode(data).decode(),
    }


def call(method: str, /, **params: Any) -> dict[str, Any]:
    """A message without an id."""
    return {"jsonrpc": "2.0", "method": method, "params": params}


SCORES = [0.1, 0.4, 0.35, 0.8]
LABELS = [0, 0, 1, 1]

MESSAGES: list[dict[str, Any]] = [
    call("initialize", client={"name": "fuzz", "version": "1"}, protocol_versions=[1]),
    call("ping"),
    call("server/status"),
    call("rpc.discover"),
    call("$/cancelRequest", id=1),
    call("stream/open", stream="a", task="binary"),
    call(
        "stream/open",
        stream="b",
        task="binary",
        options={"score_kind": "logit", "threshold": 0.0, "non_finite": "skip"},
        metrics=["f1", "roc_auc", {"metric": "f_beta", "beta": 2, "as": "f2"}],
        slices=["language", {"name": "length", "edges": [64, 512]}],
        keep_windows=2,
        metadata={"run": [1, None, "x"]},
        resume="allow",
    ),
    call("stream/open", stream="c", task="scalar", options={"window_rows": 10}),
    call(
        "stream/open",
        stream="d",
        task="multiclass",
        options={"classes": ["cat", "dog"], "ignore_index": -1},
    ),
    call("stream/open", stream="e", task="binary", options={"unique_ids": True}),
    call("stream/push", stream="a", batch={"scores": SCORES, "labels": LABELS}),
    call(
        "stream/push",
        stream="a",
        batch={
            "scores": packed("float32", "f", SCORES),
            "labels": packed("uint8", "B", LABELS),
        },
    ),
    call(
        "stream/push",
        stream="a",
        batch={
            "scores": [[0.5, 0.5], [1, 0]],
            "labels": [True, False],
            "weights": [0.5, 2],
        },
        producer="p",
        seq=1,
    ),
    call(
        "stream/push",
        stream="b",
        batch={
            "scores": ["NaN", "Infinity", -3.5],
            "labels": [1, 0, 1.0],
            "slices": {
                "language": {"dictionary": ["en", "fr"], "indices": [0, 1, 0]},
                "length": [1, 100, 1000],
            },
        },
    ),
    call("stream/push", stream="c", batch={"values": [1.5, -2e300, 3]}),
    call(
        "stream/push",
        stream="c",
        batch={"values": packed("float64", "d", [1e-300, 2.0])},
    ),
    call("stream/push", stream="d", batch={"predictions": ["cat"], "labels": ["dog"]}),
    call(
        "stream/push",
        stream="e",
        batch={"scores": [0.25, 0.75], "labels": [0, 1], "ids": ["r1", 7]},
    ),
    call("stream/push", stream="a", batch={"scores": [], "labels": []}),
    call("stream/list"),
    call("stream/describe", stream="a"),
    call("stream/reset", stream="a"),
    call("stream/delete", stream="e"),
    call("stream/flush", stream="a", acknowledge=True),
    call("stream/mark", stream="a", label="epoch 1", extra={"loss": 0.31}),
    call("stream/checkpoint", name="c1"),
    call("stream/rollback", name="c1", stream="a", keep=True),
    call("metric/catalog", task="binary"),
    call("metric/query", stream="a"),
    call(
        "metric/query",
        stream="a",
        metrics=["f1", "roc_auc", {"metric": "partial_roc_auc", "max_fpr": 0.2}],
        window={"marks": 1},
        threshold=0.5,
        confidence=0.95,
    ),
    call("metric/query", stream="b", slice={"language": "en"}, window="all"),
    call(
        "metric/query", stream="c", metrics=["mean", {"metric": "quantile", "q": 0.9}]
    ),
    call("metric/history", stream="a", metrics=["f1"]),
    call("calibration/query", stream="a", bins=15, strategy="quantile"),
    call("calibration/fit", stream="a", method="isotonic"),
    call("threshold/optimize", stream="a", objective="f_beta", beta=0.5),
    call(
        "threshold/optimize",
        stream="a",
        objective="cost",
        costs={"false_positive": 1, "false_negative": 5},
        constraints={"min_precision": 0.2, "max_selection_rate": 0.9},
    ),
    call("threshold/evaluate", stream="a", thresholds=[0.1, "Infinity"]),
    call("curve/query", stream="a", curve="roc", points=50),
    call("curve/query", stream="a", curve="threshold"),
    call("slice/query", stream="b", by=["language", "length"], metrics=["f1"]),
    call("state/export", stream="a"),
    call("metric/subscribe", stream="a", on="change", min_interval_ms=1000),
]
