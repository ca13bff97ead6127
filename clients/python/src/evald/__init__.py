"""Keep score of a training run with evald.

    import evald

    with evald.start() as ev:
        val = ev.stream("val", task="binary", metrics=["f1", "roc_auc"])
        for epoch in range(10):
            for scores, labels in batches:
                val.push(scores=scores, labels=labels)   # microseconds; arrays of any kind
            print(val.mark(f"epoch {epoch}"))             # exact, for all rows of the epoch
        print(val.threshold(objective="f1"))

`Evald` is the daemon, `Stream` an evaluation in progress, `Result` what a query gives. Errors are
subclasses of `EvaldError`, one for each kind.
"""

from . import models, plot
from ._attach import attach
from ._calibrator import Calibrator, NotFitted
from ._client import Evald, start
from ._errors import (
    AlreadyRefused,
    BinaryNotFound,
    CheckpointNotFound,
    ConnectionClosed,
    ConnectionLost,
    DuplicateIds,
    DurabilityFailed,
    EvaldError,
    EvaldWarning,
    ForkedProcess,
    InternalError,
    Interrupted,
    InvalidBatch,
    InvalidParams,
    InvalidRequest,
    LineTooLong,
    MemoryLimit,
    MethodNotFound,
    NotApplicable,
    OutOfSequence,
    Overloaded,
    ParseError,
    RequestCancelled,
    RequestTimeout,
    ResumeRefused,
    SchemaMismatch,
    Stalled,
    StartFailed,
    StateDamaged,
    StateTooNew,
    StreamNotFound,
    TooDeep,
    TooManyValues,
    UnknownMetric,
    UnknownTask,
    UnsupportedProtocol,
)
from ._result import Curve, Record, Result, Row, Table
from ._stream import Stream
from ._subscriptions import Subscription

__version__ = "0.1.0"

__all__ = [
    "AlreadyRefused",
    "BinaryNotFound",
    "Calibrator",
    "CheckpointNotFound",
    "ConnectionClosed",
    "ConnectionLost",
    "Curve",
    "DuplicateIds",
    "DurabilityFailed",
    "Evald",
    "EvaldError",
    "EvaldWarning",
    "ForkedProcess",
    "InternalError",
    "Interrupted",
    "InvalidBatch",
    "InvalidParams",
    "InvalidRequest",
    "LineTooLong",
    "MemoryLimit",
    "MethodNotFound",
    "NotApplicable",
    "NotFitted",
    "OutOfSequence",
    "Overloaded",
    "ParseError",
    "Record",
    "RequestCancelled",
    "RequestTimeout",
    "Result",
    "ResumeRefused",
    "Row",
    "SchemaMismatch",
    "Stalled",
    "StartFailed",
    "StateDamaged",
    "StateTooNew",
    "Stream",
    "StreamNotFound",
    "Subscription",
    "Table",
    "TooDeep",
    "TooManyValues",
    "UnknownMetric",
    "UnknownTask",
    "UnsupportedProtocol",
    "attach",
    "models",
    "plot",
    "start",
]
