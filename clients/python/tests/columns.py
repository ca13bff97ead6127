"""Reads a column of the wire back, without any code of the client."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np

from evald._columns import put_batch
from evald._parts import Parts


def encode(**columns: Any) -> dict[str, Any]:
    parts = Parts((b"{",))
    put_batch(columns, parts)
    batch: dict[str, Any] = json.loads(b"".join(parts) + b"}")["batch"]
    return batch


def decode(column: Any) -> Any:
    """A packed column as a float64 or integer numpy array, others as they are."""
    if not isinstance(column, dict) or "base64" not in column:
        return column
    data = base64.b64decode(column["base64"], validate=True)
    if column["dtype"] == "bfloat16":
        bits = np.frombuffer(data, "<u2").astype("<u4") << 16
        return bits.view("<f4").reshape(column["shape"])
    dtype = np.dtype(column["dtype"]).newbyteorder("<")
    return np.frombuffer(data, dtype).reshape(column["shape"])
