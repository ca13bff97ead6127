"""Dask, on a local cluster of two worker processes and without one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import evald
from conftest import Starter
from evald import dask

pandas: Any = pytest.importorskip("pandas")
dataframe: Any = pytest.importorskip("dask.dataframe")
bag: Any = pytest.importorskip("dask.bag")
distributed: Any = pytest.importorskip("distributed")

METRICS = ["f1", "roc_auc", "log_loss", "ece", "optimal_f1"]
COLUMNS = {"scores": "p", "labels": "y", "weights": "w", "slices": {"language": "lang"}}


@pytest.fixture(scope="module")
def cluster(real_binary: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVALD_BIN", real_binary)
        patch.setenv("PYTHONPATH", str(Path(evald.__file__).parents[1]))
        with (
            distributed.LocalCluster(
                n_workers=2,
                threads_per_worker=1,
                dashboard_address=None,
                local_directory=tmp_path_factory.mktemp("dask"),
            ) as local,
            distributed.Client(local) as client,
        ):
            yield client


def frame(total: int = 2000) -> Any:
    rng = np.random.default_rng(3)
    return pandas.DataFrame(
        {
            "p": rng.random(total),
            "y": rng.integers(0, 2, total),
            "w": rng.random(total),
            "lang": [["en", "fr", None][number % 3] for number in range(total)],
            "id": np.arange(total),
        }
    )


def in_one_process(ev: evald.Evald, data: Any, name: str = "one") -> evald.Stream:
    stream = ev.stream(name, "binary", metrics=METRICS, slices=["language"])
    stream.push(
        scores=data.p,
        labels=data.y,
        weights=data.w,
        slices={"language": [item if isinstance(item, str) else None for item in data.lang]},
    )
    return stream


@pytest.mark.parametrize("scheduler", ["cluster", "threads", "sync"])
@pytest.mark.parametrize("kind", ["frame", "bag"])
def test_the_bits_of_one_process(
    cluster: Any, real: Starter, real_binary: str, scheduler: str, kind: str
) -> None:
    import dask as library

    data = frame()
    found: Any
    if kind == "frame":
        found = dataframe.from_pandas(data, npartitions=20)
    else:
        records = data.astype(object).where(data.notna(), None).to_dict("records")
        found = bag.from_sequence(records, npartitions=20)
    with library.config.set(scheduler=cluster if scheduler == "cluster" else scheduler):
        val = dask.evaluate(
            found,
            task="binary",
            columns=COLUMNS,
            slices=["language"],
            metrics=METRICS,
            binary=real_binary,
        )
    whole = in_one_process(real(), data)
    assert dict(val.query()) == dict(whole.query())
    assert val.query().count == len(data)
    assert val.slices("language", "f1") == whole.slices("language", "f1")


def test_lists_in_cells(cluster: Any, real: Starter, real_binary: str) -> None:
    texts = ["the cat sat", "a dog ran", "it rained", "so what"]
    references = [["the cat sat on it"], ["a dog ran", "the dog ran"], ["rain"], ["so what"]]
    data = [{"p": text, "r": refs} for text, refs in zip(texts, references, strict=True)]
    val = dask.evaluate(
        bag.from_sequence(data, npartitions=3),
        task="text_generation",
        columns={"predictions": "p", "references": "r"},
        metrics=["bleu", "chrf"],
        binary=real_binary,
    )
    one = real().stream("one", "text_generation", metrics=["bleu", "chrf"])
    one.push(predictions=texts, references=references)
    assert dict(val.query()) == dict(one.query())


def test_a_bad_row_is_told_with_its_partition(cluster: Any, real: Starter) -> None:
    data = frame(1000)
    data.loc[745, "p"] = 1.5
    into = in_one_process(real(), frame(10))
    before = into.query()
    parts = dataframe.from_pandas(data, npartitions=10, sort=False)
    with pytest.raises(evald.InvalidBatch, match="partition 7, ") as caught:
        dask.evaluate(parts, columns=COLUMNS, into=into)
    assert caught.value.data["partition"] == 7
    assert caught.value.path == "/params/batch/scores/45"
    assert dict(into.query()) == dict(before)
    assert [row["stream"] for row in into._evald.list()] == ["one"]


def test_into_a_stream_that_has_rows(cluster: Any, real: Starter) -> None:
    data = frame()
    ev = real()
    into = in_one_process(ev, data[:500])
    assert dask.evaluate(dataframe.from_pandas(data[500:], 3), columns=COLUMNS, into=into) is into
    assert dict(into.query()) == dict(in_one_process(ev, data, "whole").query())
    with pytest.raises(TypeError, match="not metrics"):
        dask.evaluate(dataframe.from_pandas(data, 3), columns=COLUMNS, into=into, metrics=["f1"])


def test_ids_that_two_partitions_share(cluster: Any, real: Starter) -> None:
    data = frame(300)
    columns = {"scores": "p", "labels": "y", "ids": "id"}
    into = real().stream("one", "binary", unique_ids=True)
    shared = data.copy()
    shared.loc[290, "id"] = 3
    with pytest.raises(evald.DuplicateIds, match="partition"):
        dask.evaluate(dataframe.from_pandas(shared, npartitions=20), columns=columns, into=into)
    assert into.query().count == 0
    dask.evaluate(dataframe.from_pandas(data, npartitions=20), columns=columns, into=into)
    assert into.query().count == 300


def test_states_longer_than_a_line(real: Starter, monkeypatch: pytest.MonkeyPatch) -> None:
    """They go through files; here all do."""
    from evald import _partitions

    monkeypatch.setattr(_partitions, "_INLINE_BYTES", 10)
    monkeypatch.setattr(_partitions, "ROWS", 7)
    into = in_one_process(real(), frame(50))
    data = dataframe.from_pandas(frame(100), npartitions=9)
    import dask as library

    with library.config.set(scheduler="sync"):
        dask.evaluate(data, columns=COLUMNS, into=into)
    assert into.query().count == 150


def test_without_a_daemon_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALD_DISABLED", "1")
    val = dask.evaluate(dataframe.from_pandas(frame(10), 2), task="binary", columns=COLUMNS)
    assert val.query().f1 != val.query().f1
    assert os.environ["EVALD_DISABLED"] == "1"
