"""Evaluates a Dask collection where its partitions are, and brings the numbers together exactly.

    from evald import dask

    val = dask.evaluate(
        ddf,
        task="binary",
        columns={"scores": "p", "labels": "y", "slices": {"language": "lang"}},
        slices=["language"],
        metrics=["f1", "roc_auc"],
    )
    print(val.query())                     # the same bits as in one process

Each partition is pushed to an evald of its own, beside the worker that holds it, and comes back as
a state; the states merge in a tree on the workers, and then into one stream here. evald must be
installed on the workers. Whichever scheduler Dask uses is used: threads, processes, or a cluster.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ._partitions import (
    ROWS,
    Columns,
    Gathering,
    Outcome,
    evaluate_partition,
    merge_outcomes,
    renamed,
    source_columns,
)
from ._stream import Stream

__all__ = ["evaluate"]

_FAN_IN = 8


def evaluate(
    data: Any,
    *,
    columns: Columns,
    task: str | None = None,
    into: Stream | None = None,
    metrics: Sequence[str | Mapping[str, Any]] | None = None,
    slices: Sequence[str | Mapping[str, Any]] | None = None,
    binary: str | None = None,
    **options: Any,
) -> Stream:
    """Evaluates all rows of a collection.

    Args:
        data: a dask DataFrame, or a Bag of objects with the columns as keys.
        columns: which column is what: evald's names for the task, `weights`, `ids`, `inputs` and
            `slices` (an object by dimension), each with a column's name. A missing value is null.
        task: opens a stream in an evald of this process, which lives as long as the stream.
        into: a stream that takes the rows, in place of `task` and what belongs to it. It takes
            those of all partitions, or none.
        metrics: what `query()` answers by default, as in `Evald.stream`.
        slices: the dimensions of `columns["slices"]`, as in `Evald.stream`.
        binary: the evald program on the workers, and here where `task` is given. Left out, it is
            looked for as `evald.start` does, on each.
        options: of the task, such as `threshold=0.5`.

    Returns:
        The stream with all rows. A partition that Dask computes again counts once.

    Raises:
        EvaldError: what the first bad partition was refused for; the message and
            `data["partition"]` say which it is.
    """
    from dask import compute, delayed

    opening = {"metrics": metrics, "slices": slices, **options}
    with Gathering(into, task, binary, opening) as gathering:
        if gathering.idle:
            return gathering.stream
        names = source_columns(columns)
        # A DataFrame is cut down to what is asked for before anything is moved or read.
        parts = (
            data[list(dict.fromkeys(names))] if hasattr(data, "columns") else data
        ).to_delayed()
        work, merge = delayed(_evaluate, pure=False), delayed(_merge, pure=False)
        schema = delayed(gathering.schema)
        found = [
            work(schema, binary, dict(columns), number, part) for number, part in enumerate(parts)
        ]
        while len(found) > _FAN_IN:
            found = [
                merge(binary, found[first : first + _FAN_IN])
                for first in range(0, len(found), _FAN_IN)
            ]
        return gathering.finish([one for one in compute(*found) if one is not None])


def _evaluate(
    schema: bytes, binary: str | None, columns: Columns, partition: int, data: Any
) -> Outcome | None:
    """One partition, on a worker."""
    return evaluate_partition(schema, binary, partition, _pushes(columns, data))


def _merge(binary: str | None, outcomes: Sequence[Outcome | None]) -> Outcome | None:
    """Several outcomes, on a worker."""
    return merge_outcomes(binary, (one for one in outcomes if one is not None))


def _pushes(columns: Columns, data: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    names = source_columns(columns)
    if not hasattr(data, "iloc"):
        data = data if isinstance(data, Sequence) else list(data)
    for first in range(0, len(data), ROWS):
        if hasattr(data, "iloc"):
            part = data.iloc[first : first + ROWS]
            yield len(part), renamed(columns, (part[name] for name in names))
        else:
            part = data[first : first + ROWS]
            yield len(part), renamed(columns, ([row[name] for row in part] for name in names))
