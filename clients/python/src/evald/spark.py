"""Evaluates a Spark DataFrame where its partitions are, and brings the numbers together exactly.

    from evald import spark

    val = spark.evaluate(
        df,
        task="binary",
        columns={"scores": "p", "labels": "y", "slices": {"language": "lang"}},
        slices=["language"],
        metrics=["f1", "roc_auc"],
    )
    print(val.query())                     # the same bits as in one process
    print(val.slices("language", "f1"))

Each partition is pushed to an evald of its own, beside the Python worker that Spark starts anyway,
and comes back as a state; the states merge into one stream of the driver. evald must be installed
on the workers as on the driver. pyspark (3.3 or later, Spark Connect too) and pyarrow are needed.
"""

from __future__ import annotations

import functools
import pickle
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ._partitions import (
    ROWS,
    Columns,
    Gathering,
    Outcome,
    evaluate_partition,
    merge_outcomes,
    places,
    renamed,
    source_columns,
)
from ._stream import Stream

__all__ = ["evaluate"]

_SCHEMA = "outcome binary"


def evaluate(
    df: Any,
    *,
    columns: Columns,
    task: str | None = None,
    into: Stream | None = None,
    metrics: Sequence[str | Mapping[str, Any]] | None = None,
    slices: Sequence[str | Mapping[str, Any]] | None = None,
    groups: int | None = None,
    binary: str | None = None,
    **options: Any,
) -> Stream:
    """Evaluates all rows of a DataFrame.

    Args:
        df: a DataFrame of pyspark.
        columns: which column is what: evald's names for the task, `weights`, `ids`, `inputs` and
            `slices` (an object by dimension), each with a column's name or a Column. Arrays of
            numbers are columns of two dimensions, such as `scores` of `multiclass`; a vector of
            pyspark.ml is one after `vector_to_array`. A null is a missing value.
        task: opens a stream in an evald of the driver's, which lives as long as the stream.
        into: a stream that takes the rows, in place of `task` and what belongs to it. It takes
            those of all partitions, or none.
        metrics: what `query()` answers by default, as in `Evald.stream`.
        slices: the dimensions of `columns["slices"]`, as in `Evald.stream`.
        groups: merges the states in so many groups on the workers first, for thousands of
            partitions, or states beyond `spark.driver.maxResultSize`.
        binary: the evald program on the workers, and on the driver where `task` is given. Left
            out, it is looked for as `evald.start` does, on each.
        options: of the task, such as `threshold=0.5`.

    Returns:
        The stream with all rows. A partition that Spark runs again counts once.

    Raises:
        EvaldError: what the first bad partition was refused for; the message and
            `data["partition"]` say which it is.
    """
    from pyspark.sql import functions

    opening = {"metrics": metrics, "slices": slices, **options}
    with Gathering(into, task, binary, opening) as gathering:
        if gathering.idle:
            return gathering.stream
        wanted = [
            (functions.col(column) if isinstance(column, str) else column).alias(f"c{place}")
            for place, column in enumerate(source_columns(columns))
        ]
        work = functools.partial(_evaluate, gathering.schema, binary, places(columns))
        found = df.select(*wanted).mapInArrow(work, _SCHEMA)
        if groups is not None:
            found = found.repartition(groups).mapInArrow(functools.partial(_merge, binary), _SCHEMA)
        return gathering.finish([pickle.loads(row["outcome"]) for row in found.collect()])


def _evaluate(
    schema: bytes, binary: str | None, columns: Columns, batches: Iterable[Any]
) -> Iterator[Any]:
    """One partition, on a worker."""
    from pyspark import TaskContext

    context = TaskContext.get()
    partition = -1 if context is None else context.partitionId()
    yield from _rows(evaluate_partition(schema, binary, partition, _pushes(columns, batches)))


def _merge(binary: str | None, batches: Iterable[Any]) -> Iterator[Any]:
    """One group of outcomes, on a worker."""
    yield from _rows(
        merge_outcomes(
            binary,
            (pickle.loads(item.as_py()) for batch in batches for item in batch.column(0)),
        )
    )


def _rows(outcome: Outcome | None) -> Iterator[Any]:
    import pyarrow

    if outcome is not None:
        array = pyarrow.array([pickle.dumps(outcome)], pyarrow.binary())
        yield pyarrow.RecordBatch.from_arrays([array], ["outcome"])


def _pushes(columns: Columns, batches: Iterable[Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    for batch in batches:
        for first in range(0, batch.num_rows, ROWS):
            part = batch.slice(first, ROWS)
            yield part.num_rows, renamed(columns, map(column, part.columns))


def column(array: Any) -> Any:
    """An array of Arrow as a column: numbers as numpy arrays, everything else as lists."""
    from pyarrow import types

    kind = array.type
    if types.is_dictionary(kind):
        return column(array.dictionary_decode())
    if array.null_count:
        return array.to_pylist()
    if types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind):
        return array.to_numpy(zero_copy_only=False)
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        values = array.flatten()
        width, rest = divmod(len(values), len(array)) if len(array) else (0, 0)
        if not rest and set(array.value_lengths().to_pylist()) == {width}:
            inner = column(values)
            if hasattr(inner, "reshape"):
                return inner.reshape(len(array), width, *inner.shape[1:])
    return array.to_pylist()
